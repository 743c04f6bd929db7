// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/path_readings.hpp"

#include <array>
#include <cstdint>

namespace troupe::routing {

namespace {

/// What a character is in a path (RFC 3986 sections 2 and 3.3).
enum class path_char : uint8_t {
  foreign,    ///< may only stand there percent-encoded
  unreserved, ///< means the same encoded or not
  reserved,   ///< pchar, but may mean something else when it is encoded
  slash,
  percent,
};

constexpr auto path_chars = [] {
  using enum path_char;
  std::array<path_char, 256> table{};
  for (int c = '0'; c <= '9'; ++c)
    table[c] = unreserved;
  for (int c = 'a'; c <= 'z'; ++c)
    table[c] = table[c - 'a' + 'A'] = unreserved;
  for (const unsigned char c : std::string_view{"-._~"})
    table[c] = unreserved;
  for (const unsigned char c : std::string_view{"!$&'()*+,;=:@"})
    table[c] = reserved;
  table['/'] = slash;
  table['%'] = percent;
  return table;
}();

path_char kind_of(char c) noexcept {
  return path_chars[static_cast<unsigned char>(c)];
}

constexpr auto hex_values = [] {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 10; ++i)
    table['0' + i] = static_cast<int8_t>(i);
  for (int i = 0; i < 6; ++i)
    table['a' + i] = table['A' + i] = static_cast<int8_t>(10 + i);
  return table;
}();

/// The byte of the triplet "%XX" at `text`, or -1.
int triplet(const char* text) noexcept {
  if (text[0] != '%')
    return -1;
  const int high = hex_values[static_cast<unsigned char>(text[1])];
  const int low = hex_values[static_cast<unsigned char>(text[2])];
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Whether a lenient server's decoding of this byte could change what a path
/// means. The others look the same to every reader when they are encoded.
bool is_decoded_in_b(int byte) noexcept {
  return byte == 0 || byte == '\\'
      || path_chars[static_cast<size_t>(byte)] != path_char::foreign;
}

/// Both readings are the path itself: pchar without `%` and `;`, no empty
/// segment, and none that begins with a dot. One pass over almost every path.
bool is_plain(std::string_view path) noexcept {
  bool begins = false; // a segment
  for (const char c : path) {
    const auto kind = kind_of(c);
    if (kind == path_char::unreserved) {
      if (begins && c == '.')
        return false;
      begins = false;
    } else if (kind == path_char::slash) {
      if (begins)
        return false;
      begins = true;
    } else if (kind == path_char::reserved && c != ';') {
      begins = false;
    } else {
      return false;
    }
  }
  return true;
}

/// Writes a path segment by segment: merges empty ones, removes dot segments,
/// encodes. Never more than three bytes for one that it is given.
class path_writer {
public:
  explicit path_writer(char* out) noexcept : out_(out) { out_[size_++] = '/'; }

  void put(char c) noexcept {
    switch (kind_of(c)) {
    case path_char::slash:
      return end_segment();
    case path_char::foreign:
    case path_char::percent:
      return put_encoded(static_cast<unsigned char>(c));
    default:
      out_[size_++] = c;
    }
  }

  void put_encoded(int byte) noexcept {
    constexpr std::string_view digits = "0123456789ABCDEF";
    out_[size_++] = '%';
    out_[size_++] = digits[static_cast<size_t>(byte >> 4)];
    out_[size_++] = digits[static_cast<size_t>(byte & 15)];
  }

  /// Nothing may be put after this.
  std::string_view finish() noexcept {
    remove_dots();
    return {out_, size_};
  }

private:
  void end_segment() noexcept {
    if (!remove_dots() && size_ != segment_)
      out_[size_++] = '/';
    segment_ = size_;
  }

  /// Of `..` also the segment before it.
  bool remove_dots() noexcept {
    const std::string_view segment{out_ + segment_, size_ - segment_};
    if (segment != "." && segment != "..")
      return false;
    const bool up = segment.size() == 2;
    size_ = segment_;
    if (up && size_ > 1)
      do
        --size_;
      while (out_[size_ - 1] != '/');
    return true;
  }

  char* out_;
  size_t size_ = 0;
  size_t segment_ = 1; ///< where the last one begins, behind its slash
};

std::string_view read_a(std::string_view path, char* out) noexcept {
  path_writer writer{out};
  for (size_t i = 1; i < path.size(); ++i) {
    const int byte = path.size() - i > 2 ? triplet(path.data() + i) : -1;
    if (byte < 0) {
      writer.put(path[i]);
      continue;
    }
    if (path_chars[static_cast<size_t>(byte)] == path_char::unreserved)
      writer.put(static_cast<char>(byte));
    else
      writer.put_encoded(byte);
    i += 2;
  }
  return writer.finish();
}

/// Decodes until nothing is left to decode: what a triplet became is at once
/// looked at as the end of another one. `%25%32%66` is `%2f`, and that is `/`.
/// Passes over the whole text would take the square of its length.
std::string_view decode_all(std::string_view path, char* out) noexcept {
  size_t size = 0;
  for (const char c : path) {
    out[size++] = c;
    while (size > 2) {
      const int byte = triplet(out + size - 3);
      if (byte < 0 || !is_decoded_in_b(byte))
        break;
      size -= 3;
      out[size++] = static_cast<char>(byte);
    }
  }
  return {out, size};
}

/// @param out Three times the bytes of `path`. The decoded text lies in its
/// last third, and what is written never overtakes what is still to be read.
std::string_view read_b(std::string_view path, char* out) noexcept {
  const auto text = decode_all(path, out + 2 * path.size());
  path_writer writer{out};
  bool hidden = false;
  for (size_t i = 1; i < text.size() && text[i] != '\0'; ++i) {
    const char c = text[i] == '\\' ? '/' : text[i];
    hidden = c != '/' && (hidden || c == ';');
    if (hidden)
      continue;
    const int byte = text.size() - i > 2 ? triplet(text.data() + i) : -1;
    if (byte < 0) {
      writer.put(c);
      continue;
    }
    writer.put_encoded(byte);
    i += 2;
  }
  return writer.finish();
}

} // namespace

std::optional<path_readings> read_path(std::string_view path,
                                       std::span<char> buffer) noexcept {
  if (path.empty() || path.front() != '/' || is_plain(path))
    return path_readings{path, path};
  if (buffer.size() < readings_bytes(path.size()))
    return std::nullopt;
  return path_readings{read_a(path, buffer.data()),
                       read_b(path, buffer.data() + 3 * path.size())};
}

written_path check_written_path(std::string_view path) {
  std::string buffer(readings_bytes(path.size()), '\0');
  const auto readings = *read_path(path, buffer);
  const bool begins_well = path == "*" || (!path.empty() && path[0] == '/');
  return {begins_well && readings.a == path && readings.b == path,
          std::string{readings.a}, std::string{readings.b}};
}

} // namespace troupe::routing
