// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace troupe::admin {

/// The state of a connection, beginning with the one that is missed least.
enum class claim : uint8_t {
  idle,      ///< between two requests
  lingering, ///< has its answer
  reading,   ///< its request is not whole
  writing,   ///< takes its answer
  answering, ///< waits for its answer
  trusted,   ///< any of the last three, of a client that has shown its right to
             ///< ask
};

struct place {
  std::string source; ///< address or user it comes from
  claim what = claim::idle;
  time_point since{}; ///< when that began
};

/// Chooses the connection that makes room for a new one when all places are
/// taken: of sources that hold more than their share (a quarter of the places)
/// if there are any, else of all, the one that is missed least and has been so
/// for longest. A trusted connection never makes room.
/// @returns the index, or nothing if the newcomer has to go.
std::optional<size_t> who_makes_room(std::span<const place> taken,
                                     const std::string& newcomer);

} // namespace troupe::admin
