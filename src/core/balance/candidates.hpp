// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/balance.hpp"

#include <atomic>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace troupe::balance {

inline constexpr uint32_t unlimited = std::numeric_limits<uint32_t>::max();

/// One usable server, in as few bytes as a pick needs. A snapshot's server
/// takes several cache lines; a scan of 1,000 of them would miss at each.
struct candidate {
  const std::atomic<uint32_t>* in_flight;
  uint32_t weight; ///< >= 1
  uint32_t limit;  ///< `unlimited`, or how many it may have in flight
  uint32_t server; ///< index into the snapshot's servers
  uint32_t ramp;   ///< percent; in `weight` already, for who ignores that

  uint32_t load() const noexcept {
    return in_flight->load(std::memory_order_relaxed);
  }

  bool admissible() const noexcept {
    return limit == unlimited || load() < limit;
  }
};

/// True if `f` requests on weight `w` is less than `f2` on `w2`. Exact, because
/// a rounded quotient would tell equals apart.
constexpr bool less_loaded(uint32_t f, uint32_t w, uint32_t f2,
                           uint32_t w2) noexcept {
  return uint64_t{f} * w2 < uint64_t{f2} * w;
}

/// The part that the policies share: the candidates of the last snapshot seen,
/// the servers to avoid, and how memory moves on to the next snapshot.
///
/// A *position* is an index into `pool()`.
class candidate_policy : public policy {
public:
  int pick(const backend_snapshot& snapshot,
           const pick_request& request) noexcept final;

protected:
  std::span<const candidate> pool() const noexcept { return pool_; }

  /// Hash of the candidate's name, by position.
  std::span<const uint64_t> names() const noexcept { return names_; }

  /// A new snapshot: `pool()` has changed. `origins[p]` is the position that
  /// the server at `p` had before, or -1 for a newcomer; `before` is the old
  /// size. May allocate.
  virtual void adopt(std::span<const int> origins, size_t before) = 0;

  /// Chooses an admissible candidate of a pool that is not empty.
  /// @returns its position, or `no_server`.
  virtual int choose(const pick_request& request) noexcept = 0;

private:
  bool seen(const backend_snapshot& snapshot) const noexcept;
  void rebuild(const backend_snapshot& snapshot);
  std::vector<int> origins_of(std::span<const uint64_t> names) const;
  size_t hide(std::span<const uint32_t> avoid) noexcept;
  void show(const backend_snapshot& snapshot,
            std::span<const uint32_t> avoid) noexcept;
  int choose_avoiding(const backend_snapshot& snapshot,
                      const pick_request& request) noexcept;

  std::string backend_;
  uint64_t version_ = 0;
  uint64_t generation_ = 0;
  const server_route* servers_ = nullptr; ///< compared, never followed
  std::vector<candidate> pool_;
  std::vector<uint64_t> names_;
  std::vector<int> positions_; ///< by server index, -1 if not usable
};

/// Where a cursor that stood at `cursor` stands in the new pool: at the first
/// server from there on, going round, that is still in it.
/// @param fallback taken if none is.
uint32_t carry_cursor(std::span<const int> origins, size_t before,
                      uint32_t cursor, uint32_t fallback) noexcept;

} // namespace troupe::balance
