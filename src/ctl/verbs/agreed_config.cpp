// SPDX-License-Identifier: BSD-3-Clause
#include "config/named_changes.hpp"
#include "config/shared.hpp"
#include "config/values.hpp"
#include "ctl/agreement.hpp"
#include "ctl/diff.hpp"
#include "ctl/fields.hpp"
#include "ctl/file.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

/// As it is: text() makes it printable, which takes line feeds away.
std::string raw(const json::object& from, std::string_view key) {
  const auto* value = from.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_string())
    return {};
  return {value->get_string().data(), value->get_string().size()};
}

/// What a text of a file would show on a terminal, with nothing that steers it.
std::string printable_lines(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    result += printable(text.substr(0, end)) + '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

// -- the cluster's records ----------------------------------------------------

struct record {
  uint64_t generation = 0;
  std::string text;
};

json::object history_of(context& with) {
  return with.ask({.path = "/v1/config/history"}).body;
}

/// @param generation None: the committed one.
record find_record(const json::object& history,
                   std::optional<uint64_t> generation) {
  const auto all = parts(history, "history");
  const auto wanted =
    generation ? generation : number(part(history, "committed"), "generation");
  for (auto x = all.rbegin(); x != all.rend(); ++x)
    if (number(**x, "generation") == wanted)
      return {*wanted, raw(**x, "text")};
  if (generation)
    throw failure{
      exit_code::failed,
      fmt::format("generation {} is not in the history; \"troupectl "
                  "config history\" lists those that are",
                  *generation)};
  throw failure{
    exit_code::failed,
    "the cluster has not agreed on a configuration yet; \"troupectl "
    "nodes\" says why"};
}

/// What a file shares with the cluster.
std::string shared_of(const std::string& file, const std::string& text) {
  const auto result = config::split(text, file);
  if (result.ok())
    return result.text;
  std::string lines;
  for (const auto& x : result.problems)
    lines += x.to_string() + '\n';
  throw failure{exit_code::failed, lines + "the cluster was not asked"};
}

std::string name_of(const record& x) {
  return fmt::format("generation {}", x.generation);
}

/// Blank lines at the end do not count, as for the cluster.
bool same(const std::string& a, const std::string& b) {
  return config::shared_hash(a) == config::shared_hash(b);
}

std::string painted_diff(std::string_view text, const screen& to) {
  std::string result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    const auto shade = line.starts_with("@@")  ? tone::faint
                     : line.starts_with("---") ? tone::title
                     : line.starts_with("+++") ? tone::title
                     : line.starts_with('-')   ? tone::bad
                     : line.starts_with('+')   ? tone::good
                                               : tone::plain;
    result += painted(printable(line), shade, to) + '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// What changes, by names, in front of the lines that do.
std::string change_lines(const std::vector<std::string>& changes) {
  std::string result;
  for (const auto& change : changes)
    result += printable(change) + '\n';
  return result.empty() ? result : result + '\n';
}

CLI::Option* add_file(CLI::App& verb, std::string& into) {
  return verb
    .add_option("FILE", into,
                std::string{"the file, or - (default: "} + default_file + ")")
    ->option_text(" ");
}

const config::number any_generation{1, std::numeric_limits<uint64_t>::max(),
                                    ""};

// -- diff ---------------------------------------------------------------------

struct diff_options {
  std::string file = default_file;
  std::optional<uint64_t> generation;
};

exit_code diff(context& with, const diff_options& x) {
  auto& out = with.world().out;
  const auto mine = shared_of(x.file, read_file(x.file));
  const auto theirs = find_record(history_of(with), x.generation);
  const bool equal = same(theirs.text, mine);
  const auto text =
    equal ? std::string{}
          : unified_diff(theirs.text, mine, name_of(theirs), printable(x.file));
  const auto changes = config::named_changes(theirs.text, mine);
  if (with.as_json())
    out << json::serialize(
      json::object{{"file", x.file},
                   {"generation", theirs.generation},
                   {"same", equal},
                   {"changes", json::array(changes.begin(), changes.end())},
                   {"diff", text}})
        << '\n';
  else if (equal)
    out << fmt::format("{} has the shared sections of {}\n", printable(x.file),
                       name_of(theirs));
  else
    out << change_lines(changes) << painted_diff(text, with.world().out_screen);
  out << std::flush;
  return exit_code::ok;
}

void add_diff(command_line& to, CLI::App& family) {
  auto given = std::make_shared<diff_options>();
  auto& verb =
    to.add_to(family,
              {"diff", "Shows what a file here would change in the cluster",
               "  troupectl config diff troupe.yaml\n"
               "  troupectl config diff troupe.yaml --generation 3\n\n"
               "Only the shared sections are compared: health_check_defaults, "
               "frontends,\n"
               "backends and cluster.nodes.\n"},
              [given](context& with) { return diff(with, *given); });
  add_file(verb, given->file);
  add_number(verb, "--generation", given->generation, any_generation,
             "compare with this generation (default: the\ncommitted one)");
}

// -- apply --------------------------------------------------------------------

struct apply_options {
  std::string file = default_file;
  std::string message;
  std::optional<uint64_t> base;
  bool force = false;
  bool rebase = false;
};

/// A file that is what an earlier generation was is most likely an old copy:
/// it must not take back what others did since.
void refuse_old_copy(const json::object& history, const record& now,
                     const std::string& mine, const std::string& file) {
  if (same(now.text, mine))
    return;
  for (const auto* past : parts(history, "history"))
    if (same(raw(*past, "text"), mine))
      throw failure{
        exit_code::failed,
        fmt::format(
          "{0} is a copy of generation {1}, but the cluster is at {2}: "
          "\"troupectl config pull\" updates the file; \"troupectl "
          "config rollback {1}\" or --rebase takes back the changes "
          "since then",
          printable(file), text(*past, "generation"), now.generation)};
}

exit_code apply(context& with, const apply_options& x) {
  const auto mine = shared_of(x.file, read_file(x.file));
  const auto history = history_of(with);
  const auto now = find_record(history, std::nullopt);
  if (!x.rebase)
    refuse_old_copy(history, now, mine, x.file);
  if (!with.as_json() && !same(now.text, mine))
    with.world().out << change_lines(config::named_changes(now.text, mine))
                     << painted_diff(unified_diff(now.text, mine, name_of(now),
                                                  printable(x.file)),
                                     with.world().out_screen)
                     << std::flush;
  return show_outcome(with, propose(with, "/v1/config",
                                    {{"text", mine},
                                     {"message", x.message},
                                     {"base", x.base.value_or(now.generation)},
                                     {"force", x.force},
                                     {"rebase", x.rebase}}));
}

void add_apply(command_line& to, CLI::App& family) {
  auto given = std::make_shared<apply_options>();
  auto& verb = to.add_to(
    family,
    {"apply", "Applies a file's shared sections to all nodes or none",
     "  troupectl config apply troupe.yaml -m \"room for b2\"\n"
     "  troupectl config apply troupe.yaml --base 4\n\n"
     "Every reachable node checks the file first; one refusal stops the "
     "change.\n"
     "Exit codes: 0 committed, 1 refused or another change came first, 4 "
     "unknown:\nthe change may or may not be decided, for example because the "
     "node ended;\n\"troupectl config history\" shows it.\n"},
    [given](context& with) { return apply(with, *given); });
  add_file(verb, given->file);
  add_message(verb, given->message);
  add_number(verb, "--base", given->base, any_generation,
             "the generation the file was made from (default:\nthe one that "
             "is committed now)");
  verb.add_flag("--force", given->force,
                "even if nodes refuse it; their reasons are\nrecorded");
  verb.add_flag("--rebase", given->rebase,
                "even if it takes back changes of others");
}

// -- pull ---------------------------------------------------------------------

exit_code pull(context& with, const std::string& file) {
  const auto text = read_file(file);
  const auto now = find_record(history_of(with), std::nullopt);
  const auto result = config::pull(text, file, now.text);
  if (!result.ok()) {
    std::string lines;
    for (const auto& x : result.problems)
      lines += x.to_string() + '\n';
    throw failure{exit_code::failed, lines + printable(file) + " was kept"};
  }
  auto& out = with.world().out;
  const bool changed = result.text != text;
  if (file == "-")
    out << result.text;
  else if (changed)
    replace_file(file, result.text);
  if (file != "-" && with.as_json())
    out << json::serialize(json::object{
      {"file", file}, {"generation", now.generation}, {"changed", changed}})
        << '\n';
  else if (file != "-")
    out << fmt::format("{} {} the shared sections of {}\n", printable(file),
                       changed ? "now has" : "already has", name_of(now));
  out << std::flush;
  return exit_code::ok;
}

void add_pull(command_line& to, CLI::App& family) {
  auto file = std::make_shared<std::string>(default_file);
  auto& verb =
    to.add_to(family,
              {"pull", "Writes the agreed configuration into a file here",
               "  troupectl config pull troupe.yaml\n"
               "  troupectl config pull - < troupe.yaml\n\n"
               "The node's own sections stay, and so do comments outside the "
               "shared ones.\n"},
              [file](context& with) { return pull(with, *file); });
  add_file(verb, *file);
}

// -- history, rollback --------------------------------------------------------

std::string time_of(const json::object& x) {
  const auto ms = number(x, "time_ms").value_or(0);
  if (ms == 0)
    return "-";
  const auto s = static_cast<std::time_t>(ms / 1000);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(s));
}

cell change_state_of(const json::object& x, const json::object& committed) {
  if (flag(x, "superseded"))
    return {"superseded", tone::warning};
  if (number(x, "generation") == number(committed, "generation")
      && number(x, "epoch") == number(committed, "epoch"))
    return {"committed", tone::good};
  return "";
}

/// "4", or "2:4" for one of a later epoch.
std::string past_version_of(const json::object& x) {
  return number(x, "epoch").value_or(1) > 1
         ? text(x, "epoch") + ':' + text(x, "generation")
         : text(x, "generation");
}

/// The reason has a line of its own: it is a sentence.
std::string render_history(const json::object& x, const screen& to) {
  table rows{{{"GEN", true},
              {"WHEN (UTC)"},
              {"STATE"},
              {"NODE", false, true},
              {"BY", false, true}}};
  const auto all = parts(x, "history");
  for (const auto* past : all)
    rows.add({past_version_of(*past), time_of(*past),
              change_state_of(*past, part(x, "committed")), text(*past, "node"),
              text(*past, "author")});
  if (rows.empty())
    return "the cluster has not agreed on a configuration yet\n";
  std::istringstream lines{rows.render(to)};
  std::string line;
  std::getline(lines, line);
  auto result = line + '\n';
  for (const auto* past : all) {
    std::getline(lines, line);
    result += line + '\n';
    facts reason;
    reason.add("   ", {text(*past, "message"), tone::faint});
    if (!text(*past, "message").empty())
      result += reason.render(to);
  }
  return result;
}

exit_code history(context& with, const std::optional<uint64_t>& generation) {
  const auto answer = with.ask({.path = "/v1/config/history"});
  if (!generation)
    return with.show(answer, render_history);
  const auto found = find_record(answer.body, generation);
  if (with.as_json())
    with.world().out << json::serialize(
      json::object{{"generation", found.generation}, {"text", found.text}})
                     << '\n';
  else
    with.world().out << printable_lines(found.text);
  with.world().out << std::flush;
  return exit_code::ok;
}

void add_history(command_line& to, CLI::App& family) {
  auto given = std::make_shared<std::optional<uint64_t>>();
  auto& verb = to.add_to(
    family,
    {"history", "Shows earlier generations, their authors and reasons",
     "  troupectl config history\n"
     "  troupectl config history 3      the text of generation 3\n"},
    [given](context& with) { return history(with, *given); });
  add_number(verb, "GENERATION", *given, any_generation,
             "show the text of this generation");
}

struct rollback_options {
  std::optional<uint64_t> generation;
  std::string message;
};

exit_code rollback(context& with, const rollback_options& x) {
  return show_outcome(
    with, propose(with, "/v1/config/rollback",
                  {{"generation", *x.generation}, {"message", x.message}}));
}

void add_rollback(command_line& to, CLI::App& family) {
  auto given = std::make_shared<rollback_options>();
  auto& verb = to.add_to(
    family,
    {"rollback", "Goes back to the text of an old generation",
     "  troupectl config rollback 3 -m \"b2 was not ready\"\n\n"
     "The old text becomes a new generation. The exit codes are those of "
     "apply.\n"},
    [given](context& with) { return rollback(with, *given); });
  add_number(verb, "GENERATION", given->generation, any_generation,
             "the old generation; \"config history\" lists them")
    ->required();
  add_message(verb, given->message);
}

} // namespace

void add_agreed_config_verbs(command_line& to, CLI::App& family) {
  add_diff(to, family);
  add_apply(to, family);
  add_pull(to, family);
  add_history(to, family);
  add_rollback(to, family);
}

} // namespace troupe::ctl
