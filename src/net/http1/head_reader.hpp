// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/fields.hpp"
#include "net/http1/head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <functional>
#include <limits>
#include <optional>

namespace troupe::net::http1 {

/// Boost.Beast's parser, made to record views of the received bytes and to
/// stop at the end of the head. Beast accepts folded fields, repeated and
/// listed Content-Lengths and more: this class refuses the folds, which only
/// the raw bytes show; the rest is checked on what it recorded.
template <bool IsRequest>
class head_reader : public boost::beast::http::basic_parser<IsRequest> {
public:
  using error_code = boost::beast::error_code;
  using beast_view = boost::beast::string_view;
  using beast_error = boost::beast::http::error;

  /// Feeds `bytes` and adds the bytes used to `used`.
  error_code read(std::string_view bytes, size_t& used) noexcept {
    bytes_ = bytes;
    error_code ec;
    used += this->put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
    return ec;
  }

  bool too_many_fields() const noexcept { return too_many_fields_; }
  bool folded() const noexcept { return folded_; }
  bool start_line_done() const noexcept { return start_line_done_; }

protected:
  head_reader(std::span<field> fields, uint32_t& count) noexcept
    : fields_(fields), count_(count) {
    // The caller bounds the bytes; Beast's own limits only get in the way.
    this->eager(false);
    this->header_limit(std::numeric_limits<uint32_t>::max());
    this->body_limit(boost::none);
  }

  static std::string_view view(beast_view text) noexcept {
    return {text.data(), text.size()};
  }

  void start_line_done(bool value) noexcept { start_line_done_ = value; }

private:
  void on_request_impl(boost::beast::http::verb, beast_view, beast_view, int,
                       error_code&) override {}
  void on_response_impl(int, beast_view, int, error_code&) override {}

  void on_field_impl(boost::beast::http::field, beast_view name,
                     beast_view value, error_code& ec) override {
    if (count_ == fields_.size()) {
      too_many_fields_ = true;
      ec = beast_error::header_limit;
      return;
    }
    if (is_folded(view(name), view(value))) {
      folded_ = true;
      ec = beast_error::bad_value;
      return;
    }
    fields_[count_++] = {view(name), view(value), lookup(view(name)), false};
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

  std::string_view bytes_;
  std::span<field> fields_;
  uint32_t& count_;
  bool too_many_fields_ = false;
  bool folded_ = false;
  bool start_line_done_ = false;
};

/// Reads a Content-Length: digits only, at most 2^63 - 1. Leading zeros are
/// accepted, since every reading of them that is not ours stops at this hop:
/// the value is written anew.
inline std::optional<uint64_t> parse_length(std::string_view text) noexcept {
  if (text.empty() || text.size() > 20)
    return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    constexpr uint64_t max = std::numeric_limits<int64_t>::max();
    if (value > (max - digit) / 10)
      return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

} // namespace troupe::net::http1
