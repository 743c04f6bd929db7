// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/network_list.hpp"
#include "core/settings.hpp"
#include "net/http1/head.hpp"
#include "net/http1/rules.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Heads as they are sent on: hop-by-hop fields gone, forwarding fields added,
/// the frontend's header rules applied, every line rebuilt as `Name: value`.
namespace troupe::net::http1 {

struct filled_rules;

/// The changes that are made to the heads of one route, prepared once per
/// configuration.
struct forward_rules {
  explicit forward_rules(const http_settings& http);
  forward_rules(const http_settings& http, const route_settings& route);
  forward_rules() = default;
  field_rules request;
  field_rules response;
  underscores names = underscores::pass; ///< of requests
};

/// The limits that one frontend sets for request heads.
head_limits limits_of(const http_settings& http) noexcept;

/// The client that a trusted peer speaks for (rule 110): the right-most address
/// of X-Forwarded-For that is not trusted itself, else the left-most. An entry
/// that is no address ends the walk at the hop before it. Its port is 0 unless
/// the entry has one.
/// @returns nothing if that is the peer itself.
std::optional<endpoint> forwarded_client(const request_head& head,
                                         const network_list& trusted) noexcept;

struct forward_context {
  std::string_view peer_ip; ///< text of the address that the request came from
  bool trusted = false;     ///< its X-Forwarded-* fields are believed
  std::string_view scheme = "http";
  std::string_view request_id; ///< used when the client sent no usable one
  /// Host for the server when an HTTP/1.0 client named none.
  std::string_view default_host = "localhost";
  /// What the rules write in this request; null: the same in all.
  const filled_rules* filled = nullptr;
  size_t grown = 0; ///< bytes that the head's texts have more than was received
};

/// The request id that is sent on: the client's X-Request-Id when it is 1 to
/// 128 visible ASCII characters, else `fallback`.
std::string_view effective_request_id(const request_head& head,
                                      std::string_view fallback) noexcept;

/// Bytes write_request() needs at the most for this head.
size_t request_size_max(const request_head& head, const forward_rules& rules,
                        const forward_context& context) noexcept;

/// Writes the request head for the server into `out` (at least
/// request_size_max() bytes). Always HTTP/1.1, origin-form (or "*"), one Host,
/// at most one framing field, `Connection: upgrade` only for an upgrade. The
/// operator's `set` and `remove` have the last word on everything but framing.
/// @param dropped If given: increased by the fields left out for their names,
/// which are aliases, and those with an underscore where the rules say so.
/// @returns bytes written.
size_t write_request(const request_head& head, const forward_rules& rules,
                     const forward_context& context, std::span<char> out,
                     uint32_t* dropped = nullptr) noexcept;

/// The needs of the client's side for the response head.
struct response_context {
  bool close = false;      ///< add `Connection: close`
  bool keep_alive = false; ///< add `Connection: keep-alive` (HTTP/1.0 client)
  bool upgrade = false;    ///< keep Upgrade and `Connection: upgrade`
  /// The client speaks HTTP/1.0 or the body ends with the connection: drop
  /// Transfer-Encoding.
  bool drop_transfer_encoding = false;
  /// As in forward_context.
  const filled_rules* filled = nullptr;
  size_t grown = 0;
};

size_t response_size_max(const response_head& head, const forward_rules& rules,
                         const response_context& context) noexcept;

/// Writes the response head for the client; HTTP/1.1, 1xx included.
size_t write_response(const response_head& head, const forward_rules& rules,
                      const response_context& context,
                      std::span<char> out) noexcept;

} // namespace troupe::net::http1
