// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/conditions.hpp"
#include "core/routing/sample_request.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Tables of routes and requests made of bytes, by the random test and by the
/// fuzzer alike. All texts come from few words, so that routes and requests
/// meet; most conditions are left out, so that some routes match.
class random_table {
public:
  explicit random_table(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  std::vector<troupe::routing::conditions> routes() {
    std::vector<troupe::routing::conditions> result(1 + below(8));
    for (auto& x : result)
      x = block(2);
    return result;
  }

  sample_request request() {
    sample_request result;
    result.host = pick(hosts);
    result.method = pick(methods);
    result.path = sent_path();
    for (auto i = below(4); i > 0; --i)
      result.query += pick_view(query_parts);
    for (auto i = below(4); i > 0; --i)
      result.headers.push_back({pick(header_names), pick(header_values)});
    result.client.reset();
    if (below(4) > 0)
      result.client = troupe::endpoint::parse_ip(pick(clients), 0);
    result.scheme = some_scheme();
    if (below(3) == 0)
      result.sni = pick(hosts);
    if (below(2) == 0)
      result.alpn = {pick_view(protocols), pick_view(protocols)};
    result.is_tls = below(2) == 0;
    return result;
  }

  /// The bytes that nothing was made of.
  std::string_view rest() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

private:
  using texts = std::span<const std::string_view>;

  static constexpr std::array<std::string_view, 8> hosts{
    "a.org", "b.a.org", "c.b.a.org", "x.net", "[::1]", "", ".a.org", "org"};
  static constexpr std::array<std::string_view, 10> host_patterns{
    "a.org", "b.a.org", "*.a.org", "*.b.a.org", "*",
    "*.org", "x.net",   "[::1]",   "*.",        "c.b.a.org"};
  static constexpr std::array<std::string_view, 8> paths{
    "/", "/a", "/a/b", "/admin", "/a/b/a", "/b/", "*", "/admin/a"};
  static constexpr std::array<std::string_view, 32> path_parts{
    "/",   "/",    "/",   "/",   "a",   "b",   "admin", "a",
    "..",  ".",    "%2f", "%2F", "%5c", "\\",  "%2e",   "%252e",
    "%25", "%32",  "%66", "%61", ";",   "%3B", "%",     "2f",
    "%00", "\xff", "%c3", "{",   "%7B", "@",   "%40",   "%253b"};
  static constexpr std::array<std::string_view, 6> regexes{
    "^/a", "b$", "^/[^/]*$", "%", "a.*b", "(bad"};
  static constexpr std::array<std::string_view, 3> methods{"GET", "HEAD",
                                                           "get"};
  static constexpr std::array<std::string_view, 5> header_names{
    "X-A", "x-a", "Cookie", "cookie", "X-AB"};
  static constexpr std::array<std::string_view, 8> header_values{
    "1", "2", "", "k=1", "k=2; k=1", "j; k = 1 ;", "ab", "k=\"1\""};
  static constexpr std::array<std::string_view, 4> names{"k", "j", "", "k=1"};
  static constexpr std::array<std::string_view, 4> values{"1", "", "2", "+ "};
  static constexpr std::array<std::string_view, 10> query_parts{
    "k", "=", "1", "&", "%6b", "%", "%31", "+%20", "2", "&k=1"};
  static constexpr std::array<std::string_view, 3> networks{
    "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"};
  static constexpr std::array<std::string_view, 3> clients{
    "192.0.2.7", "2001:db8::1", "198.51.100.1"};
  static constexpr std::array<std::string_view, 3> protocols{"h2", "http/1.1",
                                                             "x"};

  /// Less than `limit`; 0 once the bytes are used up.
  unsigned below(unsigned limit) {
    if (bytes_.empty())
      return 0;
    const unsigned byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte % limit;
  }

  std::string pick(texts from) {
    return std::string{from[below(static_cast<unsigned>(from.size()))]};
  }
  template <size_t N>
  std::string_view pick_view(const std::array<std::string_view, N>& from) {
    return from[below(N)];
  }

  troupe::routing::scheme some_scheme() {
    using troupe::routing::scheme;
    return below(2) == 0 ? scheme::http : scheme::https;
  }

  std::vector<std::string> some(texts from) {
    std::vector<std::string> result;
    for (auto i = 1 + below(2); i > 0; --i)
      result.push_back(pick(from));
    return result;
  }

  std::string sent_path() {
    std::string result = below(16) == 0 ? "" : "/";
    for (auto i = below(10); i > 0; --i)
      result += pick_view(path_parts);
    return result;
  }

  std::vector<std::string> some_paths() {
    std::vector<std::string> result;
    for (auto i = 1 + below(2); i > 0; --i)
      result.push_back(below(8) == 0 ? sent_path() : pick(paths));
    return result;
  }

  troupe::routing::header_condition header() {
    using enum troupe::routing::header_test::kind;
    troupe::routing::header_condition result{pick(header_names), {}};
    for (auto i = 1 + below(2); i > 0; --i) {
      const std::array kinds{exact, exact, regex, present, absent};
      const auto kind = kinds[below(kinds.size())];
      result.any_of.push_back(
        {kind, pick(kind == regex ? texts{regexes} : texts{header_values})});
    }
    return result;
  }

  troupe::routing::conditions block(unsigned depth) {
    troupe::routing::conditions x;
    // Which keys are given: few of them.
    if (below(2) == 0)
      x.host = some(host_patterns);
    switch (below(5)) {
    case 0:
      x.path = some_paths();
      break;
    case 1:
    case 2:
      x.path_prefix = some_paths();
      break;
    case 3:
      if (below(4) == 0)
        x.path_regex = some(regexes);
      break;
    default:
      break;
    }
    for (auto i = below(3); i > 0; --i)
      add_key(x, depth);
    return x;
  }

  void add_key(troupe::routing::conditions& x, unsigned depth) {
    switch (below(12)) {
    case 0:
      x.path_prefix = some_paths();
      break;
    case 1:
      x.method = some(methods);
      break;
    case 2:
      x.header.push_back(header());
      break;
    case 3:
      x.query.push_back({pick(names), some(values)});
      break;
    case 4:
      x.cookie.push_back({pick(names), some(values)});
      break;
    case 5:
      x.client = some(networks);
      break;
    case 6:
      x.scheme = {some_scheme()};
      break;
    case 7:
      x.sni = some(host_patterns);
      break;
    case 8:
      x.alpn = some(protocols);
      break;
    case 9:
      x.tls = below(2) == 0;
      break;
    default:
      if (depth > 0)
        x.none_of.push_back(block(depth - 1));
    }
  }

  std::span<const uint8_t> bytes_;
};
