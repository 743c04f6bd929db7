// SPDX-License-Identifier: BSD-3-Clause
#include "config/addresses.hpp"
#include "config/header_rules.hpp"
#include "config/http_values.hpp"
#include "config/pages.hpp"
#include "config/route_values.hpp"
#include "config/sections.hpp"
#include "config/substitution.hpp"

#include <algorithm>

namespace troupe::config {

using namespace std::chrono_literals;

namespace {

constexpr auto schemes = words<routing::scheme>(
  {{"http", routing::scheme::http}, {"https", routing::scheme::https}});

/// A list means any of its members; one alone needs no list.
template <class Read>
void for_any_of(const cursor& in, std::string_view kind, Read&& read) {
  if (!in.is_list())
    return read(in);
  for (const auto& element : in.list(kind, 1))
    read(element);
}

template <class T, class Kind>
void read_any_of(const map_cursor& map, std::string_view key,
                 std::vector<T>& out, const Kind& kind) {
  if (const auto* in = map.find(key))
    for_any_of(*in, "a value or a list of them", [&](const cursor& each) {
      T value;
      if (each.read(value, kind))
        out.push_back(std::move(value));
    });
}

void read_header_test(const cursor& in,
                      std::vector<routing::header_test>& out) {
  using kind = routing::header_test::kind;
  routing::header_test test;
  if (!in.is_map()) {
    if (in.read(test.text, header_value{}))
      out.push_back(std::move(test));
    return;
  }
  static constexpr std::string_view keys[] = {"regex", "present"};
  const map_cursor map{in, keys};
  if (bool present = false; map.read("present", present, boolean{})) {
    test.what = present ? kind::present : kind::absent;
    out.push_back(test);
  }
  if (map.read("regex", test.text, regex_text{})) {
    test.what = kind::regex;
    out.push_back(std::move(test));
  }
  if (map.empty())
    in.problem("got an empty map, expected `regex` or `present`");
}

void read_header_conditions(const cursor& in,
                            std::vector<routing::header_condition>& out) {
  for (const auto& entry : in.entries()) {
    routing::header_condition condition;
    if (!entry.key.accept(entry.name, condition.name, field_name{}))
      continue;
    for_any_of(
      entry.value, "a value, a list of them, or a map",
      [&](const cursor& each) { read_header_test(each, condition.any_of); });
    out.push_back(std::move(condition));
  }
}

void read_value_conditions(const cursor& in,
                           std::vector<routing::value_condition>& out) {
  for (const auto& entry : in.entries()) {
    routing::value_condition condition{std::string{entry.name}, {}};
    for_any_of(entry.value, "a value or a list of them",
               [&](const cursor& each) {
                 std::string value;
                 if (each.read(value, header_value{}))
                   condition.any_of.push_back(std::move(value));
               });
    out.push_back(std::move(condition));
  }
}

/// What only HTTP has is a problem for a frontend of another protocol.
void check_protocol(const map_cursor& map, protocol of) {
  if (of == protocol::http)
    return;
  for (std::string_view key : {"host", "path", "path_prefix", "path_regex",
                               "method", "header", "query", "cookie", "scheme"})
    if (const auto* in = map.find(key))
      in->problem("needs `protocol: http`; a route of protocol tcp can match "
                  "`client`");
}

void read_match(const cursor& in, protocol of, routing::conditions& out) {
  static constexpr std::string_view keys[] = {
    "host",  "path",   "path_prefix", "path_regex", "method", "header",
    "query", "cookie", "client",      "scheme",     "not"};
  const map_cursor map{in, keys};
  check_protocol(map, of);
  read_any_of(map, "host", out.host, route_host{});
  read_any_of(map, "path", out.path, route_path{});
  read_any_of(map, "path_prefix", out.path_prefix, route_path{});
  read_any_of(map, "path_regex", out.path_regex, regex_text{});
  read_any_of(map, "method", out.method, http_method{});
  if (const auto* header = map.find("header"))
    read_header_conditions(*header, out.header);
  if (const auto* query = map.find("query"))
    read_value_conditions(*query, out.query);
  if (const auto* cookie = map.find("cookie"))
    read_value_conditions(*cookie, out.cookie);
  read_any_of(map, "client", out.client, network{});
  read_any_of(map, "scheme", out.scheme, schemes);
  if (const auto* none_of = map.find("not"))
    for_any_of(*none_of, "a map of conditions or a list of them",
               [&](const cursor& each) {
                 read_match(each, of, out.none_of.emplace_back());
               });
}

/// The path as a regex makes it of another.
void read_path_regex(const map_cursor& map, substitution_settings& out) {
  if (const auto* in = map.find("path_regex"); in != nullptr)
    read_substitution(*in, routing::text_use::path,
                      routing::known_variables::of_request, out);
}

/// Of the keys that say another path, one.
void check_one_path(const map_cursor& map) {
  std::string_view first;
  for (std::string_view key : {"path", "path_prefix", "path_regex"}) {
    const auto* in = map.find(key);
    if (in == nullptr || (!in->is_map() && in->written().empty()))
      continue;
    if (!first.empty())
      in->problem("not together with `" + std::string{first} + "`");
    first = key;
  }
}

void read_rewrite(const cursor& in, rewrite_settings& out) {
  static constexpr std::string_view keys[] = {"path", "path_prefix",
                                              "path_regex", "host"};
  const map_cursor map{in, keys};
  map.read("path", out.path, path_template{});
  map.read("path_prefix", out.path_prefix, path_template{});
  read_path_regex(map, out.path_regex);
  map.read("host", out.host, host_template{});
  check_one_path(map);
  if (map.empty())
    in.problem("got an empty map, expected what the server gets: such as "
               "`path_prefix: /`");
}

/// @param kind Of what stands there and of what stands instead.
template <class Kind>
void read_changes(const cursor& in, const Kind& kind,
                  std::vector<std::pair<std::string, std::string>>& out) {
  for (const auto& entry : in.entries()) {
    std::string from, to;
    if (entry.key.accept(entry.name, from, kind) && entry.value.read(to, kind))
      out.emplace_back(std::move(from), std::move(to));
  }
}

void read_rewrite_response(const cursor& in, rewrite_response_settings& out) {
  static constexpr std::string_view keys[] = {"location", "cookie_domain",
                                              "cookie_path"};
  const map_cursor map{in, keys};
  map.read("location", out.location, boolean{});
  if (const auto* domains = map.find("cookie_domain"))
    read_changes(*domains, cookie_domain{}, out.cookie_domain);
  if (const auto* paths = map.find("cookie_path"))
    read_changes(*paths, cookie_path{}, out.cookie_path);
}

void read_redirect(const cursor& in, redirect_settings& out) {
  static constexpr std::string_view keys[] = {
    "scheme", "host", "port", "path", "path_prefix", "path_regex", "status"};
  static constexpr unsigned codes[] = {301, 302, 303, 307, 308};
  static constexpr auto names =
    words<std::string_view>({{"", ""}, {"http", "http"}, {"https", "https"}});
  const map_cursor map{in, keys};
  map.read("scheme", out.scheme, names);
  map.read("host", out.host, template_text{});
  map.read("port", out.port, number{0, 65'535});
  map.read("path", out.path, template_text{});
  map.read("path_prefix", out.path_prefix, template_text{});
  read_path_regex(map, out.path_regex);
  map.read("status", out.status, status_of{codes});
  check_one_path(map);
  if (map.empty())
    in.problem("got an empty map, expected where to: such as `scheme: https`");
}

void read_respond(const cursor& in, respond_settings& out) {
  static constexpr std::string_view keys[] = {"status", "body", "file",
                                              "content_type", "headers"};
  const map_cursor map{in, keys};
  map.read("status", out.status, status_of{});
  map.read("body", out.body, template_body{});
  if (const auto* file = map.find("file")) {
    if (map.find("body") != nullptr)
      file->problem("not together with `body`");
    read_page(*file, out.page);
  }
  map.read("content_type", out.content_type, header_value{});
  if (const auto* headers = map.find("headers"))
    for (const auto& entry : headers->entries()) {
      std::string name, value;
      if (entry.key.accept(entry.name, name, header_name{})
          && entry.value.read(value, template_text{}))
        out.headers.emplace_back(std::move(name), std::move(value));
    }
}

void read_split(const cursor& in, std::vector<split_settings>& out) {
  for (const auto& entry : in.entries()) {
    auto& part = out.emplace_back();
    entry.key.accept(entry.name, part.backend, identifier{});
    entry.value.read(part.weight, number{0, 1'000'000});
  }
  if (std::ranges::all_of(out, [](const auto& x) { return x.weight == 0; }))
    in.problem("needs a weight above 0");
}

/// Exactly one of the four keys says what becomes of a request.
void read_action(const map_cursor& map, const cursor& in, protocol of,
                 route_settings& out) {
  static constexpr std::string_view actions[] = {"backend", "split", "redirect",
                                                 "respond"};
  const auto given = std::ranges::count_if(
    actions, [&](auto key) { return map.find(key) != nullptr; });
  if (given == 0)
    return void(map.require("backend"));
  if (given > 1)
    in.problem("a route has one of backend, split, redirect and respond");
  map.read("backend", out.backend, identifier{});
  if (const auto* split = map.find("split"))
    read_split(*split, out.split);
  if (const auto* redirect = map.find("redirect"))
    read_redirect(*redirect, out.redirect.emplace());
  if (const auto* respond = map.find("respond"))
    read_respond(*respond, out.respond.emplace());
  if (of == protocol::tcp)
    for (std::string_view key : {"redirect", "respond"})
      if (const auto* value = map.find(key))
        value->problem("needs `protocol: http`");
}

void read_route(const cursor& in, protocol of, route_settings& out) {
  static constexpr std::string_view keys[] = {"name",
                                              "match",
                                              "backend",
                                              "split",
                                              "redirect",
                                              "respond",
                                              "algorithm",
                                              "rewrite",
                                              "rewrite_response",
                                              "request_headers",
                                              "response_headers",
                                              "timeout_idle",
                                              "timeout_response",
                                              "retries_max",
                                              "max_body_bytes"};
  const map_cursor map{in, keys};
  map.read("name", out.name, identifier{});
  if (const auto* match = map.find("match"))
    read_match(*match, of, out.match);
  read_action(map, in, of, out);
  out.algorithm = read_algorithm(map);
  if (const auto* rewrite = map.find("rewrite"))
    read_rewrite(*rewrite, out.rewrite.emplace());
  if (const auto* undo = map.find("rewrite_response"))
    read_rewrite_response(*undo, out.rewrite_response);
  if (const auto* rules = map.find("request_headers"))
    read_header_rules(*rules, message::request, out.request_headers);
  if (const auto* rules = map.find("response_headers"))
    read_header_rules(*rules, message::response, out.response_headers);
  map.read("timeout_idle", out.timeout_idle, duration{1ms, 24h});
  map.read("timeout_response", out.timeout_response, duration{1ms, 24h});
  map.read("retries_max", out.retries_max, number{0, 10});
  map.read("max_body_bytes", out.max_body_bytes, byte_size{0, 1ull << 50});
  if (of == protocol::tcp)
    for (std::string_view key :
         {"rewrite", "rewrite_response", "request_headers", "response_headers",
          "timeout_idle", "timeout_response", "max_body_bytes"})
      if (const auto* value = map.find(key))
        value->warning("has no effect, because protocol is tcp");
  if (out.redirect || out.respond)
    for (std::string_view key :
         {"rewrite", "rewrite_response", "request_headers"})
      if (const auto* value = map.find(key))
        value->warning("has no effect, because the request goes to no server");
}

} // namespace

std::vector<route_settings> read_routes(const cursor& in, protocol of) {
  std::vector<route_settings> result;
  for (const auto& element : in.list("a list of routes"))
    read_route(element, of, result.emplace_back());
  return result;
}

} // namespace troupe::config
