// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/fields.hpp"

#include <algorithm>
#include <array>

namespace troupe::net::http1 {

namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

constexpr auto token_chars = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c)
    table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c)
    table[c] = table[c - 'a' + 'A'] = true;
  for (unsigned char c : std::string_view{"!#$%&'*+-.^_`|~"})
    table[c] = true;
  return table;
}();

struct known_name {
  std::string_view text; ///< in lower case
  known_field value;
};

/// The one known name of this length and first letter, if there is one.
constexpr known_name candidate(size_t length, char first) noexcept {
  using enum known_field;
  switch (length) {
  case 2:
    return {"te", te};
  case 3:
    return {"via", via};
  case 4:
    return {"host", host};
  case 6:
    return {"expect", expect};
  case 7:
    return first == 't' ? known_name{"trailer", trailer}
                        : known_name{"upgrade", upgrade};
  case 10:
    return first == 'k' ? known_name{"keep-alive", keep_alive}
                        : known_name{"connection", connection};
  case 12:
    return {"x-request-id", x_request_id};
  case 14:
    return first == 'h' ? known_name{"http2-settings", http2_settings}
                        : known_name{"content-length", content_length};
  case 15:
    return {"x-forwarded-for", x_forwarded_for};
  case 16:
    return first == 'p' ? known_name{"proxy-connection", proxy_connection}
                        : known_name{"x-forwarded-host", x_forwarded_host};
  case 17:
    return first == 't' ? known_name{"transfer-encoding", transfer_encoding}
                        : known_name{"x-forwarded-proto", x_forwarded_proto};
  default:
    return {{}, other};
  }
}

} // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size()
      && std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token_char(char c) noexcept {
  return token_chars[static_cast<unsigned char>(c)];
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_field_value(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return (c < 0x20 && c != '\t') || c == 0x7f;
  });
}

std::string_view trim(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

known_field lookup(std::string_view name) noexcept {
  if (name.empty())
    return known_field::other;
  const auto [text, value] = candidate(name.size(), lower(name.front()));
  if (text.empty() || lower(name.front()) != text.front())
    return known_field::other;
  return iequals(name, text) ? value : known_field::other;
}

bool is_connection_field(known_field name) noexcept {
  switch (name) {
  case known_field::connection:
  case known_field::content_length:
  case known_field::http2_settings:
  case known_field::keep_alive:
  case known_field::proxy_connection:
  case known_field::te:
  case known_field::transfer_encoding:
  case known_field::upgrade:
    return true;
  default:
    return false;
  }
}

} // namespace troupe::net::http1
