// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// The header around the content of a state file, as bytes.
namespace troupe::storage {

/// Bytes before the content.
inline constexpr size_t state_header_size = 24;

struct state_frame {
  uint32_t format = 0;
  std::string_view content;
};

/// Why a file is no frame, for people: "cut short: ...".
struct bad_frame {
  std::string reason;
};

/// Everything before the content.
std::string state_header(uint32_t format, std::string_view content);

/// Finds the content of a whole file. Every change of its bytes that a crash or
/// a bad disk makes is noticed, but for the one in 2^32 that a checksum of
/// 32 bits lets through.
std::variant<state_frame, bad_frame> read_frame(std::string_view file);

/// CRC of RFC 3720 section 12.1 (Castagnoli).
uint32_t crc32c(std::string_view first, std::string_view second = {});

} // namespace troupe::storage
