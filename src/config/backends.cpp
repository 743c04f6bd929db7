// SPDX-License-Identifier: BSD-3-Clause
#include "config/addresses.hpp"
#include "config/sections.hpp"

namespace troupe::config {

using namespace std::chrono_literals;

namespace {

constexpr number weight{
  1, 1000, "to take a server out of rotation use `troupectl drain`"};

constexpr auto down_actions = words<down_action>(
  {{"finish", down_action::finish}, {"close", down_action::close}});

constexpr auto up_actions = words<up_action>(
  {{"keep", up_action::keep}, {"close_backups", up_action::close_backups}});

constexpr auto backup_uses =
  words<backup_use>({{"all", backup_use::all}, {"one", backup_use::one}});

constexpr auto initial_states = words<bool>({{"up", true}, {"down", false}});

void read_server(const cursor& in, server_settings& out) {
  static constexpr std::string_view keys[] = {"name", "address", "weight",
                                              "backup", "max_connections"};
  const map_cursor map{in, keys};
  map.require("name", out.name, identifier{});
  map.require("address", out.address, server_address{});
  map.read("weight", out.weight, weight);
  map.read("backup", out.backup, boolean{});
  map.read("max_connections", out.max_connections, number{0, 10'000'000});
}

/// `auto` leaves it unset.
struct idle_count {
  static constexpr std::string_view kind = "a number or auto";
  parsed<std::optional<uint32_t>> operator()(std::string_view text) const {
    if (text == "auto")
      return std::optional<uint32_t>{};
    auto result = number{0, 65'536}(text);
    if (const auto* wanted = std::get_if<expected>(&result))
      return expected{"auto or " + wanted->text};
    return std::optional{static_cast<uint32_t>(std::get<uint64_t>(result))};
  }
};

constexpr auto reuses = words<pool_reuse>(
  {{"always", pool_reuse::always}, {"safe", pool_reuse::safe}});

void read_pool(const cursor& in, pool_settings& out) {
  static constexpr std::string_view keys[] = {"idle_max", "idle_timeout",
                                              "reuse"};
  const map_cursor map{in, keys};
  map.read("idle_max", out.idle_max, idle_count{});
  map.read("idle_timeout", out.idle_timeout, duration{1ms, 24h});
  map.read("reuse", out.reuse, reuses);
}

void read_queue(const cursor& in, queue_settings& out) {
  static constexpr std::string_view keys[] = {"size", "timeout"};
  const map_cursor map{in, keys};
  map.read("size", out.size, number{0, 1'000'000});
  map.read("timeout", out.timeout, duration{1ms, 1h});
}

void read_servers(const cursor& in, std::vector<server_settings>& out) {
  for (const auto& element : in.list("a list of servers", 1))
    read_server(element, out.emplace_back());
}

void read_backend(const cursor& in, backend_settings& out) {
  static constexpr std::string_view keys[] = {
    "name",           "servers",         "algorithm",
    "health_check",   "timeout_connect", "timeout_response",
    "pool",           "retries_max",     "queue",
    "slow_start",     "tcp_keepalive",   "on_down",
    "on_up",          "backups",         "initial",
    "panic_threshold"};
  const map_cursor map{in, keys};
  map.require("name", out.name, identifier{});
  if (const auto* servers = map.require("servers"))
    read_servers(*servers, out.servers);
  out.algorithm = read_algorithm(map);
  if (const auto* check = map.find("health_check"))
    read_health_check(*check, out.health_check);
  map.read("timeout_connect", out.timeout_connect, duration{1ms, 1h});
  map.read("timeout_response", out.timeout_response, duration{1ms, 24h});
  if (const auto* pool = map.find("pool"))
    read_pool(*pool, out.pool);
  map.read("retries_max", out.retries_max, number{0, 10});
  if (const auto* queue = map.find("queue"))
    read_queue(*queue, out.queue);
  map.read("slow_start", out.slow_start, duration{0s, 1h});
  map.read("tcp_keepalive", out.tcp_keepalive, duration{0s, 1h});
  map.read("on_down", out.on_down, down_actions);
  map.read("on_up", out.on_up, up_actions);
  map.read("backups", out.backups, backup_uses);
  map.read("initial", out.initially_up, initial_states);
  map.read("panic_threshold", out.panic_threshold, number{0, 100});
}

} // namespace

std::vector<backend_settings> read_backends(const cursor& in,
                                            const check_settings& defaults) {
  std::vector<backend_settings> result;
  for (const auto& element : in.list("a list of backends", 1)) {
    result.emplace_back().health_check = defaults;
    read_backend(element, result.back());
  }
  return result;
}

} // namespace troupe::config
