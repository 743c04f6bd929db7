// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_routing_bypasses
#include "core/routing/both_matchers.hpp"

#include <string>
#include <string_view>
#include <vector>

// What people send to get past a proxy (rule 121). A table that denies /admin
// and a table that allows /public alone, each asked for what a server may take
// for something else than it seems.

using namespace troupe::routing;
using namespace std::literals;

namespace {

both_matchers::table denying() {
  both_matchers::table result(2); // the second route takes the rest
  result[0].path_prefix = {"/admin"};
  return result;
}

both_matchers::table allowing() {
  both_matchers::table result(1); // none matches: 404
  result[0].path_prefix = {"/public"};
  return result;
}

/// The same lists by other means than a prefix.
std::vector<both_matchers::table> ways(const both_matchers::table& from) {
  const auto prefix = from[0].path_prefix[0];
  std::vector<both_matchers::table> result{from, from, from};
  auto& by_host = result[1][0];
  by_host.host = {"*.org"};
  auto& by_regex = result[2][0];
  by_regex.path_prefix.clear();
  by_regex.path_regex = {"^" + prefix + "(/|$)"};
  if (from.size() == 1)
    return result;
  // Deny written as an allow of all else.
  both_matchers::table negated(1);
  negated[0].none_of.resize(1);
  negated[0].none_of[0].path_prefix = {prefix};
  result.push_back(negated);
  return result;
}

answer asked(both_matchers& matchers, std::string_view path) {
  sample_request request;
  request.path = path;
  return matchers.match(request);
}

/// To /admin for at least one server.
const std::vector<std::string_view> to_admin{
  // as it is
  "/admin", "/admin/", "/admin/x",
  // empty segments
  "//admin", "///admin//x", "/admin//",
  // dot segments
  "/./admin", "/x/../admin", "/x/y/../../admin", "/../admin", "/x//../admin",
  "/public/../admin", "/admin/.", "/admin/x/..",
  // encoded letters
  "/%61dmin", "/%61%64%6D%69%6e", "/adm%69n/x",
  // encoded dots
  "/%2e/admin", "/x/%2e%2e/admin", "/x/.%2E/admin", "/x/%2e./admin",
  // encoded slashes
  "/%2fadmin", "/admin%2f", "/admin%2Fx", "/x%2f..%2fadmin", "/x/..%2fadmin",
  "/public/..%2fadmin", "/public%2F%2e%2e%2Fadmin", "/.%2fadmin",
  // encoded twice, three times, more often
  "/%2561dmin", "/%252561dmin", "/%25252561dmin", "/admin%252fx",
  "/admin%25252fx", "/x/%252e%252e/admin", "/x/..%252fadmin",
  "/x/%25252e%25252e%25252fadmin", "/public/..%252Fadmin",
  // the encoding itself encoded
  "/%25%36%31dmin", "/%%36%31dmin", "/%2%35%361dmin", "/admin%25%32%66x",
  "/admin%25%32%46", "/admin%2%66x", "/admin%%32%66x", "/x/..%%35cadmin",
  // backslashes
  "/\\admin", "/admin\\x", "/x\\..\\admin", "/x/..\\admin", "/public/..\\admin",
  "/%5cadmin", "/admin%5Cx", "/x/..%5cadmin", "/x/..%255Cadmin",
  "/public%5c..%5cadmin",
  // parameters
  "/admin;", "/admin;x=1", "/admin;x=1/y", "/;/admin", "/;x/admin",
  "/x/..;/admin", "/x/..;a=b/admin", "/x/.;/../admin", "/admin%3b",
  "/admin%3Bx", "/admin%253bx", "/x/..%3b/admin", "/public/..;/admin",
  "/public/..%253b/admin", "/%3b/admin", "/admin;%2f", "/public/..;%2fadmin",
  // the end of a text in C
  "/admin%00", "/admin%00.png", "/admin%2500", "/public/../admin%00x"};

/// Through /public to something else, for at least one server.
const std::vector<std::string_view> out_of_public{
  "/public/../admin",
  "/public/..",
  "/public/x/../../admin",
  "/public/./../a",
  "/public//../admin",
  "/public/%2e%2e/admin",
  "/public/.%2e/admin",
  "/public/..%2fadmin",
  "/public%2f..%2fadmin",
  "/public/%2e%2e%2fadmin",
  "/public/%252e%252e/admin",
  "/public/..%252fadmin",
  "/public/%25252e%25252e/admin",
  "/public/%25%32%65%25%32%65/admin",
  "/public/%%32%65%%32%65/admin",
  "/public/..\\admin",
  "/public/..%5cadmin",
  "/public/..%255cadmin",
  "/public\\..\\admin",
  "/public/..;/admin",
  "/public/..;x=y/admin",
  "/public/..%3b/admin",
  "/public/..%253Bx/admin",
  "/public/x;/..;/..;/admin",
  "/public/..%2f..%2fadmin",
  "/public/..%00",
  "/public/x%2f..%2f..%2fadmin"};

} // namespace

