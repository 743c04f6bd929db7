// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_target
#include "caf_test.hpp"

#include "api/http/target.hpp"

using namespace troupe::admin;

CAF_TEST(a target is split at the first question mark) {
  const auto x = split_target("/v1/backends?watch=1?2");
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->path, "/v1/backends");
  CAF_CHECK_EQUAL(x->query, "watch=1?2");
  const auto root = split_target("/?");
  CAF_REQUIRE(root);
  CAF_CHECK_EQUAL(root->path, "/");
  CAF_CHECK_EQUAL(root->query, "");
}

CAF_TEST(the path is decoded and the query is not ) {
  const auto x = split_target("/a%20b%2Fc%c3%a9?d%20e");
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->path, "/a b/c\xc3\xa9");
  CAF_CHECK_EQUAL(x->query, "d%20e");
}

CAF_TEST(targets that are no path or hide control characters are refused) {
  for (const auto* text :
       {"", "*", "v1", "http://host/", "?a", "/%", "/%2", "/%zz", "/%-1",
        "/% 1", "/%00", "/a%0d%0ab", "/%7f", "/%2?5"})
    CAF_CHECK(!split_target(text));
}

CAF_TEST(what is decoded may be shown and put into JSON) {
  for (const auto* text : {"/%c3%a9", "/%e2%82%ac", "/%f0%9f%90%8e", "/%c2%a0",
                           "/%ed%9f%bf", "/%ef%bf%bd", "/%f4%8f%bf%bf"})
    CAF_CHECK(split_target(text));
  for (const auto* text :
       {"/%ff", "/a%80", "/%c3", "/%c3%28", "/%c2%9b2J", "/%c0%af", "/%c1%81",
        "/%e0%80%af", "/%ed%a0%80", "/%e2%82", "/%f0%80%80%80", "/%f4%90%80%80",
        "/%f5%80%80%80", "/%e2%28%a1"})
    CAF_CHECK(!split_target(text));
  CAF_CHECK(!percent_decoded("%fe"));
}
