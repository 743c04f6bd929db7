// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/top/live_screen.hpp"
#include "ctl/verbs.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

constexpr milliseconds interval_default{1000};
constexpr milliseconds interval_min{100};
constexpr milliseconds call_timeout{3000};

struct top_options {
  bool snapshot = false;
  std::optional<milliseconds> interval;
};

void note_missing(top::sample& to, const json::object& answer) {
  for (auto& name : texts(answer, "unanswered"))
    if (std::find(to.unanswered.begin(), to.unanswered.end(), name)
        == to.unanswered.end())
      to.unanswered.push_back(std::move(name));
}

json::object part_of(context& with, top::sample& to, const char* path) {
  auto found = with.ask({.path = path, .timeout = call_timeout}).body;
  note_missing(to, found);
  return found;
}

/// Empty without a cluster.
json::object nodes_of(context& with) {
  auto found = with.ask({.path = "/v1/nodes", .timeout = call_timeout});
  return is_in_cluster(found.body) ? std::move(found.body) : json::object{};
}

top::sample take_sample(context& with) {
  top::sample result;
  result.status = part_of(with, result, "/v1/status");
  result.traffic = part_of(with, result, "/v1/traffic");
  result.backends = part_of(with, result, "/v1/backends");
  result.actors = part_of(with, result, "/v1/actors");
  result.nodes = nodes_of(with);
  return result;
}

exit_code snapshot(context& with, milliseconds interval) {
  const auto before = take_sample(with);
  with.world().pause(interval);
  const auto now = take_sample(with);
  const auto& to = with.world().out_screen;
  top::view seen;
  for (const auto& line : top::frame_of(before, now, seen, {0, to.columns}))
    with.world().out << painted(line, to);
  with.world().out << std::flush;
  return with.note_missing(now.unanswered);
}

/// A node that is gone may be restarting: the last picture stays, and says so.
void refresh(context& with, top::sample& before, top::sample& now) {
  try {
    auto next = take_sample(with);
    before = std::exchange(now, std::move(next));
  } catch (const failure& x) {
    now.lost = x.what();
  }
}

exit_code live(context& with, milliseconds interval) {
  auto& world = with.world();
  auto now = take_sample(with);
  auto before = now;
  top::view seen;
  const auto shown = world.open_screen(world.out_screen.coloured);
  for (auto due = world.now() + interval;;) {
    shown->paint(top::frame_of(before, now, seen, shown->size()));
    const auto left =
      std::chrono::ceil<milliseconds>(due - world.now()); // never 0 too early
    if (left > milliseconds{0}) {
      if (!top::press(seen, shown->wait(left)))
        return exit_code::ok;
      continue;
    }
    refresh(with, before, now);
    due = world.now() + interval;
  }
}

exit_code run_top(context& with, const top_options& given) {
  const auto interval = given.interval.value_or(interval_default);
  if (interval < interval_min)
    throw failure{exit_code::usage, "--interval: expected at least 100ms"};
  if (with.as_json())
    throw failure{exit_code::usage,
                  "top has no JSON output; programs can use \"troupectl -o "
                  "json status\" and GET /v1/traffic"};
  if (given.snapshot)
    return snapshot(with, interval);
  with.must_ask_one("top without --snapshot");
  if (!with.world().open_screen)
    throw failure{exit_code::usage,
                  "top needs a terminal that can move the cursor; \"troupectl "
                  "top --snapshot\" prints the view once"};
  return live(with, interval);
}

} // namespace

void add_top_verb(command_line& to) {
  auto given = std::make_shared<top_options>();
  auto& verb = to.add(
    groups::looking,
    {"top", "Shows traffic, servers, nodes and actors, live",
     "  troupectl top                    q quits, h shows the keys\n"
     "  troupectl top --interval 5s\n"
     "  troupectl top --snapshot         print the view once as text\n\n"
     "Rates, shares of 4xx and 5xx and the times p50 and p99 are those of one\n"
     "node in the last interval. \"-\" means unknown, or no request.\n"},
    [given](context& with) { return run_top(with, *given); });
  verb.add_flag("--snapshot", given->snapshot,
                "print the view once after one interval, and exit");
  add_duration(verb, "--interval", given->interval,
               "time between two refreshes (default: 1s)");
}

} // namespace troupe::ctl
