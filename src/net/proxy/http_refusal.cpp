// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/http_refusal.hpp"

namespace troupe::net {

refusal refusal_of(http1::head_error error) noexcept {
  switch (error) {
  case http1::head_error::target_too_long:
    return {414, "URI Too Long", reason::target_too_long};
  case http1::head_error::too_large:
    return {431, "Request Header Fields Too Large", reason::header_too_large};
  case http1::head_error::not_implemented:
    return {501, "Not Implemented", reason::unsupported};
  case http1::head_error::version:
    return {505, "HTTP Version Not Supported", reason::unsupported};
  case http1::head_error::loop:
    return {508, "Loop Detected", reason::loop_detected};
  default:
    return {400, "Bad Request", reason::bad_request};
  }
}

std::optional<refusal> refusal_of_body(const http1::request_head& head,
                                       uint64_t max_body_bytes) noexcept {
  if (max_body_bytes > 0 && head.body == http1::framing::length
      && head.content_length > max_body_bytes)
    return refusal{413, "Content Too Large", reason::body_too_large};
  return std::nullopt;
}

} // namespace troupe::net
