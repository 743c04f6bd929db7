// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/head_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

/// Boost.Beast's parser of heads, byte by byte and written by others: what the
/// codec's own reader of heads has to agree with.
namespace troupe::net::http1 {

/// What a reader made of the bytes at the start of a head.
struct reading {
  head_fault fault = head_fault::none;
  std::string_view method_or_reason;
  std::string_view target;
  unsigned version_minor = 1;
  unsigned status = 0;
  size_t size = 0;
  uint32_t field_count = 0;
  std::array<field, fields_max> fields{};
  /// Beast also looks at what framing fields say; the reader does not.
  bool by_meaning = false;
};

template <bool IsRequest>
class beast_reader final : public boost::beast::http::basic_parser<IsRequest> {
public:
  using error_code = boost::beast::error_code;
  using beast_view = boost::beast::string_view;
  using error = boost::beast::http::error;

  beast_reader(size_t limit, reading& out) : limit_(limit), out_(out) {
    this->eager(false);
    this->header_limit(std::numeric_limits<uint32_t>::max());
    this->body_limit(boost::none);
  }

  void read(std::string_view bytes) {
    bytes_ = bytes;
    error_code ec;
    out_.size = this->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
    out_.fault = fault_of(ec);
  }

private:
  static std::string_view view(beast_view text) noexcept {
    return {text.data(), text.size()};
  }

  head_fault fault_of(error_code ec) {
    if (!ec)
      return head_fault::none;
    if (ec == error::need_more)
      return head_fault::need_more;
    if (special_ != head_fault::none)
      return special_;
    if (ec == error::bad_method)
      return head_fault::method;
    if (ec == error::bad_target)
      return head_fault::target;
    if (ec == error::bad_version)
      return head_fault::version;
    if (ec == error::bad_status)
      return head_fault::status;
    if (ec == error::bad_reason)
      return head_fault::reason;
    if (ec == error::bad_line_ending)
      return head_fault::line_end;
    if (ec == error::bad_field)
      return head_fault::name;
    if (ec == error::header_limit) // a fold longer than Beast's buffer for it
      return head_fault::folded;
    out_.by_meaning = ec != error::bad_value || is_text_line();
    return head_fault::value;
  }

  /// Whether nothing but the meaning of the line it stopped at can be wrong.
  bool is_text_line() const {
    const auto line = bytes_.substr(out_.size);
    const auto end = std::find_if(line.begin(), line.end(), [](auto c) {
      return !is_text<text_kind::value>(c);
    });
    return line.substr(static_cast<size_t>(end - line.begin()), 2) == "\r\n";
  }

  void on_request_impl(boost::beast::http::verb, beast_view method,
                       beast_view target, int version, error_code&) override {
    out_.method_or_reason = view(method);
    out_.target = view(target);
    out_.version_minor = version == 11 ? 1 : 0;
  }

  void on_response_impl(int status, beast_view reason, int version,
                        error_code&) override {
    out_.status = static_cast<unsigned>(status);
    out_.method_or_reason = view(reason);
    out_.version_minor = version == 11 ? 1 : 0;
  }

  void on_field_impl(boost::beast::http::field, beast_view name,
                     beast_view value, error_code& ec) override {
    if (out_.field_count == limit_) {
      special_ = head_fault::too_many_fields;
      ec = error::header_limit;
    } else if (is_folded(view(name), view(value))) {
      special_ = head_fault::folded;
      ec = error::bad_value;
    } else {
      auto& line = out_.fields[out_.field_count++];
      line.name = view(name);
      line.value = view(value);
    }
  }

  /// A fold leaves the value in Beast's own buffer, or a line end between the
  /// colon and the value.
  bool is_folded(std::string_view name, std::string_view value) const noexcept {
    const char* from = name.data() + name.size() + 1;
    const char* end = bytes_.data() + bytes_.size();
    if (std::less<>{}(value.data(), from) || std::less<>{}(end, value.data()))
      return true;
    for (; from != value.data(); ++from)
      if (*from != ' ' && *from != '\t')
        return true;
    return false;
  }

  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&,
                         error_code&) override {}
  std::size_t on_body_impl(beast_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast_view,
                                 error_code&) override {
    return 0;
  }
  void on_finish_impl(error_code&) override {}

  const size_t limit_;
  reading& out_;
  std::string_view bytes_;
  head_fault special_ = head_fault::none;
};

inline void read_as_beast(std::string_view bytes, bool request, size_t limit,
                          reading& out) {
  if (request)
    beast_reader<true>{limit, out}.read(bytes);
  else
    beast_reader<false>{limit, out}.read(bytes);
}

inline void read_as_codec(std::string_view bytes, bool request, size_t limit,
                          reading& out) {
  head_reader reader{bytes};
  bool has_reason = true;
  out.fault = request
              ? reader.read_request_line(out.method_or_reason, out.target,
                                         out.version_minor)
              : reader.read_status_line(out.version_minor, out.status,
                                        out.method_or_reason, has_reason);
  if (out.fault == head_fault::none)
    out.fault =
      reader.read_fields(std::span{out.fields}.first(limit), out.field_count);
  out.size = reader.used();
}

/// Refused sooner is as good: Beast reads a fold to its end, and two bytes
/// behind the version before it looks at the first.
inline bool same_fault(head_fault mine, head_fault theirs) {
  if (mine == theirs)
    return true;
  if (mine == head_fault::folded)
    return theirs != head_fault::none;
  return mine == head_fault::too_many_fields
         ? theirs != head_fault::none
         : mine == head_fault::version && theirs == head_fault::need_more;
}

/// @param limit Fields that a head may have.
/// @returns how the codec reads a head otherwise than Beast, or "".
inline std::string head_difference(std::string_view bytes, bool request,
                                   size_t limit = fields_max) {
  static thread_local reading mine;
  static thread_local reading theirs;
  for (auto* result : {&mine, &theirs}) {
    result->method_or_reason = result->target = {};
    result->field_count = 0;
    result->by_meaning = false;
  }
  read_as_codec(bytes, request, limit, mine);
  // "HTTP/1.1 200\r\n" is an error to Beast, which insists on a space.
  constexpr size_t status_end = 12;
  std::string spaced;
  if (!request && bytes.size() > status_end && bytes[status_end] == '\r') {
    spaced.assign(bytes).insert(status_end, 1, ' ');
    bytes = spaced;
    ++mine.size;
  }
  read_as_beast(bytes, request, limit, theirs);
  if (theirs.by_meaning) // what lies behind it Beast does not read
    return mine.field_count < theirs.field_count ? "fewer fields" : "";
  if (!same_fault(mine.fault, theirs.fault))
    return "fault " + std::to_string(static_cast<int>(mine.fault)) + " and not "
         + std::to_string(static_cast<int>(theirs.fault));
  if (mine.field_count != theirs.field_count)
    return "another number of fields";
  for (uint32_t i = 0; i < mine.field_count; ++i)
    if (mine.fields[i].name != theirs.fields[i].name
        || mine.fields[i].value != theirs.fields[i].value)
      return "another field " + std::string{mine.fields[i].name};
  if (mine.fault != head_fault::none)
    return {};
  if (mine.size != theirs.size)
    return "another end";
  if (mine.version_minor != theirs.version_minor
      || mine.method_or_reason != theirs.method_or_reason
      || mine.target != theirs.target
      || (!request && mine.status != theirs.status))
    return "another first line";
  return {};
}

} // namespace troupe::net::http1
