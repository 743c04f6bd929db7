// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/connection_options.hpp"
#include "net/http1/fields.hpp"
#include "net/http1/head.hpp"
#include "net/http1/head_reader.hpp"
#include "net/http1/target.hpp"

#include <algorithm>

namespace troupe::net::http1 {

namespace {

/// No registered method is half as long (RFC 9112 section 3 asks for 501).
constexpr size_t method_max = 32;
constexpr size_t leading_lines_max = 2;

void clear(request_head& head) noexcept {
  head.method = head.target = head.path = head.authority = head.host = {};
  head.path_prefix = {};
  head.version_minor = 1;
  head.body = framing::none;
  head.content_length = 0;
  head.keep_alive = true;
  head.upgrade = head.expect_continue = head.idempotent = head.is_head = false;
  head.size = head.field_count = 0;
  head.tail = head_tail::none;
  head.error = head_error::none;
  head.error_detail = {};
}

/// @returns false, so that a check can end with it.
bool refuse(request_head& head, std::string_view detail,
            head_error error = head_error::bad_request) noexcept {
  head.error = error;
  head.error_detail = detail;
  return false;
}

bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "PUT"
      || method == "DELETE" || method == "OPTIONS" || method == "TRACE";
}

/// In whatever spelling: with a version, a parameter, in quotes, in a list.
/// Servers differ in what they take for it, and no other protocol has it in its
/// name.
bool mentions_h2c(std::string_view value) noexcept {
  for (size_t i = 0; i + 3 <= value.size(); ++i)
    if (iequals(value.substr(i, 3), "h2c"))
      return true;
  return false;
}

bool check_request_line(request_head& head, const head_limits& limits) {
  head.is_head = head.method == "HEAD";
  if (head.method.size() > method_max)
    return refuse(head, "method too long", head_error::not_implemented);
  if (head.method == "CONNECT")
    return refuse(head, "CONNECT", head_error::not_implemented);
  if (head.target.size() > limits.target_max)
    return refuse(head, "target too long", head_error::target_too_long);
  const auto target = split_target(head.method, head.target);
  if (!target.valid)
    return refuse(head, "invalid target");
  head.path_prefix = target.query_only ? "/" : "";
  head.path = target.path;
  head.authority = target.authority;
  head.default_port = target.default_port;
  head.idempotent = is_idempotent(head.method);
  return true;
}

/// The checks that need all fields. Collects in one pass, then decides.
class request_check {
public:
  request_check(request_head& head, bool underscores) noexcept
    : head_(head), underscores_(underscores) {}

  bool run() noexcept {
    for (uint32_t i = 0; i < head_.field_count; ++i)
      if (!see(head_.fields[i]))
        return false;
    if (!underscores_ && names_underscore())
      return refuse(head_, "underscore in the name of a field");
    if (!decide_framing() || !decide_host())
      return false;
    if (passes_ >= hops_max)
      return refuse(head_, "a loop, by Via", head_error::loop);
    head_.keep_alive = options_.keep_alive(head_.version_minor);
    options_.mark({head_.fields.data(), head_.field_count});
    const bool has_body =
      head_.body == framing::chunked || head_.content_length > 0;
    if (has_body && head_.method == "TRACE")
      return refuse(head_, "TRACE with a body");
    // h2c would carry requests past the balancer: it goes on as plain request.
    head_.upgrade =
      options_.upgrade() && upgrades_ == 1 && !h2c_ && head_.version_minor == 1;
    head_.expect_continue = expects_ && has_body && head_.version_minor == 1;
    return true;
  }

private:
  bool see(const field& line) noexcept {
    switch (line.known) {
    case known_field::host:
      return see_host(line.value);
    case known_field::content_length:
      return see_length(line.value);
    case known_field::transfer_encoding:
      if (chunked_ || !iequals(line.value, "chunked"))
        return refuse(head_, "Transfer-Encoding other than one `chunked`");
      chunked_ = true;
      return true;
    case known_field::connection:
      return options_.add(line.value)
          || refuse(head_, "malformed or too many Connection options");
    case known_field::proxy_connection:
      return is_token_list(line.value)
          || refuse(head_, "malformed Proxy-Connection");
    case known_field::expect:
      if (!iequals(line.value, "100-continue"))
        return refuse(head_, "unknown expectation");
      expects_ = true;
      return true;
    case known_field::upgrade:
      ++upgrades_;
      h2c_ = h2c_ || mentions_h2c(line.value);
      return true;
    case known_field::via:
      for_each_member(line.value, [this](std::string_view hop) {
        passes_ += is_own_hop(hop) ? 1 : 0;
        return true;
      });
      return true;
    default:
      return true;
    }
  }

  /// RFC 9110 section 7.6.3: "1.1 troupe", perhaps with a comment.
  static bool is_own_hop(std::string_view hop) noexcept {
    constexpr std::string_view blanks = " \t";
    hop.remove_prefix(std::min(hop.find_first_of(blanks), hop.size()));
    hop = trim(hop);
    return iequals(hop.substr(0, hop.find_first_of(blanks)), via_name);
  }

  bool names_underscore() const noexcept {
    return std::any_of(
      head_.all().begin(), head_.all().end(),
      [](const field& line) { return line.name.find('_') != line.name.npos; });
  }

  bool see_host(std::string_view value) noexcept {
    if (has_host_)
      return refuse(head_, "repeated Host");
    if (!is_valid_host(value))
      return refuse(head_, "invalid Host");
    has_host_ = true;
    head_.host = value;
    return true;
  }

