// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace troupe {

/// A socket address that needs no more resolving: IPv4, IPv6 or a Unix path.
///
/// Every connection holds some, so only what is longer than an IPv6 address (a
/// Unix path) is kept elsewhere, shared between copies.
class endpoint {
public:
  endpoint() noexcept = default;

  /// Copies `size` bytes of a kernel socket address.
  endpoint(const sockaddr* address, socklen_t size);

  /// Reads "127.0.0.1:80", "[::1]:80" or "unix:/path"; port 0 is allowed.
  /// @returns nothing when `text` is none of these (a host name, for one).
  static std::optional<endpoint> parse(std::string_view text);

  /// An IP address without a port, for trusted networks and the like.
  static std::optional<endpoint> parse_ip(std::string_view text, uint16_t port);

  const sockaddr* data() const noexcept {
    return reinterpret_cast<const sockaddr*>(path_ ? path_.get()
                                                   : inline_.data());
  }
  socklen_t size() const noexcept { return size_; }
  int family() const noexcept { return data()->sa_family; }
  bool empty() const noexcept { return size_ == 0; }

  uint16_t port() const noexcept; ///< 0 for Unix paths
  void port(uint16_t value) noexcept;

  /// The raw address without the port: 4 or 16 bytes, empty for Unix paths. An
  /// IPv4 client of an IPv6 socket (::ffff:127.0.0.1) is given as IPv4 here and
  /// by ip(), so that it is the same client on every listener.
  std::string_view ip_bytes() const noexcept;

  /// An IPv4 client of an IPv6 socket as what it is; anything else as it is.
  endpoint unmapped() const;

  /// "127.0.0.1", "::1", or "unix" for a Unix path; "" if empty.
  std::string ip() const;

  /// The form that parse() reads; "" if empty.
  std::string to_string() const;

  /// As logs name a client: to_string(), or ip() where the port is not known.
  std::string name() const;

  bool operator==(const endpoint& other) const noexcept {
    return size_ == other.size_
        && std::memcmp(data(), other.data(), size_) == 0;
  }

private:
  static constexpr size_t inline_bytes = 28; ///< sizeof(sockaddr_in6)
  alignas(8) std::array<char, inline_bytes> inline_{};
  socklen_t size_ = 0;
  std::shared_ptr<const char[]> path_;
};

/// "name:8080" or "[::1]:8080" in two parts.
struct host_port {
  std::string host;
  uint16_t port = 0;
};

/// @returns nothing unless `text` is a host (letters, digits, `.`, `-`, `_`) or
/// a bracketed IPv6 address, a colon and a port in 1..65535 (0 too when
/// `allow_zero`). The brackets are not part of `host`.
std::optional<host_port> split_host_port(std::string_view text,
                                         bool allow_zero = false);

} // namespace troupe
