// SPDX-License-Identifier: BSD-3-Clause
#include "config/http_values.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <optional>

namespace troupe::config {

namespace {

constexpr std::string_view own_headers[] = {
  "Connection",     "Content-Length",    "Expect",           "Host",
  "HTTP2-Settings", "Keep-Alive",        "Proxy-Connection", "TE",
  "Trailer",        "Transfer-Encoding", "Upgrade"};

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<unsigned> status_code(std::string_view text) {
  const auto result = number{100, 599}(trim(text));
  const auto* code = std::get_if<uint64_t>(&result);
  if (code == nullptr)
    return std::nullopt;
  return static_cast<unsigned>(*code);
}

std::optional<status_range> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = status_code(text.substr(0, dash));
  const auto last =
    dash == std::string_view::npos ? first : status_code(text.substr(dash + 1));
  if (!first || !last || *first > *last)
    return std::nullopt;
  return status_range{*first, *last};
}

} // namespace

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9')
        || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z')
        || marks.find(c) != std::string_view::npos;
  });
}

bool same_header(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

parsed<std::string> http_method::operator()(std::string_view text) const {
  const bool lower_case =
    std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  if (!is_token(text) || text.size() > 32 || lower_case || text == "CONNECT")
    return expected{"a method in upper case such as GET or HEAD, not CONNECT"};
  return std::string{text};
}

parsed<std::string> http_path::operator()(std::string_view text) const {
  if (!text.starts_with('/') || text.size() > 4096 || !is_visible_ascii(text)
      || text.find('#') != std::string_view::npos)
    return expected{"a path that begins with / and has no spaces, such as "
                    "/health"};
  return std::string{text};
}

parsed<std::string> http_host::operator()(std::string_view text) const {
  if (text.size() > 255 || !is_visible_ascii(text)
      || text.find_first_of("/@?#,\\") != std::string_view::npos)
    return expected{"a host name, perhaps with a port, or \"\""};
  return std::string{text};
}

parsed<std::string> header_name::operator()(std::string_view text) const {
  if (!is_token(text) || text.size() > 256)
    return expected{"a header name such as X-Env"};
  for (auto own : own_headers)
    if (same_header(own, text))
      return expected{"a header that troupe does not manage itself (those that "
                      "frame or route a message are its own)"};
  return std::string{text};
}

parsed<std::string> header_value::operator()(std::string_view text) const {
  const auto bad = [](unsigned char c) {
    return (c < 0x20 && c != '\t') || c == 0x7F;
  };
  if (text.size() > 4096)
    return expected{"at most 4096 bytes"};
  if (std::ranges::any_of(text, bad))
    return expected{"one line without control characters"};
  return std::string{text};
}

parsed<std::vector<status_range>>
status_list::operator()(std::string_view text) const {
  std::vector<status_range> result;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto range = parse_range(text.substr(begin, end - begin));
    if (!range || result.size() == 64)
      return expected{"status codes in 100..599, such as 200, 200-399 or "
                      "\"200,204,301-308\""};
    result.push_back(*range);
    begin = end + 1;
  }
  return result;
}

} // namespace troupe::config
