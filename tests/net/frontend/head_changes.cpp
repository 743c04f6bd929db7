// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_head_changes
#include "caf_test.hpp"

#include "net/frontend/head_changes.hpp"
#include "net/http1/routing_view.hpp"

#include <iterator>
#include <memory>
#include <vector>

using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture {
  /// The head as it goes to the server, or why it does not.
  std::string sent(std::string bytes) {
    changes = std::make_unique<head_changes>(http, route);
    received = std::move(bytes);
    CAF_REQUIRE(http1::parse_request(received, {}, *request)
                == http1::parse_status::done);
    const auto view = http1::routing_view(*request, client, host);
    routing::variable_values from{view, "", "id-1", "web", "r", "lb1"};
    changed = {};
    later.clear();
    switch (changes->change(*request, from, changed, later)) {
    case head_changes::outcome::bad_host:
      return "bad host";
    case head_changes::outcome::too_long:
      return "too long";
    default:
      break;
    }
    const http1::forward_rules rules{http, route};
    http1::forward_context context{"192.0.2.1", false, "http", "id-1"};
    changed.apply(context);
    std::string out(http1::request_size_max(*request, rules, context), '\0');
    out.resize(http1::write_request(*request, rules, context, out));
    return out;
  }

  std::string get(const std::string& target, const std::string& lines = "") {
    return sent("GET " + target + " HTTP/1.1\r\nHost: shop.example:81\r\n"
                + lines + "\r\n");
  }

  /// The head as it goes to the client, after sent().
  std::string answered(std::string bytes) {
    answer = std::move(bytes);
    CAF_REQUIRE(http1::parse_response(answer, {}, false, *response)
                == http1::parse_status::done);
    later.name_server("a1");
    const http1::forward_rules rules{http, route};
    http1::response_context context;
    changed_values values;
    changes->change(*response, later, values, context);
    std::string out(http1::response_size_max(*response, rules, context), '\0');
    out.resize(http1::write_response(*response, rules, context, out));
    return out;
  }

  http_settings http;
  route_settings route;
  std::unique_ptr<head_changes> changes;
  std::unique_ptr<http1::request_head> request =
    std::make_unique<http1::request_head>();
  std::unique_ptr<http1::response_head> response =
    std::make_unique<http1::response_head>();
  endpoint client = *endpoint::parse("192.0.2.1:999");
  std::string received, answer, host;
  changed_request changed;
  changed_response later;
};

