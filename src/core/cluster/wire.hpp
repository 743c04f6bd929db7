// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// How bodies of messages between nodes and files in `state_dir` are written.
/// Fields are only ever appended: a reader takes the fields it knows and
/// ignores what follows; a writer of an older version leaves the new ones out,
/// so each later field is read with `at_end()` asked first (rule 18).
namespace troupe::cluster {

/// Appends fields to a string. Integers: LEB128 (7 bits a byte, lowest first).
/// Strings: length, then bytes.
class wire_writer {
public:
  void u64(uint64_t x);
  void boolean(bool x) { u64(x ? 1 : 0); }
  void string(std::string_view x);
  const std::string& bytes() const noexcept { return bytes_; }
  std::string take() noexcept { return std::move(bytes_); }

private:
  std::string bytes_;
};

/// Reads fields of hostile bytes: the first that is cut short, too long or out
/// of range makes `ok()` false for ever and every later field 0 or empty.
/// Never allocates more than the bytes that are there.
class wire_reader {
public:
  explicit wire_reader(std::string_view bytes) noexcept : rest_(bytes) {}
  uint64_t u64();
  /// An integer that must not exceed `max`: enums, counts.
  uint64_t u64_up_to(uint64_t max);
  bool boolean() { return u64_up_to(1) != 0; }
  std::string_view string();
  bool at_end() const noexcept { return rest_.empty(); }
  bool ok() const noexcept { return ok_; }
  void fail() noexcept;

private:
  std::string_view rest_;
  bool ok_ = true;
};

} // namespace troupe::cluster
