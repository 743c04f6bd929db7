// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_text_scan
#include "caf_test.hpp"

#include "net/http1/text_scan.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

using namespace troupe::net::http1;

namespace {

constexpr size_t length_max = 64;

/// As the RFCs say it, without a table.
bool belongs(text_kind kind, unsigned c) {
  const bool visible = c > 0x20 && c < 0x7f;
  switch (kind) {
  case text_kind::token:
    return visible
        && std::string_view{"\"(),/:;<=>?@[\\]{}"}.find(static_cast<char>(c))
             == std::string_view::npos;
  case text_kind::word:
    return visible || c >= 0x80;
  case text_kind::target:
    return visible && c != '#';
  default:
    return visible || c >= 0x80 || c == ' ' || c == '\t';
  }
}

/// `length` bytes of this kind, all there are in turn.
template <text_kind Kind>
std::string sample(size_t length, unsigned from) {
  std::string result;
  for (unsigned c = from % 256; result.size() < length; c = (c + 1) % 256)
    if (belongs(Kind, c))
      result += static_cast<char>(c);
  return result;
}

template <text_kind Kind>
size_t skipped(std::string_view bytes) {
  const auto* first = bytes.data();
  const auto end =
    static_cast<size_t>(skip<Kind>(first, first, first + bytes.size()) - first);
  const auto plain =
    static_cast<size_t>(skip_bytes<Kind>(first, first + bytes.size()) - first);
  return end == plain ? end : std::string_view::npos;
}

/// Two readable pages between two that are not.
class fenced {
public:
  fenced() {
    auto* all = ::mmap(nullptr, 4 * page(), PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CAF_REQUIRE(all != MAP_FAILED);
    base_ = static_cast<char*>(all);
    CAF_REQUIRE(::mprotect(first(), 2 * page(), PROT_READ | PROT_WRITE) == 0);
  }
  ~fenced() { ::munmap(base_, 4 * page()); }
  fenced(const fenced&) = delete;
  fenced& operator=(const fenced&) = delete;

  char* first() const { return base_ + page(); }
  char* last() const { return base_ + 3 * page(); }

private:
  static size_t page() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }
  char* base_;
};

template <text_kind Kind>
void check_bytes() {
  for (unsigned c = 0; c < 256; ++c)
    CAF_CHECK_EQUAL(is_text<Kind>(static_cast<char>(c)), belongs(Kind, c));
  // Every byte once, and those next to a border everywhere.
  constexpr size_t every_byte = 21;
  for (size_t length = 1; length <= length_max; ++length) {
    const auto good = sample<Kind>(length, static_cast<unsigned>(length * 7));
    for (size_t at = 0; at < length; ++at) {
      auto bytes = good;
      for (unsigned c = 0; c < 256; ++c) {
        const bool border = belongs(Kind, c) != belongs(Kind, c + 1)
                         || (c > 0 && belongs(Kind, c) != belongs(Kind, c - 1));
        if (!border && length != every_byte)
          continue;
        bytes[at] = static_cast<char>(c);
        if (skipped<Kind>(bytes) != (belongs(Kind, c) ? length : at))
          CAF_FAIL("byte " << c << " at " << at << " of " << length);
      }
    }
  }
}

template <text_kind Kind>
void check_fences() {
  const fenced memory;
  for (size_t length = 0; length <= length_max; ++length) {
    for (unsigned from = 0; from < 256; from += 5) {
      const auto bytes = sample<Kind>(length, from);
      for (auto* at : {memory.first(), memory.last() - length}) {
        std::memcpy(at, bytes.data(), length);
        if (skipped<Kind>({at, length}) != length)
          CAF_FAIL("length " << length << " from " << from);
      }
    }
  }
}

/// A text that begins anywhere in the bytes that may be read, and ends at
/// their end or before.
template <text_kind Kind>
void check_places() {
  const fenced memory;
  for (size_t before = 0; before <= 2 * 16; ++before) {
    for (size_t length = 0; length <= length_max; ++length) {
      for (size_t stop = 0; stop <= length; ++stop) {
        auto* first = memory.last() - before - length;
        std::memset(first, '\0', before); // never to be taken for an end
        auto bytes = sample<Kind>(length, static_cast<unsigned>(stop));
        if (stop < length)
          bytes[stop] = '\r';
        std::memcpy(first + before, bytes.data(), length);
        const auto* at = first + before;
        if (skip<Kind>(first, at, memory.last()) != at + stop)
          CAF_FAIL("stop at " << stop << " of " << length);
      }
    }
  }
}

template <text_kind Kind>
void check_all() {
  check_bytes<Kind>();
  check_fences<Kind>();
  check_places<Kind>();
}

} // namespace

CAF_TEST(tokens end at every byte that is no tchar) {
  check_all<text_kind::token>();
}

CAF_TEST(targets end at blanks and controls first) {
  check_all<text_kind::word>();
  check_all<text_kind::target>();
}

CAF_TEST(values end at controls other than a tab) {
  check_all<text_kind::value>();
}
