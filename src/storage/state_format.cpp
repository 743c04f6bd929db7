// SPDX-License-Identifier: BSD-3-Clause
#include "storage/state_format.hpp"

#include <boost/crc.hpp>

namespace troupe::storage {

namespace {

constexpr std::string_view magic = "troupe1\n";
constexpr size_t format_at = magic.size();
constexpr size_t length_at = format_at + 4;
constexpr size_t crc_at = length_at + 8;
static_assert(crc_at + 4 == state_header_size);

void append_integer(std::string& to, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i)
    to += static_cast<char>(value >> (8 * i) & 0xFF);
}

uint64_t integer_at(std::string_view from, size_t at, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i)
    value |= uint64_t{static_cast<uint8_t>(from[at + i])} << (8 * i);
  return value;
}

} // namespace

uint32_t crc32c(std::string_view first, std::string_view second) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> sum;
  sum.process_bytes(first.data(), first.size());
  sum.process_bytes(second.data(), second.size());
  return sum.checksum();
}

std::string state_header(uint32_t format, std::string_view content) {
  std::string result{magic};
  append_integer(result, format, 4);
  append_integer(result, content.size(), 8);
  append_integer(
    result, crc32c(std::string_view{result}.substr(format_at), content), 4);
  return result;
}

std::variant<state_frame, bad_frame> read_frame(std::string_view file) {
  if (file.size() < state_header_size)
    return bad_frame{"cut short: " + std::to_string(file.size())
                     + " bytes are no header"};
  if (!file.starts_with(magic))
    return bad_frame{"does not begin as a state file does"};
  const auto length = integer_at(file, length_at, 8);
  const auto content = file.substr(state_header_size);
  if (content.size() != length)
    return bad_frame{(content.size() < length ? "cut short: " : "too long: ")
                     + std::to_string(content.size()) + " of "
                     + std::to_string(length) + " bytes"};
  if (crc32c(file.substr(format_at, crc_at - format_at), content)
      != integer_at(file, crc_at, 4))
    return bad_frame{"the checksum is wrong"};
  return state_frame{static_cast<uint32_t>(integer_at(file, format_at, 4)),
                     content};
}

} // namespace troupe::storage
