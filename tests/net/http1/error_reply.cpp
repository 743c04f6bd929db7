// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_error_reply
#include "caf_test.hpp"

#include "net/http1/own_reply.hpp"

#include <memory>

using namespace troupe;
using namespace troupe::net::http1;

namespace {

struct fixture {
  fixture() {
    context.now = std::chrono::system_clock::from_time_t(784'111'777);
  }

  std::string reply(const header_rules& given = {}) {
    const field_rules rules{&given};
    return reply_text(error_reply(error), {rules}, context);
  }

  std::string body() {
    const auto text = reply();
    return text.substr(text.find("\r\n\r\n") + 4);
  }

  own_error error{503, "no_healthy_backends", "", "id-1"};
  reply_context context;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(error_reply_tests, fixture)

CAF_TEST(a reply frames its body exactly) {
  context.close = true;
  for (const char* accept : {"", "application/json"}) {
    error.accept = accept;
    const auto text = reply();
    auto head = std::make_unique<response_head>();
    CAF_REQUIRE(parse_response(text, {}, false, *head) == parse_status::done);
    CAF_CHECK_EQUAL(head->status, 503u);
    CAF_CHECK(!head->keep_alive);
    CAF_CHECK_EQUAL(head->size + head->content_length, text.size());
    CAF_CHECK(text.find("\r\nX-Request-Id: id-1\r\n") != std::string::npos);
  }
}

CAF_TEST(text and JSON follow the wish of the client) {
  error = {404, "no_route", "", "i"};
  const std::string text = "404 Not Found\nno_route\nrequest id: i\n";
  const std::string json =
    "{\"status\":404,\"reason\":\"no_route\",\"request_id\":\"i\"}\n";
  for (const char* accept :
       {"", "*/*", "text/html", "application/jsonp", "application/json;q=0"}) {
    error.accept = accept;
    CAF_CHECK_EQUAL(body(), text);
  }
  for (const char* accept : {"application/json", "text/html, Application/JSON",
                             "application/json; q=0.5"}) {
    error.accept = accept;
    CAF_CHECK_EQUAL(body(), json);
  }
}

CAF_TEST(a reply to HEAD tells the length and sends nothing) {
  const auto whole = reply();
  context.head_only = true;
  const auto head = reply();
  CAF_CHECK(head.ends_with("\r\n\r\n"));
  CAF_CHECK(whole.starts_with(head));
  CAF_CHECK(whole.size() > head.size());
  CAF_CHECK(head.find("Connection") == std::string::npos);
}

CAF_TEST(nothing given to a reply can break out of it) {
  error = {400, "a\r\nb\"\\", "application/json", "x\r\nSet-Cookie: y"};
  const auto text = reply();
  CAF_CHECK(text.find("\r\nSet-Cookie") == std::string::npos);
  CAF_CHECK(text.find("\"a??b??\"") != std::string::npos);
  error = {400, "x", "", ""};
  CAF_CHECK(reply().find("X-Request-Id") == std::string::npos);
}

CAF_TEST(a reply has a date and no server and what is set for responses) {
  header_rules rules;
  rules.set = {{"Strict-Transport-Security", "max-age=1"}};
  rules.remove = {"Cache-Control"};
  rules.add = {{"X-Request-Id", "more"}};
  CAF_CHECK_EQUAL(reply(rules), "HTTP/1.1 503 Service Unavailable\r\n"
                                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                "Content-Type: text/plain; charset=utf-8\r\n"
                                "X-Request-Id: id-1\r\n"
                                "Strict-Transport-Security: max-age=1\r\n"
                                "X-Request-Id: more\r\n"
                                "Content-Length: 61\r\n\r\n"
                                "503 Service Unavailable\nno_healthy_backends\n"
                                "request id: id-1\n");
}

CAF_TEST(a page stands for the text and not for JSON) {
  const page_settings page{"/etc/troupe/503.html", "<p>{host} soon"};
  error.page = &page;
  CAF_CHECK_EQUAL(body(), "<p>{host} soon");
  CAF_CHECK(reply().find("\r\nContent-Type: text/html; charset=utf-8\r\n")
            != std::string::npos);
  error.accept = "application/json";
  CAF_CHECK(body().starts_with("{"));
  CAF_CHECK_EQUAL(content_type_of("a.json"), "application/json");
  CAF_CHECK_EQUAL(content_type_of("a.txt"), "text/plain; charset=utf-8");
}

CAF_TEST_FIXTURE_SCOPE_END()
