// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The bytes of CAF 0.17's BASP, as far as links between nodes need them. Read
/// from `libcaf_io/src/io/basp/instance.cpp` of that version and held against
/// what CAF really writes by tests/actors/cluster/links.cpp.
namespace troupe::net::cluster {

enum class basp_operation : uint8_t {
  server_handshake = 0,
  client_handshake = 1,
  direct_message = 2,
  routed_message = 3,
  monitor_message = 4,
  down_message = 5,
  heartbeat = 6,
};

/// In front of every frame; integers in network order.
struct basp_header {
  static constexpr size_t size = 32;
  basp_operation operation{};
  uint16_t padding = 0;
  uint8_t flags = 0;
  uint32_t payload_bytes = 0;
  uint64_t data = 0; ///< BASP's version, or the id of a message
  uint64_t source_actor = 0;
  uint64_t dest_actor = 0;
  bool operator==(const basp_header&) const = default;
};

/// @pre `bytes` are as many as basp_header::size.
basp_header read_basp_header(std::string_view bytes) noexcept;
void append(std::string& out, const basp_header& header);

/// The identity of a node for CAF, as it is in frames: the tag of the random
/// kind and 24 bytes. The other kind, a URI of any length, is never used here.
struct basp_node {
  static constexpr size_t size = 32;
  std::array<char, size> bytes{};

  std::string_view view() const noexcept { return {bytes.data(), size}; }
  bool operator==(const basp_node&) const = default;

  /// @returns nothing unless `bytes` begins with a node of the random kind.
  static std::optional<basp_node> read(std::string_view bytes) noexcept;
  /// A unique one.
  static basp_node random();
};

inline constexpr uint8_t basp_named_receiver = 0x01; ///< a flag
inline constexpr uint64_t basp_version = 3;
inline constexpr uint64_t basp_plain_message = 0x1000000000000000;
inline constexpr std::string_view basp_application = "troupe-1";
inline constexpr std::string_view peer_message_type = "troupe::peer_message";

/// Length of a frame's payload that a guard lets pass.
inline constexpr size_t basp_payload_max = 2U << 20;
/// Longest body of a peer_message that fits.
inline constexpr size_t peer_body_max = basp_payload_max - 64;

/// The payload of a server handshake with this actor.
std::string server_handshake_payload(const basp_node& node, uint64_t actor);

/// Whether a direct message's payload is exactly one peer_message.
bool is_peer_message(std::string_view payload) noexcept;

/// A direct message's payload that is one.
std::string peer_message_payload(uint16_t kind, uint16_t version,
                                 std::string_view body);

} // namespace troupe::net::cluster
