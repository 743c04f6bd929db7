// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "ctl/wording.hpp"

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <optional>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

constexpr uint64_t connections_default = 100;
constexpr uint64_t connections_max = 10'000;

std::string render_connections(const json::object& x, const screen& to) {
  table result{{{"ID", true},
                {"FRONTEND", false, true},
                {"CLIENT", false, true},
                {"SERVER", false, true},
                {"PHASE", false, true},
                {"REQUESTS", true},
                {"AGE", true}}};
  for (const auto* each : parts(x, "connections")) {
    const auto server = text(*each, "server");
    result.add({text(*each, "id"), text(*each, "frontend"),
                text(*each, "client"), server.empty() ? "-" : server,
                text(*each, "phase"), text(*each, "requests"),
                elapsed(milliseconds{number(*each, "age_ms").value_or(0)})});
  }
  return result.empty() ? "no connections\n" : result.render(to);
}

exit_code connections(context& with, uint64_t limit) {
  const auto answer =
    with.ask({.path = fmt::format("/v1/connections?limit={}", limit)});
  const auto code = with.show(answer, render_connections);
  if (flag(answer.body, "truncated"))
    with.note(fmt::format("there are more than {}; --limit N shows up to {}",
                          limit, connections_max));
  return code;
}

exit_code close(context& with, uint64_t id) {
  const auto answer = with.ask(
    {.method = "POST", .path = fmt::format("/v1/connections/{}/close", id)});
  // The node does not look whether there is one: workers are only told.
  return with.confirm(
    answer, fmt::format("connection {} is closed, if it existed", id));
}

} // namespace

void add_connection_verbs(command_line& to) {
  auto limit = std::make_shared<std::optional<uint64_t>>();
  auto& list =
    to.add(groups::looking,
           {"connections", "Shows the clients' connections",
            "  troupectl connections\n"
            "  troupectl connections --limit 10000 | grep 198.51.100.7\n"},
           [limit](context& with) {
             return connections(with, limit->value_or(connections_default));
           });
  add_number(list, "--limit", *limit, {1, connections_max},
             fmt::format("show at most N connections (default: {})",
                         connections_default));
  auto id = std::make_shared<std::optional<uint64_t>>();
  auto& one = to.add(groups::node,
                     {"close", "Closes a client's connection at once",
                      "  troupectl close 4294967301    an ID of \"troupectl "
                      "connections\"\n"},
                     [id](context& with) { return close(with, **id); });
  add_number(one, "ID", *id, {0, std::numeric_limits<uint64_t>::max()},
             "as \"troupectl connections\" shows it")
    ->required();
}

} // namespace troupe::ctl
