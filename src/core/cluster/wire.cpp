// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/wire.hpp"

namespace troupe::cluster {

void wire_writer::u64(uint64_t x) {
  for (; x >= 0x80; x >>= 7)
    bytes_.push_back(static_cast<char>((x & 0x7f) | 0x80));
  bytes_.push_back(static_cast<char>(x));
}

void wire_writer::string(std::string_view x) {
  u64(x.size());
  bytes_.append(x);
}

uint64_t wire_reader::u64() {
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1)
      break;
    result |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80)
      return result;
  }
  fail();
  return 0;
}

uint64_t wire_reader::u64_up_to(uint64_t max) {
  const auto result = u64();
  if (result <= max)
    return result;
  fail();
  return 0;
}

std::string_view wire_reader::string() {
  const auto size = u64();
  if (size > rest_.size()) {
    fail();
    return {};
  }
  const auto result = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return result;
}

void wire_reader::fail() noexcept {
  ok_ = false;
  rest_ = {};
}

} // namespace troupe::cluster
