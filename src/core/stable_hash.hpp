// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

/// A fixed bijection of 64 bits in which every input bit reaches every output
/// bit (the finalizer of MurmurHash3).
constexpr uint64_t avalanche(uint64_t x) noexcept {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

/// A fixed 64-bit hash (FNV-1a with a final avalanche): part of the contract
/// between nodes, documented in docs/hashing.md, so never std::hash.
uint64_t stable_hash(std::string_view bytes, uint64_t seed = 0) noexcept;

} // namespace troupe
