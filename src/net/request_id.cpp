// SPDX-License-Identifier: BSD-3-Clause
#include "net/request_id.hpp"

#include <string_view>

namespace troupe::net {

void make_request_id(uint64_t random, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.resize(16);
  for (auto& c : out) {
    c = digits[random & 15];
    random >>= 4;
  }
}

} // namespace troupe::net