CAF_TEST(no way of writing a path slips past a deny list) {
  for (const auto& table : ways(denying())) {
    both_matchers matchers{table};
    const uint32_t denied = table.size() > 1 ? 0 : answer::no_route;
    for (const auto path : to_admin) {
      const auto result = asked(matchers, path);
      if (result.what != answer::kind::ambiguous && result.a != denied)
        CAF_ERROR(path << " slipped past");
      CAF_CHECK(result.a == denied || result.b == denied);
    }
  }
}

CAF_TEST(no way of writing a path slips out of an allow list) {
  for (const auto& table : ways(allowing())) {
    both_matchers matchers{table};
    for (const auto path : out_of_public) {
      const auto result = asked(matchers, path);
      if (result.what == answer::kind::route)
        CAF_ERROR(path << " slipped out");
      CAF_CHECK(result.a == answer::no_route || result.b == answer::no_route);
    }
  }
}

CAF_TEST(what only looks odd is not refused) {
  both_matchers deny{denying()};
  for (const auto path :
       {"/group%2Fname", "/a;b=c/d", "/a//b", "/100%", "/x/%2e%2e/y", "/a\\b",
        "/%C3%A9", "/redirect/https%3A%2F%2Fexample.org%2Fadmin", "/x%00"})
    CAF_CHECK(asked(deny, path) == make_answer(1, 1));
  both_matchers allow{allowing()};
  for (const auto path : {"/public/group%2Fname", "/public/a;b/c",
                          "//public/%252e", "/%70ublic/x", "/public/a%00b"})
    CAF_CHECK(asked(allow, path) == make_answer(0, 0));
}

CAF_TEST(a path that leads away again is where it leads to) {
  // A server that removes no dot segments sees /admin at the front: what it
  // makes of the rest is its own affair, as with other proxies.
  both_matchers deny{denying()};
  CAF_CHECK(asked(deny, "/admin/../x") == make_answer(1, 1));
  CAF_CHECK(asked(deny, "/admin/..") == make_answer(1, 1));
}

CAF_TEST(two routes are ambiguous and as_sent takes reading A) {
  both_matchers refuse{denying()};
  both_matchers as_sent{denying(), ambiguous_paths::as_sent};
  const auto result = asked(refuse, "/x/..%2fadmin");
  CAF_CHECK(result.what == answer::kind::ambiguous);
  CAF_CHECK(result.a == 1 && result.b == 0);
  CAF_CHECK(asked(as_sent, "/x/..%2fadmin") == make_answer(1, 1));
  CAF_CHECK(asked(as_sent, "/x/../admin") == make_answer(0, 0));
  CAF_CHECK(asked(as_sent, "/admin%2fx") == make_answer(1, 1));
  // No route at all is a place too.
  both_matchers allow{allowing()};
  const auto half = asked(allow, "/public/..%2fadmin");
  CAF_CHECK(half.what == answer::kind::ambiguous);
  CAF_CHECK(half.a == 0 && half.b == answer::no_route);
}

CAF_TEST(a whole table sees one reading at a time) {
  // Were the readings mixed within the route, it would match: the prefix holds
  // in A alone, and the path under `not` in A as well.
  both_matchers::table table(1);
  table[0].path_prefix = {"/public"};
  table[0].none_of.resize(1);
  table[0].none_of[0].path_prefix = {"/public"};
  both_matchers matchers{table};
  CAF_CHECK(asked(matchers, "/public/..%2fadmin")
            == make_answer(answer::no_route, answer::no_route));
}

