// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/access_log.hpp"

#include <algorithm>
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

/// Writes the last `width` digits of `value`, with leading zeros.
char* put_digits(char* to, unsigned value, unsigned width) {
  for (unsigned i = width; i > 0; value /= 10)
    to[--i] = static_cast<char>('0' + value % 10);
  return to + width;
}

/// Microseconds as milliseconds with three decimals.
void append_milliseconds(std::string& out, uint64_t us) {
  char text[24];
  auto* end = std::to_chars(text, text + 20, us / 1000).ptr;
  *end++ = '.';
  out.append(text, put_digits(end, us % 1000, 3));
}

/// RFC 3339 in UTC, "2026-01-02T03:04:05.678Z".
void append_time(std::string& out, std::chrono::system_clock::time_point now) {
  namespace ch = std::chrono;
  const auto ms = ch::floor<ch::milliseconds>(now);
  const auto day = ch::floor<ch::days>(ms);
  const ch::year_month_day date{day};
  const auto of_day = static_cast<unsigned>((ms - day).count());
  char text[] = "0000-00-00T00:00:00.000Z";
  put_digits(text, static_cast<unsigned>(int{date.year()}), 4);
  put_digits(text + 5, unsigned{date.month()}, 2);
  put_digits(text + 8, unsigned{date.day()}, 2);
  put_digits(text + 11, of_day / 3'600'000, 2);
  put_digits(text + 14, of_day / 60'000 % 60, 2);
  put_digits(text + 17, of_day / 1000 % 60, 2);
  put_digits(text + 20, of_day % 1000, 3);
  out.append(text, sizeof text - 1);
}

/// A name as a template argument, so that the text around it is joined to it by
/// the compiler: a line costs a third less that way.
template <size_t Size>
struct name {
  constexpr name(const char (&x)[Size]) { std::copy_n(x, Size, text); }
  char text[Size];
};

template <size_t... Sizes>
consteval auto join(const char (&... parts)[Sizes]) {
  std::array<char, (Sizes + ... + 0) - sizeof...(Sizes)> result{};
  auto* at = result.data();
  ((at = std::copy_n(parts, Sizes - 1, at)), ...);
  return result;
}

struct json_style {
  static constexpr std::string_view absent = "null";
  static constexpr std::string_view first = "{\"time\":\"";
  static constexpr std::string_view after_time = "\"";
  static constexpr std::string_view last = "}\n";
  template <name Name>
  static constexpr auto key = join(",\"", Name.text, "\":");

  static void text(std::string& out, std::string_view value) {
    append_quoted(out, value);
  }
};

/// key=value; a value is quoted unless it is one plain word.
struct text_style {
  static constexpr std::string_view absent = "-";
  static constexpr std::string_view first = "time=";
  static constexpr std::string_view after_time = "";
  static constexpr std::string_view last = "\n";
  template <name Name>
  static constexpr auto key = join(" ", Name.text, "=");

  static void text(std::string& out, std::string_view value) {
    bool word = !value.empty() && value != absent;
    for (const char c : value)
      word = word && is_plain(c) && c != ' ' && c != '=';
    if (word)
      out += value;
    else
      append_quoted(out, value);
  }
};

template <class Style>
struct line_writer {
  std::string& out;

  template <name Name>
  void key() {
    const auto& text = Style::template key<Name>;
    out.append(text.data(), text.size());
  }
  template <name Name>
  void text(std::string_view value) {
    key<Name>();
    Style::text(out, value.substr(0, text_size_max));
  }
  template <name Name>
  void number(uint64_t value) {
    key<Name>();
    append_number(out, value);
  }
  template <name Name>
  void duration(int64_t us) {
    key<Name>();
    if (us < 0)
      out += Style::absent;
    else
      append_milliseconds(out, static_cast<uint64_t>(us));
  }
};

template <class Style>
void write_record(const access_record& x,
                  std::chrono::system_clock::time_point now, std::string& out) {
  line_writer<Style> line{out};
  out += Style::first;
  append_time(out, now);
  out += Style::after_time;
  line.template text<"client">(x.client);
  line.template text<"frontend">(x.frontend);
  line.template text<"route">(x.route);
  line.template text<"backend">(x.backend);
  line.template text<"server">(x.server);
  line.template text<"method">(x.method);
  line.template text<"path">(x.path);
  line.template text<"host">(x.host);
  line.template number<"status">(x.status);
  line.template number<"bytes_in">(x.bytes_received);
  line.template number<"bytes_out">(x.bytes_sent);
  line.template duration<"connect_ms">(x.connect_us);
  line.template duration<"first_byte_ms">(x.first_byte_us);
  line.template duration<"total_ms">(x.total_us);
  line.template number<"retries">(x.retries);
  line.template text<"reason">(to_string(x.reason));
  line.template text<"request_id">(x.request_id);
  line.template number<"generation">(x.generation);
  out += Style::last;
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
