// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_server_changes

#include "config/server_changes.hpp"

#include "caf_test.hpp"

using namespace troupe;
using config::compare_servers;
using names = std::vector<config::server_name>;

namespace {

backend_settings backend(std::string name, std::vector<server_settings> all) {
  backend_settings result;
  result.name = std::move(name);
  result.servers = std::move(all);
  return result;
}

server_settings server(std::string name, unsigned weight = 1) {
  return {name, name + ":80", weight, false, 0};
}

settings with(std::vector<backend_settings> backends) {
  settings result;
  result.backends = std::move(backends);
  return result;
}

} // namespace

CAF_TEST(the same servers in another order and place are the same) {
  const auto from = with({backend("b", {server("2"), server("1")})});
  auto to = with({backend("b", {server("1"), server("2")})});
  to.backends[0].servers[0].address = "elsewhere:81";
  CAF_CHECK(compare_servers(from, to) == config::server_changes{});
}

CAF_TEST(servers are introduced and removed by name within their backend) {
  const auto from = with(
    {backend("b", {server("1")}), backend("gone", {server("1"), server("2")})});
  const auto to = with(
    {backend("b", {server("3"), server("2")}), backend("new", {server("1")})});
  const auto changes = compare_servers(from, to);
  CAF_CHECK(changes.introduced
            == (names{{"b", "2"}, {"b", "3"}, {"new", "1"}}));
  CAF_CHECK(changes.removed
            == (names{{"b", "1"}, {"gone", "1"}, {"gone", "2"}}));
  CAF_CHECK(changes.reweighted.empty());
}

CAF_TEST(a weight counts as changed only where the server stays) {
  const auto from = with({backend("b", {server("1", 5), server("2", 5)})});
  const auto to =
    with({backend("b", {server("1", 6)}), backend("c", {server("2", 7)})});
  const auto changes = compare_servers(from, to);
  CAF_CHECK(changes.reweighted == (names{{"b", "1"}}));
  CAF_CHECK(changes.removed == (names{{"b", "2"}}));
  CAF_CHECK(changes.introduced == (names{{"c", "2"}}));
}
