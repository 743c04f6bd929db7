// SPDX-License-Identifier: BSD-3-Clause
#include "core/live.hpp"

#include <bit>

namespace troupe {

namespace {

constexpr auto bounds_us = [] {
  std::array<uint64_t, duration_bounds.size() + 1> result{};
  for (size_t i = 0; i < duration_bounds.size(); ++i)
    // NOLINTNEXTLINE(bugprone-incorrect-roundings): lround is not constexpr
    result[i] = static_cast<uint64_t>(duration_bounds[i] * 1e6 + .5);
  result.back() = UINT64_MAX;
  return result;
}();

/// The bucket of the smallest number of that many bits.
constexpr auto bucket_by_bits = [] {
  std::array<uint8_t, 65> result{};
  for (size_t bits = 0; bits < result.size(); ++bits) {
    auto smallest = bits == 0 ? 0 : uint64_t{1} << (bits - 1);
    while (smallest > bounds_us[result[bits]])
      ++result[bits];
  }
  return result;
}();

constexpr bool one_comparison_is_enough() {
  for (size_t bits = 0; bits + 1 < bucket_by_bits.size(); ++bits)
    if (bucket_by_bits[bits + 1] - bucket_by_bits[bits] > 1)
      return false;
  return true;
}

static_assert(one_comparison_is_enough(),
              "numbers of equal length fall into at most two buckets");

} // namespace

void duration_histogram::observe(uint64_t us) noexcept {
  auto bucket = bucket_by_bits[std::bit_width(us)];
  buckets[bucket + (us > bounds_us[bucket])].add();
  sum_us.add(us);
}

lease lease::try_take(server_live& server, uint32_t limit) noexcept {
  if (limit == 0)
    return lease{server};
  auto taken = server.in_flight.load(std::memory_order_relaxed);
  do {
    if (taken >= limit)
      return {};
  } while (!server.in_flight.compare_exchange_weak(taken, taken + 1,
                                                   std::memory_order_relaxed));
  lease result;
  result.server_ = &server;
  return result;
}

} // namespace troupe
