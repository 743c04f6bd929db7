// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/io.hpp"

namespace troupe::cluster::config_register {

/// The decisions that the register's safety hangs on, one function each. The
/// simulation replaces them one at a time, to show that it would notice.
class rules {
public:
  virtual ~rules() = default;

  /// How many of n make a majority.
  virtual size_t majority(size_t n) const { return n / 2 + 1; }

  /// Whose votes decide about the record after `committed`: a quorum that is
  /// part of the value it decides is not a quorum.
  virtual const node_list& voters(const record& committed,
                                  const record& candidate) const {
    (void)candidate;
    return committed.nodes;
  }

  /// Whether a node at `own` votes when asked about the record after `asked`,
  /// and whether that vote counts.
  virtual bool votes_after(const position& asked, const position& own) const {
    return asked == own;
  }

  /// Whether an acceptor bound by `promised` may follow `offered`.
  virtual bool may_follow(const ballot& offered, const ballot& promised) const {
    return offered >= promised;
  }

  /// Whether a proposer must take up what it found accepted.
  virtual bool must_finish(const vote& found) const {
    (void)found;
    return true;
  }

  /// Whether the vote of a node with the storage `mine` counts beside that of a
  /// voter that has heard of its storage `told`.
  virtual bool stands_by(const storage_id& mine, const storage_id& told) const {
    return mine.count >= told.count;
  }

  /// The standing of a node without a usable file once it holds a committed
  /// record.
  virtual standing after_loss() const { return standing::non_voter; }

  /// How many other voters of n a node must hear that lost its disk: with one
  /// less, a majority could have decided with its old vote unseen.
  virtual size_t recovery_quorum(size_t n) const { return n - n / 2; }

  /// Whether what the others had accepted binds a node that lost its disk.
  virtual bool takes_over(const vote& found) const {
    (void)found;
    return true;
  }

  /// How many of the n nodes of a new record must hold it before it is said to
  /// be committed.
  virtual size_t holders(size_t n) const { return n / 2 + 1; }

  /// The outcome of a change that is given up after it was sent to voters.
  virtual outcome given_up() const { return outcome::unknown; }

  /// Which sides of one epoch must never be merged.
  virtual relation compare_sides(const position& mine,
                                 const position& theirs) const {
    return compare(mine, theirs);
  }
};

} // namespace troupe::cluster::config_register
