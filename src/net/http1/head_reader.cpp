// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/head_reader.hpp"

#include "net/http1/fields.hpp"

namespace troupe::net::http1 {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

} // namespace

std::string_view describe(head_fault x) noexcept {
  switch (x) {
  case head_fault::method:
    return "invalid method";
  case head_fault::target:
    return "invalid target";
  case head_fault::version:
    return "malformed version";
  case head_fault::status:
    return "malformed status";
  case head_fault::reason:
    return "invalid reason";
  case head_fault::line_end:
    return "bare CR";
  case head_fault::name:
    return "invalid field name";
  case head_fault::folded:
    return "folded field";
  case head_fault::too_many_fields:
    return "too many fields";
  default:
    return "invalid field value";
  }
}

template <text_kind Kind>
[[gnu::always_inline]] inline std::string_view head_reader::take() noexcept {
  const auto* begin = at_;
  at_ = skip<Kind>(first_, begin, last_);
  return {begin, static_cast<size_t>(at_ - begin)};
}

/// Judged when all of it is there.
head_fault head_reader::take_version(unsigned& version_minor) noexcept {
  constexpr std::string_view newest = "HTTP/1.1";
  if (left() < newest.size())
    return head_fault::need_more;
  const std::string_view version{at_, newest.size()};
  version_minor = version == newest ? 1 : 0;
  if (version_minor == 0 && version != "HTTP/1.0")
    return head_fault::version;
  at_ += newest.size();
  return head_fault::none;
}

/// A line end, or `otherwise` when something else is there.
[[gnu::always_inline]] inline head_fault
head_reader::take_line_end(head_fault otherwise) noexcept {
  if (left() >= 2 && at_[0] == '\r' && at_[1] == '\n') {
    at_ += 2;
    return head_fault::none;
  }
  if (left() == 0 || (left() == 1 && *at_ == '\r'))
    return head_fault::need_more;
  return *at_ == '\r' ? head_fault::line_end : otherwise;
}

head_fault head_reader::read_request_line(std::string_view& method,
                                          std::string_view& target,
                                          unsigned& version_minor) noexcept {
  const auto first_word = take<text_kind::token>();
  if (left() == 0)
    return head_fault::need_more;
  if (*at_ != ' ' || first_word.empty())
    return head_fault::method;
  ++at_;
  const auto second_word = take<text_kind::word>();
  if (left() == 0)
    return head_fault::need_more;
  if (*at_ != ' ' || second_word.empty())
    return head_fault::target;
  ++at_;
  auto fault = take_version(version_minor);
  if (fault == head_fault::none)
    fault = take_line_end(head_fault::version);
  if (fault == head_fault::none) {
    method = first_word;
    target = second_word;
  }
  return fault == head_fault::line_end ? head_fault::version : fault;
}

head_fault head_reader::read_status_line(unsigned& version_minor,
                                         unsigned& status,
                                         std::string_view& reason,
                                         bool& has_reason) noexcept {
  if (const auto fault = take_version(version_minor); fault != head_fault::none)
    return fault;
  if (left() == 0)
    return head_fault::need_more;
  if (*at_ != ' ')
    return head_fault::version;
  ++at_;
  if (left() < 4)
    return head_fault::need_more;
  if (!is_digit(at_[0]) || !is_digit(at_[1]) || !is_digit(at_[2]))
    return head_fault::status;
  status = static_cast<unsigned>((at_[0] - '0') * 100 + (at_[1] - '0') * 10
                                 + (at_[2] - '0'));
  at_ += 3;
  has_reason = *at_ == ' ';
  if (!has_reason)
    return take_line_end(head_fault::status);
  ++at_;
  reason = take<text_kind::value>();
  return take_line_end(head_fault::reason);
}

[[gnu::always_inline]] inline head_fault
head_reader::take_field(std::string_view& name,
                        std::string_view& value) noexcept {
  name = take<text_kind::token>();
  if (left() == 0)
    return head_fault::need_more;
  if (*at_ != ':' || name.empty())
    return head_fault::name;
  do
    ++at_;
  while (at_ != last_ && is_blank(*at_));
  value = take<text_kind::value>();
  while (!value.empty() && is_blank(value.back()))
    value.remove_suffix(1);
  return take_line_end(head_fault::value);
}

head_fault head_reader::read_fields(std::span<field> fields,
                                    uint32_t& count) noexcept {
  // A copy stays in registers: nothing else can point to it.
  auto reader = *this;
  auto* next = fields.data();
  const auto fault = reader.read_lines(next, next + fields.size());
  at_ = reader.at_;
  count = static_cast<uint32_t>(next - fields.data());
  return fault;
}

[[gnu::always_inline]] inline head_fault
head_reader::read_lines(field*& next, const field* end) noexcept {
  for (;;) {
    if (left() < 2)
      return head_fault::need_more;
    if (*at_ == '\r')
      return take_line_end(head_fault::line_end);
    std::string_view name;
    std::string_view value;
    if (const auto fault = take_field(name, value); fault != head_fault::none)
      return fault;
    if (left() == 0) // the next byte may go on with this line
      return head_fault::need_more;
    if (next == end)
      return head_fault::too_many_fields;
    if (is_blank(*at_))
      return head_fault::folded;
    const auto known = lookup(name);
    *next++ = {name, value, known, is_hop_by_hop(known)};
  }
}

head_tail tail_of_fields(std::string_view bytes) noexcept {
  const auto line = bytes.substr(bytes.rfind('\n') + 1);
  if (line.size() < 2 || line.back() == '\r') // not looked at so far
    return head_tail::none;
  return line.find(':') == line.npos ? head_tail::name : head_tail::value;
}

bool stays_incomplete(head_tail tail, std::string_view more, size_t size,
                      const head_limits& limits) noexcept {
  if (size >= limits.bytes_max)
    return false;
  switch (tail) {
  case head_tail::target: // what precedes it is as good as a part of it
    return size <= limits.target_max && is_all<text_kind::word>(more);
  case head_tail::name:
    return is_all<text_kind::token>(more);
  case head_tail::value:
    return is_all<text_kind::value>(more);
  default:
    return false;
  }
}

} // namespace troupe::net::http1
