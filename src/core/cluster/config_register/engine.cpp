// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"

#include "core/cluster/rhythm.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::config_register {

engine::engine(identity self, const rules& which)
  : self_(std::move(self)), rules_(which) {}

effects engine::step(const input& in, time_point now) {
  now_ = now;
  out_.clear();
  if (!running_ && !std::holds_alternative<started>(in))
    return {};
  std::visit([this](const auto& x) { on(x); }, in);
  run_timers();
  if (must_report_ || now_ >= report_at_) {
    must_report_ = false;
    report_at_ = next_moment(self_.node, now_, report_interval);
    tell_all(my_status());
  }
  flush();
  if (std::exchange(history_dirty_, false))
    emit(keep_history{encode(history_)});
  if (auto told = status(); told != status_told_) {
    status_told_ = told;
    emit(status_changed{std::move(told)});
  }
  arm();
  return std::exchange(out_, {});
}

/// What starts something comes before what drives it, so that the next
/// deadline is known at the end.
void engine::run_timers() {
  wake_at_ = time_point::max();
  run_formation();
  finish_leftover();
  run_proposal();
  run_recall();
  run_spreads();
  run_waiting();
  if (apply_again_ && now_ >= *apply_again_) {
    apply_again_.reset();
    if (state_.committed)
      announce(*state_.committed);
  }
  if (apply_again_)
    due(*apply_again_);
}

void engine::due(time_point t) { wake_at_ = std::min(wake_at_, t); }

void engine::arm() {
  due(report_at_);
  // A deadline that passed during this very step is looked at in the next.
  out_.push_back(wake{std::max(wake_at_, now_ + milliseconds{1})});
}

void engine::on(const started& x) {
  running_ = true;
  file_ = x.file;
  obstacle_since_ = now_;
  report_at_ = now_;
  accepted_since_ = now_;
  history_ = decode_history(x.history);
  started_ = now_;
  wall_clock_ms_ = x.wall_clock_ms;
  auto kept = x.content ? decode_state(*x.content) : std::nullopt;
  auto damaged = x.damaged || (x.content && !kept);
  if (x.content && !kept)
    ++undecodable_;
  if (kept && kept->cluster != self_.cluster) {
    report(event_kind::non_voter, "the state of cluster " + kept->cluster
                                    + " was found, and not used: this is "
                                    + self_.cluster);
    kept.reset();
    damaged = true;
  }
  load(kept, damaged);
  if (!state_.committed) {
    change().base_hash = file_.hash;
    return;
  }
  const auto& record = *state_.committed;
  if (file_.hash == record.hash)
    read_as(record.at);
  else
    report(event_kind::file_differs,
           "the shared sections of the own file differ from generation "
             + std::to_string(record.at.generation)
             + ", which counts: see \"troupectl config diff\"");
  history_.add(record, false, wall_clock_ms());
  announce(record);
}

uint64_t engine::wall_clock_ms() const {
  const auto since = std::chrono::duration_cast<milliseconds>(now_ - started_);
  return wall_clock_ms_ == 0
         ? 0
         : wall_clock_ms_ + static_cast<uint64_t>(since.count());
}

void engine::load(const std::optional<durable_state>& kept, bool damaged) {
  state_ = kept ? *kept : durable_state{};
  state_.cluster = self_.cluster;
  dirty_ = !kept;
  if (!damaged)
    return;
  state_.as = standing::non_voter;
  report(event_kind::non_voter,
         self_.node
           + " cannot read its register: it serves, and does not vote "
             "until other voters have told it what it may have voted");
}

void engine::on(const peer_joined& x) {
  peers_[x.node] = {};
  tell(x.node, my_status());
}

void engine::on(const peer_gone& x) { peers_.erase(x.node); }

void engine::on(const turned_away& x) {
  if (x.text.empty())
    turned_away_.erase(x.node);
  else
    turned_away_[x.node] = x.text;
}