  bool see_length(std::string_view value) noexcept {
    if (has_length_)
      return refuse(head_, "repeated Content-Length");
    const auto length = parse_length(value);
    if (!length)
      return refuse(head_, "malformed Content-Length");
    has_length_ = true;
    head_.content_length = *length;
    return true;
  }

  bool decide_framing() noexcept {
    if (chunked_ && has_length_)
      return refuse(head_, "both Content-Length and Transfer-Encoding");
    if (chunked_ && head_.version_minor == 0)
      return refuse(head_, "Transfer-Encoding in HTTP/1.0");
    if (chunked_)
      head_.body = framing::chunked;
    else if (has_length_)
      head_.body = framing::length;
    return true;
  }

  bool decide_host() noexcept {
    if (!has_host_ && head_.version_minor == 1)
      return refuse(head_, "missing Host");
    if (head_.authority.empty())
      return true;
    if (!is_valid_host(head_.authority))
      return refuse(head_, "invalid authority in target");
    if (has_host_
        && !is_same_host(head_.authority, head_.host, head_.default_port))
      return refuse(head_, "Host differs from the target");
    head_.host = head_.authority; // RFC 9112 section 3.2.2
    return true;
  }

  request_head& head_;
  connection_options options_;
  bool has_host_ = false;
  bool has_length_ = false;
  bool chunked_ = false;
  bool expects_ = false;
  bool h2c_ = false;
  const bool underscores_; ///< pass
  unsigned upgrades_ = 0;
  unsigned passes_ = 0; ///< through balancers like this one
};

/// Whether a request line that was refused for its version names another
/// version of HTTP ("HTTP/2.0"), as opposed to nonsense ("HTTP/1.10").
bool names_other_version(std::string_view bytes) noexcept {
  const auto line = bytes.substr(0, bytes.find('\r'));
  const auto target = line.find(' ');
  const auto space = line.find(' ', target + 1);
  if (target == line.npos || space == line.npos)
    return false;
  const auto version = line.substr(space + 1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.size() == 8 && version.starts_with("HTTP/")
      && digit(version[5]) && version[6] == '.' && digit(version[7])
      && version != "HTTP/1.0" && version != "HTTP/1.1";
}

/// A request line still without an end: is it too long already?
bool check_partial_line(std::string_view bytes, const head_limits& limits,
                        request_head& head) noexcept {
  const auto space = bytes.find(' ');
  if (std::min(space, bytes.size()) > method_max)
    return refuse(head, "method too long", head_error::not_implemented);
  if (space == bytes.npos)
    return true;
  const auto end = bytes.find(' ', space + 1);
  if (std::min(end, bytes.size()) - space - 1 > limits.target_max)
    return refuse(head, "target too long", head_error::target_too_long);
  return true;
}

void explain(head_fault x, std::string_view bytes,
             request_head& head) noexcept {
  if (x == head_fault::version && names_other_version(bytes))
    refuse(head, "unsupported version", head_error::version);
  else
    refuse(head, describe(x),
           x == head_fault::too_many_fields ? head_error::too_large
                                            : head_error::bad_request);
}

/// What an incomplete request line ends in.
head_tail tail_of_request_line(std::string_view bytes) noexcept {
  const auto space = bytes.find(' ');
  return space != bytes.npos && bytes.find(' ', space + 1) == bytes.npos
         ? head_tail::target
         : head_tail::none;
}

size_t leading_empty_lines(std::string_view bytes) noexcept {
  size_t size = 0;
  while (bytes.size() > size && bytes[size] == '\r'
         && size < 2 * leading_lines_max && bytes.substr(size, 2) == "\r\n")
    size += 2;
  return size;
}

} // namespace

parse_status parse_request(std::string_view bytes, const head_limits& limits,
                           request_head& out) noexcept {
  clear(out);
  const bool at_limit = bytes.size() >= limits.bytes_max;
  bytes = bytes.substr(0, limits.bytes_max);
  const auto skipped = leading_empty_lines(bytes);
  bytes.remove_prefix(skipped);
  if ((bytes.empty() || bytes == "\r") && skipped < 2 * leading_lines_max
      && !at_limit)
    return parse_status::need_more;

  head_reader reader{bytes};
  auto fault =
    reader.read_request_line(out.method, out.target, out.version_minor);
  if (fault == head_fault::need_more) {
    if (!check_partial_line(bytes, limits, out))
      return parse_status::bad;
    out.tail = tail_of_request_line(bytes);
  } else if (fault == head_fault::none) {
    if (!check_request_line(out, limits))
      return parse_status::bad;
    fault = reader.read_fields(std::span{out.fields}.first(std::min<size_t>(
                                 limits.fields_max, http1::fields_max)),
                               out.field_count);
    if (fault == head_fault::none) {
      out.size = static_cast<uint32_t>(skipped + reader.used());
      return request_check{out, limits.underscores}.run() ? parse_status::done
                                                          : parse_status::bad;
    }
    if (fault == head_fault::need_more)
      out.tail = tail_of_fields(bytes);
  }
  if (fault != head_fault::need_more) {
    explain(fault, bytes, out);
    return parse_status::bad;
  }
  if (!at_limit)
    return parse_status::need_more;
  refuse(out, "head too large", head_error::too_large);
  return parse_status::bad;
}

} // namespace troupe::net::http1
