// SPDX-License-Identifier: BSD-3-Clause
#include "register_flaws.hpp"

#include <array>

namespace sim {

namespace {

using namespace troupe::cluster::config_register;

const rules as_they_are;

struct follows_any_ballot : rules {
  bool may_follow(const ballot&, const ballot&) const override { return true; }
};

struct wiped_node_votes : rules {
  standing after_loss() const override { return standing::voter; }
};

struct candidate_names_voters : rules {
  const node_list& voters(const record&,
                          const record& candidate) const override {
    return candidate.nodes;
  }
};

struct minority_decides : rules {
  size_t majority(size_t n) const override { return (n + 1) / 2; }
};

struct new_majority_ignored : rules {
  size_t holders(size_t) const override { return 0; }
};

struct leftover_not_finished : rules {
  bool must_finish(const vote&) const override { return false; }
};

struct node_behind_votes : rules {
  bool votes_after(const position& asked, const position& own) const override {
    return asked == own || (own.at <= asked.at && own.at.epoch != 0);
  }
};

struct recovers_from_one : rules {
  size_t recovery_quorum(size_t) const override { return 1; }
};

struct recovers_empty_handed : rules {
  bool takes_over(const vote&) const override { return false; }
};

struct says_failed : rules {
  outcome given_up() const override { return outcome::refused; }
};

struct sides_are_merged : rules {
  relation compare_sides(const position& mine,
                         const position& theirs) const override {
    return compare({mine.at, {}}, {theirs.at, {}});
  }
};

const follows_any_ballot any_ballot;
const wiped_node_votes wiped_votes;
const candidate_names_voters stale_list;
const minority_decides minority;
const new_majority_ignored no_new_majority;
const leftover_not_finished no_finish;
const node_behind_votes behind_votes;
const recovers_from_one one_is_enough;
const recovers_empty_handed empty_handed;
const says_failed failed;
const sides_are_merged merged;

const std::array flaws{
  flaw{"vote-before-fsync", "a vote is sent before it is on disk", &as_they_are,
       driver_flaw::votes_before_fsync},
  flaw{"promise-not-stored", "a promise does not survive a crash", &as_they_are,
       driver_flaw::forgets_promise},
  flaw{"promise-forgotten", "an acceptor follows any ballot", &any_ballot},
  flaw{"wiped-node-votes", "a node without its disk votes at once",
       &wiped_votes},
  flaw{"candidate-names-voters", "the new list decides about itself",
       &stale_list},
  flaw{"minority-decides", "half of the voters are enough", &minority},
  flaw{"new-majority-ignored",
       "committed is said with no majority of the new list", &no_new_majority},
  flaw{"leftover-not-finished", "what another had accepted is passed over",
       &no_finish},
  flaw{"node-behind-votes", "a node votes on a record whose base it lacks",
       &behind_votes},
  flaw{"recovers-from-one", "one other voter lets a wiped node back in",
       &one_is_enough},
  flaw{"recovers-empty-handed",
       "a wiped node does not take over what was accepted", &empty_handed},
  flaw{"says-failed", "a change that was sent to voters is called refused",
       &failed},
  flaw{"sides-are-merged", "two sides of one epoch are merged", &merged},
};

const flaw nothing{"none", "nothing is broken", &as_they_are};

} // namespace

const flaw& sound() { return nothing; }

std::span<const flaw> all_flaws() { return flaws; }

} // namespace sim
