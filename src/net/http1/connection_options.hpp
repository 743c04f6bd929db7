// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/head.hpp"

#include <array>
#include <span>
#include <string_view>

namespace troupe::net::http1 {

/// The options in the Connection fields of one head (RFC 9110 section 7.6.1).
class connection_options {
public:
  /// Names beyond the usual three that one head may list: each costs a look
  /// at every field.
  static constexpr size_t names_max = 16;

  /// Adds the options of one Connection field.
  /// @returns false when one is no token, or there are too many.
  bool add(std::string_view value) noexcept;

  /// Marks what else must not be sent on. Fields which the balancer needs or
  /// adds itself (Host, framing, Via, X-Forwarded-*, X-Request-Id) cannot be
  /// taken away by naming them: CVE-2022-31813.
  void mark(std::span<field> fields) const noexcept;

  /// Whether the peer keeps the connection (RFC 9112 section 9.3).
  bool keep_alive(unsigned version_minor) const noexcept {
    return !close_ && (version_minor > 0 || keep_alive_);
  }
  bool upgrade() const noexcept { return upgrade_; }

private:
  bool names(std::string_view field) const noexcept;

  bool close_ = false;
  bool keep_alive_ = false;
  bool upgrade_ = false;
  size_t count_ = 0;
  /// Not set before it is used: heads rarely name any.
  struct option {
    const char* data;
    size_t size;
  };
  std::array<option, names_max> names_;
};

} // namespace troupe::net::http1
