// SPDX-License-Identifier: BSD-3-Clause
#include "core/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstddef>
#include <netinet/in.h>
#include <sys/un.h>

namespace troupe {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr auto path_offset = offsetof(sockaddr_un, sun_path);

template <class Address>
const Address& as(const sockaddr* address) noexcept {
  return *reinterpret_cast<const Address*>(address);
}

/// The sockets of the system want a terminated string.
template <size_t Size>
bool copy_terminated(std::string_view text, std::array<char, Size>& to) {
  if (text.size() >= Size || text.find('\0') != text.npos)
    return false;
  std::copy(text.begin(), text.end(), to.begin());
  to[text.size()] = '\0';
  return true;
}

/// As inet_ntop() writes it, which takes sprintf() for that.
std::string dotted(std::string_view ipv4) {
  std::array<char, INET_ADDRSTRLEN> buffer;
  auto* at = buffer.data();
  for (const unsigned char byte : ipv4) {
    at = std::to_chars(at, at + 3, unsigned{byte}).ptr;
    *at++ = '.';
  }
  return {buffer.data(), at - 1};
}

std::optional<endpoint> parse_unix(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path
      || path.find('\0') != path.npos)
    return std::nullopt;
  std::copy(path.begin(), path.end(), address.sun_path);
  return endpoint{reinterpret_cast<const sockaddr*>(&address),
                  static_cast<socklen_t>(path_offset + path.size() + 1)};
}

std::optional<uint16_t> parse_port(std::string_view text, bool allow_zero) {
  uint16_t port = 0;
  auto end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stop != end || (port == 0 && !allow_zero))
    return std::nullopt;
  return port;
}

bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer;
  in6_addr ignored;
  return copy_terminated(text, buffer)
      && inet_pton(AF_INET6, buffer.data(), &ignored) == 1;
}

bool is_host(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

std::string_view unix_path(const sockaddr* address, socklen_t size) {
  if (size <= path_offset)
    return {}; // a socket without a name, such as most clients
  auto path = as<sockaddr_un>(address).sun_path;
  return {path, strnlen(path, size - path_offset)};
}

} // namespace

endpoint::endpoint(const sockaddr* address, socklen_t size)
  : size_(std::min<socklen_t>(size, sizeof(sockaddr_storage))) {
  if (size_ <= inline_bytes) {
    std::memcpy(inline_.data(), address, size_);
    return;
  }
  std::shared_ptr<char[]> path{new char[size_]};
  std::memcpy(path.get(), address, size_);
  path_ = std::move(path);
}

std::optional<endpoint> endpoint::parse(std::string_view text) {
  if (text.starts_with(unix_prefix))
    return parse_unix(text.substr(unix_prefix.size()));
  auto parts = split_host_port(text, true);
  if (!parts)
    return std::nullopt;
  auto result = parse_ip(parts->host, parts->port);
  auto bracketed = text.front() == '[';
  if (result && bracketed != (result->family() == AF_INET6))
    return std::nullopt;
  return result;
}

std::optional<endpoint> endpoint::parse_ip(std::string_view text,
                                           uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> buffer;
  if (!copy_terminated(text, buffer))
    return std::nullopt;
  sockaddr_in v4{};
  if (inet_pton(AF_INET, buffer.data(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return endpoint{reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, buffer.data(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return endpoint{reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
  }
  return std::nullopt;
}

uint16_t endpoint::port() const noexcept {
  switch (family()) {
  case AF_INET:
    return ntohs(as<sockaddr_in>(data()).sin_port);
  case AF_INET6:
    return ntohs(as<sockaddr_in6>(data()).sin6_port);
  default:
    return 0;
  }
}

void endpoint::port(uint16_t value) noexcept {
  if (family() == AF_INET)
    reinterpret_cast<sockaddr_in*>(inline_.data())->sin_port = htons(value);
  else if (family() == AF_INET6)
    reinterpret_cast<sockaddr_in6*>(inline_.data())->sin6_port = htons(value);
}

std::string_view endpoint::ip_bytes() const noexcept {
  if (family() == AF_INET)
    return {reinterpret_cast<const char*>(&as<sockaddr_in>(data()).sin_addr),
            4};
  if (family() != AF_INET6)
    return {};
  const auto& address = as<sockaddr_in6>(data()).sin6_addr;
  std::string_view bytes{reinterpret_cast<const char*>(&address), 16};
  return IN6_IS_ADDR_V4MAPPED(&address) ? bytes.substr(12) : bytes;
}

endpoint endpoint::unmapped() const {
  const auto bytes = ip_bytes();
  if (family() != AF_INET6 || bytes.size() != sizeof(in_addr))
    return *this;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port());
  std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
  return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
}

std::string endpoint::ip() const {
  if (family() == AF_UNIX)
    return "unix";
  auto bytes = ip_bytes();
  if (bytes.empty())
    return {};
  if (bytes.size() == 4)
    return dotted(bytes);
  std::array<char, INET6_ADDRSTRLEN> buffer;
  return inet_ntop(AF_INET6, bytes.data(), buffer.data(), buffer.size());
}

std::string endpoint::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> buffer;
  switch (family()) {
  case AF_INET:
    return ip() + ":" + std::to_string(port());
  case AF_INET6:
    inet_ntop(AF_INET6, &as<sockaddr_in6>(data()).sin6_addr, buffer.data(),
              buffer.size());
    return std::string{"["} + buffer.data() + "]:" + std::to_string(port());
  case AF_UNIX:
    return std::string{unix_prefix}.append(unix_path(data(), size_));
  default:
    return {};
  }
}

std::string endpoint::name() const {
  return port() == 0 && family() != AF_UNIX ? ip() : to_string();
}

std::optional<host_port> split_host_port(std::string_view text,
                                         bool allow_zero) {
  auto colon = text.rfind(':');
  if (colon == text.npos)
    return std::nullopt;
  auto host = text.substr(0, colon);
  auto port = parse_port(text.substr(colon + 1), allow_zero);
  if (!port)
    return std::nullopt;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!is_ipv6(host))
      return std::nullopt;
  } else if (!is_host(host)) {
    return std::nullopt;
  }
  return host_port{std::string{host}, *port};
}

} // namespace troupe
