// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/io.hpp"

#include <memory>
#include <span>

namespace troupe::cluster::config_register {

class engine;
class rules;

/// The identity of this node. `incarnation` differs from that of every other
/// start of any node (64 random bits).
struct identity {
  std::string node;
  std::string cluster;
  uint64_t incarnation = 0;
};

/// One node's part in the register, as a pure step machine.
///
/// Effects are carried out in the order given, those of one step before those
/// of the next. Whatever follows a `persist`, in the same list or a later one,
/// waits until that is durable: the machine counts its own vote at once and
/// relies on nothing of it being seen before. If a persist fails, drop it and
/// what waited, except that a waiting `answer` is given as `unknown`; then give
/// `persist_failed`.
class machine {
public:
  explicit machine(identity self);

  /// With rules of one's own: only to show that each of them is needed.
  /// @param which Outlives this object.
  machine(identity self, const rules& which);

  machine(machine&&) noexcept;
  machine& operator=(machine&&) noexcept;
  ~machine();

  /// @param now Monotonic, not before that of the step before.
  effects step(const input& in, time_point now);

  register_status status() const;

  /// This node among them. None while every node serves its own file.
  std::vector<peer_vote> votes() const;

  /// Null while every node serves its own file.
  const record* committed() const;

  struct past {
    record what;
    bool superseded = false; ///< by a higher epoch or an adopted side
    /// Wall clock of when this node took it; 0: it does not know. Of the record
    /// that a cluster forms by itself it is the only time there is: that record
    /// is the same on every node, whatever their clocks say.
    uint64_t taken_ms = 0;
  };

  /// Up to 20, oldest first, the committed one last.
  std::span<const past> history() const;

  /// The newest of this generation that is not superseded, else null.
  const record* find(uint64_t generation) const;

  /// Messages and files that could not be decoded.
  uint64_t undecodable() const;

private:
  std::unique_ptr<engine> engine_;
};

/// The nodes a new epoch left behind and no later record lists: only dead, as
/// the operator said, or on a side of their own that has to be met (rule 4).
/// @param history Oldest first.
node_list left_behind(std::span<const machine::past> history);

} // namespace troupe::cluster::config_register
