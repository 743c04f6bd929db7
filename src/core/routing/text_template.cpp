// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/text_template.hpp"

#include "core/ascii.hpp"
#include "core/routing/values.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

namespace troupe::routing {

namespace {

/// `{name}` or `{name:TEXT}` at the start of a text.
struct braces {
  std::string_view name;
  std::optional<std::string_view> argument;
  size_t size = 0;
};

std::optional<braces> read_braces(std::string_view text) noexcept {
  const auto end = text.find('}');
  if (!text.starts_with('{') || end == text.npos)
    return std::nullopt;
  const auto inside = text.substr(1, end - 1);
  const auto colon = inside.find(':');
  braces result{inside.substr(0, colon), std::nullopt, end + 1};
  if (colon != inside.npos)
    result.argument = inside.substr(colon + 1);
  const bool is_name =
    !result.name.empty() && std::ranges::all_of(result.name, [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_';
    });
  return is_name ? std::optional{result} : std::nullopt;
}

/// Calls `plain` and `variable` for the parts of a text, in order.
template <class Plain, class Variable>
void for_each_part(std::string_view text, Plain&& plain, Variable&& variable) {
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const auto found = read_braces(text.substr(at));
    if (!found) {
      ++at;
      continue;
    }
    if (at > begin)
      plain(text.substr(begin, at - begin));
    variable(*found);
    begin = at += found->size;
  }
  if (begin < text.size())
    plain(text.substr(begin));
}

constexpr auto kept_in_paths = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c)
    table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c)
    table[static_cast<size_t>(c)] = table[static_cast<size_t>(c - 'a' + 'A')] =
      true;
  for (const unsigned char c : std::string_view{"-._~!$&'()*+,;=:@/"})
    table[c] = true;
  return table;
}();

} // namespace

void append_encoded(std::string_view text, std::string& to) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool triplet = byte == '%' && i + 2 < text.size()
                      && is_hex_digit(text[i + 1]) && is_hex_digit(text[i + 2]);
    if (kept_in_paths[byte] || triplet) {
      to += text[i];
      continue;
    }
    to += '%';
    to += digits[byte >> 4];
    to += digits[byte & 15];
  }
}

text_template::variable
text_template::find_variable(std::string_view name) noexcept {
  using enum variable;
  constexpr std::pair<std::string_view, variable> known[] = {
    {"client_cert_fingerprint", client_cert_fingerprint},
    {"client_cert_subject", client_cert_subject},
    {"client_ip", client_ip},
    {"client_port", client_port},
    {"cookie", cookie},
    {"frontend", frontend},
    {"header", header},
    {"host", host},
    {"method", method},
    {"node", node},
    {"path", path},
    {"port", port},
    {"query", query},
    {"request_id", request_id},
    {"route", route},
    {"scheme", scheme},
    {"server", server},
    {"sni", sni},
    {"tls_cipher", tls_cipher},
    {"tls_version", tls_version}};
  const auto* found = std::ranges::find(
    known, name, &std::pair<std::string_view, variable>::first);
  return found != std::end(known) ? found->second : none;
}

std::string text_template::problem(std::string_view text,
                                   known_variables known) {
  std::string result;
  for_each_part(
    text, [](std::string_view) {},
    [&](const braces& x) {
      const auto what = find_variable(x.name);
      const auto name = "{" + std::string{x.name} + "}";
      if (!result.empty())
        return;
      if (what == variable::none)
        result = "there is no variable " + name;
      else if (what == variable::server && known == known_variables::of_request)
        result = "{server} is known in headers of responses only";
      else if (takes_name(what) != x.argument.has_value())
        result = x.argument ? "the variable " + name + " takes no `:`"
                            : "the variable needs a name: {"
                                + std::string{x.name} + ":NAME}";
    });
  return result;
}

text_template::text_template(std::string_view text) {
  for_each_part(
    text,
    [this](std::string_view plain) {
      parts_.push_back({variable::none, std::string{plain}});
    },
    [this](const braces& x) {
      parts_.push_back(
        {find_variable(x.name), std::string{x.argument.value_or("")}});
    });
}

bool text_template::varies() const noexcept {
  return std::ranges::any_of(
    parts_, [](const part& x) { return x.what != variable::none; });
}

bool text_template::names_query() const noexcept {
  return std::ranges::any_of(parts_, [](const part& x) {
    return x.what == variable::none && x.text.find('?') != std::string::npos;
  });
}

template <class Append>
void text_template::for_value(const part& x, const variable_values& from,
                              Append&& append) {
  const auto& request = from.request;
  switch (x.what) {
  case variable::none:
  case variable::client_cert_fingerprint: // there is no TLS yet
  case variable::client_cert_subject:
  case variable::tls_cipher:
  case variable::tls_version:
    break;
  case variable::client_ip:
    return request.client ? append(request.client->ip()) : void();
  case variable::client_port:
    return request.client ? append(std::to_string(request.client->port()))
                          : void();
  case variable::cookie:
    if (const auto value = first_cookie(request.headers, x.text))
      append(*value);
    return;
  case variable::frontend:
    return append(from.frontend);
  case variable::header:
    for (size_t i = 0; i < request.headers.size(); ++i)
      if (const auto line = request.headers[i];
          is_same_field(line.name, x.text))
        return append(line.value);
    return;
  case variable::host:
    return append(request.host);
  case variable::method:
    return append(request.method);
  case variable::node:
    return append(from.node);
  case variable::path:
    return append(request.path);
  case variable::port:
    return append(from.port);
  case variable::query:
    return append(request.query);
  case variable::request_id:
    return append(from.request_id);
  case variable::route:
    return append(from.route);
  case variable::scheme:
    return append(to_string(request.scheme));
  case variable::server:
    return append(from.server);
  case variable::sni:
    return append(request.sni);
  }
}

void text_template::append(const variable_values& from, std::string& to) const {
  for (const auto& x : parts_)
    if (x.what == variable::none)
      to += x.text;
    else
      for_value(x, from, [&](std::string_view value) { to += value; });
}

void text_template::append_line(const variable_values& from,
                                std::string& to) const {
  for (const auto& x : parts_)
    if (x.what == variable::none)
      to += x.text;
    else if (x.what == variable::server)
      to += from.server; // a name of the configuration, or `server_mark`
    else
      for_value(x, from, [&](std::string_view value) {
        std::ranges::copy_if(value, std::back_inserter(to), [](char c) {
          return c != '\r' && c != '\n' && c != '\0';
        });
      });
}

void text_template::append_encoded(const variable_values& from,
                                   std::string& to) const {
  for (const auto& x : parts_)
    if (x.what == variable::none)
      to += x.text;
    else
      for_value(x, from, [&](std::string_view value) {
        routing::append_encoded(value, to);
      });
}

} // namespace troupe::routing
