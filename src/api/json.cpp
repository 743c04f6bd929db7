// SPDX-License-Identifier: BSD-3-Clause
#include "api/json.hpp"

#include "api/routes_json.hpp"

#include "actors/runtime/actor_host.hpp"
#include "api/events_json.hpp"
#include "api/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace troupe::actors::api {

namespace json = boost::json;

namespace {

template <class T>
json::array to_objects(const std::vector<T>& items) {
  json::array result;
  for (const auto& x : items)
    result.emplace_back(api::to_json(x));
  return result;
}

int64_t to_ms(clock::duration x) {
  return std::chrono::duration_cast<milliseconds>(x).count();
}

/// All actors of one loop that are connections.
struct connection_group {
  uint64_t count = 0;
  uint64_t mailbox = 0;
  uint64_t handled = 0;
};

json::array
groups_to_array(const std::map<std::string_view, connection_group>& xs) {
  json::array result;
  for (const auto& [where, x] : xs)
    result.push_back(json::object{{"where", view(where)},
                                  {"count", x.count},
                                  {"mailbox", x.mailbox},
                                  {"handled", x.handled}});
  return result;
}

admin::response to_response(unsigned status, const json::object& body) {
  return {status, "application/json", json::serialize(body) + "\n"};
}

} // namespace

admin::response ok(const json::object& body) { return to_response(200, body); }

admin::response error(unsigned status, std::string_view text) {
  return to_response(status, {{"error", view(text)}});
}

admin::response plain(unsigned status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text)};
}

json::value to_json(const operator_origin& x) {
  if (x.author.empty())
    return nullptr;
  return json::object{{"author", view(x.author)},
                      {"reason", view(x.reason)},
                      {"time", time_text(static_cast<int64_t>(x.time_ms))}};
}

json::object to_json(const server_view& x) {
  return {{"name", view(x.name)},
          {"address", view(x.address)},
          {"endpoint", view(x.endpoint)},
          {"weight", x.weight},
          {"admin", view(to_string(x.admin))},
          {"usable", x.state.usable},
          {"healthy", x.state.healthy},
          {"rule", view(to_string(x.state.rule))},
          {"own", view(to_string(x.own))},
          {"vetoed", x.vetoed},
          {"ejected", x.ejected},
          {"in_flight", x.in_flight},
          {"set_by", to_json(x.set_by)}};
}

json::object to_json(const backend_view& x) {
  return {{"name", view(x.name)},
          {"generation", x.generation},
          {"version", x.version},
          {"fail_open", x.fail_open},
          {"servers", to_objects(x.servers)}};
}

json::object to_json(const actor_row& x) {
  return {{"id", x.id},
          {"kind", view(x.kind)},
          {"name", view(x.name)},
          {"where", view(x.where)},
          {"mailbox", x.mailbox},
          {"handled", x.handled},
          {"age_ms", x.age_ms},
          {"idle_ms", x.idle_ms},
          {"restarts", x.restarts}};
}

json::object to_json(const connection_view& x) {
  return {{"id", x.id},
          {"frontend", view(x.frontend)},
          {"client", view(x.client)},
          {"server", view(x.server)},
          {"phase", view(x.phase)},
          {"requests", x.requests},
          {"age_ms", x.age_ms}};
}

json::object to_json(const config_view& x) {
  return {{"file", view(x.file)},
          {"generation", x.generation},
          {"hash", view(fmt::format("{:016x}", x.hash))},
          {"last_problems", to_array(x.last_problems)},
          {"frontends", x.running ? routes_body(*x.running) : json::array{}}};
}

json::object to_json(const health_view& x, time_point now) {
  const auto& active = x.active;
  json::object probes{{"status", view(to_string(active.status))},
                      {"confirmed", active.confirmed},
                      {"successes_in_row", active.successes},
                      {"failures_in_row", active.failures},
                      {"since_ms", nullptr},
                      {"probes", x.probes},
                      {"last", view(x.last_probe)},
                      {"last_ms_ago", nullptr}};
  if (active.since != time_point{})
    probes["since_ms"] = to_ms(now - active.since);
  if (x.last_probe_ms_ago >= 0)
    probes["last_ms_ago"] = x.last_probe_ms_ago;
  auto left = to_ms(x.passive.until - now);
  json::object traffic{
    {"vetoed", x.vetoed},
    {"ejected", x.passive.ejected},
    {"ejections", x.passive.count},
    {"cooldown_ms", x.passive.ejected && left > 0 ? left : 0}};
  return {{"active", std::move(probes)}, {"passive", std::move(traffic)}};
}

json::object backends_body(const std::vector<backend_view>& backends,
                           const name_list& unanswered) {
  return {{"backends", to_objects(backends)},
          {"unanswered", to_array(unanswered)}};
}

json::object why_body(std::string_view backend, const server_view& server,
                      const std::optional<health_view>& evidence,
                      time_point now) {
  json::object result{{"backend", view(backend)},
                      {"server", to_json(server)},
                      {"rule", view(to_string(server.state.rule))},
                      {"explanation", view(explain(server.state.rule))},
                      {"evidence", nullptr}};
  if (evidence)
    result["evidence"] = to_json(*evidence, now);
  return result;
}

json::object actors_body(const actor_list& actors, bool single,
                         const name_list& unanswered) {
  json::array rows;
  std::map<std::string_view, connection_group> connections;
  for (const auto& x : actors) {
    if (single || x.kind != to_string(actor_kind::connection)) {
      rows.emplace_back(to_json(x));
      continue;
    }
    auto& group = connections[x.where];
    ++group.count;
    group.mailbox += x.mailbox;
    group.handled += x.handled;
  }
  return {{"actors", std::move(rows)},
          {"connections", groups_to_array(connections)},
          {"unanswered", to_array(unanswered)}};
}

json::object connections_body(const connection_list& connections,
                              bool truncated, const name_list& unanswered) {
  return {{"connections", to_objects(connections)},
          {"truncated", truncated},
          {"unanswered", to_array(unanswered)}};
}

admin::response reload_response(const reload_result& x) {
  if (x.ok)
    return ok({{"generation", x.generation}, {"summary", view(x.summary)}});
  auto count = x.problems.size();
  auto text = fmt::format("{} problem{}; the running configuration was kept",
                          count, count == 1 ? "" : "s");
  return to_response(422, {{"error", view(text)},
                           {"generation", x.generation},
                           {"problems", to_array(x.problems)}});
}

std::string_view explain(state_rule x) noexcept {
  switch (x) {
  case state_rule::admin_drain:
    return "an operator drains it: no new requests, probes continue";
  case state_rule::admin_maint:
    return "an operator took it out: no new requests, no probes";
  case state_rule::own_down:
    return "this node's own probes find it down";
  case state_rule::verdict_down:
    return "the cluster's verdict is down";
  case state_rule::vetoed:
    return "this node cannot connect to it, so it avoids it";
  case state_rule::ejected:
    return "requests to it failed in a row, so it is ejected for a while";
  case state_rule::up:
    return "it is healthy";
  case state_rule::fail_open:
    return "this node's own evidence is against every server, so it uses all "
           "of them";
  case state_rule::panic:
    return "fewer servers are usable than panic_threshold demands, so all are "
           "used";
  case state_rule::backup_idle:
    return "it is a healthy backup that is not needed: another server is "
           "usable";
  case state_rule::backup_spare:
    return "it is a healthy backup, but only the first backup serves (backups: "
           "one)";
  case state_rule::unproven:
    return "no probe has found it up yet (initial: down)";
  case state_rule::unresolved:
    return "its name has no address yet";
  }
  return "";
}

} // namespace troupe::actors::api
