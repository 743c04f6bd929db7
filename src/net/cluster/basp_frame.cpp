// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/basp_frame.hpp"

#include <algorithm>
#include <random>

namespace troupe::net::cluster {

namespace {

uint64_t read_integer(std::string_view bytes) noexcept {
  uint64_t result = 0;
  for (const char c : bytes)
    result = result << 8 | static_cast<uint8_t>(c);
  return result;
}

void append_integer(std::string& out, uint64_t x, size_t bytes) {
  while (bytes > 0)
    out += static_cast<char>(x >> 8 * --bytes);
}

void append_length(std::string& out, size_t x) {
  for (; x > 0x7f; x >>= 7)
    out += static_cast<char>(x | 0x80);
  out += static_cast<char>(x);
}

/// CAF's atom("default"): six bits a character.
constexpr std::string_view random_kind{"\x00\x00\x3e\x9a\xab\x9b\xac\x79", 8};

/// Of a payload that is one peer_message, all that comes before its fields: no
/// stages, no type number, and the list of the types' names.
const std::string& peer_message_start() {
  static const std::string start = [] {
    std::string list = "@<>+";
    list += peer_message_type;
    std::string result(3, '\0');
    append_length(result, list.size());
    return result + list;
  }();
  return start;
}

} // namespace

basp_header read_basp_header(std::string_view bytes) noexcept {
  basp_header result;
  result.operation = static_cast<basp_operation>(bytes[0]);
  result.padding = static_cast<uint16_t>(read_integer(bytes.substr(1, 2)));
  result.flags = static_cast<uint8_t>(bytes[3]);
  result.payload_bytes =
    static_cast<uint32_t>(read_integer(bytes.substr(4, 4)));
  result.data = read_integer(bytes.substr(8, 8));
  result.source_actor = read_integer(bytes.substr(16, 8));
  result.dest_actor = read_integer(bytes.substr(24, 8));
  return result;
}

void append(std::string& out, const basp_header& header) {
  append_integer(out, static_cast<uint8_t>(header.operation), 1);
  append_integer(out, header.padding, 2);
  append_integer(out, header.flags, 1);
  append_integer(out, header.payload_bytes, 4);
  append_integer(out, header.data, 8);
  append_integer(out, header.source_actor, 8);
  append_integer(out, header.dest_actor, 8);
}

std::optional<basp_node> basp_node::read(std::string_view bytes) noexcept {
  if (bytes.size() < size || bytes.substr(0, random_kind.size()) != random_kind)
    return std::nullopt;
  basp_node result;
  std::copy_n(bytes.begin(), size, result.bytes.begin());
  return result;
}

basp_node basp_node::random() {
  basp_node result;
  auto at =
    std::copy(random_kind.begin(), random_kind.end(), result.bytes.begin());
  std::random_device source;
  for (; at != result.bytes.end(); ++at)
    *at = static_cast<char>(source());
  return result;
}

std::string server_handshake_payload(const basp_node& node, uint64_t actor) {
  std::string result{node.view()};
  append_length(result, 1); // applications
  append_length(result, basp_application.size());
  result += basp_application;
  append_integer(result, actor, 8);
  append_length(result, 0); // no list of what the actor understands
  return result;
}

bool is_peer_message(std::string_view payload) noexcept {
  const std::string_view start = peer_message_start();
  if (payload.substr(0, start.size()) != start)
    return false;
  payload.remove_prefix(start.size());
  if (payload.size() < 5) // kind, version and the body's length
    return false;
  payload.remove_prefix(4);
  size_t length = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (payload.empty() || shift > 28)
      return false;
    const auto byte = static_cast<uint8_t>(payload.front());
    payload.remove_prefix(1);
    length |= size_t{byte & 0x7fU} << shift;
    if (byte < 0x80)
      return length == payload.size();
  }
}

std::string peer_message_payload(uint16_t kind, uint16_t version,
                                 std::string_view body) {
  std::string result = peer_message_start();
  append_integer(result, kind, 2);
  append_integer(result, version, 2);
  append_length(result, body.size());
  result += body;
  return result;
}

} // namespace troupe::net::cluster