void engine::on(const received& x) {
  if (!joined(x.from))
    return;
  const auto envelope = message::decode(x.body);
  if (!envelope) {
    ++undecodable_;
    return;
  }
  epoch_heard_ = std::max(epoch_heard_, envelope->from.at.epoch);
  if (apart(x.from, envelope->from, envelope->content))
    return;
  heard(x.from, envelope->from);
  std::visit(
    [&](const auto& content) { hear(x.from, envelope->from, content); },
    envelope->content);
}

void engine::on(const applied& x) {
  applied_ = x.at;
  apply_again_.reset();
  apply_delay_ = apply_retry_min;
}

void engine::on(const apply_failed& x) {
  report(event_kind::apply_failed,
         "generation " + std::to_string(x.at.generation)
           + " cannot be applied here, the previous one stays in force: "
           + x.problem);
  apply_again_ = now_ + apply_delay_;
  apply_delay_ = std::min(apply_delay_ * 2, apply_retry_max);
}

void engine::on(const persist_failed& x) {
  disk_failed_ = true;
  report(event_kind::disk_failed,
         self_.node
           + " cannot write its register: it serves, and neither "
             "votes nor proposes until it is restarted");
  if (proposal_)
    give_up();
  for (const auto& one : std::exchange(spreads_, {}))
    for (const auto request : one.requests)
      reply(request, outcome::unknown,
            "this node's disk failed before the record was stored");
  recall_.reset();
  // What these stand for may have been among the dropped effects.
  check_askers_.clear();
  status_told_ = {};
  auto kept = x.durable ? decode_state(*x.durable) : std::nullopt;
  load(kept, !kept);
  dirty_ = false;
}

// -- telling ------------------------------------------------------------------

void engine::flush() {
  if (std::exchange(dirty_, false) && !disk_failed_)
    out_.push_back(persist{encode(state_)});
}

void engine::emit(effect x) {
  flush();
  out_.push_back(std::move(x));
}

void engine::tell(const std::string& to, message::body content) {
  if (to.empty() ? peers_.empty() : !joined(to))
    return;
  emit(send{to, message_kind::config_register,
            message::encode({here(), std::move(content)})});
}

void engine::report(event_kind kind, std::string text) {
  emit(event{kind, std::move(text)});
}

void engine::reply(uint64_t request, outcome result, std::string text) {
  emit(answer{request, result, here().at, std::move(text), {}, {}, {}});
}

durable_state& engine::change() {
  dirty_ = true;
  return state_;
}

// -- what is so ---------------------------------------------------------------

position engine::here() const {
  return state_.committed ? position_of(*state_.committed) : position{};
}

relation engine::stands(const position& theirs) const {
  return rules_.compare_sides(here(), theirs);
}

const record* engine::committed() const {
  return state_.committed ? &*state_.committed : nullptr;
}

bool engine::listed() const {
  return state_.committed && lists(state_.committed->nodes, self_.node);
}

bool engine::may_vote() const {
  return listed() && !disk_failed_
      && (state_.as == standing::voter || state_.as == standing::provisional);
}

size_t engine::reachable(const node_list& nodes) const {
  return static_cast<size_t>(
    std::count_if(nodes.begin(), nodes.end(), [&](const auto& node) {
      return node.name == self_.node || joined(node.name);
    }));
}

milliseconds engine::turn(const node_list& nodes, milliseconds step) const {
  const auto before =
    std::count_if(nodes.begin(), nodes.end(),
                  [&](const auto& node) { return node.name < self_.node; });
  return step * before;
}

register_status engine::status() const {
  register_status x;
  x.committed = here().at;
  x.applied = applied_;
  x.as = state_.as;
  x.listed = listed();
  x.votes = may_vote();
  x.proposing = proposal_.has_value();
  x.obstacle = obstacle_;
  for (const auto& [node, text] : conflicts_)
    x.conflict += (x.conflict.empty() ? "" : "; ") + text;
  x.no_vote = why_no_vote();
  x.way_out = way_out();
  return x;
}

} // namespace troupe::cluster::config_register
