// SPDX-License-Identifier: BSD-3-Clause
#include "config/http_values.hpp"
#include "config/sections.hpp"

namespace troupe::config {

using namespace std::chrono_literals;

namespace {

constexpr auto check_types =
  words<check_type>({{"tcp", check_type::tcp}, {"http", check_type::http}});

void read_passive(const cursor& in, passive_settings& out) {
  static constexpr std::string_view keys[] = {"failures", "cooldown",
                                              "count_5xx"};
  const map_cursor map{in, keys};
  map.read("failures", out.failures, number{1, 1000});
  map.read("cooldown", out.cooldown, duration{100ms, 5min});
  map.read("count_5xx", out.count_5xx, boolean{});
}

void read_expect_status(const cursor& in, std::vector<status_range>& out) {
  if (!in.is_list()) {
    in.read(out, status_list{});
    return;
  }
  std::vector<status_range> all;
  bool good = true;
  for (const auto& element : in.list(status_list::kind)) {
    std::vector<status_range> some;
    good = element.read(some, status_list{}) && good;
    all.insert(all.end(), some.begin(), some.end());
  }
  if (good && all.empty())
    in.problem("got an empty list, expected at least one status code");
  else if (good)
    out = std::move(all);
}

} // namespace

void read_health_check(const cursor& in, check_settings& out) {
  static constexpr std::string_view keys[] = {
    "enabled",       "type",     "method",  "path", "host", "port",
    "expect_status", "interval", "timeout", "rise", "fall", "passive"};
  const map_cursor map{in, keys};
  map.read("enabled", out.enabled, boolean{});
  map.read("type", out.type, check_types);
  map.read("method", out.method, http_method{});
  map.read("path", out.path, http_path{});
  map.read("host", out.host, http_host{});
  map.read("port", out.port, number{0, 65'535});
  if (const auto* status = map.find("expect_status"))
    read_expect_status(*status, out.expect_status);
  map.read("interval", out.interval, duration{10ms, 1h});
  map.read("timeout", out.timeout, duration{1ms, 1h});
  map.read("rise", out.rise, number{1, 1000});
  map.read("fall", out.fall, number{1, 1000});
  if (const auto* passive = map.find("passive"))
    read_passive(*passive, out.passive);
}

} // namespace troupe::config
