// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/slow_matcher.hpp"

#include "core/ascii.hpp"
#include "core/network_list.hpp"
#include "core/one_line.hpp"
#include "core/routing/path_readings.hpp"
#include "core/routing/regex.hpp"

#include <cctype>
#include <optional>
#include <utility>

namespace troupe::routing {

namespace {

// -- what was sent
// ----------------------------------------------------------------

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts{""};
  for (const char c : text)
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.pop_back();
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.erase(0, 1);
  return text;
}

std::string in_lower_case(std::string_view text) {
  std::string result;
  for (const char c : text)
    result += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

std::string decoded_once(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && is_hex_digit(text[i + 1])
        && is_hex_digit(text[i + 2])) {
      const std::string digits{text.substr(i + 1, 2)};
      result += static_cast<char>(std::stoi(digits, nullptr, 16));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// "name=value", cut at the first `=`; the value is nothing without one.
std::pair<std::string, std::optional<std::string>>
name_and_value(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos)
    return {text, std::nullopt};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<std::string> values_in_query(std::string_view query,
                                         const std::string& name) {
  std::vector<std::string> result;
  for (const auto& pair : split(query, '&')) {
    const auto [key, value] = name_and_value(pair);
    if (!pair.empty() && decoded_once(key) == name)
      result.push_back(decoded_once(value.value_or("")));
  }
  return result;
}

std::vector<std::string> values_of_lines(const header_lines& lines,
                                         std::string_view name) {
  std::vector<std::string> result;
  for (size_t i = 0; i < lines.size(); ++i)
    if (in_lower_case(lines[i].name) == in_lower_case(name))
      result.emplace_back(lines[i].value);
  return result;
}

std::optional<std::string> value_of_cookie(const header_lines& lines,
                                           const std::string& name) {
  for (const auto& line : values_of_lines(lines, "Cookie"))
    for (const auto& cookie : split(line, ';')) {
      const auto [key, value] = name_and_value(cookie);
      if (value && trimmed(key) == name)
        return trimmed(*value);
    }
  return std::nullopt;
}

// -- what it must be
// ----------------------------------------------------------------

bool fits_host(const std::string& pattern, const std::string& host) {
  if (host.empty())
    return false;
  if (pattern == "*")
    return true;
  if (pattern.substr(0, 2) != "*.")
    return host == pattern;
  // Each way to cut the host into labels for the `*` and the rest.
  for (size_t i = 1; i < host.size(); ++i)
    if (host[i] == '.' && "*" + host.substr(i) == pattern)
      return true;
  return false;
}

bool fits_prefix(const std::string& prefix, const std::string& path) {
  if (prefix.empty() || path.empty() || prefix[0] != '/' || path[0] != '/')
    return false;
  auto wanted = split(prefix, '/');
  while (wanted.size() > 1 && wanted.back().empty())
    wanted.pop_back();
  auto segments = split(path, '/');
  if (segments.size() < wanted.size())
    return false;
  segments.resize(wanted.size());
  return segments == wanted;
}

template <class List, class Fits>
bool fits_any(const List& list, Fits fits) {
  for (const auto& x : list)
    if (fits(x))
      return true;
  return false;
}

// -- in words
// -----------------------------------------------------------------------

constexpr size_t text_bytes_max = 200; // of what a client sent

std::string quoted(std::string_view text) {
  return '"' + one_line(text, text_bytes_max) + '"';
}

template <class List>
std::string joined(const List& list, std::string_view word) {
  std::string result;
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0)
      result += i + 1 == list.size() ? ' ' + std::string{word} + ' ' : ", ";
    result += one_line(list[i], text_bytes_max);
  }
  return result;
}

template <class List>
std::string is_not(std::string_view what, std::string_view sent,
                   const List& wanted) {
  return std::string{what} + " is " + quoted(sent) + ", not "
       + joined(wanted, "or");
}

std::string in_words(const header_test& test) {
  switch (test.what) {
  case header_test::kind::exact:
    return quoted(test.text);
  case header_test::kind::regex:
    return "a match of " + one_line(test.text);
  case header_test::kind::present:
    return "present";
  default:
    return "absent";
  }
}

// -- key by key: "" if it holds
// -----------------------------------------------------

std::string why_not_name(std::string_view what, std::string_view sent,
                         const std::vector<std::string>& wanted) {
  const std::string name{sent};
  if (wanted.empty()
      || fits_any(wanted, [&](const auto& x) { return fits_host(x, name); }))
    return "";
  if (name.empty())
    return "there is no " + std::string{what} + ", and it must be "
         + joined(wanted, "or");
  return is_not(what, sent, wanted);
}

std::string why_not_path(const conditions& all, const std::string& path) {
  if (!all.path.empty()
      && !fits_any(all.path, [&](const auto& x) { return x == path; }))
    return is_not("path", path, all.path);
  if (!all.path_prefix.empty()
      && !fits_any(all.path_prefix,
                   [&](const auto& x) { return fits_prefix(x, path); }))
    return "path " + quoted(path) + " is not below "
         + joined(all.path_prefix, "or");
  if (!all.path_regex.empty() && !fits_any(all.path_regex, [&](const auto& x) {
        return regex{x}.found_in(path);
      }))
    return "path " + quoted(path) + " does not match "
         + joined(all.path_regex, "or");
  return "";
}

std::string why_not_header(const header_condition& wanted,
                           const header_lines& lines) {
  const auto sent = values_of_lines(lines, wanted.name);
  const auto fits = [&](const header_test& test) {
    switch (test.what) {
    case header_test::kind::present:
      return !sent.empty();
    case header_test::kind::absent:
      return sent.empty();
    case header_test::kind::exact:
      return fits_any(sent, [&](const auto& x) { return x == test.text; });
    default:
      return fits_any(
        sent, [&](const auto& x) { return regex{test.text}.found_in(x); });
    }
  };
  if (fits_any(wanted.any_of, fits))
    return "";
  std::vector<std::string> tests;
  for (const auto& test : wanted.any_of)
    tests.push_back(in_words(test));
  std::vector<std::string> values;
  for (const auto& x : sent)
    values.push_back(quoted(x));
  return "header " + one_line(wanted.name) + " is "
       + (sent.empty() ? "absent" : joined(values, "and")) + ", not "
       + joined(tests, "or");
}

std::string why_not_value(std::string_view what, const value_condition& wanted,
                          const std::vector<std::string>& sent) {
  for (const auto& x : sent)
    if (fits_any(wanted.any_of, [&](const auto& y) { return x == y; }))
      return "";
  const auto name = std::string{what} + ' ' + one_line(wanted.name);
  if (sent.empty())
    return name + " is absent, and must be " + joined(wanted.any_of, "or");
  return is_not(name, sent.front(), wanted.any_of);
}

std::string why_not_values(const conditions& all, const request_view& request) {
  for (const auto& x : all.header)
    if (auto why = why_not_header(x, request.headers); !why.empty())
      return why;
  for (const auto& x : all.query)
    if (auto why =
          why_not_value("query", x, values_in_query(request.query, x.name));
        !why.empty())
      return why;
  for (const auto& x : all.cookie) {
    std::vector<std::string> sent;
    if (auto value = value_of_cookie(request.headers, x.name))
      sent.push_back(*value);
    if (auto why = why_not_value("cookie", x, sent); !why.empty())
      return why;
  }
  return "";
}

std::string why_not_connection(const conditions& all,
                               const request_view& request) {
  if (!all.client.empty()
      && (request.client == nullptr
          || !network_list{all.client}.contains(*request.client)))
    return "client "
         + (request.client != nullptr ? request.client->ip() : "(unknown)")
         + " is not in " + joined(all.client, "or");
  if (!all.scheme.empty()
      && !fits_any(all.scheme, [&](auto x) { return x == request.scheme; }))
    return "scheme is " + std::string{to_string(request.scheme)};
  if (auto why = why_not_name("sni", request.sni, all.sni); !why.empty())
    return why;
  const auto offered = [&](const std::string& x) {
    return fits_any(request.alpn, [&](auto y) { return x == y; });
  };
  if (!all.alpn.empty() && !fits_any(all.alpn, offered))
    return "alpn does not offer " + joined(all.alpn, "or");
  if (all.tls && *all.tls != request.is_tls)
    return request.is_tls ? "it is TLS" : "it is not TLS";
  return "";
}

} // namespace

