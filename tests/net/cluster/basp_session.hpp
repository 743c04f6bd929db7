// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/cluster/basp_guard.hpp"

#include <algorithm>
#include <string>

/// Frames as a peer may send them, and the two ends they are sent between.
namespace troupe::net::cluster {

inline basp_node node_named(char name) {
  static const auto any = basp_node::random();
  auto result = any; // for the tag in front
  std::fill(result.bytes.begin() + 8, result.bytes.end(), name);
  return result;
}

inline std::string frame(basp_header header, const std::string& payload) {
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  std::string result;
  append(result, header);
  return result + payload;
}

/// The peer's side of a session with a guard.
struct basp_session {
  explicit basp_session(link_side side_of_guard) {
    ends.side = side_of_guard;
    ends.self = self;
    ends.alias = alias;
    ends.own_actor = own_actor;
  }

  std::string handshake() const {
    if (ends.side == link_side::accepted)
      return frame({.operation = basp_operation::client_handshake},
                   std::string{peer.view()});
    return frame(
      {.operation = basp_operation::server_handshake, .data = basp_version},
      server_handshake_payload(peer, peer_actor));
  }
  std::string direct(const std::string& payload) const {
    return frame({.operation = basp_operation::direct_message,
                  .data = basp_plain_message,
                  .source_actor = peer_actor,
                  .dest_actor = own_actor},
                 payload);
  }
  std::string message(const std::string& body) const {
    return direct(peer_message_payload(1, 1, body));
  }
  std::string monitor() const {
    return frame(
      {.operation = basp_operation::monitor_message, .dest_actor = own_actor},
      std::string{peer.view()} + std::string{self.view()});
  }
  std::string down() const {
    return frame(
      {.operation = basp_operation::down_message, .source_actor = peer_actor},
      std::string{peer.view()} + std::string{self.view()}
        + std::string(15, '\0'));
  }
  std::string heartbeat() const {
    return frame({.operation = basp_operation::heartbeat}, {});
  }

  static constexpr uint64_t own_actor = 17;
  static constexpr uint64_t peer_actor = 23;
  basp_node self = node_named('s');
  basp_node peer = node_named('p');
  basp_node alias = node_named('a');
  basp_ends ends;
};

} // namespace troupe::net::cluster
