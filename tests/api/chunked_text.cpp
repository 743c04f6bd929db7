// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_chunked_text
#include "caf_test.hpp"

#include "api/http/chunked_text.hpp"

using namespace troupe::admin;

CAF_TEST(an empty text may be appended at any time) {
  chunked_text text;
  text.append({});
  CAF_CHECK_EQUAL(text.size(), 0u);
  text.append("a");
  text.append({});
  CAF_CHECK_EQUAL(text.size(), 1u);
}
