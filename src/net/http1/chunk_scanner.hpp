// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/head.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::net::http1 {

/// Follows a chunked body (RFC 9112 section 7.1) through any split of its
/// bytes, and says which of them to send on: everything but chunk extensions,
/// and no trailer field that could change framing or routing.
///
/// Strict: sizes are 1*HEXDIG up to 2^62, lines end in CRLF, an extension line
/// is at most 256 bytes, the trailer section at most `trailer_bytes_max`.
class chunk_scanner {
public:
  static constexpr size_t trailer_bytes_max = 8192;

  enum class status : uint8_t { more, done, bad };

  struct step {
    chunk_scanner::status status = chunk_scanner::status::more;
    size_t consumed = 0; ///< of `bytes`; > 0 unless they are empty or bad
    /// Bytes to send on: a part of `bytes`, or of the scanner itself (the
    /// checked trailer section). Valid until the next call.
    std::string_view forward;
    uint64_t data_bytes = 0; ///< body bytes within `forward`
  };

  /// Takes the next piece. One call may stop early (at an extension it cut
  /// out): call again with the rest until `consumed` is all, or done or bad.
  step scan(std::string_view bytes);

  /// Data bytes still owed by the current chunk: a hint for splice.
  uint64_t chunk_remaining() const noexcept { return remaining_; }

  void reset() noexcept;

private:
  enum class state : uint8_t {
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
  };
  state state_ = state::size_first;
  uint64_t remaining_ = 0;
  uint32_t line_bytes_ = 0;
  std::string trailer_; ///< what came of the trailer section so far
};

} // namespace troupe::net::http1
