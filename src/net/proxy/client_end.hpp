// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/reason.hpp"
#include "net/http1/head.hpp"
#include "net/transport/stream.hpp"

#include <string_view>

namespace troupe::net {

/// The side of an exchange that its request came from, in its own protocol.
/// Called per event, never per piece of a body (rule 103). Whatever ends the
/// exchange gives it back to its worker: nothing of it may be touched behind
/// such a call.
class client_end {
public:
  /// @param s Its connection: where the response goes.
  explicit client_end(stream& s) noexcept : io(s) {}

  stream& io;

  /// As the access log names it.
  virtual std::string_view name() = 0;

  /// The head of a response, interim ones too, as this client gets it.
  /// @param raw As it came, or nothing if it may not be sent on as it is.
  /// @returns bytes that are good until the next head.
  virtual std::string_view encode(const http1::response_head& head,
                                  std::string_view raw) = 0;
  /// Whether it takes bodies in chunks; else it gets their data alone.
  virtual bool takes_chunks() const noexcept = 0;
  /// Whether it takes interim responses.
  virtual bool takes_interim() const noexcept = 0;

  // -- each of these ends the exchange, but the tunnel

  /// The response is with the client, or on its way.
  virtual void finish(reason why) = 0;
  /// Answers in the server's place, before anything else was sent.
  virtual void refuse(unsigned status, std::string_view phrase, reason why) = 0;
  /// The response has begun and will never be whole.
  virtual void cut_response(reason why) = 0;
  /// Neither side is to be told more.
  virtual void cut(reason why) = 0;
  /// The head of a 101 was sent: both sides speak another protocol now.
  virtual void start_tunnel(std::string_view from_server) = 0;

protected:
  ~client_end() = default;
};

} // namespace troupe::net
