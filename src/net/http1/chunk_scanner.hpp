// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {
enum class underscores : uint8_t;
} // namespace troupe

namespace troupe::net::http1 {

class field_rules;

/// Follows a chunked body (RFC 9112 section 7.1) through any split of its
/// bytes, and says which of them to send on: everything but chunk extensions,
/// and no trailer field that could change framing or routing.
///
/// Strict: sizes are 1 to 16 HEXDIG up to 2^62, lines end in CRLF, an extension
/// line is at most 256 bytes, the trailer section at most `trailer_bytes_max`.
/// Extensions may not outweigh the data for long (CVE-2023-39326).
class chunk_scanner {
public:
  static constexpr size_t trailer_bytes_max = 8192;
  static constexpr size_t extension_bytes_max = 256;
  static constexpr size_t extension_excess_max = 16'384;

  enum class status : uint8_t { more, done, bad };

  /// The form of `forward`: chunked, or the data alone for a
  /// client that speaks HTTP/1.0.
  enum class output : uint8_t { chunked, data };

  struct step {
    chunk_scanner::status status = chunk_scanner::status::more;
    size_t consumed = 0; ///< of `bytes`; > 0 unless they are empty or bad
    /// Bytes to send on: a part of `bytes`, or of the scanner itself (the
    /// checked trailer section). Valid until the next call.
    std::string_view forward;
    uint64_t data_bytes = 0; ///< body bytes within `forward`
  };

  chunk_scanner() = default;
  explicit chunk_scanner(output form) noexcept : output_(form) {}

  /// Takes the next piece. One call may stop early (what is sent on must be
  /// one run of bytes): call again with the rest until `consumed` is all, or
  /// done or bad. Not to be called after done or bad without reset().
  step scan(std::string_view bytes);

  /// @param rules The operator's: a field that they speak of is none that may
  /// come in a trailer. Null: no rules. Must outlive the body.
  /// @param policy For names with an underscore; the first is to pass them.
  void reset(output form = output::chunked, const field_rules* rules = nullptr,
             underscores policy = {}) noexcept;

private:
  enum class state : uint8_t {
    size_first,
    size,
    blank, ///< white space behind the size: an extension may follow
    extension,
    size_cr,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    done,
    bad,
  };

  bool forwards() const noexcept;
  size_t advance(std::string_view bytes) noexcept;
  size_t advance_size(char c) noexcept;
  size_t advance_extension(char c) noexcept;
  size_t must_be(char c, char expected, state next) noexcept;
  size_t fail() noexcept;
  void end_size_line() noexcept;
  size_t take_trailer(std::string_view bytes);
  void end_trailer_line();

  output output_ = output::chunked;
  const field_rules* rules_ = nullptr;
  underscores underscores_{};
  state state_ = state::size_first;
  uint64_t remaining_ = 0;
  uint32_t line_bytes_ = 0; ///< size digits, extension or trailer bytes so far
  uint64_t excess_ = 0;     ///< extension bytes not paid for by data
  std::string trailer_;     ///< checked lines, then the unfinished one
  size_t trailer_line_ = 0; ///< where the unfinished one begins
};

} // namespace troupe::net::http1
