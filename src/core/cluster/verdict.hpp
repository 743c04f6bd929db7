// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/health.hpp"
#include "core/time.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Computes the cluster's verdicts from the observations of its nodes (rules 8
/// to 11): pure functions.
namespace troupe::cluster::observations {

/// The peers are told this often that what they hold is still so.
inline constexpr milliseconds digest_interval{1'000};

/// The observation of one node about one target.
struct observation {
  /// Of the observer: starts of one node are ordered by `incarnation`, its
  /// observations of one start by `sequence`.
  uint64_t incarnation = 0;
  uint64_t sequence = 0;
  troupe::status status = troupe::status::up;
  /// `rise` or `fall` probes in a row stand behind it: it has a vote.
  bool complete = false;
  std::string evidence; ///< "connection refused"
  bool operator==(const observation&) const = default;
};

/// An observation with the time it was made, on the clock of its holder.
struct held_observation {
  observation what;
  time_point made{};
  /// Of this node's own: the sequence since which it says the same.
  uint64_t since = 0;
};

/// Newest first by (incarnation, sequence).
std::strong_ordering newer(const observation& a, const observation& b);

/// The newer of two by the same observer: commutative, associative, idempotent.
const held_observation& merge(const held_observation& a,
                              const held_observation& b);

/// How fast a target is probed.
struct pace {
  milliseconds interval{2'000};
  milliseconds timeout{1'000};
  unsigned fall = 3;
};

/// Ages up to which an observation is fresh, and up to which it is still
/// counted while the observer that replaces it has no vote yet. Intervals
/// shorter than that of reports count as that: what stays as it is is renewed
/// by these only.
milliseconds fresh_for(const observation& x, const pace& p);
milliseconds kept_for(const observation& x, const pace& p);

using observation_map = std::map<std::string, held_observation>;

/// The decisions that the verdict hangs on, one function each. The simulation
/// replaces them one at a time, to show that it would notice.
class rules {
public:
  virtual ~rules() = default;

  /// Whether `downs` votes of `of` make a server down.
  virtual bool is_down(size_t downs, size_t of) const { return 2 * downs > of; }

  /// Which of two observations by one observer counts.
  virtual const held_observation& newer_of(const held_observation& held,
                                           const held_observation& come) const {
    return merge(held, come);
  }

  virtual bool is_within(milliseconds age, milliseconds limit) const {
    return age <= limit;
  }

  /// Whether a node that another does not see may be counted there.
  virtual bool counts(bool is_alive) const {
    (void)is_alive;
    return true;
  }

  /// How many nodes watch a target, if there are so many.
  virtual size_t watchers() const;

  /// Whether this many digests of `n` nodes make verdicts count.
  virtual bool settles(size_t digests, size_t n, bool has_majority) const {
    return has_majority && digests > n / 2;
  }

  /// Whether a node that was stopped distrusts what it holds.
  virtual bool doubts_itself() const { return true; }

  /// Whether what a node sees without a majority has no vote.
  virtual bool needs_majority_to_vote() const { return true; }

  virtual bool takes_digests() const { return true; }

  /// Whether a node tells what it sees.
  virtual bool spreads(bool sees_majority) const { return sees_majority; }

  /// Whether an own observation is in a node's report.
  virtual bool reports(uint64_t target) const {
    (void)target;
    return true;
  }

  /// Whether what is held is what a report says.
  virtual bool is_same(uint64_t held, uint64_t said) const {
    return held == said;
  }

  /// Whether a report makes what is held younger.
  virtual bool renews() const { return true; }

  /// Whether a node asks for what it lacks, and not only whom it just met.
  virtual bool asks_again() const { return true; }
};

const rules& as_written();

struct electorate {
  std::vector<std::string> counted;
  size_t parts = 0;     ///< alive nodes whose part it is to watch
  bool awaited = false; ///< one of these has no vote yet
};

/// Selects the nodes that count: the first three of `ranking` that have a fresh
/// vote. While one is awaited, older votes stand in.
/// @param ranking All nodes.
/// @param alive As this node sees them, sorted.
electorate elect(std::span<const std::string> ranking,
                 std::span<const std::string> alive,
                 const observation_map& seen, const pace& p, time_point now,
                 const rules& by = as_written());

struct verdict {
  troupe::status status = troupe::status::up;
  size_t counted = 0;
  size_t downs = 0;
  bool operator==(const verdict&) const = default;
  /// "2 of 3 say down"
  std::string rule() const;
};

/// Down if strictly more than half of the counted say down; a tie is up. With
/// no vote to count the last status stands, or up if there was none.
///
/// While others are awaited the same holds of all parts: what these may still
/// turn over is not decided, and the last status stands. Otherwise the node
/// that happened to look first would decide alone, and a verdict would flip
/// because nodes were restarted.
verdict decide(const electorate& who, const observation_map& seen,
               std::optional<troupe::status> last,
               const rules& by = as_written());

} // namespace troupe::cluster::observations
