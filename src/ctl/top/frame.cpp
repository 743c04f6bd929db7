// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/top/frame.hpp"

#include "ctl/fields.hpp"
#include "ctl/node_state.hpp"
#include "ctl/server_state.hpp"
#include "ctl/top/rates.hpp"
#include "ctl/wording.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace troupe::ctl::top {

namespace json = boost::json;

namespace {

constexpr double share_bad = 0.01;
constexpr size_t frontends_min = 2;
constexpr size_t frontends_part = 4; ///< of the rows, at most a fourth

using lines = std::vector<cells>;

// -- the head -----------------------------------------------------------------

cell error_cell(const std::optional<double>& share) {
  const auto shade = !share || *share == 0 ? tone::plain
                   : *share < share_bad    ? tone::warning
                                           : tone::bad;
  return {percent(share), shade};
}

cell rate_cell(const std::optional<traffic>& x) {
  return x ? short_number(x->rate()) : "-";
}

cell time_cell(const std::optional<traffic>& x,
               const std::vector<uint64_t>& bounds, double q) {
  const auto largest =
    bounds.empty() ? 0.0 : static_cast<double>(bounds.back());
  return short_time(x ? percentile(x->durations, bounds, q) : std::nullopt,
                    largest);
}

std::optional<double> share_of(const std::optional<traffic>& x,
                               size_t hundreds) {
  return x ? x->share(hundreds) : std::nullopt;
}

cells node_line(const json::object& status) {
  const milliseconds up{1000 * number(status, "uptime_s").value_or(0)};
  const bool ready = flag(status, "ready");
  return {{text(status, "node"), tone::title},
          fmt::format("  trouped {}, up for {}, generation {}, ",
                      text(status, "version"), elapsed(up),
                      text(status, "generation")),
          ready ? cell{"ready", tone::good}
                : cell{"not ready: " + text(status, "ready_why"), tone::bad}};
}

cells requests_line(const comparison& rates, const sample& now) {
  const auto all = rates.all();
  const auto bounds = numbers(now.traffic, "duration_bounds_us");
  return {{"requests", tone::title},
          "  ",
          rate_cell(all),
          "/s   4xx ",
          percent(share_of(all, 4)),
          "   5xx ",
          error_cell(share_of(all, 5)),
          "   p50 ",
          time_cell(all, bounds, 0.5),
          "   p99 ",
          time_cell(all, bounds, 0.99),
          "   connections " + text(now.status, "connections")};
}

/// Who is missing comes first: a long line is cut at its end.
cells cluster_line(const json::object& nodes) {
  cells result{{"cluster", tone::title}};
  if (nodes.empty()) {
    result.emplace_back("   none: this node is in no cluster");
    return result;
  }
  result.push_back("   " + text(nodes, "cluster") + ", ");
  result.push_back(flag(nodes, "has_majority")
                     ? cell{"majority", tone::good}
                     : cell{"no majority", tone::bad});
  auto all = parts(nodes, "nodes");
  std::stable_partition(all.begin(), all.end(), [](const auto* x) {
    return state_of_node(*x).shade != tone::good;
  });
  for (const auto* node : all) {
    result.push_back((node == all.front() ? ": " : ", ") + text(*node, "name")
                     + ' ');
    result.push_back(state_of_node(*node));
  }
  return result;
}

uint64_t sum(const json::object& x, const char* list, const char* key) {
  uint64_t result = 0;
  for (const auto* each : parts(x, list))
    result += number(*each, key).value_or(0);
  return result;
}

cells actors_line(const json::object& x) {
  const auto restarts = sum(x, "actors", "restarts");
  return {
    {"actors", tone::title},
    fmt::format("    {} and {} of connections, {} in mailboxes, ",
                parts(x, "actors").size(), sum(x, "connections", "count"),
                sum(x, "actors", "mailbox") + sum(x, "connections", "mailbox")),
    {counted(restarts, "restart"),
     restarts == 0 ? tone::plain : tone::warning}};
}

// -- the tables ---------------------------------------------------------------

lines frontends_of(const comparison& rates, const sample& now, const screen& to,
                   size_t rows_max) {
  table result{{{"FRONTEND", false, true},
                {"REQ/S", true},
                {"4XX", true},
                {"5XX", true},
                {"P50", true},
                {"P99", true},
                {"CONNECTIONS", true}}};
  const auto bounds = numbers(now.traffic, "duration_bounds_us");
  const auto all = parts(now.traffic, "frontends");
  const auto shown = std::min(all.size(), rows_max);
  for (size_t i = 0; i < shown; ++i) {
    const auto name = text(*all[i], "name");
    const auto x = rates.frontend(name);
    result.add({name, rate_cell(x), percent(share_of(x, 4)),
                error_cell(share_of(x, 5)), time_cell(x, bounds, 0.5),
                time_cell(x, bounds, 0.99), text(*all[i], "connections")});
  }
  auto drawn = result.lines(to);
  if (shown < all.size())
    drawn.push_back(
      {{fmt::format("and {} more", all.size() - shown), tone::faint}});
  return drawn;
}

struct server_row {
  std::string name;
  cell state;
  std::string weight;
  uint64_t active = 0;
  std::optional<traffic> counted;
};

std::vector<server_row> servers_of(const comparison& rates, const sample& now,
                                   const std::string& filter) {
  std::vector<server_row> result;
  for (const auto* backend : parts(now.backends, "backends"))
    for (const auto* server : parts(*backend, "servers")) {
      const auto pool = text(*backend, "name");
      const auto name = text(*server, "name");
      auto full = pool + '/' + name;
      if (full.find(filter) == std::string::npos)
        continue;
      result.push_back(
        {std::move(full), state_of(*server), text(*server, "weight"),
         number(*server, "in_flight").value_or(0), rates.server(pool, name)});
    }
  return result;
}

/// What sorts first is what deserves a look: the largest.
double rank(const server_row& x, sorting by) {
  if (by == sorting::active)
    return static_cast<double>(x.active);
  if (!x.counted)
    return -1;
  return by == sorting::errors ? x.counted->share(5).value_or(0)
                               : x.counted->rate();
}

void sort(std::vector<server_row>& rows, sorting by) {
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  if (by != sorting::name)
    std::stable_sort(
      rows.begin(), rows.end(),
      [by](const auto& a, const auto& b) { return rank(a, by) > rank(b, by); });
}

cell bytes_cell(const std::optional<traffic>& x, uint64_t traffic::*bytes) {
  return x ? short_number(static_cast<double>((*x).*bytes) / x->seconds) : "-";
}

lines table_of(const std::vector<server_row>& rows, size_t first, size_t count,
               const screen& to) {
  table result{{{"SERVER", false, true},
                {"STATE"},
                {"WEIGHT", true},
                {"REQ/S", true},
                {"5XX", true},
                {"ACTIVE", true},
                {"SENT B/S", true},
                {"RECEIVED B/S", true}}};
  for (size_t i = first; i < first + count; ++i) {
    const auto& x = rows[i];
    result.add({x.name, x.state, x.weight, rate_cell(x.counted),
                error_cell(share_of(x.counted, 5)), std::to_string(x.active),
                bytes_cell(x.counted, &traffic::bytes_sent),
                bytes_cell(x.counted, &traffic::bytes_received)});
  }
  return result.lines(to);
}

// -- the keys -----------------------------------------------------------------

const char* word_of(sorting x) {
  switch (x) {
  case sorting::name:
    return "name";
  case sorting::requests:
    return "requests";
  case sorting::errors:
    return "errors";
  case sorting::active:
    return "active";
  }
  return "";
}

cells keys_line(const view& seen, size_t first, size_t count, size_t all) {
  if (seen.typing)
    return {{"filter: " + seen.filter + "_  (Enter keeps it, Esc removes it)",
             tone::title}};
  auto words =
    fmt::format("q quit  h help  s sort: {}  / filter", word_of(seen.sorted));
  if (!seen.filter.empty())
    words += fmt::format(": {} (Esc removes it)", seen.filter);
  if (count < all)
    words += fmt::format("  servers {}-{} of {}", count == 0 ? 0 : first + 1,
                         first + count, all);
  return {{words, tone::faint}};
}

lines help_lines() {
  static constexpr const char* text[] = {
    "q, Ctrl-C     quit",
    "s             sort servers by name, requests, errors, active",
    "/             show only servers whose BACKEND/SERVER contains a text",
    "Esc           show all again",
    "arrows, pages scroll the servers",
    "",
    "Rates and times are of the last interval and of this node; \"-\" is",
    "unknown, or no request. 5XX is the share of responses with such a status.",
    "ACTIVE counts requests and streams under way. STATE is as in",
    "\"troupectl backends\"; \"troupectl why BACKEND/SERVER\" explains it.",
    "",
    "Any key goes back.",
  };
  lines result{{{"troupectl top", tone::title}}, {}};
  for (const auto* x : text)
    result.push_back({x});
  return result;
}

// -- the whole ----------------------------------------------------------------

lines head_of(const comparison& rates, const sample& now) {
  lines result{node_line(now.status), requests_line(rates, now),
               cluster_line(now.nodes), actors_line(now.actors)};
  if (!now.unanswered.empty())
    result.push_back({{fmt::format("no answer in time from {}",
                                   fmt::join(now.unanswered, ", ")),
                       tone::bad}});
  if (!now.lost.empty())
    result.push_back({{now.lost + "; retrying", tone::bad}});
  result.emplace_back();
  return result;
}

void append(lines& to, lines more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

/// Cuts what is beyond the screen's edge.
void fit(lines& all, const frame_size& size) {
  if (size.rows > 0 && all.size() > size.rows)
    all.resize(size.rows);
  for (auto& line : all) {
    auto room = size.columns;
    for (auto& x : line) {
      if (width_of(x.text) > room)
        x.text = shortened(x.text, room);
      room -= width_of(x.text);
    }
  }
}

lines overview(const sample& before, const sample& now, view& seen,
               const frame_size& size) {
  const screen to{size.columns};
  const comparison rates{before.traffic, now.traffic};
  const bool endless = size.rows == 0;
  auto result = head_of(rates, now);
  const auto few = std::max(frontends_min, size.rows / frontends_part);
  append(result, frontends_of(rates, now, to, endless ? SIZE_MAX : few));
  result.emplace_back();
  auto servers = servers_of(rates, now, seen.filter);
  sort(servers, seen.sorted);
  const auto taken = result.size() + 2; // titles and keys
  const auto room = endless           ? servers.size()
                  : size.rows > taken ? size.rows - taken
                                      : 0;
  const auto count = std::min(room, servers.size());
  seen.skipped = std::min(seen.skipped, servers.size() - count);
  append(result, table_of(servers, seen.skipped, count, to));
  if (endless)
    return result;
  result.resize(std::max(result.size(), size.rows - 1));
  result.push_back(keys_line(seen, seen.skipped, count, servers.size()));
  return result;
}

} // namespace

std::vector<cells> frame_of(const sample& before, const sample& now, view& seen,
                            const frame_size& size) {
  auto result = seen.help ? help_lines() : overview(before, now, seen, size);
  fit(result, size);
  return result;
}

} // namespace troupe::ctl::top
