// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cassert>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace troupe::net::http1 {

/// Appends to a buffer that the caller made large enough.
class head_writer {
public:
  explicit head_writer(std::span<char> out) noexcept
    : begin_(out.data()), at_(out.data()), end_(out.data() + out.size()) {}

  /// Inline by force: most texts are literals, whose copy is one instruction.
  [[gnu::always_inline]] void put(std::string_view text) noexcept {
    assert(text.size() <= static_cast<size_t>(end_ - at_));
    if (!text.empty())
      std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  template <class... Texts>
  [[gnu::always_inline]] void put(std::string_view text, Texts... more) {
    put(text);
    (put(std::string_view{more}), ...);
  }

  [[gnu::always_inline]] void line(std::string_view name,
                                   std::string_view value) noexcept {
    put(name, ": ", value, "\r\n");
  }

  void line(std::string_view name, uint64_t value) noexcept {
    std::array<char, 20> digits;
    const auto* end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    line(name, {digits.data(), static_cast<size_t>(end - digits.data())});
  }

  size_t size() const noexcept { return static_cast<size_t>(at_ - begin_); }

private:
  char* begin_;
  char* at_;
  char* end_;
};

} // namespace troupe::net::http1
