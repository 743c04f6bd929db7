// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE routing_path_rule
#include "caf_test.hpp"

#include "core/routing/path_rule.hpp"

using namespace troupe;
using namespace troupe::routing;

namespace {

struct fixture {
  /// The path that stands instead of `sent`.
  std::string made(std::string_view sent) {
    request.path = sent;
    const path_rule rule{{path, prefix, regex, regex_to, prefixes}};
    std::string buffer, result = "http://host";
    last = rule.append(variable_values{request}, buffer, result);
    CAF_CHECK(last.changed || last.too_long || result == "http://host");
    return last.changed ? result.substr(11) : "(as sent)";
  }

  request_view request;
  std::string path, prefix, regex, regex_to;
  std::vector<std::string> prefixes;
  path_rule::result last;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(path_rule_tests, fixture)

CAF_TEST(without a rule every path stays) {
  CAF_CHECK(path_rule{}.empty());
  CAF_CHECK_EQUAL(made("/a"), "(as sent)");
}

CAF_TEST(a prefix takes the place of the longest that matched) {
  prefixes = {"/", "/api/", "/api/v1"};
  prefix = "/";
  CAF_CHECK_EQUAL(made("/api/v1/x"), "/x");
  CAF_CHECK_EQUAL(last.prefix_before, "/api/v1");
  CAF_CHECK_EQUAL(last.prefix_size, 1u);
  CAF_CHECK_EQUAL(made("/api/v1"), "/");
  CAF_CHECK_EQUAL(made("/api/v2"), "/v2");
  CAF_CHECK_EQUAL(made("/b"), "/b");
  prefix = "/in{path}";
  CAF_CHECK_EQUAL(made("/api/x"), "/in/api/x/x");
  CAF_CHECK_EQUAL(last.prefix_size, std::string{"/in/api/x"}.size());
  prefix = "in";
  CAF_CHECK_EQUAL(made("/api/x"), "/in/x");
}

CAF_TEST(a prefix is put in front where none matched by prefix) {
  prefix = "/in";
  CAF_CHECK_EQUAL(made("/x"), "/in/x");
  CAF_CHECK_EQUAL(last.prefix_before, "");
}

CAF_TEST(rules work on the strict reading) {
  prefixes = {"/api"};
  prefix = "/v1";
  CAF_CHECK_EQUAL(made("//x/../%61pi/./a%2fb c"), "/v1/a%2Fb%20c");
  prefix.clear();
  regex = "^/api/(.*)";
  regex_to = "/\\1";
  CAF_CHECK_EQUAL(made("//api//%7euser"), "/~user");
}

CAF_TEST(a path that does not match a regex is as it was sent) {
  regex = "^/old/(.*)";
  regex_to = "new/\\1?from=old";
  CAF_CHECK_EQUAL(made("/old/x"), "/new/x?from=old");
  CAF_CHECK(last.has_query);
  CAF_CHECK_EQUAL(made("//older/%61"), "(as sent)");
  CAF_CHECK(!last.has_query);
}

CAF_TEST(a whole path has a query if its text says so) {
  path = "shop{path}";
  CAF_CHECK_EQUAL(made("/a?b"), "/shop/a%3Fb");
  CAF_CHECK(!last.has_query);
  path = "/shop?p={path}";
  CAF_CHECK_EQUAL(made("/a"), "/shop?p=/a");
  CAF_CHECK(last.has_query);
}

CAF_TEST(the asterisk is no path) {
  path = "/a";
  CAF_CHECK_EQUAL(made("*"), "(as sent)");
}

CAF_TEST(a path that would be too long is none) {
  regex = "a";
  regex_to = std::string(1000, 'x');
  CAF_CHECK_EQUAL(made("/" + std::string(100, 'a')), "(as sent)");
  CAF_CHECK(last.too_long);
}

CAF_TEST_FIXTURE_SCOPE_END()
