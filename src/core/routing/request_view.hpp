// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace troupe::routing {

struct header_line {
  std::string_view name;
  std::string_view value; ///< without surrounding white space
};

/// The header lines of a request, wherever they lie: nothing is copied.
class header_lines {
public:
  header_lines() noexcept = default;

  /// Of any elements with a `name` and a `value`, which must outlive this.
  template <class Line>
  explicit header_lines(std::span<const Line> lines) noexcept
    : lines_(lines.data()), size_(lines.size()),
      at_([](const void* all, size_t i) noexcept -> header_line {
        const auto& line = static_cast<const Line*>(all)[i];
        return {line.name, line.value};
      }) {}

  size_t size() const noexcept { return size_; }
  /// @pre `i` < size()
  header_line operator[](size_t i) const noexcept { return at_(lines_, i); }

private:
  const void* lines_ = nullptr;
  size_t size_ = 0;
  header_line (*at_)(const void*, size_t) noexcept = nullptr;
};

enum class scheme : uint8_t { http, https };

constexpr std::string_view to_string(scheme x) noexcept {
  return x == scheme::http ? "http" : "https";
}

/// What a route may ask of a request, or of the first bytes of a TCP stream.
/// Views of what was received; they need to live as long as the match.
struct request_view {
  /// Canonical: lower case, without port and final dot, an IPv6 address in
  /// brackets. Empty if the client named none. The caller takes it from the
  /// target where that is absolute. Hosts are compared byte by byte here, so
  /// one that is not canonical slips past every rule.
  std::string_view host;
  std::string_view method;
  /// As sent: begins with `/`, or is `*`; without query, scheme and authority.
  std::string_view path;
  std::string_view query; ///< as sent, without the `?`
  header_lines headers;
  const endpoint* client = nullptr; ///< that of rule 110; none: in no network
  routing::scheme scheme = scheme::http;

  // -- protocol tcp: from a ClientHello that is passed on
  std::string_view sni; ///< canonical as `host`; empty if there was none
  std::span<const std::string_view> alpn; ///< what the client offers
  bool is_tls = false;
};

} // namespace troupe::routing
