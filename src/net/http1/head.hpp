// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

/// HTTP/1.1 heads as offsets into the received bytes: nothing is copied,
/// nothing allocated. RFC 9112 and RFC 9110, with the strict choices of
/// docs/http.md.
namespace troupe::net::http1 {

/// Field lines one head may have whatever the configuration says.
inline constexpr size_t fields_max = 256;

/// The name under which the balancer is listed in Via.
inline constexpr std::string_view via_name = "troupe";

/// Times a request may have come through balancers of that name: clusters in a
/// row are no loop.
inline constexpr unsigned hops_max = 10;

/// Fields the balancer itself looks at or rewrites.
enum class known_field : uint8_t {
  other,
  alias, ///< not one of these, but servers of the CGI kind read it as one
  connection,
  content_length,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  proxy_connection,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  via,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_other, ///< any other X-Forwarded-*
  x_forwarded_port,
  x_forwarded_proto,
  x_real_ip,
  x_request_id,
};

struct field {
  std::string_view name;
  std::string_view value; ///< without surrounding white space
  known_field known = known_field::other;
  bool hop_by_hop = false; ///< standard ones and those named by Connection
};

/// How a body ends. `length` with a content_length of 0 is an empty body that
/// was announced; `none` has no framing field (or, in a response to HEAD and in
/// 304, one that describes no bytes).
enum class framing : uint8_t { none, length, chunked, until_close };

/// How the parse of a head went.
enum class parse_status : uint8_t { done, need_more, bad };

/// The text that the bytes of an incomplete head end in.
enum class head_tail : uint8_t { none, target, name, value };

/// Why a request head was refused; maps to one status code and one reason.
enum class head_error : uint8_t {
  none,
  bad_request,     ///< 400
  target_too_long, ///< 414
  too_large,       ///< 431
  not_implemented, ///< 501: CONNECT, or a method over 32 bytes
  version,         ///< 505
  loop,            ///< 508: it came through here `hops_max` times
};

struct head_limits {
  uint32_t bytes_max = 16'384; ///< 431 beyond
  uint32_t fields_max = 100;   ///< 431 beyond; at most http1::fields_max
  uint32_t target_max = 8'192; ///< 414 beyond
  bool underscores = true;     ///< else 400 for one in the name of a field
};

/// For the heads of servers, which may be larger than those of clients.
inline constexpr head_limits response_limits{32'768, http1::fields_max, 0};

struct request_head {
  std::string_view method;
  std::string_view target; ///< as received
  /// Together the origin-form of it: what is sent on. The first is "/" where
  /// the target has only a query ("http://host?query"), else empty.
  std::string_view path_prefix;
  std::string_view path;
  std::string_view authority; ///< of an absolute-form target, else empty
  uint16_t default_port = 80; ///< of its scheme
  std::string_view host;      ///< `authority`, or the value of Host; empty only
                              ///< when an HTTP/1.0 client names none
  unsigned version_minor = 1; ///< 0 or 1
  framing body = framing::none;
  uint64_t content_length = 0;
  bool keep_alive = true; ///< the client wants the connection kept
  bool upgrade = false;   ///< may become a tunnel behind its body: Connection:
                          ///< upgrade, and one Upgrade field without h2c
  bool expect_continue = false; ///< the client waits for 100 (never HTTP/1.0)
  bool idempotent = false;      ///< RFC 9110 section 9.2.2
  bool is_head = false;
  uint32_t size = 0; ///< bytes of the head, with the final empty line
  uint32_t field_count = 0;
  std::array<field, http1::fields_max> fields;
  head_error error = head_error::none;
  head_tail tail = head_tail::none; ///< after need_more
  std::string_view error_detail;    ///< static text for the daemon's log

  std::span<const field> all() const noexcept {
    return {fields.data(), field_count};
  }
};

struct response_head {
  unsigned status = 0;
  unsigned version_minor = 1;
  std::string_view reason;
  framing body = framing::none;
  uint64_t content_length = 0;
  bool keep_alive = true; ///< the server keeps the connection
  bool upgrade = false;   ///< 101
  bool verbatim = false;  ///< HTTP/1.1, nothing hop-by-hop but a canonical
                          ///< framing field: may be sent on as it is
  head_tail tail = head_tail::none; ///< after need_more
  uint32_t size = 0;
  uint32_t field_count = 0;
  std::array<field, http1::fields_max> fields;
  std::string_view error_detail;

  std::span<const field> all() const noexcept {
    return {fields.data(), field_count};
  }
};

/// Parses one request head at the start of `bytes`. Leading empty lines (at
/// most 2) are skipped and counted in `out.size`. On `bad`, `out.error` says
/// what to answer. `need_more` is given only while `bytes.size()` is below the
/// limit. A large object: keep one per worker and reuse it. Views point into
/// `bytes`.
parse_status parse_request(std::string_view bytes, const head_limits& limits,
                           request_head& out) noexcept;

/// Parses one response head at the start of `bytes`.
/// @param request_is_head The response to HEAD has no body whatever it says.
parse_status parse_response(std::string_view bytes, const head_limits& limits,
                            bool request_is_head, response_head& out) noexcept;

/// Whether a head that was incomplete surely still is, and no reason to refuse
/// it has come: then it need not be parsed again, and one that comes byte by
/// byte is parsed a few times a line.
/// @param tail The state in which it ended.
/// @param more The bytes that came since.
/// @param size Of all its bytes, with those.
bool stays_incomplete(head_tail tail, std::string_view more, size_t size,
                      const head_limits& limits) noexcept;

} // namespace troupe::net::http1