std::string why_not(const conditions& all, const request_view& request,
                    std::string_view path) {
  if (auto why = why_not_name("host", request.host, all.host); !why.empty())
    return why;
  if (auto why = why_not_path(all, std::string{path}); !why.empty())
    return why;
  if (!all.method.empty() && !fits_any(all.method, [&](const auto& x) {
        return x == request.method;
      }))
    return is_not("method", request.method, all.method);
  if (auto why = why_not_values(all, request); !why.empty())
    return why;
  if (auto why = why_not_connection(all, request); !why.empty())
    return why;
  for (size_t i = 0; i < all.none_of.size(); ++i)
    if (why_not(all.none_of[i], request, path).empty())
      return "block " + std::to_string(i + 1) + " of its `not` holds";
  return "";
}

slow_matcher::slow_matcher(std::vector<conditions> routes,
                           ambiguous_paths ambiguous)
  : routes_(std::move(routes)), ambiguous_(ambiguous) {}

explained_reading slow_matcher::read(const request_view& request,
                                     std::string_view path) const {
  explained_reading result{std::string{path}, answer::no_route, {}};
  for (uint32_t i = 0; i < routes_.size(); ++i) {
    auto why = why_not(routes_[i], request, path);
    if (why.empty()) {
      result.route = i;
      break;
    }
    result.passed.push_back({i, std::move(why)});
  }
  return result;
}

explanation slow_matcher::explain(const request_view& request) const {
  std::string buffer(readings_bytes(request.path.size()), '\0');
  const auto readings = *read_path(request.path, buffer);
  explanation result;
  result.readings.push_back(read(request, readings.a));
  if (readings.a != readings.b && ambiguous_ == ambiguous_paths::refuse)
    result.readings.push_back(read(request, readings.b));
  result.answer =
    make_answer(result.readings.front().route, result.readings.back().route);
  return result;
}

answer slow_matcher::match(const request_view& request) const {
  return explain(request).answer;
}

} // namespace troupe::routing
