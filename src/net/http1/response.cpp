// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/connection_options.hpp"
#include "net/http1/fields.hpp"
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
  head.tail = head_tail::none;
  head.error_detail = {};
}

bool refuse(response_head& head, std::string_view detail) noexcept {
  head.error_detail = detail;
  return false;
}

class response_check {
public:
  response_check(response_head& head, bool request_is_head) noexcept
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
    head_.verbatim = head_.version_minor == 1 && canonical_ && !hop_by_hop_
                  && (head_.body == framing::chunked || !chunked_);
    return true;
  }

private:
  bool see(const field& line) noexcept {
    hop_by_hop_ =
      hop_by_hop_
      || (line.hop_by_hop && line.known != known_field::transfer_encoding);
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
          || refuse(head_, "malformed or too many Connection options");
    case known_field::proxy_connection:
      return is_token_list(line.value)
          || refuse(head_, "malformed Proxy-Connection");
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
  bool hop_by_hop_ = false; ///< has such lines beside the framing
};

std::string_view explain(head_fault x) noexcept {
  const bool first_line = x == head_fault::version || x == head_fault::status;
  return first_line ? "no HTTP/1.x response" : describe(x);
}

bool has_bare_lf(std::string_view bytes) noexcept {
  for (auto lf = bytes.find('\n'); lf != bytes.npos;
       lf = bytes.find('\n', lf + 1))
    if (lf == 0 || bytes[lf - 1] != '\r')
      return true;
  return false;
}

/// What an incomplete status line ends in.
head_tail tail_of_status_line(std::string_view bytes) noexcept {
  constexpr std::string_view before_reason = "HTTP/1.1 200 ";
  return bytes.size() < before_reason.size() || bytes.back() == '\r'
         ? head_tail::none
         : head_tail::value;
}

} // namespace

parse_status parse_response(std::string_view bytes, const head_limits& limits,
                            bool request_is_head, response_head& out) noexcept {
  clear(out);
  const bool at_limit = bytes.size() >= limits.bytes_max;
  head_reader reader{bytes.substr(0, limits.bytes_max)};
  bool has_reason = true;
  auto fault = reader.read_status_line(out.version_minor, out.status,
                                       out.reason, has_reason);
  const bool line_done = fault == head_fault::none;
  if (line_done) {
    if (out.status < 100 || out.status > 599) {
      refuse(out, "status outside of 100..599");
      return parse_status::bad;
    }
    fault = reader.read_fields(std::span{out.fields}.first(std::min<size_t>(
                                 limits.fields_max, http1::fields_max)),
                               out.field_count);
  }
  switch (fault) {
  case head_fault::none:
    out.size = static_cast<uint32_t>(reader.used());
    if (!response_check{out, request_is_head}.run())
      return parse_status::bad;
    out.verbatim = out.verbatim && has_reason;
    return parse_status::done;
  case head_fault::need_more:
    if (!at_limit) {
      out.tail = line_done ? tail_of_fields(bytes) : tail_of_status_line(bytes);
      return parse_status::need_more;
    }
    refuse(out, "head too large");
    return parse_status::bad;
  default:
    refuse(out, has_bare_lf(bytes.substr(0, bytes.find("\r\n\r\n")))
                  ? "a line that ends without CR"
                  : explain(fault));
    return parse_status::bad;
  }
}

} // namespace troupe::net::http1
