// SPDX-License-Identifier: BSD-3-Clause
#include "config/addresses.hpp"
#include "config/header_rules.hpp"
#include "config/http_values.hpp"
#include "config/pages.hpp"
#include "config/sections.hpp"

namespace troupe::config {

using namespace std::chrono_literals;

namespace {

constexpr auto protocols =
  words<protocol>({{"http", protocol::http}, {"tcp", protocol::tcp}});

constexpr auto underscore_policies =
  words<underscores>({{"pass", underscores::pass},
                      {"drop", underscores::drop},
                      {"refuse", underscores::refuse}});

constexpr auto path_policies = words<routing::ambiguous_paths>(
  {{"refuse", routing::ambiguous_paths::refuse},
   {"as_sent", routing::ambiguous_paths::as_sent}});

/// Fields a codec can record for one head, whatever is configured.
constexpr uint64_t headers_max = 256;

void read_http(const cursor& in, http_settings& out) {
  static constexpr std::string_view keys[] = {
    "timeout_header", "timeout_keep_alive", "timeout_idle",
    "timeout_body",   "min_body_rate",      "max_header_bytes",
    "max_headers",    "max_body_bytes",     "trusted_proxies",
    "underscores",    "request_headers",    "response_headers",
    "ambiguous_paths"};
  const map_cursor map{in, keys};
  map.read("timeout_header", out.timeout_header, duration{1ms, 1h});
  map.read("timeout_keep_alive", out.timeout_keep_alive, duration{1ms, 24h});
  map.read("timeout_idle", out.timeout_idle, duration{1ms, 24h});
  map.read("timeout_body", out.timeout_body, duration{0ms, 24h});
  map.read("min_body_rate", out.min_body_rate, byte_size{0, 1u << 30});
  map.read("max_header_bytes", out.max_header_bytes, byte_size{1024, 65'536});
  map.read("max_headers", out.max_headers, number{1, headers_max});
  map.read("max_body_bytes", out.max_body_bytes, byte_size{0, 1ull << 50});
  if (const auto* proxies = map.find("trusted_proxies"))
    for (const auto& element : proxies->list("a list of networks")) {
      std::string text;
      if (element.read(text, network{}))
        out.trusted_proxies.push_back(std::move(text));
    }
  map.read("underscores", out.underscores, underscore_policies);
  map.read("ambiguous_paths", out.ambiguous_paths, path_policies);
  if (const auto* rules = map.find("request_headers"))
    read_header_rules(*rules, message::request, out.request_headers);
  if (const auto* rules = map.find("response_headers"))
    read_header_rules(*rules, message::response, out.response_headers);
}

void read_unix_socket(const cursor& in, unix_socket_settings& out) {
  static constexpr std::string_view keys[] = {"mode", "owner", "group"};
  const map_cursor map{in, keys};
  map.read("mode", out.mode, file_mode{});
  map.read("owner", out.owner, plain_text{.size_max = 32});
  map.read("group", out.group, plain_text{.size_max = 32});
}

void read_tcp(const cursor& in, tcp_settings& out) {
  static constexpr std::string_view keys[] = {"timeout_idle"};
  const map_cursor map{in, keys};
  map.read("timeout_idle", out.timeout_idle, duration{1ms, 720h});
}

void read_frontend(const cursor& in, frontend_settings& out) {
  static constexpr std::string_view keys[] = {
    "name",          "listen",       "unix",      "protocol",
    "routes",        "backend",      "algorithm", "max_connections",
    "tcp_keepalive", "defer_accept", "http",      "tcp",
    "error_pages"};
  const map_cursor map{in, keys};
  map.require("name", out.name, identifier{});
  map.require("listen", out.listen, listen_address{});
  if (const auto* file = map.find("unix"))
    read_unix_socket(*file, out.unix_socket);
  map.read("protocol", out.protocol, protocols);
  if (const auto* routes = map.find("routes"))
    out.routes = read_routes(*routes, out.protocol);
  if (out.routes.empty())
    map.require("backend", out.backend, identifier{});
  else
    map.read("backend", out.backend, identifier{});
  out.algorithm = read_algorithm(map).value_or(out.algorithm);
  map.read("max_connections", out.max_connections, number{0, 10'000'000});
  map.read("tcp_keepalive", out.tcp_keepalive, duration{0s, 1h});
  map.read("defer_accept", out.defer_accept, duration{0s, 1min});
  if (const auto* http = map.find("http"))
    read_http(*http, out.http);
  if (const auto* tcp = map.find("tcp"))
    read_tcp(*tcp, out.tcp);
  if (const auto* pages = map.find("error_pages"))
    read_error_pages(*pages, out.error_pages);
}

} // namespace

std::vector<frontend_settings> read_frontends(const cursor& in) {
  std::vector<frontend_settings> result;
  for (const auto& element : in.list("a list of frontends", 1))
    read_frontend(element, result.emplace_back());
  return result;
}

} // namespace troupe::config
