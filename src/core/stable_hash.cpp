// SPDX-License-Identifier: BSD-3-Clause
#include "core/stable_hash.hpp"

namespace troupe {

uint64_t stable_hash(std::string_view bytes, uint64_t seed) noexcept {
  uint64_t hash = 0xcbf29ce484222325ull ^ seed;
  for (auto byte : bytes)
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3ull;
  return avalanche(hash);
}

} // namespace troupe
