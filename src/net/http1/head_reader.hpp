// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/head.hpp"
#include "net/http1/text_scan.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

/// The grammar of heads (RFC 9112 sections 2 to 5), for requests and responses
/// alike: lines end with CRLF, nothing is folded, no blank stands before a
/// colon. The meaning of the texts is checked by parse_request and
/// parse_response.
namespace troupe::net::http1 {

/// The rule that a head's bytes broke, or that they end before it does.
enum class head_fault : uint8_t {
  none,
  need_more,
  method,
  target,
  version,
  status,
  reason,
  line_end, ///< a CR without LF
  name,
  value,
  folded,
  too_many_fields,
};

/// @returns what broke, for a log.
std::string_view describe(head_fault x) noexcept;

/// Reads a head from its start to its end. Views point into the bytes.
class head_reader {
public:
  explicit head_reader(std::string_view bytes) noexcept
    : first_(bytes.data()), at_(first_), last_(first_ + bytes.size()) {}

  /// Bytes read so far; the head's size behind its last line.
  size_t used() const noexcept { return static_cast<size_t>(at_ - first_); }

  head_fault read_request_line(std::string_view& method,
                               std::string_view& target,
                               unsigned& version_minor) noexcept;
  /// The space between status and reason is mandatory and yet often missing.
  /// @param has_reason Whether it was there.
  head_fault read_status_line(unsigned& version_minor, unsigned& status,
                              std::string_view& reason,
                              bool& has_reason) noexcept;
  /// Up to and with the empty line.
  /// @param count Of the fields read, also when it fails.
  head_fault read_fields(std::span<field> fields, uint32_t& count) noexcept;

private:
  size_t left() const noexcept { return static_cast<size_t>(last_ - at_); }
  template <text_kind Kind>
  std::string_view take() noexcept;
  head_fault take_version(unsigned& version_minor) noexcept;
  head_fault take_line_end(head_fault otherwise) noexcept;
  head_fault take_field(std::string_view& name,
                        std::string_view& value) noexcept;
  head_fault read_lines(field*& next, const field* end) noexcept;

  const char* const first_;
  const char* at_;
  const char* const last_;
};

/// The end of a head that is incomplete, correct so far, and complete in its
/// first line.
head_tail tail_of_fields(std::string_view bytes) noexcept;

/// Reads a Content-Length: digits only, at most 2^63 - 1. Leading zeros are
/// accepted, since every reading of them that is not ours stops at this hop:
/// the value is rewritten.
inline std::optional<uint64_t> parse_length(std::string_view text) noexcept {
  if (text.empty() || text.size() > 20)
    return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    constexpr uint64_t max = std::numeric_limits<int64_t>::max();
    if (value > (max - digit) / 10)
      return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

} // namespace troupe::net::http1
