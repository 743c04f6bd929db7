// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/crc.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Bytes a receiver can verify without having been told them: the byte at
/// offset i of a stream is known from i alone. The period is prime, so a block
/// that went missing or arrived twice shows, whatever its size.
namespace test_server {

inline constexpr uint64_t pattern_period = 65'521;

/// Twice the period, so that any window of one period is contiguous.
inline const std::string& pattern_table() {
  static const std::string table = [] {
    std::string result(2 * pattern_period, '\0');
    for (uint64_t i = 0; i < result.size(); ++i) {
      auto mixed = static_cast<uint32_t>(i % pattern_period * 2654435761u);
      result[i] = static_cast<char>(mixed >> 24);
    }
    return result;
  }();
  return table;
}

/// The bytes from `offset` on, at most `size` and at most one period of them.
inline std::string_view pattern(uint64_t offset, uint64_t size) {
  return std::string_view(pattern_table())
    .substr(offset % pattern_period, std::min(size, pattern_period));
}

/// What was received, as the tests compare it: length and CRC-32 (zlib's).
class digest {
public:
  void add(std::string_view bytes) {
    length_ += bytes.size();
    crc_.process_bytes(bytes.data(), bytes.size());
  }
  uint64_t length() const { return length_; }
  uint32_t crc() const { return crc_.checksum(); }

private:
  uint64_t length_ = 0;
  boost::crc_32_type crc_;
};

} // namespace test_server
