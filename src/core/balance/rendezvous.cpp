// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/rendezvous.hpp"

#include <array>
#include <bit>

namespace troupe::balance {

namespace {

__extension__ typedef unsigned __int128 uint128;

/// floor(2^32 × log2(1 + i / 256)), bit by bit: a number is squared, and each
/// time it reaches 2 the next bit of its logarithm is 1. 63 binary places keep
/// the last of the 32 bits true.
constexpr uint64_t log2_of_step(unsigned i) {
  if (i == 256)
    return uint64_t{1} << 32;
  auto x = uint128{256 + i} << 55;
  uint64_t bits = 0;
  for (auto n = 0; n < 32; ++n) {
    x = (x * x) >> 63;
    auto bit = static_cast<uint64_t>(x >> 64);
    bits = bits << 1 | bit;
    x >>= bit;
  }
  return bits;
}

constexpr auto log2_table = [] {
  std::array<uint64_t, 257> result{};
  for (unsigned i = 0; i < result.size(); ++i)
    result[i] = log2_of_step(i);
  return result;
}();

} // namespace

uint64_t cost_of(uint64_t draw) noexcept {
  auto zeros = std::countl_zero(draw | 1);
  auto mantissa = (draw | (draw == 0)) << zeros;
  auto step = (mantissa >> 55) & 0xff;
  auto rest = (mantissa >> 23) & 0xffff'ffff;
  auto low = log2_table[step];
  auto log2 = low + (((log2_table[step + 1] - low) * rest) >> 32);
  return (uint64_t(zeros + 1) << 32) - log2;
}

bool better(const claim& a, const claim& b) noexcept {
  auto mine = a.cost * b.weight;
  auto other = b.cost * a.weight;
  if (mine != other)
    return mine < other;
  return a.draw != b.draw ? a.draw > b.draw : a.name > b.name;
}

} // namespace troupe::balance
