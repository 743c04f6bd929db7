// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_request_id
#include "caf_test.hpp"

#include "net/proxy/request_id.hpp"

#include <algorithm>
#include <string>

using namespace troupe::net;

CAF_TEST(a request id is sixteen hexadecimal digits) {
  std::string id{"of the request before, much longer"};
  make_request_id(0x0123'4567'89ab'cdef, id);
  std::reverse(id.begin(), id.end());
  CAF_CHECK_EQUAL(id, "0123456789abcdef");
  make_request_id(0, id);
  CAF_CHECK_EQUAL(id, std::string(16, '0'));
  make_request_id(~uint64_t{0}, id);
  CAF_CHECK_EQUAL(id, std::string(16, 'f'));
}
