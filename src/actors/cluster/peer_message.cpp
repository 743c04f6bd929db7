// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/peer_message.hpp"

#include "core/cluster/wire.hpp"
#include "net/cluster/basp_frame.hpp"

#include <caf/actor_system_config.hpp>

namespace troupe::actors {

void announce_peer_message(caf::actor_system_config& config) {
  config.add_message_type<peer_message>(
    std::string{net::cluster::peer_message_type});
}

std::string encode_several(const std::vector<peer_message>& messages) {
  cluster::wire_writer out;
  for (const auto& x : messages) {
    out.u64(x.kind);
    out.u64(x.version);
    out.string(x.body);
  }
  return out.take();
}

std::optional<std::vector<peer_message>> decode_several(std::string_view body) {
  std::vector<peer_message> result;
  cluster::wire_reader in{body};
  while (!in.at_end()) {
    auto& x = result.emplace_back();
    x.kind = static_cast<uint16_t>(in.u64_up_to(UINT16_MAX));
    x.version = static_cast<uint16_t>(in.u64_up_to(UINT16_MAX));
    x.body = in.string();
    if (!in.ok() || x.kind == 0)
      return std::nullopt;
  }
  return result;
}

} // namespace troupe::actors
