// SPDX-License-Identifier: BSD-3-Clause
#include "net/access_log.hpp"

#include <array>
#include <charconv>

namespace troupe::net {

namespace {

constexpr size_t text_size_max = 2048;

/// Printable ASCII but for the quote and the backslash. Other bytes need not be
/// UTF-8, so they are escaped one by one.
constexpr auto plain_bytes = [] {
  std::array<bool, 256> result{};
  for (size_t i = 0x20; i < 0x7f; ++i)
    result[i] = i != '"' && i != '\\';
  return result;
}();

bool is_plain(char c) noexcept {
  return plain_bytes[static_cast<unsigned char>(c)];
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
    return;
  }
  out += "\\u00";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  size_t run = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_plain(text[i]))
      continue;
    out.append(text, run, i - run);
    append_escape(out, text[i]);
    run = i + 1;
  }
  out.append(text, run, text.size() - run);
  out += '"';
}

void append_number(std::string& out, uint64_t value) {
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

/// @pre `value` has at most `width` digits.
void append_padded(std::string& out, unsigned value, unsigned width) {
  const size_t at = out.size();
  out.append(width, '0');
  for (size_t i = at + width; i > at; value /= 10)
    out[--i] = static_cast<char>('0' + value % 10);
}

/// Microseconds as milliseconds with three decimals.
void append_milliseconds(std::string& out, uint64_t us) {
  append_number(out, us / 1000);
  out += '.';
  append_padded(out, us % 1000, 3);
}

/// RFC 3339 in UTC, "2026-01-02T03:04:05.678Z".
void append_time(std::string& out, std::chrono::system_clock::time_point now) {
  namespace ch = std::chrono;
  const auto ms = ch::floor<ch::milliseconds>(now);
  const auto day = ch::floor<ch::days>(ms);
  const ch::year_month_day date{day};
  const ch::hh_mm_ss time{ms - day};
  append_padded(out, static_cast<unsigned>(int{date.year()}), 4);
  out += '-';
  append_padded(out, unsigned{date.month()}, 2);
  out += '-';
  append_padded(out, unsigned{date.day()}, 2);
  out += 'T';
  append_padded(out, static_cast<unsigned>(time.hours().count()), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(time.minutes().count()), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(time.seconds().count()), 2);
  out += '.';
  append_padded(out, static_cast<unsigned>(time.subseconds().count()), 3);
  out += 'Z';
}

struct json_style {
  static constexpr std::string_view absent = "null";
  static void key(std::string& out, std::string_view name) {
    out += out.empty() ? "{\"" : ",\"";
    out += name;
    out += "\":";
  }
  static void text(std::string& out, std::string_view value) {
    append_quoted(out, value);
  }
  static void finish(std::string& out) { out += "}\n"; }
};

/// key=value; a value is quoted unless it is one plain word.
struct text_style {
  static constexpr std::string_view absent = "-";
  static void key(std::string& out, std::string_view name) {
    if (!out.empty())
      out += ' ';
    out += name;
    out += '=';
  }
  static void text(std::string& out, std::string_view value) {
    bool word = !value.empty() && value != absent;
    for (const char c : value)
      word = word && is_plain(c) && c != ' ' && c != '=';
    if (word)
      out += value;
    else
      append_quoted(out, value);
  }
  static void finish(std::string& out) { out += '\n'; }
};

template <class Style>
struct line_writer {
  std::string& out;

  void text(std::string_view name, std::string_view value) {
    Style::key(out, name);
    Style::text(out, value.substr(0, text_size_max));
  }
  void number(std::string_view name, uint64_t value) {
    Style::key(out, name);
    append_number(out, value);
  }
  void duration(std::string_view name, int64_t us) {
    Style::key(out, name);
    if (us < 0)
      out += Style::absent;
    else
      append_milliseconds(out, static_cast<uint64_t>(us));
  }
  void time(std::chrono::system_clock::time_point now) {
    Style::key(out, "time");
    constexpr bool quoted = std::is_same_v<Style, json_style>;
    if constexpr (quoted)
      out += '"';
    append_time(out, now);
    if constexpr (quoted)
      out += '"';
  }
};

template <class Style>
void write_record(const access_record& x,
                  std::chrono::system_clock::time_point now, std::string& out) {
  line_writer<Style> line{out};
  line.time(now);
  line.text("client", x.client);
  line.text("frontend", x.frontend);
  line.text("backend", x.backend);
  line.text("server", x.server);
  line.text("method", x.method);
  line.text("path", x.path);
  line.text("host", x.host);
  line.number("status", x.status);
  line.number("bytes_in", x.bytes_received);
  line.number("bytes_out", x.bytes_sent);
  line.duration("connect_ms", x.connect_us);
  line.duration("first_byte_ms", x.first_byte_us);
  line.duration("total_ms", x.total_us);
  line.number("retries", x.retries);
  line.text("reason", to_string(x.reason));
  line.text("request_id", x.request_id);
  line.number("generation", x.generation);
  Style::finish(out);
}

} // namespace

void format_record(const access_record& record, log_format format,
                   std::chrono::system_clock::time_point now,
                   std::string& out) {
  out.clear();
  if (format == log_format::json)
    write_record<json_style>(record, now, out);
  else
    write_record<text_style>(record, now, out);
}

} // namespace troupe::net
