// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/own_reply.hpp"

#include "net/http1/reason_phrase.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace troupe::net::http1 {

namespace {

constexpr std::string_view hidden_in_fields{"\r\n\0", 3};

/// RFC 9110 section 5.6.7.
std::string date_text(std::chrono::system_clock::time_point now) {
  constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed",
                                       "Thu", "Fri", "Sat"};
  constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm x{};
  ::gmtime_r(&seconds, &x);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[x.tm_wday],
                     x.tm_mday, months[x.tm_mon], 1900 + x.tm_year, x.tm_hour,
                     x.tm_min, x.tm_sec);
}

void append_line(std::string_view name, std::string_view value,
                 std::string& to) {
  to.append(name).append(": ");
  std::ranges::copy_if(value, std::back_inserter(to), [](char c) {
    return hidden_in_fields.find(c) == std::string_view::npos;
  });
  to += "\r\n";
}

void append_field(std::string_view name, std::string_view value,
                  const response_rules& rules, std::string& to) {
  if (rules.fields.overrides(name))
    return;
  const bool replaced = rules.filled != nullptr && rules.varying != nullptr
                     && rules.varying->replaces(name);
  std::string changed;
  if (replaced && rules.varying->replace(name, value, *rules.filled, changed))
    value = changed;
  append_line(name, value, to);
}

bool has_body(unsigned status) noexcept {
  return status != 204 && status != 304;
}

} // namespace

std::string reply_text(const own_reply& reply, const response_rules& rules,
                       const reply_context& context) {
  auto text = fmt::format("HTTP/1.1 {} {}\r\n", reply.status,
                          reason_phrase(reply.status));
  append_field("Date", date_text(context.now), rules, text);
  for (const auto& [name, value] : reply.fields)
    append_field(name, value, rules, text);
  text += rules.filled ? rules.filled->lines : rules.fields.lines();
  if (has_body(reply.status))
    append_line("Content-Length", std::to_string(reply.body.size()), text);
  if (context.close)
    append_line("Connection", "close", text);
  else if (context.keep_alive)
    append_line("Connection", "keep-alive", text);
  text += "\r\n";
  if (!context.head_only && has_body(reply.status))
    text += reply.body;
  return text;
}

std::string_view content_type_of(std::string_view file) noexcept {
  constexpr std::pair<std::string_view, std::string_view> types[] = {
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".json", "application/json"}};
  for (const auto& [end, type] : types)
    if (file.ends_with(end))
      return type;
  return "text/plain; charset=utf-8";
}

} // namespace troupe::net::http1
