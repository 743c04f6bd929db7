// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string_view>

/// Request targets (RFC 9112 section 3.2) and hosts (RFC 9110 section 7.2).
namespace troupe::net::http1 {

struct request_target {
  bool valid = false;
  std::string_view path;      ///< origin-form, or "*"
  std::string_view authority; ///< of the absolute-form, else empty
  uint16_t default_port = 80; ///< of its scheme
  /// "http://host?query": a "/" belongs in front of `path`.
  bool query_only = false;
};

/// Takes a target apart: origin-form, absolute-form with http or https, or "*"
/// for OPTIONS. Visible ASCII without "#" only; nothing is decoded.
request_target split_target(std::string_view method,
                            std::string_view target) noexcept;

/// uri-host [":" port], stricter than the RFC: not empty, no comma, no user
/// information, a port of at most 65535.
bool is_valid_host(std::string_view host) noexcept;

/// The port that a valid host names, or "".
std::string_view port_of(std::string_view host) noexcept;

/// Whether two valid hosts mean the same for a scheme with this default port:
/// case does not count, nor whether that port is written, left empty or left
/// out (RFC 9110 section 4.2.3).
bool is_same_host(std::string_view a, std::string_view b,
                  uint16_t default_port) noexcept;

} // namespace troupe::net::http1
