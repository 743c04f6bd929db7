// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

/// Weighted rendezvous hashing in integers, so that every node, whatever its
/// C library, computes the same winner. docs/hashing.md has the whole recipe.
namespace troupe::balance {

/// The number a client draws at a server: the 128-bit product of
/// (client ^ name) and a constant, its halves combined by xor. Both hashes are
/// well mixed already, so one multiplication is enough.
inline uint64_t draw_of(uint64_t client, uint64_t name) noexcept {
  __extension__ using uint128 = unsigned __int128;
  auto product = uint128{client ^ name} * 0x9e3779b97f4a7c15ull;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// −log2(draw / 2^64) in units of 2^-32; grows as `draw` falls.
/// @param draw 0 counts as 1.
uint64_t cost_of(uint64_t draw) noexcept;

/// One server's claim on one client; the best claim wins.
struct claim {
  uint64_t draw = 0;   ///< draw_of(client hash, name hash)
  uint64_t name = 0;   ///< stable_hash of the server's name
  uint32_t weight = 1; ///< < 2^25, so that cost × weight fits
  uint64_t cost = 0;   ///< cost_of(draw)
};

/// Less cost per weight wins, then the larger draw, then the larger name.
bool better(const claim& a, const claim& b) noexcept;

} // namespace troupe::balance
