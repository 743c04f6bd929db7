// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE routing_text_template
#include "caf_test.hpp"

#include "core/routing/text_template.hpp"

#include <vector>

using namespace troupe;
using namespace troupe::routing;

namespace {

struct fixture {
  fixture() {
    request.host = "shop.example";
    request.method = "GET";
    request.path = "/a b%20c";
    request.query = "x=1&y=<";
    request.client = &client;
    request.headers = header_lines{std::span<const header_line>{lines}};
  }

  std::string of(std::string_view text) const {
    CAF_CHECK_EQUAL(text_template::problem(text), "");
    std::string result;
    text_template{text}.append(values, result);
    return result;
  }

  std::string encoded(std::string_view text) const {
    std::string result;
    text_template{text}.append_encoded(values, result);
    return result;
  }

  endpoint client = *endpoint::parse("192.0.2.1:999");
  std::vector<header_line> lines{{"X-A", "one"},
                                 {"x-a", "two"},
                                 {"Cookie", "lb=7; b=8"}};
  request_view request;
  variable_values values{request, "8080", "id-1", "web", "api"};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(text_template_tests, fixture)

CAF_TEST(every variable stands for its value) {
  CAF_CHECK_EQUAL(of("{scheme}://{host}:{port}{path}?{query}"),
                  "http://shop.example:8080/a b%20c?x=1&y=<");
  CAF_CHECK_EQUAL(of("{client_ip} {client_port} {method} {request_id}"),
                  "192.0.2.1 999 GET id-1");
  CAF_CHECK_EQUAL(of("{frontend}/{route} {header:X-a} {cookie:b}"),
                  "web/api one 8");
}

CAF_TEST(what is not there stands for nothing) {
  request.client = nullptr;
  CAF_CHECK_EQUAL(of("[{client_ip}{client_port}{header:X-B}{cookie:c}]"), "[]");
}

CAF_TEST(braces that name nothing are text) {
  for (const auto* text :
       {R"({"a": {"b": 1}})", "{}", "{A}", "{0}", "{", "}{", "{a b}", ""})
    CAF_CHECK_EQUAL(of(text), text);
  CAF_CHECK_EQUAL(of("{{host}}"), "{shop.example}");
}

CAF_TEST(what is wrong is told) {
  CAF_CHECK_EQUAL(text_template::problem("{hots}"),
                  "there is no variable {hots}");
  CAF_CHECK_EQUAL(text_template::problem("{host:x}"),
                  "the variable {host} takes no `:`");
  CAF_CHECK_EQUAL(text_template::problem("{header}"),
                  "the variable needs a name: {header:NAME}");
}

CAF_TEST(values in a path are encoded and the text is not ) {
  CAF_CHECK_EQUAL(encoded("/x y{path}"), "/x y/a%20b%20c");
  CAF_CHECK_EQUAL(encoded("?{query}"), "?x=1&y=%3C");
  lines[0].value = "a%2/\xc3\xbc?#%zz%41";
  CAF_CHECK_EQUAL(encoded("{header:X-A}"), "a%252/%C3%BC%3F%23%25zz%41");
}

CAF_TEST(a query is named by the text alone) {
  CAF_CHECK(text_template{"/a?{query}"}.names_query());
  CAF_CHECK(!text_template{"/a{query}"}.names_query());
}

CAF_TEST_FIXTURE_SCOPE_END()
