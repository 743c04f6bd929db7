// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE dashboard

#include "api/dashboard.hpp"

#include "caf_test.hpp"

#include <algorithm>
#include <set>
#include <string>

using namespace troupe::admin;

namespace {

request get(std::string path, std::string known = {}) {
  request result;
  result.method = "GET";
  result.path = std::move(path);
  result.if_none_match = std::move(known);
  return result;
}

std::string field(const response& x, std::string_view name) {
  const auto found = std::ranges::find(
    x.fields, name, [](const auto& y) -> std::string_view { return y.first; });
  return found == x.fields.end() ? std::string{} : found->second;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

} // namespace

CAF_TEST(the page its style and its script are there with their types) {
  const std::pair<const char*, const char*> expected[] = {
    {"/", "text/html; charset=utf-8"},
    {"/style.css", "text/css; charset=utf-8"},
    {"/dashboard.js", "text/javascript; charset=utf-8"}};
  for (const auto& [path, type] : expected) {
    const auto answer = dashboard(get(path));
    CAF_REQUIRE(answer);
    CAF_CHECK_EQUAL(answer->status, 200u);
    CAF_CHECK_EQUAL(answer->content_type, type);
    CAF_CHECK(!answer->body.empty());
  }
  CAF_CHECK(contains(dashboard(get("/"))->body, "<!doctype html>"));
}

CAF_TEST(other paths are left to the api) {
  CAF_CHECK(!dashboard(get("/v1/status")));
  CAF_CHECK(!dashboard(get("/index.html")));
  CAF_CHECK(!dashboard(get("")));
  CAF_CHECK(!dashboard(get("/../style.css")));
}

CAF_TEST(every file may run only what comes from the same place) {
  for (const auto& file : dashboard_files()) {
    const auto answer = dashboard(get(std::string{file.path}));
    CAF_REQUIRE(answer);
    const auto policy = field(*answer, "Content-Security-Policy");
    for (const auto* part :
         {"default-src 'none'", "script-src 'self'", "style-src 'self'",
          "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
          "frame-ancestors 'none'"})
      CAF_CHECK(contains(policy, part));
    CAF_CHECK(!contains(policy, "unsafe"));
    CAF_CHECK_EQUAL(field(*answer, "Referrer-Policy"), "no-referrer");
    CAF_CHECK_EQUAL(field(*answer, "Cache-Control"), "no-cache");
  }
}

CAF_TEST(no file needs what the policy forbids) {
  for (const auto& file : dashboard_files()) {
    for (const auto* part : {"innerHTML", "outerHTML", "insertAdjacentHTML",
                             "document.write", "eval(", " style=", "onclick="})
      CAF_CHECK(!contains(file.text, part));
    // Names of SVG and of an icon's markup are no addresses.
    for (size_t at = file.text.find("//"); at != std::string_view::npos;
         at = file.text.find("//", at + 2))
      if (at >= 5 && file.text.substr(at - 5, 5) == "http:")
        CAF_CHECK(file.text.substr(at).starts_with("//www.w3.org/2000/svg"));
      else
        CAF_CHECK(at < 6 || file.text.substr(at - 6, 6) != "https:");
  }
}

CAF_TEST(a tag changes with the text and a known one is answered without it) {
  std::set<std::string> tags;
  for (const auto& file : dashboard_files())
    tags.emplace(file.etag);
  CAF_CHECK_EQUAL(tags.size(), dashboard_files().size());
  const auto tag = field(*dashboard(get("/")), "ETag");
  CAF_REQUIRE(tag.size() > 2);
  CAF_CHECK(tag.front() == '"' && tag.back() == '"');
  const auto other = tag + 'x';
  for (const auto& known :
       {tag, "W/" + tag, "\"a\", " + tag + " ", std::string{"*"}}) {
    const auto answer = dashboard(get("/", known));
    CAF_CHECK_EQUAL(answer->status, 304u);
    CAF_CHECK(answer->body.empty());
    CAF_CHECK_EQUAL(field(*answer, "ETag"), tag);
  }
  for (const auto& known :
       {other, std::string{"\"\""}, std::string{", ,"}, tag.substr(1)}) {
    const auto answer = dashboard(get("/", known));
    CAF_CHECK_EQUAL(answer->status, 200u);
  }
}

CAF_TEST(the page can only be read) {
  for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    auto asked = get("/");
    asked.method = method;
    const auto answer = dashboard(asked);
    CAF_REQUIRE(answer);
    CAF_CHECK_EQUAL(answer->status, 405u);
    CAF_CHECK_EQUAL(field(*answer, "Allow"), "GET, HEAD");
  }
}
