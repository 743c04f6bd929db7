// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/chunk_scanner.hpp"

#include "net/http1/text_scan.hpp"

#include "net/http1/trailer_fields.hpp"

#include <algorithm>

namespace troupe::net::http1 {

namespace {

constexpr uint32_t size_digits_max = 16;
constexpr uint64_t chunk_size_max = uint64_t{1} << 62;

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool is_control(char c) noexcept {
  const auto u = static_cast<unsigned char>(c);
  return (u < 0x20 && c != '\t') || u == 0x7f;
}

} // namespace

void chunk_scanner::reset(output form, const field_rules* rules,
                          underscores policy) noexcept {
  output_ = form;
  rules_ = rules;
  underscores_ = policy;
  state_ = state::size_first;
  remaining_ = 0;
  line_bytes_ = 0;
  excess_ = 0;
  trailer_.clear();
  trailer_line_ = 0;
}

chunk_scanner::step chunk_scanner::scan(std::string_view bytes) {
  step result;
  size_t begin = 0;
  size_t end = 0; // of the run to send on
  size_t at = 0;
  while (at < bytes.size() && state_ < state::trailer) {
    const bool is_data = state_ == state::data;
    const bool sent_on = forwards();
    if (sent_on && end > begin && at != end)
      break;
    const auto used = advance(bytes.substr(at));
    if (sent_on && used > 0) {
      if (end == begin)
        begin = at;
      end = at + used;
      result.data_bytes += is_data ? used : 0;
    }
    at += used;
  }
  const bool chunked = output_ == output::chunked;
  if (state_ == state::trailer && trailer_.empty() && (at == end || !chunked)
      && bytes.substr(at, 2) == "\r\n") {
    // The usual end, no trailer: spare the caller a second call.
    at += 2;
    end += chunked ? 2 : 0;
    state_ = state::done;
  } else if (state_ == state::trailer && end == begin) {
    at += take_trailer(bytes.substr(at));
    if (state_ == state::done && chunked)
      result.forward = trailer_;
  }
  if (state_ == state::bad)
    return {status::bad, 0, {}, 0};
  if (end > begin)
    result.forward = bytes.substr(begin, end - begin);
  result.consumed = at;
  result.status = state_ == state::done ? status::done : status::more;
  return result;
}

/// Whether the byte that the current state expects is sent on.
bool chunk_scanner::forwards() const noexcept {
  if (output_ == output::data)
    return state_ == state::data;
  return state_ != state::blank && state_ != state::extension;
}

/// Moves the machine over the first of `bytes`, or over as much data as there
/// is. @returns bytes used; 0 when only the state has changed.
size_t chunk_scanner::advance(std::string_view bytes) noexcept {
  const char c = bytes.front();
  switch (state_) {
  case state::size_first:
  case state::size:
    return advance_size(c);
  case state::blank:
  case state::extension:
    return advance_extension(c);
  case state::size_cr:
    return must_be(c, '\r', state::size_lf);
  case state::size_lf:
    if (c != '\n')
      return fail();
    end_size_line();
    return state_ == state::bad ? 0 : 1;
  case state::data: {
    const auto used = std::min<uint64_t>(remaining_, bytes.size());
    remaining_ -= used;
    if (remaining_ == 0)
      state_ = state::data_cr;
    return used;
  }
  case state::data_cr:
    return must_be(c, '\r', state::data_lf);
  case state::data_lf:
    line_bytes_ = 0;
    return must_be(c, '\n', state::size_first);
  default:
    return fail();
  }
}

size_t chunk_scanner::advance_size(char c) noexcept {
  const int digit = hex_value(c);
  if (digit < 0) {
    if (state_ == state::size_first)
      return fail();
    line_bytes_ = 0;
    state_ = c == '\r'   ? state::size_cr
           : is_blank(c) ? state::blank
           : c == ';'    ? state::extension
                         : state::bad;
    return 0;
  }
  const auto value = static_cast<uint64_t>(digit);
  if (++line_bytes_ > size_digits_max
      || remaining_ > (chunk_size_max - value) / 16)
    return fail();
  remaining_ = remaining_ * 16 + value;
  state_ = state::size;
  return 1;
}

size_t chunk_scanner::advance_extension(char c) noexcept {
  if (c == '\r') {
    state_ = state::size_cr;
    return 0;
  }
  if (++line_bytes_ > extension_bytes_max || is_control(c))
    return fail();
  if (state_ == state::blank && !is_blank(c)) {
    if (c != ';')
      return fail();
    state_ = state::extension;
  }
  return 1;
}

size_t chunk_scanner::must_be(char c, char expected, state next) noexcept {
  if (c != expected)
    return fail();
  state_ = next;
  return 1;
}

size_t chunk_scanner::fail() noexcept {
  state_ = state::bad;
  return 0;
}

void chunk_scanner::end_size_line() noexcept {
  excess_ += line_bytes_;
  excess_ -= std::min(excess_, 16 + 2 * remaining_);
  line_bytes_ = 0;
  if (excess_ > extension_excess_max)
    state_ = state::bad;
  else
    state_ = remaining_ > 0 ? state::data : state::trailer;
}

/// Gathers the trailer section, line by line, until its empty line.
size_t chunk_scanner::take_trailer(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size() && state_ == state::trailer) {
    const char c = bytes[at++];
    const bool after_cr =
      trailer_.size() > trailer_line_ && trailer_.back() == '\r';
    if (++line_bytes_ > trailer_bytes_max || after_cr != (c == '\n')
        || (is_control(c) && c != '\r' && c != '\n'))
      return fail();
    trailer_ += c;
    if (c == '\n')
      end_trailer_line();
  }
  return at;
}

void chunk_scanner::end_trailer_line() {
  const auto line = std::string_view{trailer_}.substr(trailer_line_);
  switch (
    judge_trailer(line.substr(0, line.size() - 2), rules_, underscores_)) {
  case trailer_verdict::end:
    state_ = state::done;
    break;
  case trailer_verdict::keep:
    break;
  case trailer_verdict::drop:
    trailer_.resize(trailer_line_);
    break;
  case trailer_verdict::bad:
    state_ = state::bad;
    break;
  }
  trailer_line_ = trailer_.size();
}

} // namespace troupe::net::http1
