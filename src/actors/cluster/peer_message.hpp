// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// The one message that crosses nodes (rule 18). It never changes: CAF's
/// structs are positional, so what grows is the body, which says its version.
struct peer_message {
  uint16_t kind = 0; ///< a cluster::message_kind; 0: see link_word
  uint16_t version = 1;
  std::string body;
  bool operator==(const peer_message&) const = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_message& x) {
  return f(caf::meta::type_name("troupe::peer_message"), x.kind, x.version,
           x.body);
}

/// Messages between the two ends of a link, as bodies of kind 0. Others
/// are of later versions and ignored.
namespace link_word {
/// First, from the dialling side, and the answer to it.
inline constexpr const char* hello = "hello";
/// Last; the reason follows.
inline constexpr const char* bye = "bye ";
/// From then on the other side may send `several`.
inline constexpr const char* takes_several = "takes several";
/// Messages that travel together follow.
inline constexpr const char* several = "several ";
} // namespace link_word

/// Of `several`.
std::string encode_several(const std::vector<peer_message>& messages);

/// None if it is cut short or out of bounds, or one is of kind 0.
std::optional<std::vector<peer_message>> decode_several(std::string_view body);

/// Makes peer_message known by its name between nodes.
void announce_peer_message(caf::actor_system_config& config);

} // namespace troupe::actors
