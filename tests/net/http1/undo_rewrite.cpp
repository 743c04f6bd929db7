// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_undo_rewrite
#include "caf_test.hpp"

#include "net/http1/undo_rewrite.hpp"

using namespace troupe;
using namespace troupe::net::http1;

namespace {

struct fixture {
  fixture() {
    facts.client_scheme = "https";
    facts.client_host = "shop.example:8443";
    facts.server_host = "app.internal";
    facts.client_prefix = "/api";
    facts.has_prefix = true; // in place of "/"
  }

  std::string location(std::string_view value) {
    std::string result = "|";
    if (undo_location(value, facts, result))
      return result.substr(1);
    CAF_CHECK_EQUAL(result, "|");
    return "(stays)";
  }

  std::string cookie(std::string_view value) {
    std::string result;
    if (undo_cookie(value, rules, result))
      return result;
    CAF_CHECK_EQUAL(result, "");
    return "(stays)";
  }

  rewrite_facts facts;
  rewrite_response_settings rules;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(undo_rewrite_tests, fixture)

CAF_TEST(what the server calls itself is what the client calls it) {
  CAF_CHECK_EQUAL(location("http://app.internal/x?a=/y#z"),
                  "https://shop.example:8443/api/x?a=/y#z");
  CAF_CHECK_EQUAL(location("http://APP.internal:80"),
                  "https://shop.example:8443/api/");
  CAF_CHECK_EQUAL(location("//app.internal/x"), "//shop.example:8443/api/x");
  CAF_CHECK_EQUAL(location("HTTPS://app.internal:443/x"),
                  "https://shop.example:8443/api/x");
  CAF_CHECK_EQUAL(location("/x"), "/api/x");
  CAF_CHECK_EQUAL(location("/"), "/api/");
}

CAF_TEST(other places stay where they are) {
  for (const char* value :
       {"http://other.example/x", "http://app.internal:81/x", "//other.example",
        "x", "../x", "?a", "#a", "", "mailto:a@b", "http://", "///x",
        "http://user@app.internal/"})
    CAF_CHECK_EQUAL(location(value), "(stays)");
}

CAF_TEST(a prefix of whole segments becomes that of the client) {
  facts.server_prefix = "/v1";
  CAF_CHECK_EQUAL(location("/v1/x"), "/api/x");
  CAF_CHECK_EQUAL(location("/v1"), "/api");
  CAF_CHECK_EQUAL(location("/v1?a"), "/api?a");
  CAF_CHECK_EQUAL(location("/v10"), "(stays)");
  CAF_CHECK_EQUAL(location("http://app.internal/v10"),
                  "https://shop.example:8443/v10");
  facts.client_prefix = "";
  CAF_CHECK_EQUAL(location("/v1"), "/");
  CAF_CHECK_EQUAL(location("/v1/x"), "/x");
}

CAF_TEST(without another prefix or host nothing changes) {
  facts.has_prefix = false;
  CAF_CHECK_EQUAL(location("/x"), "(stays)");
  facts.server_host = facts.client_host;
  CAF_CHECK_EQUAL(location("http://shop.example:8443/x"), "(stays)");
  facts.has_prefix = true;
  CAF_CHECK_EQUAL(location("https://shop.example:8443/x"),
                  "https://shop.example:8443/api/x");
  facts.client_host = facts.server_host = "";
  CAF_CHECK_EQUAL(location("http://localhost/x"), "(stays)");
}

CAF_TEST(cookies get another domain and path) {
  rules.cookie_domain = {{"app.internal", "shop.example"},
                         {".old.example", ""}};
  rules.cookie_path = {{"/", "/api"}, {"/v1/", "/v2"}};
  CAF_CHECK_EQUAL(cookie("a=b; Path=/x; Domain=APP.internal; Secure"),
                  "a=b; Path=/api/x; Domain=shop.example; Secure");
  CAF_CHECK_EQUAL(cookie("a=b;path=/;domain=.app.internal"),
                  "a=b; Path=/api/; Domain=shop.example");
  CAF_CHECK_EQUAL(cookie("a=b; Path=/v1/x"), "a=b; Path=/v2/x");
  CAF_CHECK_EQUAL(cookie("a=b; Domain=old.example; HttpOnly"), "a=b; HttpOnly");
  CAF_CHECK_EQUAL(cookie("Path=/x; Secure"), "(stays)");
  CAF_CHECK_EQUAL(cookie("a=b; Domain=other; Max-Age=1; Path"), "(stays)");
  CAF_CHECK_EQUAL(cookie("a=b;"), "(stays)");
  CAF_CHECK_EQUAL(cookie(""), "(stays)");
}

CAF_TEST_FIXTURE_SCOPE_END()