CAF_TEST(case counts) {
  both_matchers deny{denying()};
  CAF_CHECK(asked(deny, "/Admin") == make_answer(1, 1));
  CAF_CHECK(asked(deny, "/%41dmin") == make_answer(1, 1));
  both_matchers allow{allowing()};
  CAF_CHECK(asked(allow, "/PUBLIC").what == answer::kind::none);
  // For servers to which it does not.
  auto table = denying();
  table[0].path_prefix.clear();
  table[0].path_regex = {"(?i)^/admin(/|$)"};
  both_matchers regex{table};
  for (const auto path : {"/ADMIN", "/%41dmin", "/aDmIn/x", "//ADMIN"})
    CAF_CHECK(asked(regex, path) == make_answer(0, 0));
  CAF_CHECK(asked(regex, "/ADMIN%2fx").what == answer::kind::ambiguous);
}

CAF_TEST(an escaped sign is not another sign) {
  both_matchers::table table(2);
  table[0].path_prefix = {"/@admin", "/caf%C3%A9"};
  both_matchers matchers{table};
  CAF_CHECK(asked(matchers, "/@admin") == make_answer(0, 0));
  CAF_CHECK(asked(matchers, "/%40admin").what == answer::kind::ambiguous);
  for (const auto path : {"/caf%C3%A9", "/caf%c3%a9", "/caf\xc3\xa9"})
    CAF_CHECK(asked(matchers, path) == make_answer(0, 0));
}

CAF_TEST(bytes that are no text are bytes) {
  both_matchers deny{denying()};
  // Overlong forms of `/`, `.` and `a`: no server of this century decodes them.
  for (const auto path :
       {"/%c0%afadmin", "/x/%c0%ae%c0%ae/admin", "/%c1%a1dmin", "/\xff\xfe",
        "/%u0061dmin", "/admin\xff"})
    CAF_CHECK(asked(deny, path) == make_answer(1, 1));
  CAF_CHECK(asked(deny, "/admin/\xff") == make_answer(0, 0));
  CAF_CHECK(asked(deny, "/admin/%ff") == make_answer(0, 0));
}

CAF_TEST(a very long path is read to its end) {
  const auto times = [](std::string_view text, size_t count) {
    std::string result;
    while (count-- > 0)
      result += text;
    return result;
  };
  both_matchers deny{denying()};
  CAF_CHECK(asked(deny, times("/x", 1000) + times("/..", 1000) + "/admin")
            == make_answer(0, 0));
  CAF_CHECK(asked(deny, times("/", 8000) + "admin") == make_answer(0, 0));
  CAF_CHECK(asked(deny, "/%" + times("25", 4000) + "61dmin").what
            == answer::kind::ambiguous);
  CAF_CHECK(asked(deny, "/" + times("a", 20'000)) == make_answer(1, 1));
}

CAF_TEST(a path too long for the buffer is refused and never passed on) {
  matcher small{denying(), {ambiguous_paths::refuse, 16}};
  matcher lax{denying(), {ambiguous_paths::as_sent, 16}};
  sample_request request;
  request.path = "/a/b/c/d/../../x"; // 16 bytes
  CAF_CHECK(small.match(request.view()) == make_answer(1, 1));
  request.path += 'x';
  CAF_CHECK(small.match(request.view()) == unreadable);
  CAF_CHECK(lax.match(request.view()) == unreadable);
  CAF_CHECK(unreadable.what == answer::kind::ambiguous);
  request.path = "/a/path/of/any/length/that/needs/no/reading";
  CAF_CHECK(small.match(request.view()) == make_answer(1, 1));
}

CAF_TEST(an asterisk is below no path) {
  both_matchers deny{denying()};
  CAF_CHECK(asked(deny, "*") == make_answer(1, 1));
  both_matchers allow{allowing()};
  CAF_CHECK(asked(allow, "*").what == answer::kind::none);
}

CAF_TEST(a host that its caller did not make canonical is another host) {
  // The reason why request_view::host has to be.
  both_matchers::table table(2);
  table[0].host = {"secret.example", "*.secret.example"};
  both_matchers matchers{table};
  sample_request request;
  request.host = "secret.example";
  CAF_CHECK(matchers.match(request) == make_answer(0, 0));
  for (const auto host :
       {"secret.example.", "Secret.example", "secret.example:80", ""}) {
    request.host = host;
    CAF_CHECK(matchers.match(request) == make_answer(1, 1));
  }
}
