// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/fields.hpp"
#include "net/http1/forward.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::net::http1 {

namespace {

std::optional<uint16_t> read_port(std::string_view text) noexcept {
  uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, port);
  if (result.ec != std::errc{} || result.ptr != end)
    return std::nullopt;
  return port;
}

/// "1.2.3.4", "1.2.3.4:5678", "::1", "[::1]" or "[::1]:5678".
std::optional<endpoint> read_entry(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const auto colon = text.rfind(':');
  const auto end = bracketed ? text.find(']') : colon;
  const bool has_port =
    colon != text.npos
    && (bracketed ? end != text.npos && colon == end + 1
                  : text.find(':') == colon); // else one of an IPv6 address
  uint16_t port = 0;
  if (has_port) {
    const auto number = read_port(text.substr(colon + 1));
    if (!number)
      return std::nullopt;
    port = *number;
    text = text.substr(0, colon);
  }
  if (!bracketed)
    return endpoint::parse_ip(text, port);
  if (!text.ends_with(']'))
    return std::nullopt;
  const auto result = endpoint::parse_ip(text.substr(1, text.size() - 2), port);
  return result && result->family() == AF_INET6 ? result : std::nullopt;
}

/// Goes through X-Forwarded-For from the peer back to the client.
class walk {
public:
  explicit walk(const network_list& trusted) noexcept : trusted_(trusted) {}

  /// @returns false when the walk is over.
  bool pass(std::string_view line) {
    while (!line.empty()) {
      const auto comma = line.rfind(',');
      const auto begin = comma == line.npos ? 0 : comma + 1;
      if (!enter(trim(line.substr(begin))))
        return false;
      line = line.substr(0, comma == line.npos ? 0 : comma);
    }
    return true;
  }

  const std::optional<endpoint>& client() const noexcept { return client_; }

private:
  bool enter(std::string_view entry) {
    if (entry.empty()) // RFC 9110 section 5.6.1: no element
      return true;
    if (entry == "unix" || entry == "unix:") // a proxy's peer, as we write it
      return trusted_.contains_unix();
    const auto address = read_entry(entry);
    if (!address)
      return false;
    client_ = address;
    return trusted_.contains(*address);
  }

  const network_list& trusted_;
  std::optional<endpoint> client_;
};

} // namespace

std::optional<endpoint> forwarded_client(const request_head& head,
                                         const network_list& trusted) noexcept {
  walk back{trusted};
  for (auto i = head.field_count; i > 0; --i) {
    const auto& line = head.fields[i - 1];
    if (line.known == known_field::x_forwarded_for && !back.pass(line.value))
      break;
  }
  return back.client();
}

} // namespace troupe::net::http1
