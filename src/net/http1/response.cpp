// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/connection_options.hpp"
#include "net/http1/head.hpp"
#include "net/http1/head_reader.hpp"

#include <algorithm>

namespace troupe::net::http1 {

namespace {

void clear(response_head& head) noexcept {
  head.status = 0;
  head.version_minor = 1;
  head.reason = {};
  head.body = framing::none;
  head.content_length = 0;
  head.keep_alive = true;
  head.upgrade = head.verbatim = false;
  head.size = head.field_count = 0;
  head.error_detail = {};
}

bool refuse(response_head& head, std::string_view detail) noexcept {
  head.error_detail = detail;
  return false;
}

class response_reader final : public head_reader<false> {
public:
  response_reader(response_head& head, size_t fields_max) noexcept
    : head_reader({head.fields.data(), fields_max}, head.field_count),
      head_(head) {}

private:
  void on_response_impl(int status, beast_view reason, int version,
                        error_code& ec) override {
    start_line_done(true);
    head_.status = static_cast<unsigned>(status);
    head_.reason = view(reason);
    head_.version_minor = version == 11 ? 1 : 0;
    if (status < 100 || status > 599) {
      refuse(head_, "status outside of 100..599");
      ec = beast_error::bad_status;
    }
  }

  response_head& head_;
};

class fields_check {
public:
  fields_check(response_head& head, bool request_is_head) noexcept
    : head_(head), request_is_head_(request_is_head) {}

  bool run() noexcept {
    for (uint32_t i = 0; i < head_.field_count; ++i)
      if (!see(head_.fields[i]))
        return false;
    if (chunked_ && has_length_)
      return refuse(head_, "both Content-Length and Transfer-Encoding");
    if (chunked_ && head_.version_minor == 0)
      return refuse(head_, "Transfer-Encoding in HTTP/1.0");
    head_.keep_alive = options_.keep_alive(head_.version_minor);
    options_.mark({head_.fields.data(), head_.field_count});
    decide_framing();
    head_.verbatim =
      head_.version_minor == 1 && canonical_
      && (head_.body == framing::chunked || !chunked_)
      && std::all_of(head_.all().begin(), head_.all().end(),
                     [](const field& line) {
                       return !line.hop_by_hop
                           || line.known == known_field::transfer_encoding;
                     });
    return true;
  }

private:
  bool see(const field& line) noexcept {
    switch (line.known) {
    case known_field::content_length:
      return see_length(line.value);
    case known_field::transfer_encoding:
      if (chunked_ || !iequals(line.value, "chunked"))
        return refuse(head_, "Transfer-Encoding other than one `chunked`");
      chunked_ = true;
      canonical_ = canonical_ && line.value == "chunked";
      return true;
    case known_field::connection:
      return options_.add(line.value)
          || refuse(head_, "too many Connection options");
    default:
      return true;
    }
  }

  /// Servers do repeat the same length (RFC 9112 section 6.3 allows to take
  /// it); different ones could end the message at different bytes.
  bool see_length(std::string_view value) noexcept {
    const auto length = parse_length(value);
    if (!length)
      return refuse(head_, "malformed Content-Length");
    if (has_length_ && head_.content_length != *length)
      return refuse(head_, "differing Content-Lengths");
    canonical_ =
      canonical_ && !has_length_ && (value.front() != '0' || value.size() == 1);
    has_length_ = true;
    head_.content_length = *length;
    return true;
  }

  void decide_framing() noexcept {
    const bool never_body = head_.status < 200 || head_.status == 204;
    if (never_body) {
      // A length where none is allowed: what follows may not be a response.
      if (chunked_ || head_.content_length > 0)
        head_.keep_alive = canonical_ = false;
      canonical_ = canonical_ && !has_length_;
      head_.content_length = 0;
      head_.upgrade = head_.status == 101;
    } else if (request_is_head_ || head_.status == 304) {
      head_.body = framing::none;
    } else if (chunked_) {
      head_.body = framing::chunked;
    } else if (has_length_) {
      head_.body = framing::length;
    } else {
      head_.body = framing::until_close;
      head_.keep_alive = false;
    }
    if (head_.upgrade)
      head_.keep_alive = false;
  }

  response_head& head_;
  const bool request_is_head_;
  connection_options options_;
  bool has_length_ = false;
  bool chunked_ = false;
  bool canonical_ = true;
};

constexpr size_t status_end = 12; ///< of "HTTP/1.1 200"

/// "HTTP/1.1 200\r\n": the space before the reason is mandatory, and yet often
/// missing. Beast insists on it, so it is fed a line of ours instead.
/// @returns that line, or nothing.
std::string_view without_reason(std::string_view bytes,
                                std::array<char, 15>& line) noexcept {
  if (bytes.size() < status_end + 2 || bytes.substr(status_end, 2) != "\r\n")
    return {};
  auto end = std::copy_n(bytes.begin(), status_end, line.begin());
  for (const char c : {' ', '\r', '\n'})
    *end++ = c;
  return {line.data(), line.size()};
}

std::string_view explain(boost::beast::error_code ec,
                         const response_reader& reader) noexcept {
  using error = boost::beast::http::error;
  if (reader.too_many_fields())
    return "too many fields";
  if (reader.folded())
    return "folded field";
  if (!reader.start_line_done())
    return ec == error::bad_reason ? "invalid reason" : "no HTTP/1.x response";
  if (ec == error::bad_field)
    return "invalid field name";
  return "invalid field value";
}

} // namespace

parse_status parse_response(std::string_view bytes, const head_limits& limits,
                            bool request_is_head, response_head& out) noexcept {
  using error = boost::beast::http::error;
  clear(out);
  const bool at_limit = bytes.size() >= limits.bytes_max;
  bytes = bytes.substr(0, limits.bytes_max);
  if (bytes.empty())
    return parse_status::need_more;
  // Perhaps half of a line end behind a status without reason: Beast would call
  // the CR an error.
  if (bytes.size() == status_end + 1 && bytes.back() == '\r')
    bytes.remove_suffix(1);

  response_reader reader{
    out, std::min<size_t>(limits.fields_max, http1::fields_max)};
  std::array<char, 15> line{};
  boost::beast::error_code ec;
  size_t used = 0;
  const auto replaced = without_reason(bytes, line);
  if (!replaced.empty()) {
    ec = reader.read(replaced, used);
    used = replaced.size() - 1;
  }
  if (replaced.empty() || ec == error::need_more)
    ec = reader.read(bytes.substr(used), used);
  if (!ec) {
    out.size = static_cast<uint32_t>(used);
    if (!fields_check{out, request_is_head}.run())
      return parse_status::bad;
    if (!replaced.empty()) {
      out.reason = {};
      out.verbatim = false;
    }
    return parse_status::done;
  }
  if (ec != error::need_more) {
    if (out.error_detail.empty())
      out.error_detail = explain(ec, reader);
    return parse_status::bad;
  }
  if (!at_limit)
    return parse_status::need_more;
  refuse(out, "head too large");
  return parse_status::bad;
}

} // namespace troupe::net::http1
