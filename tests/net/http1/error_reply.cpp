// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_error_reply
#include "caf_test.hpp"

#include "net/http1/forward.hpp"

#include <memory>

using namespace troupe::net::http1;

CAF_TEST(a reply frames its body exactly) {
  for (const char* accept : {"", "application/json"}) {
    const auto reply =
      error_reply(503, "no_healthy_backends", accept, "id-1", true, false);
    auto head = std::make_unique<response_head>();
    CAF_REQUIRE(parse_response(reply, {}, false, *head) == parse_status::done);
    CAF_CHECK_EQUAL(head->status, 503u);
    CAF_CHECK(!head->keep_alive);
    CAF_CHECK_EQUAL(head->size + head->content_length, reply.size());
    CAF_CHECK(reply.find("\r\nX-Request-Id: id-1\r\n") != std::string::npos);
  }
}

CAF_TEST(text and JSON follow the wish of the client) {
  const auto body = [](std::string_view accept) {
    const auto reply = error_reply(404, "no_route", accept, "i", false, false);
    return reply.substr(reply.find("\r\n\r\n") + 4);
  };
  const std::string text = "404 Not Found\nno_route\nrequest id: i\n";
  const std::string json =
    "{\"status\":404,\"reason\":\"no_route\",\"request_id\":\"i\"}\n";
  for (const char* accept :
       {"", "*/*", "text/html", "application/jsonp", "application/json;q=0"})
    CAF_CHECK_EQUAL(body(accept), text);
  for (const char* accept : {"application/json", "text/html, Application/JSON",
                             "application/json; q=0.5"})
    CAF_CHECK_EQUAL(body(accept), json);
}

CAF_TEST(a reply to HEAD tells the length and sends nothing) {
  const auto whole = error_reply(502, "x", "", "i", false, false);
  const auto head = error_reply(502, "x", "", "i", false, true);
  CAF_CHECK(head.ends_with("\r\n\r\n"));
  CAF_CHECK(whole.starts_with(head));
  CAF_CHECK(whole.size() > head.size());
  CAF_CHECK(head.find("Connection") == std::string::npos);
}

CAF_TEST(nothing given to a reply can break out of it) {
  const auto reply = error_reply(400, "a\r\nb\"\\", "application/json",
                                 "x\r\nSet-Cookie: y", false, false);
  CAF_CHECK(reply.find("\r\nSet-Cookie") == std::string::npos);
  CAF_CHECK(reply.find("\"a??b??\"") != std::string::npos);
  const auto bare = error_reply(400, "x", "", "", false, false);
  CAF_CHECK(bare.find("X-Request-Id") == std::string::npos);
}