bool has(const std::string& head, const std::string& line) {
  return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

bool mentions(const std::string& head, std::string_view text) {
  return head.find(text) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(head_changes_tests, fixture)

CAF_TEST(constant rules change nothing from request to request) {
  http.request_headers.set = {{"X-A", "1"}, {"X-J", R"({"a": 1})"}};
  http.request_headers.add = {{"X-B", "2"}};
  route.response_headers.remove = {"Server"};
  CAF_CHECK((head_changes{http, route}.empty()));
  route.request_headers.add = {{"X-B", "{host}"}};
  CAF_CHECK(!(head_changes{http, route}.empty()));
}

CAF_TEST(constant rules write the same as lines and one by one) {
  const std::vector<std::string> names{"X-A", "X-B", "X-C", "Via",
                                       "X-Request-Id"};
  uint32_t state = 7;
  const auto draw = [&](size_t below) {
    state = state * 1'664'525 + 1'013'904'223;
    return (state >> 16) % below;
  };
  for (int round = 0; round < 300; ++round) {
    http = {};
    route = {};
    for (auto* rules : {&http.request_headers, &route.request_headers})
      for (size_t i = draw(4); i > 0; --i) {
        const auto& name = names[draw(names.size())];
        const auto value = std::to_string(draw(100));
        switch (draw(3)) {
        case 0:
          rules->remove.push_back(name);
          break;
        case 1:
          rules->set.emplace_back(name, value);
          break;
        default:
          rules->add.emplace_back(name, value);
        }
      }
    const auto one_by_one = get("/", "X-A: 1\r\nX-B: 2\r\nx_a: 3\r\n");
    get("/", "X-A: 1\r\nX-B: 2\r\nx_a: 3\r\n");
    const http1::forward_rules rules{http, route};
    const http1::forward_context context{"192.0.2.1", false, "http", "id-1"};
    std::string lines(http1::request_size_max(*request, rules, context), '\0');
    lines.resize(http1::write_request(*request, rules, context, lines));
    CAF_CHECK_EQUAL(lines, one_by_one);
  }
}

CAF_TEST(values of fields have variables) {
  http.request_headers.set = {{"X-Client", "{client_ip}:{client_port}"},
                              {"X-Who", "{node}/{frontend}/{route}"},
                              {"X-Cert", "{client_cert_subject}{tls_version}"}};
  const auto out = get("/a?b", "X-Client: me\r\nX-Cert: CN=admin\r\n"
                               "X_Cert: CN=admin\r\n");
  CAF_CHECK(has(out, "X-Client: 192.0.2.1:999"));
  CAF_CHECK(has(out, "X-Who: lb1/web/r"));
  CAF_CHECK(
    !mentions(out, "Cert")); // it is empty, and the client's is no better
  CAF_CHECK(!mentions(out, "me"));
}

CAF_TEST(no value ends a line) {
  http.request_headers.set = {{"X-A", " {header:X-B} "}};
  const auto out = get("/", "X-B: b\r\n");
  CAF_CHECK(has(out, "X-A: b"));
  routing::request_view view;
  view.path = "/a\r\nX-Evil: 1";
  std::string text;
  routing::text_template{"{path}"}.append_line({view}, text);
  CAF_CHECK_EQUAL(text, "/aX-Evil: 1");
}

CAF_TEST(fields are removed and set and added and replaced in this order) {
  auto& rules = http.request_headers;
  rules.remove = {"X-A", "X-B"};
  rules.set = {{"X-B", "set"}, {"X-C", "{method}"}};
  rules.add = {{"X-A", "add"}, {"X-C", "more"}};
  rules.replace = {
    {"X-A", {"d", "D"}}, {"X-B", {"^", "\\0the "}}, {"X-D", {"[0-9]", "#"}}};
  const auto out = get("/", "X-A: old\r\nX-B: old\r\nX-D: a1\r\nX-D: 2\r\n"
                            "x.d: 3\r\n");
  CAF_CHECK(has(out, "X-A: aDD"));
  CAF_CHECK(has(out, "X-B: the set"));
  CAF_CHECK(has(out, "X-C: GET\r\nX-C: more") || has(out, "X-C: GET"));
  CAF_CHECK(has(out, "X-C: more"));
  CAF_CHECK(has(out, "X-D: a#"));
  CAF_CHECK(has(out, "X-D: #"));
  CAF_CHECK(!mentions(out, "old"));
  CAF_CHECK(!mentions(out, "x.d"));
}

CAF_TEST(the rules of the route are behind those of the frontend) {
  http.request_headers.set = {{"X-A", "1"}};
  http.request_headers.add = {{"X-B", "1"}, {"X-C", "1"}};
  http.request_headers.replace = {{"X-C", {"1", "2"}}, {"X-D", {"1", "2"}}};
  route.request_headers.remove = {"X-B"};
  route.request_headers.set = {{"X-D", "1"}};
  route.request_headers.add = {{"X-A", "1"}, {"X-C", "1{query}"}};
  route.request_headers.replace = {{"X-A", {"1", "3"}}, {"X-C", {"2", "4"}}};
  const auto out = get("/", "X-C: 1\r\n");
  CAF_CHECK(has(out, "X-A: 3\r\nX-A: 3") || has(out, "X-A: 3"));
  CAF_CHECK(!mentions(out, "X-B"));
  CAF_CHECK(has(out, "X-C: 4"));
  CAF_CHECK(has(out, "X-C: 1")); // the route's, which the frontend never saw
  CAF_CHECK(has(out, "X-D: 1"));
}

CAF_TEST(a head stays a head whatever a client sends) {
  http.request_headers.set = {{"X-Set", "{header:X-A}|{cookie:c}|{path}"}};
  http.request_headers.add = {{"X-Add", "{query}{header:X-A}"}};
  http.request_headers.replace = {{"X-A", {"([^a-z]+)", "<\\1{query}>"}}};
  route.rewrite.emplace();
  route.rewrite->path_regex = {"(.)([^/]?)", "\\2{header:X-A}\\1"};
  route.rewrite->host = "{header:X-Host}";
  const std::string_view pieces[] = {
    "a", "%0d%0a", "%", "\t",        "\x80", "\xff", "/", "?", "{host}", "\\1",
    " ", ":",      ";", "X-Evil: 1", "%00",  "\"",   "#", "=", "[",      "@"};
  uint32_t state = 11;
  const auto draw = [&](size_t below) {
    state = state * 1'664'525 + 1'013'904'223;
    return (state >> 16) % below;
  };
  const auto text = [&](bool in_target) {
    std::string result;
    for (size_t i = draw(8); i > 0; --i) {
      const auto piece = pieces[draw(std::size(pieces))];
      if (!in_target || (piece.find_first_of("\t\x80\xff #\"") == piece.npos))
        result += piece;
    }
    return result;
  };
  const auto parsed = std::make_unique<http1::request_head>();
  for (int round = 0; round < 500; ++round) {
    const auto out = get("/" + text(true),
                         "X-A: " + text(false) + "\r\nCookie: c=" + text(false)
                           + "\r\nX-Host: a" + text(false) + "\r\n");
    if (out == "bad host")
      continue;
    CAF_REQUIRE(http1::parse_request(out, {}, *parsed)
                == http1::parse_status::done);
    CAF_CHECK_EQUAL(parsed->size, out.size());
    for (const auto& field : parsed->all())
      CAF_CHECK(!field.name.starts_with("X-Evil"));
  }
}

CAF_TEST(a rewrite changes what the server is asked for and nothing else) {
  route.match.path_prefix = {"/api"};
  route.rewrite.emplace();
  route.rewrite->path_prefix = "/";
  route.rewrite->host = "app.internal";
  http.request_headers.set = {{"X-Path", "{path}?{query}"}};
  const auto out = get("//api/a%20b?c=d");
  CAF_CHECK(
    out.starts_with("GET /a%20b?c=d HTTP/1.1\r\nHost: app.internal\r\n"));
  CAF_CHECK(has(out, "X-Forwarded-Host: shop.example:81"));
  CAF_CHECK(has(out, "X-Path: //api/a%20b?c=d"));
  CAF_CHECK(sent("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n")
              .starts_with("OPTIONS * HTTP/1.1\r\nHost: app.internal\r\n"));
  CAF_CHECK(sent("GET http://t?x HTTP/1.1\r\nHost: t\r\n\r\n")
              .starts_with("GET /?x HTTP/1.1\r\nHost: app.internal\r\n"));
}

CAF_TEST(a query of the rewrite stands instead of that of the request) {
  route.rewrite.emplace();
  route.rewrite->path = "/search?q={path}";
  CAF_CHECK(get("/a?b").starts_with("GET /search?q=/a HTTP/1.1\r\n"
                                    "Host: shop.example:81\r\n"));
}

CAF_TEST(without a rewrite that applies the server gets the bytes) {
  route.rewrite.emplace();
  route.rewrite->path_regex = {"^/old", "/new"};
  CAF_CHECK(get("//a/../%62?c").starts_with("GET //a/../%62?c HTTP/1.1\r\n"));
}

CAF_TEST(a host that is none is refused) {
  route.rewrite.emplace();
  route.rewrite->host = "{header:X-Host}";
  CAF_CHECK_EQUAL(get("/", "X-Host: a/b\r\n"), "bad host");
  CAF_CHECK_EQUAL(get("/"), "bad host");
  CAF_CHECK(mentions(get("/", "X-Host: a.b:1\r\n"), "\r\nHost: a.b:1\r\n"));
}

CAF_TEST(what becomes too long is refused) {
  auto& set = http.request_headers.set;
  for (int i = 0; i < 9; ++i)
    set.emplace_back("X-" + std::to_string(i), "{header:X}{header:X}");
  CAF_CHECK_EQUAL(get("/", "X: " + std::string(4000, 'a') + "\r\n"),
                  "too long");
}

CAF_TEST(responses have variables of the request and of the server) {
  http.response_headers.set = {{"X-Served", "{server} for {header:Origin}"}};
  http.response_headers.replace = {{"X-Kept", {"(.)", "\\1{server}"}}};
  get("/", "Origin: http://a\r\n");
  const auto out = answered("HTTP/1.1 200 OK\r\nX-Served: me\r\nX-Kept: bc\r\n"
                            "Content-Length: 0\r\n\r\n");
  CAF_CHECK(has(out, "X-Served: a1 for http://a"));
  CAF_CHECK(has(out, "X-Kept: ba1ca1"));
  CAF_CHECK(!mentions(out, "me"));
}

CAF_TEST(what a rewrite did is undone in the response) {
  route.match.path_prefix = {"/api/"};
  route.rewrite.emplace();
  route.rewrite->path_prefix = "/v1";
  route.rewrite->host = "app.internal";
  route.rewrite_response.cookie_path = {{"/v1", "/api"}};
  get("/api/x");
  const std::string from_server =
    "HTTP/1.1 302 Found\r\nLocation: http://app.internal/v1/y\r\n"
    "Content-Location: /v1/z\r\nSet-Cookie: a=b; Path=/v1\r\n"
    "Set-Cookie: c=d\r\nContent-Length: 0\r\n\r\n";
  const auto out = answered(from_server);
  CAF_CHECK(has(out, "Location: http://shop.example:81/api/y"));
  CAF_CHECK(has(out, "Content-Location: /api/z"));
  CAF_CHECK(has(out, "Set-Cookie: a=b; Path=/api"));
  CAF_CHECK(has(out, "Set-Cookie: c=d"));
  route.rewrite_response.location = false;
  get("/api/x");
  CAF_CHECK(has(answered(from_server), "Location: http://app.internal/v1/y"));
}

CAF_TEST_FIXTURE_SCOPE_END()
