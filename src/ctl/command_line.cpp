// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/command_line.hpp"

#include "config/suggest.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <fmt/format.h>

#include <map>
#include <ostream>
#include <utility>
#include <vector>

namespace troupe::ctl {

namespace {

constexpr auto about =
  "troupectl: shows and changes the state of a running trouped";

constexpr auto footer =
  R"(Every verb has --help with examples. Exit codes: 0 done, 1 failed or refused,
2 the command line is wrong, 3 a node did not answer in time, 4 unknown: the
cluster may or may not have decided.

Examples:
  troupectl status
  troupectl drain app/a1 --wait 30s
  troupectl config apply troupe.yaml -m "room for b2"
  troupectl -o json backends
  troupectl --node all status
)";

std::vector<CLI::App*> verbs_of(CLI::App& x) {
  return x.get_subcommands([](CLI::App*) { return true; });
}

/// The verb or family that was named last.
CLI::App* deepest(CLI::App& app) {
  auto* result = &app;
  while (!result->get_subcommands().empty())
    result = result->get_subcommands().back();
  return result;
}

/// Why the words after `where` are no verb of it.
std::string which_verb(CLI::App& where, const std::vector<std::string>& words) {
  std::vector<std::string_view> names;
  for (const auto* verb : verbs_of(where))
    names.push_back(verb->get_name());
  const auto what = where.get_parent() == nullptr
                    ? std::string{"verb"}
                    : "verb of " + where.get_name();
  if (words.empty())
    return fmt::format("a {} is missing: {}", what, fmt::join(names, ", "));
  const auto& given = words.front();
  if (given.starts_with('-'))
    return fmt::format("there is no option {}", given);
  return fmt::format("\"{}\" is no {}; {}", given, what,
                     config::suggestion(given, names, "there are "));
}

/// Reads as the configuration does, and complains in its words.
template <class T, class Kind>
T read_value(const std::string& name, const std::string& given,
             const Kind& kind) {
  auto value = kind(given);
  if (const auto* wrong = std::get_if<config::expected>(&value))
    throw CLI::ValidationError{
      fmt::format("{}: got \"{}\", expected {}", name, given, wrong->text)};
  return std::get<T>(std::move(value));
}

} // namespace

command_line::command_line() : app_(about, "troupectl") {
  static const std::map<std::string, output_format> formats{
    {"table", output_format::table}, {"json", output_format::json}};
  app_.set_version_flag("--version", "troupectl " TROUPE_VERSION);
  app_.require_subcommand(1);
  app_.get_formatter()->column_width(24);
  app_.footer(footer);
  app_
    .add_option("--socket", socket_,
                "the node's admin.socket (default: TROUPE_SOCKET,\nelse "
                  + socket_ + ")")
    ->envname("TROUPE_SOCKET")
    ->take_last()
    ->option_text("PATH");
  app_.add_option("-o,--output", format_, "json: exactly what the API answers")
    ->transform(CLI::CheckedTransformer(formats))
    ->take_last()
    ->option_text("table|json");
  app_
    .add_option("--node", node_,
                "ask this node of the cluster, through the one\nbehind the "
                "socket; \"all\": ask each in turn")
    ->take_last()
    ->option_text("NAME|all");
}

CLI::App& command_line::decorate(CLI::App& verb, const verb_text& text) {
  verb.fallthrough(); // -o and --socket may follow the verb
  verb.footer("Examples:\n" + text.examples
              + "\n--socket PATH, --node NAME and -o table|json: see troupectl "
                "--help\n");
  return verb;
}

CLI::App& command_line::add(const char* group, const verb_text& text,
                            action run) {
  auto& verb = add_to(app_, text, std::move(run));
  verb.group(group);
  return verb;
}

CLI::App& command_line::add_family(const char* group, const verb_text& text) {
  auto& family = decorate(*app_.add_subcommand(text.name, text.about), text);
  family.group(group);
  family.require_subcommand(1);
  return family;
}

CLI::App& command_line::add_to(CLI::App& family, const verb_text& text,
                               action run) {
  auto& verb = decorate(*family.add_subcommand(text.name, text.about), text);
  verb.group("Verbs");
  verb.callback([this, run = std::move(run)] { chosen_ = run; });
  return verb;
}

std::variant<command_line::choice, exit_code>
command_line::parse(int argc, const char* const* argv, std::ostream& out,
                    std::ostream& err) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(error, out, err);
  }
  return choice{chosen_, socket_, format_, node_};
}

exit_code command_line::explain(const CLI::ParseError& error, std::ostream& out,
                                std::ostream& err) {
  if (error.get_exit_code() == 0) { // --help and --version
    app_.exit(error, out, err);
    return exit_code::ok;
  }
  auto& where = *deepest(app_);
  err << "troupectl: "
      << (verbs_of(where).empty() ? error.what()
                                  : which_verb(where, app_.remaining(true)))
      << '\n';
  return exit_code::usage;
}

CLI::Option* add_server(CLI::App& verb, server_name& into) {
  return verb
    .add_option_function<std::string>(
      "BACKEND/SERVER",
      [&into](const std::string& given) {
        const auto slash = given.find('/');
        if (slash == std::string::npos || slash == 0
            || slash + 1 == given.size())
          throw CLI::ValidationError{fmt::format(
            "\"{}\" names no server: expected BACKEND/SERVER, such as app/a1; "
            "\"troupectl backends\" lists them",
            given)};
        into = {given.substr(0, slash), given.substr(slash + 1)};
      },
      "a server of a backend, such as app/a1")
    ->required()
    ->option_text(" ");
}

CLI::Option* add_message(CLI::App& verb, std::string& into) {
  static constexpr size_t bytes_max = 500;
  return verb.add_option("-m,--message", into, "the reason, for the record")
    ->check([](const std::string& x) {
      return x.size() <= bytes_max
             ? std::string{}
             : fmt::format("-m: at most {} bytes", bytes_max);
    })
    ->option_text("TEXT");
}

CLI::Option* add_number(CLI::App& verb, const std::string& name,
                        std::optional<uint64_t>& into,
                        const config::number& range, const std::string& about) {
  return verb
    .add_option_function<std::string>(
      name,
      [&into, name, range](const std::string& given) {
        into = read_value<uint64_t>(name, given, range);
      },
      about)
    ->option_text(name.starts_with('-') ? "N" : " ");
}

CLI::Option* add_duration(CLI::App& verb, const std::string& name,
                          std::optional<milliseconds>& into,
                          const std::string& about) {
  return verb
    .add_option_function<std::string>(
      name,
      [&into, name](const std::string& given) {
        const config::duration range{milliseconds{0}, std::chrono::hours{24}};
        into = read_value<milliseconds>(name, given, range);
      },
      about)
    ->option_text("TIME");
}

} // namespace troupe::ctl
