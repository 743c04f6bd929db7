// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"

#include <algorithm>
#include <utility>

// A node without its disk no longer knows what it promised and accepted. It
// may vote again once enough others have told it: with n voters any majority
// that it was part of has at least majority(n) - 1 others, so n - majority(n) +
// 1 others include one of them (rule 2).
//
// That alone leaves a hole with five nodes and more. A proposer may hold an
// answer that this node gave before the loss, with a ballot that none of those
// it hears has seen yet; the promise it collects from them may be lower, and
// then the old answer and the new votes decide two things. So each return is a
// new *storage*, which those it hears keep for ever and add to their own
// answers: a proposer drops an answer of an earlier storage than the others
// tell of. The answers of any majority it completes with the old one include a
// node that either told this node of the ballot or tells the proposer of the
// new storage.
//
// What the node hears may also be decided already, and its old self may have
// voted on the next record, whose voters can be others. So if it hears of
// anything accepted, it is back for this one record only (`provisional`) and
// asks again on the next.

namespace troupe::cluster::config_register {

void engine::run_recall() {
  if (state_.as != standing::non_voter || !listed() || disk_failed_) {
    recall_.reset();
    return;
  }
  if (!recall_) {
    recall_.emplace();
    recall_->mine = {state_.mine.count + 1, self_.incarnation};
    recall_->resend = now_;
  }
  if (now_ >= recall_->resend)
    ask_recall();
  due(recall_->resend);
}

void engine::ask_recall() {
  auto& x = *recall_;
  if (x.number.round <= round_heard_ && x.answers.empty())
    x.number = {++round_heard_, self_.node};
  x.resend = now_ + resend_interval;
  for (const auto& node : state_.committed->nodes)
    if (node.name != self_.node && x.answers.count(node.name) == 0)
      tell(node.name, message::recall{x.number, x.mine});
}

void engine::hear(const std::string& from, const position& at,
                  const message::recall& x) {
  if (!asked_here(from, at, x.number) || !lists(state_.committed->nodes, from))
    return;
  const auto known = state_.storages[from];
  const bool taken =
    known.count > x.mine.count
    || (known.count == x.mine.count && known != x.mine && known.count != 0);
  const bool outbid = !rules_.may_follow(x.number, state_.promised);
  if (!taken && !outbid) {
    auto& state = change();
    state.storages[from] = x.mine;
    state.promised = x.number;
  }
  tell(from, message::recalled{x.number, x.mine, !taken && !outbid,
                               state_.promised, known, state_.accepted});
}

void engine::hear(const std::string& from, const position& at,
                  const message::recalled& x) {
  round_heard_ = std::max(round_heard_, x.promised.round);
  if (!recall_ || x.number != recall_->number || x.yours != recall_->mine
      || at != here() || !lists(state_.committed->nodes, from))
    return;
  if (x.ok) {
    recall_->answers[from] = x;
    const auto n = state_.committed->nodes.size();
    if (recall_->answers.size() >= rules_.recovery_quorum(n))
      end_recall();
    return;
  }
  if (x.known.count >= recall_->mine.count && x.known != recall_->mine)
    recall_->mine.count = x.known.count + 1;
  recall_->number = {++round_heard_, self_.node};
  recall_->answers.clear();
  ask_recall();
}

void engine::end_recall() {
  const auto recalled = std::move(*recall_);
  recall_.reset();
  const vote* found = nullptr;
  for (const auto& [node, x] : recalled.answers)
    if (x.accepted && rules_.takes_over(*x.accepted)
        && (!found || found->number < x.accepted->number))
      found = &*x.accepted;
  auto& state = change();
  state.promised = recalled.number;
  state.accepted = found ? std::optional{*found} : std::nullopt;
  state.mine = recalled.mine;
  state.as = found ? standing::provisional : standing::voter;
  accepted_since_ = now_;
  must_report_ = true;
  report(event_kind::recovered, self_.node + " votes again on generation "
                                  + std::to_string(here().at.generation + 1));
}

} // namespace troupe::cluster::config_register
