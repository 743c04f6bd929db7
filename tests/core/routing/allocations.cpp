// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_routing_allocations
#include "caf_test.hpp"

#include "core/routing/matcher.hpp"
#include "core/routing/sample_request.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

using namespace troupe::routing;

namespace {

thread_local uint64_t allocations = 0;

void* counted(size_t size) {
  ++allocations;
  if (auto* result = std::malloc(size == 0 ? 1 : size))
    return result;
  throw std::bad_alloc{};
}

} // namespace

// Of this whole program; the others forward to these two.
void* operator new(size_t size) { return counted(size); }
void operator delete(void* x) noexcept { std::free(x); }
void operator delete(void* x, size_t) noexcept { std::free(x); }

namespace {

/// A table in which a request meets every condition there is.
std::vector<conditions> every_condition() {
  using kind = header_test::kind;
  std::vector<conditions> table(18);
  table[0].host = {"other.org"};
  table[1].host = {"*.other.org"};
  table[2].path = {"/other"};
  table[3].path_prefix = {"/other"};
  table[4].method = {"POST"};
  table[5].header = {{"X-Long-Name", {{kind::exact, "other"}}}};
  table[6].header = {{"X-Long-Name", {{kind::regex, "other[0-9]+$"}}}};
  table[7].header = {{"X-None", {{kind::present, ""}}}};
  table[8].query = {{"version", {"2"}}};
  table[9].cookie = {{"beta", {"1"}}};
  table[10].client = {"10.0.0.0/8", "2001:db8::/32"};
  table[11].scheme = {scheme::https};
  table[12].sni = {"other.org", "*.other.org"};
  table[13].alpn = {"other"};
  table[14].tls = true;
  table[15].path_regex = {"^/a very long expression/[0-9]+(x|y)*$"};
  table[16].none_of.resize(2);
  table[16].none_of[0].path_prefix = {"/other"};
  table[16].none_of[1].method = {"GET"};
  table[17].host = {"*.example.org"};
  table[17].path_prefix = {"/"};
  return table;
}

} // namespace

CAF_TEST(a match allocates nothing) {
  const auto before_any = allocations;
  ::operator delete(::operator new(1));
  CAF_REQUIRE_EQUAL(allocations - before_any, 1u); // else this counts nothing

  matcher fast{every_condition()};
  sample_request request;
  request.host = "a.long.name.of.a.host.example.org";
  request.query = "a=%32&version=3";
  request.headers = {{"X-Long-Name", "a value that is no short string at all"},
                     {"Cookie", "alpha=1; beta=2"}};
  request.sni = "x.y.z.org";
  request.alpn = {"h2", "http/1.1"};
  const std::vector<std::string> paths{
    "/", "/other2/x", "/a/long/path/of/several/segments/index.html",
    "/a//b/../%2e%2e/%61%2fb;c\\d%25%32%66" + std::string(5000, '%'),
    std::string(20'000, '/')};
  // What RE2 learns of new texts it keeps in memory: here it may.
  for (const auto& path : paths) {
    request.path = path;
    fast.match(request.view());
  }
  for (const auto& path : paths) {
    request.path = path;
    const auto view = request.view();
    const auto before = allocations;
    const auto result = fast.match(view);
    const auto made = allocations - before;
    CAF_CHECK_EQUAL(made, 0u);
    CAF_CHECK(result
              == (path.size() < 8192 ? make_answer(17, 17) : unreadable));
  }
}
