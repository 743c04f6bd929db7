// SPDX-License-Identifier: BSD-3-Clause
#include "config/addresses.hpp"

#include "core/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::config {

namespace {

constexpr std::string_view unix_prefix = "unix:";

bool is_relative_unix_path(std::string_view text) {
  return text.starts_with(unix_prefix)
      && !text.substr(unix_prefix.size()).starts_with('/');
}

bool is_host_name(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
  };
  return !host.empty() && host.size() <= 253 && host.front() != '-'
      && host.front() != '.' && std::ranges::all_of(host, allowed);
}

/// 1.2.3.400 and 10.1 are mistyped addresses rather than names.
bool is_dotted_number(std::string_view host) {
  return std::ranges::all_of(
    host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && rest == end && value <= 65'535;
}

std::string unix_path_wanted() {
  return "unix: and an absolute path of at most 107 bytes, such as "
         "unix:/run/app.sock";
}

/// An address troupe can bind or connect to, once brackets are put around it.
bool lacks_brackets(std::string_view text) {
  const auto colon = text.rfind(':');
  return colon != std::string_view::npos && std::ranges::count(text, ':') > 1
      && text.front() != '[' && is_port(text.substr(colon + 1));
}

std::string with_brackets(std::string_view text) {
  const auto colon = text.rfind(':');
  return "[" + std::string{text.substr(0, colon)} + "]"
       + std::string{text.substr(colon)};
}

/// What to say about a text that is no listen address.
std::string listen_wanted(std::string_view text, bool unix_path) {
  if (is_port(text))
    return "an address and a port, such as 0.0.0.0:" + std::string{text};
  if (text.starts_with(':') && is_port(text.substr(1)))
    return "an address before the port, such as 0.0.0.0" + std::string{text};
  if (unix_path && text.starts_with(unix_prefix))
    return unix_path_wanted();
  if (lacks_brackets(text) && endpoint::parse(with_brackets(text)))
    return "brackets around an IPv6 address, as in " + with_brackets(text);
  std::string wanted = "IPv4:port, [IPv6]:port";
  if (unix_path)
    wanted += " or unix:/path";
  const auto parts = split_host_port(text, true);
  if (parts && is_host_name(parts->host) && !is_dotted_number(parts->host))
    wanted += "; host names are not looked up for listening, write the IP "
              "address";
  return wanted;
}

std::string server_wanted(std::string_view text, bool unix_path = true) {
  if (unix_path && text.starts_with(unix_prefix))
    return unix_path_wanted();
  if (text.find("://") != std::string_view::npos)
    return "host:port without a scheme, such as 10.0.0.1:8080";
  if (text.find(':') == std::string_view::npos && !text.empty())
    return "a port after the host, such as 10.0.0.1:8080";
  if (lacks_brackets(text) && endpoint::parse(with_brackets(text)))
    return "brackets around an IPv6 address, as in " + with_brackets(text);
  if (!unix_path)
    return "host:port with a port in 1..65535 or [IPv6]:port";
  return "host:port with a port in 1..65535, [IPv6]:port or unix:/path";
}

} // namespace

parsed<std::string> listen_address::operator()(std::string_view text) const {
  if (text.empty() && may_be_off)
    return std::string{};
  const bool wrong_kind =
    unix_path ? is_relative_unix_path(text) : text.starts_with(unix_prefix);
  if (!wrong_kind && endpoint::parse(text))
    return std::string{text};
  return expected{listen_wanted(text, unix_path)};
}

parsed<std::string> server_address::operator()(std::string_view text) const {
  const auto literal = endpoint::parse(text);
  const bool unix_path = text.starts_with(unix_prefix);
  const auto parts = split_host_port(text);
  const bool by_name =
    parts && is_host_name(parts->host) && !is_dotted_number(parts->host);
  const bool good = unix_path ? literal && !is_relative_unix_path(text)
                  : literal   ? literal->port() != 0
                              : by_name;
  if (!good)
    return expected{server_wanted(text)};
  return std::string{text};
}

parsed<std::string> node_address::operator()(std::string_view text) const {
  auto result = server_address{}(text);
  if (text.starts_with(unix_prefix) || std::holds_alternative<expected>(result))
    return expected{server_wanted(text, false)};
  return result;
}

parsed<std::string> network::operator()(std::string_view text) const {
  if (text == "unix:")
    return std::string{text};
  const auto slash = text.find('/');
  const auto address = endpoint::parse_ip(text.substr(0, slash), 0);
  if (!address)
    return expected{"an IP address or network, such as 10.0.0.0/8 or ::1, or "
                    "unix: for the peers of Unix sockets"};
  if (slash == std::string_view::npos)
    return std::string{text};
  const auto length = address->ip_bytes().size() * 8;
  const auto parsed_length = number{0, length}(text.substr(slash + 1));
  if (const auto* wanted = std::get_if<expected>(&parsed_length))
    return expected{"a prefix length in " + wanted->text + " after the slash"};
  return std::string{text};
}

bool is_local(std::string_view listen) {
  const auto address = endpoint::parse(listen);
  if (!address)
    return false;
  const auto bytes = address->ip_bytes();
  if (bytes.empty())
    return true;
  const std::string_view loopback6{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16};
  return bytes.size() == 4 ? bytes[0] == 127 : bytes == loopback6;
}

} // namespace troupe::config
