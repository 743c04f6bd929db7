// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE routing_substitution
#include "caf_test.hpp"

#include "core/routing/substitution.hpp"

using namespace troupe;
using namespace troupe::routing;

namespace {

struct fixture {
  fixture() { request.host = "a\\1 b"; }

  std::string made(const std::string& match, const std::string& to,
                   std::string_view text, text_use use = text_use::line) {
    CAF_CHECK_EQUAL(substitution::problem(match, to), "");
    const substitution x{match, to, use};
    std::string instead, result;
    x.fill(variable_values{request}, instead);
    switch (x.replace(text, instead, result)) {
    case substitution::outcome::no_match:
      return result + "(no match)";
    case substitution::outcome::too_long:
      return "(too long)";
    default:
      return result;
    }
  }

  request_view request;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(substitution_tests, fixture)

CAF_TEST(every match is replaced and groups stand where they are named) {
  CAF_CHECK_EQUAL(made("a", "b", "banana"), "bbnbnb");
  CAF_CHECK_EQUAL(made("^/old/(.*)", "/new/\\1", "/old/x/y"), "/new/x/y");
  CAF_CHECK_EQUAL(made("(a)(b)?", "[\\0|\\1|\\2]", "ab a"), "[ab|a|b] [a|a|]");
  CAF_CHECK_EQUAL(made("x", "\\\\1", "x"), "\\1");
}

CAF_TEST(what does not match stays) {
  CAF_CHECK_EQUAL(made("^b", "x", "ab"), "(no match)");
  CAF_CHECK_EQUAL(made("a", "x", ""), "(no match)");
}

CAF_TEST(a match of nothing stands once at each place) {
  CAF_CHECK_EQUAL(made("x*", "-", "axb"), "-a-b-");
  CAF_CHECK_EQUAL(made("^", "> ", "a"), "> a");
  CAF_CHECK_EQUAL(made("$", "!", "a"), "a!");
  CAF_CHECK_EQUAL(made("", "-", ""), "-");
}

CAF_TEST(what a variable holds is no escape) {
  CAF_CHECK_EQUAL(made("(x)", "{host}\\1", "x"), "a\\1 bx");
}

CAF_TEST(in a path what variables and groups hold is encoded) {
  CAF_CHECK_EQUAL(made("^/(.*)$", "/ü?{host}/\\1", "/a b%2f", text_use::path),
                  "/ü?a%5C1%20b/a%20b%2f");
}

CAF_TEST(no result grows without bound) {
  CAF_CHECK_EQUAL(made("a", std::string(1000, 'x'), std::string(100, 'a')),
                  "(too long)");
  CAF_CHECK_EQUAL(made("", std::string(1000, 'x'), std::string(100, 'a')),
                  "(too long)");
}

CAF_TEST(what is wrong is told) {
  CAF_CHECK_EQUAL(substitution::problem("(a)", "\\2"),
                  "the regex has no group 2, it has 1");
  CAF_CHECK_EQUAL(substitution::problem("a", "\\n"),
                  "a `\\` stands in front of the number of a group or another "
                  "`\\`");
  CAF_CHECK_EQUAL(substitution::problem("a", "x\\"),
                  "a `\\` stands in front of the number of a group or another "
                  "`\\`");
  CAF_CHECK_EQUAL(substitution::problem("a", "{hots}"),
                  "there is no variable {hots}");
  CAF_CHECK_EQUAL(substitution::problem("a", "{server}"),
                  "{server} is known in headers of responses only");
  CAF_CHECK_EQUAL(
    substitution::problem("a", "{server}", known_variables::of_response), "");
}

CAF_TEST(a query is named by the text alone) {
  const auto names = [](const char* to) {
    return substitution{"a", to, text_use::path}.names_query();
  };
  CAF_CHECK(names("/b?c"));
  CAF_CHECK(!names("/b\\0{query}"));
}

CAF_TEST_FIXTURE_SCOPE_END()
