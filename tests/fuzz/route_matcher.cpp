// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/matcher.hpp"
#include "core/routing/path_readings.hpp"
#include "core/routing/random_table.hpp"
#include "core/routing/slow_matcher.hpp"
#include "fuzz/require.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Bytes to a table of routes and a request: both matchers give one answer, with
// words of the table's and with whatever bytes. Readings of a path are in
// normal form, which nothing can make longer or shorter.

using namespace troupe::routing;
using troupe::fuzz::require;

namespace {

std::pair<std::string, std::string> read(std::string_view path) {
  // Not a byte more than it asks for: the address sanitizer watches.
  std::vector<char> buffer(readings_bytes(path.size()));
  const auto result = read_path(path, buffer);
  require(result.has_value());
  return {std::string{result->a}, std::string{result->b}};
}

void check_readings(std::string_view path) {
  const auto [a, b] = read(path);
  if (!path.starts_with('/')) {
    require(a == path && b == path);
    return;
  }
  for (const auto& x : {a, b}) {
    require(x.starts_with('/'));
    require(x.find("//") == x.npos && x.find("/./") == x.npos);
    require(x.find("/../") == x.npos && !x.ends_with("/.."));
    require(!x.ends_with("/.") && x.find('\\') == x.npos);
    for (const char c : x)
      require(c > 0x20 && c < 0x7f && c != '?' && c != '#');
  }
  require(b.find(';') == b.npos);
  require(read(a).first == a);
  require(read(b) == std::pair(b, b));
}

void check_match(const std::vector<conditions>& routes,
                 const sample_request& request) {
  for (const auto how : {ambiguous_paths::refuse, ambiguous_paths::as_sent}) {
    matcher fast{routes, {how}};
    const auto view = request.view();
    require(fast.match(view) == slow_matcher(routes, how).match(view));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2'048) // the buffer of a matcher has its limit
    return 0;
  random_table make{{data, size}};
  auto routes = make.routes();
  auto request = make.request();
  check_readings(request.path);
  check_match(routes, request);

  // Up to a line feed what a route has, behind it what is sent.
  const auto rest = make.rest();
  const auto line = rest.find('\n');
  const std::string written{rest.substr(0, line)};
  const std::string sent{line == rest.npos ? rest : rest.substr(line + 1)};
  routes.resize(routes.size() + 4);
  routes[routes.size() - 4].path = {written};
  routes[routes.size() - 3].path_prefix = {written};
  routes[routes.size() - 2].host = {written};
  routes[routes.size() - 1].query = {{"k", {written}}};
  check_readings(sent);
  request.path = request.host = request.query = sent;
  check_match(routes, request);
  request.path = "/" + sent;
  request.query = "k=" + sent;
  check_readings(request.path);
  check_match(routes, request);
  return 0;
}
