// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "api/http/http_server.hpp"
#include "net/http1/chunk_scanner.hpp"
#include "net/http1/head.hpp"

#include <string>
#include <string_view>

namespace troupe::admin {

/// Takes the requests of one connection out of its bytes, head and body apart,
/// by the rules that hold for clients of a frontend (docs/http.md). Trailers
/// are read and forgotten. Owns no socket.
class request_reader {
public:
  enum class progress : uint8_t { more, done, bad };

  /// Why a request is refused.
  struct fault {
    unsigned status = 400;
    std::string text;
  };

  /// The next request begins where the last one ended.
  void begin();

  void add(std::string_view bytes) { unread_.append(bytes); }

  /// Bytes of the next request have come with the last one.
  bool has_unread() const noexcept { return !unread_.empty(); }

  /// @param scratch Where to parse; nothing in it is needed afterwards.
  progress read_head(uint32_t bytes_max, net::http1::request_head& scratch);

  // -- once the head is done --
  request& asked() noexcept { return asked_; }
  bool is_head() const noexcept { return is_head_; }
  bool keeps_alive() const noexcept { return keep_alive_; }
  bool announces_body() const noexcept {
    return framing_ == net::http1::framing::chunked || left_ > 0;
  }

  /// To be called with the same limit until it is not `more`; refuses at once a
  /// length that is over the limit.
  progress read_body(uint64_t bytes_max);

  /// Whether the peer waits for 100 before it sends its body. True once.
  bool take_expectation() noexcept;

  const fault& why() const noexcept { return fault_; }

private:
  bool worth_a_look(uint32_t bytes_max);
  bool take_head(const net::http1::request_head& head);
  progress take_chunks(uint64_t bytes_max);
  progress refuse(unsigned status, std::string text);

  std::string unread_;
  size_t searched_ = 0;   ///< of the head, for its end
  size_t look_again_ = 0; ///< a head without an end is parsed at this size
  request asked_;
  fault fault_;
  bool is_head_ = false;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
  net::http1::framing framing_ = net::http1::framing::none;
  uint64_t left_ = 0; ///< of a body with a length
  net::http1::chunk_scanner chunks_{net::http1::chunk_scanner::output::data};
};

} // namespace troupe::admin
