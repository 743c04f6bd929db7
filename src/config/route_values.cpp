// SPDX-License-Identifier: BSD-3-Clause
#include "config/route_values.hpp"

#include "config/http_values.hpp"
#include "config/show.hpp"
#include "core/ascii.hpp"
#include "core/routing/path_readings.hpp"
#include "core/routing/regex.hpp"
#include "core/routing/text_template.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <idn2.h>
#include <memory>

namespace troupe::config {

namespace {

constexpr size_t text_max = 4096;
constexpr size_t body_max = 65'536;
constexpr size_t host_max = 253; // of a name in the DNS

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

/// RFC 5891; "" if there is none.
std::string to_ascii(const std::string& host) {
  char* raw = nullptr;
  const int status =
    idn2_to_ascii_8z(host.c_str(), &raw, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  const std::unique_ptr<char, void (*)(void*)> result{raw, idn2_free};
  return status == IDN2_OK && raw != nullptr ? std::string{raw} : std::string{};
}

/// "[2001:DB8::0:1]" as RFC 5952 writes it; "" if that is no address.
std::string canonical_ipv6(const std::string& host) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!host.ends_with(']')
      || inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address)
           != 1
      || inet_ntop(AF_INET6, &address, text.data(), text.size()) == nullptr)
    return {};
  return "[" + std::string{text.data()} + "]";
}

bool is_host_name(std::string_view host) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
        || c == '_' || c == '.';
  };
  return !host.empty() && host.size() <= host_max
      && std::ranges::all_of(host, good) && host.front() != '.'
      && host.find("..") == std::string_view::npos;
}

/// What was meant, in canonical form; "" if that cannot be said.
std::string canonical(std::string host) {
  if (host.starts_with('['))
    return canonical_ipv6(host.substr(0, host.find(']') + 1));
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.'))
    host.pop_back();
  const std::string wildcard = host.starts_with("*.") ? "*." : "";
  host.erase(0, wildcard.size());
  if (!is_ascii(host))
    host = to_ascii(host);
  std::ranges::transform(host, host.begin(), ascii_lower);
  return is_host_name(host) ? wildcard + host : std::string{};
}

} // namespace

parsed<std::string> route_host::operator()(std::string_view text) const {
  std::string host{text};
  if (host == "*")
    return host;
  const auto meant = canonical(host);
  if (meant == host)
    return host;
  std::string wanted = "a host in lower case, without port and final dot, such "
                       "as api.example.com or \"*.example.com\"";
  if (!meant.empty())
    wanted += "; did you mean " + show(meant) + "?";
  return expected{std::move(wanted)};
}

parsed<std::string> route_path::operator()(std::string_view text) const {
  if (text.size() > text_max)
    return expected{"at most 4096 bytes"};
  const auto read = routing::check_written_path(text);
  if (read.good)
    return std::string{text};
  if (!text.starts_with('/'))
    return expected{"a path that begins with /, such as /v1"};
  std::string wanted = "a path as every server reads it";
  if (read.a == read.b)
    wanted += ", " + show(read.a);
  else
    wanted += ": this one is " + show(read.a) + " to a strict server, and "
            + show(read.b) + " to a lenient one";
  return expected{std::move(wanted)};
}

parsed<std::string> regex_text::operator()(std::string_view text) const {
  std::string regex{text};
  if (text.size() > text_max)
    return expected{"at most 4096 bytes"};
  if (const auto why = routing::regex_problem(regex); !why.empty())
    return expected{"a regular expression of RE2: " + why};
  return regex;
}

parsed<std::string> template_text::operator()(std::string_view text) const {
  const auto plain = plain_text{size_max}(text);
  if (std::holds_alternative<expected>(plain))
    return plain;
  if (const auto problem = routing::text_template::problem(text);
      !problem.empty())
    return expected{"variables that there are: " + problem};
  return std::string{text};
}

parsed<std::string> header_template::operator()(std::string_view text) const {
  using routing::known_variables;
  using routing::text_template;
  auto plain = header_value{}(text);
  if (std::holds_alternative<expected>(plain)
      || text_template::problem(text, known).empty())
    return plain;
  if (text_template::problem(text, known_variables::of_response).empty())
    return expected{"another variable: {server} is known in headers of "
                    "responses only"};
  return expected{"variables that there are, such as {client_ip}, {host}, "
                  "{path} or {header:NAME}"};
}

parsed<std::string> path_template::operator()(std::string_view text) const {
  const auto good = [](char c) { return c > 0x20 && c < 0x7F && c != '#'; };
  if (text.size() > text_max || !std::ranges::all_of(text, good))
    return expected{
      "a path without spaces, `#` and letters that are not ASCII, "
      "such as /caf%C3%A9"};
  return has_variables ? template_text{}(text)
                       : parsed<std::string>{std::string{text}};
}

parsed<std::string> host_template::operator()(std::string_view text) const {
  const auto named = template_text{255}(text);
  if (std::holds_alternative<expected>(named)
      || routing::text_template{text}.varies())
    return named; // what comes of variables is looked at in each request
  const auto host = http_host{}(text);
  if (std::holds_alternative<expected>(host) || text.empty()
      || text.find_first_of("\"<>^`{|} ") != std::string_view::npos)
    return expected{"a host name, perhaps with a port"};
  return host;
}

parsed<std::string> cookie_domain::operator()(std::string_view text) const {
  std::string host{text.substr(text.starts_with('.') ? 1 : 0)};
  std::ranges::transform(host, host.begin(), ascii_lower);
  if (!text.empty() && !is_host_name(host))
    return expected{"a domain such as example.com, or \"\""};
  return std::string{text};
}

parsed<std::string> cookie_path::operator()(std::string_view text) const {
  if (!text.starts_with('/') || text.find(';') != text.npos)
    return expected{"a path such as /app, without `;`"};
  return path_template{false}(text);
}

parsed<std::string> template_body::operator()(std::string_view text) const {
  if (text.size() > body_max)
    return expected{"at most 64KiB"};
  if (const auto problem = routing::text_template::problem(text);
      !problem.empty())
    return expected{"variables that there are: " + problem};
  return std::string{text};
}

parsed<uint64_t> status_of::operator()(std::string_view text) const {
  const auto result = number{200, 599}(text);
  const auto* code = std::get_if<uint64_t>(&result);
  if (allowed.empty()
      || (code != nullptr
          && std::ranges::find(allowed, *code) != allowed.end()))
    return result;
  std::string wanted;
  for (const auto each : allowed) {
    if (!wanted.empty())
      wanted += each == allowed.back() ? " or " : ", ";
    wanted += std::to_string(each);
  }
  return expected{wanted};
}

parsed<std::string> field_name::operator()(std::string_view text) const {
  if (!is_token(text) || text.size() > 256)
    return expected{"a header name such as X-Env"};
  return std::string{text};
}

} // namespace troupe::config
