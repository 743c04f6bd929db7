// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "pattern.hpp"

#include <boost/algorithm/string/predicate.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Requests as the test server reads them: plainly, and strict only where a
/// test could otherwise pass by accident.
namespace test_server {

/// Reads a whole number; nothing else may stand around it.
inline std::optional<uint64_t> to_number(std::string_view text, int base = 10) {
  uint64_t value = 0;
  auto [end, error] =
    std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

inline std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct field {
  std::string name;
  std::string value;
};

struct request {
  std::string method;
  std::string target;
  std::string version;
  std::vector<field> fields;
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool expects_continue = false;
  bool keep_alive = true;

  std::string_view path() const {
    return std::string_view(target).substr(0, target.find('?'));
  }
  /// The value of `name` in the query, as received.
  std::optional<std::string_view> query(std::string_view name) const {
    auto begin = target.find('?');
    while (begin != std::string::npos) {
      auto end = target.find('&', begin + 1);
      auto item = std::string_view(target).substr(
        begin + 1, end == std::string::npos ? end : end - begin - 1);
      auto equals = item.find('=');
      if (item.substr(0, equals) == name)
        return equals == item.npos ? "" : item.substr(equals + 1);
      begin = end;
    }
    return std::nullopt;
  }
  uint64_t number(std::string_view name, uint64_t otherwise) const {
    auto text = query(name);
    return text ? to_number(*text).value_or(otherwise) : otherwise;
  }
  /// "/bytes/10/x" has the segments "bytes", "10", "x".
  std::string_view segment(size_t index) const {
    auto rest = path();
    for (; !rest.empty(); --index) {
      rest.remove_prefix(1);
      auto end = std::min(rest.find('/'), rest.size());
      if (index == 0)
        return rest.substr(0, end);
      rest.remove_prefix(end);
    }
    return {};
  }
  uint64_t number_at(size_t index, uint64_t otherwise) const {
    return to_number(segment(index)).value_or(otherwise);
  }
};

namespace detail {

inline bool note_field(request& head, field& line) {
  using boost::algorithm::icontains;
  using boost::algorithm::iequals;
  if (iequals(line.name, "content-length")) {
    auto length = to_number(line.value);
    if (!length || head.content_length)
      return false;
    head.content_length = length;
  } else if (iequals(line.name, "transfer-encoding")) {
    if (!iequals(line.value, "chunked"))
      return false;
    head.chunked = true;
  } else if (iequals(line.name, "connection")) {
    if (icontains(line.value, "close"))
      head.keep_alive = false;
    else if (icontains(line.value, "keep-alive"))
      head.keep_alive = true;
  } else if (iequals(line.name, "expect")) {
    head.expects_continue = iequals(line.value, "100-continue");
  }
  return true;
}

} // namespace detail

/// Reads one head, given without its empty line.
inline std::optional<request> parse_head(std::string_view text) {
  request head;
  auto end = text.find("\r\n");
  auto line = text.substr(0, end);
  auto first = line.find(' ');
  auto last = line.rfind(' ');
  if (first == line.npos || first == last)
    return std::nullopt;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  head.version = line.substr(last + 1);
  head.keep_alive = head.version != "HTTP/1.0";
  while (end != text.npos) {
    auto begin = end + 2;
    end = text.find("\r\n", begin);
    line = text.substr(begin, end == text.npos ? end : end - begin);
    auto colon = line.find(':');
    if (colon == line.npos)
      return std::nullopt;
    auto& added = head.fields.emplace_back(
      field{std::string(line.substr(0, colon)),
            std::string(trimmed(line.substr(colon + 1)))});
    if (!detail::note_field(head, added))
      return std::nullopt;
  }
  if (head.chunked && head.content_length)
    return std::nullopt;
  return head;
}

/// Takes a body off the stream piece by piece; keeps its digest, its trailers
/// and its first bytes, never the whole.
class body_reader {
public:
  enum class status : uint8_t { more, done, bad };

  void start(const request& head) {
    *this = {};
    chunked_ = head.chunked;
    left_ = head.content_length.value_or(0);
    if (!chunked_ && left_ == 0)
      status_ = status::done;
  }

  /// @returns bytes taken; a line of the chunked coding is taken whole or not.
  size_t feed(std::string_view bytes) {
    size_t taken = 0;
    while (status_ == status::more && taken < bytes.size()) {
      auto rest = bytes.substr(taken);
      auto step = left_ > 0 ? take_data(rest) : take_line(rest);
      if (step == 0)
        break;
      taken += step;
    }
    return taken;
  }

  status state() const { return status_; }
  const digest& sum() const { return sum_; }
  const std::string& beginning() const { return beginning_; }
  const std::vector<std::string>& trailers() const { return trailers_; }

private:
  size_t take_data(std::string_view bytes) {
    auto piece = bytes.substr(0, left_);
    sum_.add(piece);
    beginning_.append(piece.substr(0, beginning_max - beginning_.size()));
    left_ -= piece.size();
    if (left_ == 0) {
      if (chunked_)
        expect_ = expect::line_end;
      else
        status_ = status::done;
    }
    return piece.size();
  }

  size_t take_line(std::string_view bytes) {
    auto end = bytes.find("\r\n");
    if (end == bytes.npos)
      return 0;
    on_line(bytes.substr(0, end));
    return end + 2;
  }

  void on_line(std::string_view line) {
    switch (expect_) {
    case expect::line_end:
      if (!line.empty())
        status_ = status::bad;
      expect_ = expect::size;
      break;
    case expect::size: {
      auto size = to_number(line.substr(0, line.find(';')), 16);
      if (!size)
        status_ = status::bad;
      else if (*size == 0)
        expect_ = expect::trailer;
      else
        left_ = *size;
      break;
    }
    case expect::trailer:
      if (line.empty())
        status_ = status::done;
      else
        trailers_.emplace_back(line);
      break;
    }
  }

  static constexpr size_t beginning_max = 64;
  enum class expect : uint8_t { size, line_end, trailer };
  bool chunked_ = false;
  expect expect_ = expect::size;
  status status_ = status::more;
  uint64_t left_ = 0;
  digest sum_;
  std::string beginning_;
  std::vector<std::string> trailers_;
};

} // namespace test_server
