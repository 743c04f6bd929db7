// SPDX-License-Identifier: BSD-3-Clause
#include "observations_flaws.hpp"

#include <array>

namespace sim {

namespace {

using namespace troupe::cluster::observations;
using troupe::milliseconds;

struct tie_is_down : rules {
  bool is_down(size_t downs, size_t of) const override {
    return 2 * downs >= of;
  }
};

struct last_come_counts : rules {
  const held_observation&
  newer_of(const held_observation&,
           const held_observation& come) const override {
    return come;
  }
};

struct never_too_old : rules {
  bool is_within(milliseconds, milliseconds) const override { return true; }
};

struct view_decides : rules {
  bool counts(bool is_alive) const override { return is_alive; }
};

struct two_watch : rules {
  size_t watchers() const override { return 2; }
};

struct everybody_watches : rules {
  size_t watchers() const override { return 16; }
};

struct settles_alone : rules {
  bool settles(size_t, size_t, bool) const override { return true; }
};

struct trusts_itself : rules {
  bool doubts_itself() const override { return false; }
};

struct cut_off_votes : rules {
  bool needs_majority_to_vote() const override { return false; }
};

struct no_digests : rules {
  bool takes_digests() const override { return false; }
};

struct minority_spreads : rules {
  bool spreads(bool) const override { return true; }
};

struct report_forgets : rules {
  bool reports(uint64_t target) const override { return target % 4 != 1; }
};

struct report_unchecked : rules {
  bool is_same(uint64_t, uint64_t) const override { return true; }
};

struct report_renews_nothing : rules {
  bool renews() const override { return false; }
};

struct never_asked_again : rules {
  bool asks_again() const override { return false; }
};

const tie_is_down tie;
const last_come_counts last;
const never_too_old old;
const view_decides by_view;
const two_watch two;
const everybody_watches everybody;
const settles_alone alone;
const trusts_itself trusting;
const cut_off_votes cut_off;
const no_digests deaf;
const minority_spreads spreading;
const report_forgets forgetful;
const report_unchecked unchecked;
const report_renews_nothing old_soon;
const never_asked_again silent;

const std::array flaws{
  observations_flaw{"tie-is-down", "half of the votes make a server down",
                    &tie},
  observations_flaw{"last-come-counts",
                    "an older observation replaces a newer one that came first",
                    &last},
  observations_flaw{"dead-node-counted", "votes are never too old", &old},
  observations_flaw{"view-decides", "who is not seen here is not counted here",
                    &by_view},
  observations_flaw{"two-watch", "the part of one observer is nobody's", &two},
  observations_flaw{"everybody-watches", "every node probes every server",
                    &everybody},
  observations_flaw{"settles-alone", "verdicts count without a majority",
                    &alone},
  observations_flaw{"self-doubt-ignored",
                    "who was stopped trusts what it holds", &trusting},
  observations_flaw{"cut-off-node-votes",
                    "what a node saw without a majority counts when it returns",
                    &cut_off},
  observations_flaw{"digest-ignored", "lost changes are not made up for",
                    &deaf},
  observations_flaw{"minority-spreads",
                    "looks without a majority are passed on", &spreading},
  observations_flaw{"report-forgets", "a report forgets one observation",
                    &forgetful},
  observations_flaw{"report-unchecked",
                    "what a report says is taken for what is held", &unchecked},
  observations_flaw{"report-renews-nothing",
                    "what does not change grows old on the peers", &old_soon},
  observations_flaw{"never-asked-again",
                    "who lacks something asks only whom it just met", &silent},
  observations_flaw{"suspicion-votes", "failing traffic of a peer makes a vote",
                    &as_written(), watch_driver_flaw::suspicion_votes},
  observations_flaw{
    "loss-forgets",
    "what a node avoids it uses again when the majority is lost", &as_written(),
    watch_driver_flaw::loss_forgets},
  observations_flaw{"own-evidence-ignored",
                    "what a node cannot reach it uses all the same",
                    &as_written(), watch_driver_flaw::own_evidence_ignored},
  observations_flaw{"parts-never-end",
                    "who watched a server once watches it for ever",
                    &as_written(), watch_driver_flaw::parts_never_end},
  observations_flaw{"veto-sticks", "what traffic said once is never taken back",
                    &as_written(), watch_driver_flaw::veto_sticks},
  observations_flaw{"wish-before-fsync",
                    "a wish is told before its counter is on disk",
                    &as_written(), watch_driver_flaw::wish_before_fsync},
  observations_flaw{"wish-digest-ignored", "lost wishes are not made up for",
                    &as_written(), watch_driver_flaw::wish_digest_ignored},
};

const observations_flaw nothing{"none", "nothing is broken", &as_written()};

} // namespace

const observations_flaw& sound_watch() { return nothing; }

std::span<const observations_flaw> all_watch_flaws() { return flaws; }

} // namespace sim
