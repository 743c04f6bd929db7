// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

constexpr uint64_t events_default = 100;
constexpr uint64_t events_max = 1'000;
constexpr milliseconds follow_interval{500};

struct events_options {
  std::string kind;
  std::optional<uint64_t> after;
  std::optional<uint64_t> limit;
  bool follow = false;
};

tone tone_of(const std::string& level) {
  return level == "error" ? tone::bad
       : level == "warn"  ? tone::warning
                          : tone::plain;
}

/// "11-23 14:28:56" of "2026-11-23T14:28:56.120Z".
std::string short_time(std::string time) {
  if (time.size() < 19)
    return time;
  time[10] = ' ';
  return time.substr(5, 14);
}

std::string render_events(const json::object& x, const screen& to) {
  facts result;
  for (const auto* each : parts(x, "events"))
    result.add(fmt::format("{} {:<9}", short_time(text(*each, "time")),
                           text(*each, "kind")),
               {text(*each, "text"), tone_of(text(*each, "level"))});
  return result.render(to);
}

request asking(const events_options& given, std::optional<uint64_t> after,
               uint64_t limit) {
  auto path = fmt::format("/v1/events?limit={}", limit);
  if (after)
    path += fmt::format("&after={}", *after);
  if (!given.kind.empty())
    path += "&kind=" + path_part(given.kind);
  return {.path = std::move(path)};
}

void print(context& with, const json::object& answer) {
  auto& out = with.world().out;
  if (with.as_json())
    for (const auto* each : parts(answer, "events"))
      out << json::serialize(*each) << '\n';
  else
    out << render_events(answer, with.world().out_screen);
  out.flush();
}

/// A node that is gone may be restarting: whoever watches an outage must not
/// miss its end. The ids of events go on over restarts.
[[noreturn]] void follow(context& with, const events_options& given,
                         uint64_t after) {
  for (bool lost = false;; with.world().pause(follow_interval)) {
    try {
      const auto found = with.ask(asking(given, after, events_max));
      if (std::exchange(lost, false))
        with.note("the node is back");
      if (flag(found.body, "lost"))
        with.note("older events were dropped before they could be read");
      print(with, found.body);
      after = number(found.body, "last").value_or(after);
    } catch (const failure& x) {
      if (x.code() == exit_code::usage)
        throw;
      if (!std::exchange(lost, true))
        with.note(fmt::format("{}; retrying", x.what()));
    }
  }
}

exit_code events(context& with, const events_options& given) {
  if (given.follow)
    with.must_ask_one("-f");
  const auto newest =
    with.ask(asking(given, given.after, given.limit.value_or(events_default)));
  if (given.follow) {
    print(with, newest.body);
    follow(with, given, number(newest.body, "last").value_or(0));
  }
  const auto code =
    with.show(newest, [](const json::object& x, const screen& to) {
      return parts(x, "events").empty() ? "no events\n" : render_events(x, to);
    });
  if (flag(newest.body, "lost"))
    with.note("older events were dropped; a node keeps the newest 1000");
  return code;
}

} // namespace

void add_events_verb(command_line& to) {
  auto given = std::make_shared<events_options>();
  auto& verb = to.add(
    groups::looking,
    {"events", "Shows what changed on this node, and why",
     "  troupectl events\n"
     "  troupectl events -f                   also new events, until "
     "Ctrl-C\n"
     "  troupectl events -f --kind server     only the health of servers\n"
     "  troupectl -o json events -f | jq .text\n\n"
     "Times are UTC. Kinds: daemon, server, operation, config, cluster,\n"
     "verdict, actor. A node keeps its newest 1000 events; its log has "
     "them all.\n"},
    [given](context& with) { return events(with, *given); });
  verb.add_flag("-f,--follow", given->follow, "print new events as they come");
  verb.add_option("--kind", given->kind, "only events of this kind")
    ->option_text("KIND");
  add_number(verb, "--after", given->after,
             {0, std::numeric_limits<uint64_t>::max()},
             "only events after this id, as JSON shows it");
  add_number(verb, "--limit", given->limit, {1, events_max},
             fmt::format("at most N events (default: {})", events_default));
}

} // namespace troupe::ctl
