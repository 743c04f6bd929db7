// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE ctl_fields

#include "ctl/fields.hpp"
#include "ctl/wording.hpp"

#include "caf_test.hpp"

#include <boost/json/parse.hpp>

using namespace troupe;
using namespace troupe::ctl;

namespace {

boost::json::object parsed(boost::json::string_view text) {
  return boost::json::parse(text).as_object();
}

} // namespace

CAF_TEST(what is missing or of another kind is unknown) {
  const auto x = parsed(R"({"null": null, "text": "t", "list": [1]})");
  CAF_CHECK_EQUAL(text(x, "absent"), "-");
  CAF_CHECK_EQUAL(text(x, "null"), "-");
  CAF_CHECK(!number(x, "text"));
  CAF_CHECK(!number(x, "absent"));
  CAF_CHECK(!flag(x, "text"));
  CAF_CHECK(part(x, "list").empty());
  CAF_CHECK(parts(x, "list").empty());
  CAF_CHECK(texts(x, "text").empty());
}

CAF_TEST(values are read and numbers keep all their bits) {
  const auto x = parsed(
    R"({"id": 18446744073709551615, "on": true, "of": {"a": 1}, "all": ["x", "y"]})");
  CAF_CHECK(number(x, "id") == 18446744073709551615u);
  CAF_CHECK_EQUAL(text(x, "id"), "18446744073709551615");
  CAF_CHECK_EQUAL(text(x, "on"), "yes");
  CAF_CHECK(flag(x, "on"));
  CAF_CHECK(number(part(x, "of"), "a") == 1u);
  CAF_CHECK_EQUAL(texts(x, "all").size(), 2u);
}

CAF_TEST(a text from elsewhere cannot steer the terminal) {
  const auto x = parsed(R"({"last": "a\u001b[2Jb"})");
  CAF_CHECK_EQUAL(text(x, "last"), "a?[2Jb");
}

CAF_TEST(times are told in the two units that matter) {
  CAF_CHECK_EQUAL(elapsed(milliseconds{0}), "0.0s");
  CAF_CHECK_EQUAL(elapsed(milliseconds{812}), "0.8s");
  CAF_CHECK_EQUAL(elapsed(milliseconds{41'200}), "41s");
  CAF_CHECK_EQUAL(elapsed(milliseconds{303'000}), "5m 3s");
  CAF_CHECK_EQUAL(elapsed(milliseconds{5'102'031}), "1h 25m");
  CAF_CHECK_EQUAL(elapsed(std::chrono::hours{76}), "3d 4h");
}

CAF_TEST(one thing has no s) {
  CAF_CHECK_EQUAL(counted(1, "problem"), "1 problem");
  CAF_CHECK_EQUAL(counted(0, "problem"), "0 problems");
}
