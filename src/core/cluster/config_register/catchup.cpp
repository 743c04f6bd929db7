// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"
#include "core/cluster/listing.hpp"

#include <algorithm>
#include <utility>

// Everyone says where it stands; who is behind asks whoever it heard that from.

namespace troupe::cluster::config_register {

message::status engine::my_status() const {
  message::status x;
  x.cluster = self_.cluster;
  x.hash = state_.committed ? state_.committed->hash : std::string{};
  x.stored = !disk_failed_;
  x.votes = may_vote();
  x.blank = !state_.committed && state_.as != standing::non_voter;
  x.incarnation = self_.incarnation;
  x.file_hash = file_.hash;
  x.file_nodes = file_.nodes;
  x.adopting = adopting_ ? adopting_->node : std::string{};
  return x;
}

void engine::heard(const std::string& from, const position& at) {
  peers_[from].at = at;
  if (stands(at) == relation::behind)
    fetch_from(from);
}

void engine::fetch_from(const std::string& node) {
  if (fetched_ && now_ < *fetched_ + fetch_interval)
    return;
  fetched_ = now_;
  tell(node, message::fetch{});
}

void engine::hear(const std::string& from, const position& at,
                  const message::status& x) {
  peers_[from].said = x;
  if (x.cluster != self_.cluster) {
    emit(refuse{from, from + " is of cluster " + x.cluster + ", not of "
                        + self_.cluster});
    return;
  }
  if (x.stored)
    holds(from, at);
  if (at.at.epoch != 0 || !state_.committed
      || lists(state_.committed->nodes, from))
    return;
  const auto text =
    not_listed(from, self_.node,
               "generation " + std::to_string(here().at.generation) + " of "
                 + self_.cluster);
  if (std::exchange(refused_[from], text) != text)
    report(event_kind::refused_peer, text);
  emit(refuse{from, text});
}

void engine::hear(const std::string& from, const position&,
                  const message::fetch&) {
  if (state_.committed)
    tell(from, message::learn{*state_.committed});
}

void engine::hear(const std::string& from, const position&,
                  const message::learn& x) {
  const auto strange =
    !state_.committed && !lists(x.committed.nodes, self_.node);
  if (!strange && stands(position_of(x.committed)) == relation::behind)
    advance(x.committed, from);
  tell(from, my_status());
}

/// The one place where the committed record changes.
/// @param from Whom it was learned from; empty: it was decided here.
void engine::advance(record x, const std::string& from) {
  supersede(x);
  const bool new_side = here().mark != x.mark;
  const auto first = new_side ? x.since : here().at.generation + 1;
  auto& state = change();
  state.as = standing_after_advance();
  state.promised = {};
  state.accepted.reset();
  state.committed = std::move(x);
  const auto& record = *state.committed;
  if (record.hash == file_.hash)
    read_as(record.at);
  recall_.reset();
  history_.add(record, false, wall_clock_ms());
  history_dirty_ = true;
  must_report_ = true;
  refused_.clear();
  report(event_kind::committed,
         "generation " + std::to_string(record.at.generation) + " of epoch "
           + std::to_string(record.at.epoch) + ", by " + record.author
           + (record.node.empty() ? "" : " on " + record.node)
           + (record.reason.empty() ? "" : ": " + record.reason));
  announce(record);
  if (from.empty())
    tell_all(message::learn{record});
  else
    fetch_missing(from, first);
  if (new_side)
    end_conflicts();
  if (proposal_)
    overtaken(record);
}

/// A node that had a hand in the forming of the cluster, or that has all its
/// memory, votes on. One that votes only because it was let back in, and found
/// that its old self may have been further, asks again each time.
standing engine::standing_after_advance() const {
  switch (state_.as) {
  case standing::founder:
  case standing::voter:
    return standing::voter;
  case standing::blank:
    return rules_.after_loss();
  case standing::provisional:
  case standing::non_voter:
    break;
  }
  return state_.committed ? standing::non_voter : rules_.after_loss();
}

void engine::supersede(const record& next) {
  if (!state_.committed || next.at.epoch == state_.committed->at.epoch)
    return;
  const auto n = history_.supersede_below(next.at.epoch, next.since);
  if (n == 0)
    return;
  report(event_kind::superseded,
         std::to_string(n) + " generations of epoch "
           + std::to_string(state_.committed->at.epoch) + " from "
           + std::to_string(next.since) + " on are superseded by epoch "
           + std::to_string(next.at.epoch) + "; \"troupectl config history\" "
           + "still has them");
}

/// A removed node keeps serving what it had: nobody asked it to check this.
void engine::announce(const record& x) {
  apply_again_.reset();
  if (lists(x.nodes, self_.node)) {
    emit(publish{x});
    return;
  }
  report(event_kind::removed, self_.node + " is not in generation "
                                + std::to_string(x.at.generation) + " of "
                                + self_.cluster
                                + ": it serves its last one and does not vote");
  if (const auto* last = history_.newest_with(self_.node);
      last && !applied_.epoch)
    emit(publish{*last});
  emit(left_out{x});
}

// -- history ------------------------------------------------------------------

void engine::fetch_missing(const std::string& from, uint64_t first) {
  const auto last = state_.committed->at.generation - 1;
  const auto kept = uint64_t{history_list::records_max - 1};
  first = std::max(first, last >= kept ? last - kept + 1 : uint64_t{1});
  if (first <= last)
    tell(from, message::fetch_history{first, last});
}

/// One generation at a time: twenty records of the largest size would burst
/// what may be queued to a peer.
void engine::hear(const std::string& from, const position&,
                  const message::fetch_history& x) {
  std::optional<uint64_t> found;
  for (const auto& past : history_.records()) {
    const auto generation = past.what.at.generation;
    if (generation >= x.first && generation <= x.last
        && (!found || generation < *found))
      found = generation;
  }
  for (const auto& past : history_.records())
    if (past.what.at.generation == found)
      tell(from, message::past{past.what, past.superseded});
}

void engine::hear(const std::string& from, const position&,
                  const message::past& x) {
  const auto now = here().at;
  const auto generation = x.what.at.generation;
  if (x.what.at >= now
      || generation + history_list::records_max <= now.generation)
    return;
  history_.add(x.what, x.superseded, wall_clock_ms());
  history_dirty_ = true;
  if (generation + 1 < now.generation)
    tell(from, message::fetch_history{generation + 1, now.generation - 1});
}

} // namespace troupe::cluster::config_register
