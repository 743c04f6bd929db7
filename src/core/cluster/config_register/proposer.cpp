// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"

#include <algorithm>
#include <utility>

// The side that asks for votes: two phases, after Lamport's Paxos, one instance
// a generation.

namespace troupe::cluster::config_register {

namespace {

using aim = proposal::aim;
using phase = proposal::phase;

/// Whose answers stand: those of a node's earlier storage do not once another
/// of the answers knows of a later one.
template <class Answer>
size_t count_valid(const std::map<std::string, Answer>& answers,
                   const rules& which) {
  storage_ids told;
  for (const auto& [node, x] : answers)
    for (const auto& [name, known] : x.storages)
      if (auto& latest = told[name]; latest.count < known.count)
        latest = known;
  return static_cast<size_t>(
    std::count_if(answers.begin(), answers.end(), [&](const auto& x) {
      return which.stands_by(x.second.mine, told[x.first]);
    }));
}

} // namespace

void engine::start_change(record candidate, std::vector<uint64_t> requests,
                          bool forced, bool follows) {
  auto& p = proposal_.emplace();
  p.what = aim::change;
  p.requests = std::move(requests);
  p.candidate = std::move(candidate);
  p.base = here();
  p.forced = forced;
  p.follows = follows;
  start_checks();
}

void engine::start_vote() {
  auto& p = *proposal_;
  if (p.what != aim::first) {
    p.voters = rules_.voters(*state_.committed, p.candidate);
    p.promises_needed = rules_.majority(p.voters.size());
  }
  p.deadline = now_ + vote_limit;
  prepare();
}

// -- phase 1 ------------------------------------------------------------------

/// The own promise comes first, so that it is on disk before anyone hears of
/// the ballot: no later start of this node can use the same one again.
void engine::prepare() {
  auto& p = *proposal_;
  round_heard_ = std::max(round_heard_, state_.promised.round) + 1;
  p.number = {round_heard_, self_.node};
  p.now = phase::preparing;
  p.promises.clear();
  p.accepts.clear();
  p.resend_pause = resend_interval;
  if (p.what == aim::first && state_.as != standing::founder)
    change().as = standing::founder;
  auto own = try_promise(p.number);
  ask_for_promises();
  if (own && lists(p.voters, self_.node))
    take_promise(self_.node, *own);
}

void engine::ask_for_promises() {
  auto& p = *proposal_;
  resend_later();
  for (const auto& node : p.voters)
    if (node.name != self_.node && p.promises.count(node.name) == 0)
      tell(node.name, message::prepare{p.number, founding_for(node.name)});
}

void engine::resend_later() {
  auto& p = *proposal_;
  p.resend = now_ + p.resend_pause;
  p.resend_pause = std::min(2 * p.resend_pause, resend_interval_max);
}

void engine::hear(const std::string& from, const position& at,
                  const message::promise& x) {
  if (proposal_ && proposal_->now == phase::preparing
      && proposal_->number == x.number
      && rules_.votes_after(proposal_->base, at)
      && lists(proposal_->voters, from))
    take_promise(from, x);
}

void engine::take_promise(const std::string& from, const message::promise& x) {
  auto& p = *proposal_;
  p.promises[from] = x;
  if (count_valid(p.promises, rules_) >= p.promises_needed)
    start_accepts();
}

// -- phase 2 ------------------------------------------------------------------

/// Asks for what was accepted in the highest ballot; only if there is nothing,
/// for the own candidate.
void engine::start_accepts() {
  auto& p = *proposal_;
  const vote* found = nullptr;
  for (const auto& [node, x] : p.promises)
    if (x.accepted && rules_.must_finish(*x.accepted)
        && (!found || found->number < x.accepted->number))
      found = &*x.accepted;
  if (!found && p.what == aim::finish) {
    proposal_.reset();
    return;
  }
  p.value = found ? found->value : p.candidate;
  p.own_sent |= p.value == p.candidate;
  p.now = phase::accepting;
  p.resend_pause = resend_interval;
  const auto own = try_accept(p.number, p.value);
  if (!own)
    return step_back();
  ask_for_accepts();
  if (lists(p.voters, self_.node))
    take_accepted(self_.node, *own);
}

void engine::ask_for_accepts() {
  auto& p = *proposal_;
  resend_later();
  for (const auto& node : p.voters)
    if (node.name != self_.node && p.accepts.count(node.name) == 0)
      tell(node.name,
           message::accept{p.number, p.value, founding_for(node.name)});
}

void engine::hear(const std::string& from, const position& at,
                  const message::accepted& x) {
  if (proposal_ && proposal_->now == phase::accepting
      && proposal_->number == x.number
      && rules_.votes_after(proposal_->base, at)
      && lists(proposal_->voters, from))
    take_accepted(from, x);
}

void engine::take_accepted(const std::string& from,
                           const message::accepted& x) {
  auto& p = *proposal_;
  p.accepts[from] = x;
  if (count_valid(p.accepts, rules_) < rules_.majority(p.voters.size()))
    return;
  // A copy: the proposal ends with it.
  advance(record{p.value}, {});
}

void engine::hear(const std::string&, const position&, const message::nack& x) {
  round_heard_ = std::max(round_heard_, x.promised.round);
  if (!proposal_ || proposal_->number != x.number || !x.votes)
    return;
  if (proposal_->now == phase::preparing || proposal_->now == phase::accepting)
    step_back();
}

/// Lets the other proposer finish. Nodes wait for different times, so that two
/// of them do not go on outbidding each other.
void engine::step_back() {
  auto& p = *proposal_;
  p.now = phase::waiting;
  p.phase_end = now_ + milliseconds{50} + turn(p.voters, milliseconds{130})
              + milliseconds{p.number.round * 37 % 100};
}

// -- its end ------------------------------------------------------------------

void engine::run_proposal() {
  if (!proposal_)
    return;
  auto& p = *proposal_;
  if (p.now == phase::checking) {
    const auto open = [&](const auto& x) {
      return !x.second && (x.first == self_.node || joined(x.first));
    };
    if (now_ >= p.phase_end
        || std::none_of(p.checks.begin(), p.checks.end(), open))
      end_checks();
  } else if (now_ >= p.deadline) {
    give_up();
  } else if (p.now == phase::waiting) {
    if (p.what == aim::first && another_forms())
      p.phase_end = std::max(p.phase_end, another_formed());
    if (now_ >= p.phase_end)
      prepare();
  } else if (now_ >= p.resend) {
    p.now == phase::preparing ? ask_for_promises() : ask_for_accepts();
  }
  if (!proposal_)
    return;
  const auto& q = *proposal_;
  const bool timed = q.now == phase::checking || q.now == phase::waiting;
  due(timed ? q.phase_end : std::min(q.resend, q.deadline));
}

void engine::give_up() {
  const auto& p = *proposal_;
  const bool other = p.now == phase::accepting && p.value != p.candidate;
  if (p.own_sent)
    settle(rules_.given_up(),
           "voters were asked and no majority answered: it may be decided "
           "either way, the next change finds out");
  else if (other)
    settle(outcome::conflict, "another change came first, by " + p.value.author,
           &p.value);
  else
    settle(outcome::refused, "no majority answered within "
                               + std::to_string(vote_limit.count() / 1000)
                               + " s");
}

/// Another record than the proposal's base is committed now.
void engine::overtaken(const record& by) {
  auto& p = *proposal_;
  const bool decided_here = by.at.generation == p.base.at.generation + 1
                         && (p.what == aim::first || by.mark == p.base.mark);
  if (p.what != aim::finish && by.hash == p.candidate.hash
      && (decided_here || !p.own_sent)) {
    spread(by, p.requests, not_checked());
    proposal_.reset();
  } else if (p.own_sent && !decided_here) {
    settle(rules_.given_up(),
           "the cluster moved on to generation "
             + std::to_string(by.at.generation)
             + " before it was known whether this change was one of those "
               "between");
  } else if (p.what == aim::change && p.follows && may_vote()) {
    const shared_text again{p.candidate.text, p.candidate.hash,
                            p.candidate.nodes};
    const asker who{p.candidate.author, p.candidate.reason,
                    p.candidate.time_ms};
    if (auto why = why_not(again, who))
      settle(outcome::refused, *why);
    else
      start_change(next_record(again, who), std::move(p.requests), p.forced,
                   true);
  } else {
    settle(outcome::conflict,
           "generation " + std::to_string(by.at.generation) + " by " + by.author
             + (by.node.empty() ? "" : " on " + by.node) + " came first",
           &by);
  }
}

/// Answers all who wait for the proposal, and ends it.
void engine::settle(outcome result, std::string text, const record* other) {
  auto& p = *proposal_;
  const auto problems = refusals();
  const auto silent =
    p.what == aim::change ? not_checked() : std::vector<std::string>{};
  for (const auto request : p.requests)
    emit(answer{request, result, here().at, text, problems, silent,
                other ? std::optional{*other} : std::nullopt});
  accepted_since_ = now_;
  proposal_.reset();
}

/// What a proposer left half done, whoever holds a part of it finishes: the
/// cluster does not wait for the next change to find out.
void engine::finish_leftover() {
  if (proposal_ || !state_.accepted || !may_vote())
    return;
  const auto& nodes = state_.committed->nodes;
  const auto at =
    accepted_since_ + finish_delay + turn(nodes, milliseconds{500});
  if (now_ < at || reachable(nodes) < rules_.majority(nodes.size())) {
    due(std::max(at, now_ + report_interval));
    return;
  }
  auto& p = proposal_.emplace();
  p.what = aim::finish;
  p.base = here();
  p.candidate = state_.accepted->value;
  start_vote();
}

} // namespace troupe::cluster::config_register
