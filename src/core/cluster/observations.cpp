// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/observations.hpp"

#include "core/cluster/observers.hpp"
#include "core/cluster/rhythm.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::cluster::observations {

namespace {

milliseconds since(time_point then, time_point now) {
  return std::chrono::duration_cast<milliseconds>(now - then);
}

const held_observation* of(const observation_map& all,
                           const std::string& observer) {
  const auto found = all.find(observer);
  return found == all.end() ? nullptr : &found->second;
}

} // namespace

effects machine::step(const input& in, time_point now) {
  const bool paused = now_ != time_point{} && now - now_ > pause_max;
  now_ = now;
  if (!began_)
    began_ = now;
  // The driver may hear of the stall later than of a timer that is overdue.
  if (paused)
    take(stalled{});
  std::visit([this](const auto& x) { take(x); }, in);
  if (now_ >= next_digest_) {
    next_digest_ = next_moment(self_.node, now_, digest_interval);
    forget_old();
    look_again(); // what was fresh may be no more, and who reported silent
    send_report();
    ask_for_missing();
    for (const auto& peer : of_old_)
      send_digest(peer);
  }
  out_.push_back(wake{next_digest_});
  return std::exchange(out_, {});
}

void machine::take(const tick&) {}

// -- targets ------------------------------------------------------------------

void machine::take(const targets_changed& in) {
  std::set<uint64_t> kept;
  for (const auto& x : in.targets)
    kept.insert(x.id);
  auto& order = backends_[in.backend];
  for (const auto id : order)
    if (!kept.contains(id))
      targets_.erase(id);
  order.clear();
  auto& ids = ids_[in.backend];
  ids.clear();
  for (const auto& spec : in.targets) {
    order.push_back(spec.id);
    ids.try_emplace(spec.server, spec.id);
    auto& x = targets_[spec.id];
    const bool fresh = x.backend.empty();
    x.backend = in.backend;
    x.spec = spec;
    if (fresh) {
      look_new(spec.id);
      x.ranking = ranked(names_, spec.id);
      if (downs_before_.erase(spec.id) > 0)
        x.now = verdict{status::down, 0, 0};
    }
    if (fresh || in.restated) {
      x.probing = false;
      deal(x);
      assign(x, true);
    }
  }
  if (order.empty()) {
    backends_.erase(in.backend);
    ids_.erase(in.backend);
    looks_around_.erase(in.backend);
  } else
    out_.push_back(verdicts_changed{in.backend});
}

machine::target* machine::find(const std::string& backend,
                               const std::string& server) {
  const auto ids = ids_.find(backend);
  if (ids == ids_.end())
    return nullptr;
  const auto found = ids->second.find(server);
  return found == ids->second.end() ? nullptr : &targets_.at(found->second);
}

// -- nodes --------------------------------------------------------------------

void machine::take(const nodes_changed& in) {
  names_ = in.names;
  const auto unlisted = [this](const auto& item) {
    return std::find(names_.begin(), names_.end(), item.first) == names_.end();
  };
  for (auto& [id, x] : targets_) {
    x.ranking = ranked(names_, id);
    std::erase_if(x.votes, unlisted);
    std::erase_if(x.looks, unlisted);
  }
  std::erase_if(reports_, unlisted);
  settle(self_.node); // fewer nodes need fewer digests
  look_again();
}

void machine::take(const view_changed& in) {
  const auto before = std::exchange(alive_, in.alive);
  std::sort(alive_.begin(), alive_.end());
  const bool saw = 2 * before.size() > names_.size();
  if (settled_ && !sees_majority())
    stop_voting();
  const bool had = std::exchange(has_majority_, in.has_majority);
  if (had && !has_majority_)
    lose_majority();
  if (!had && has_majority_) {
    digests_.clear();
    settle(self_.node);
    next_digest_ = now_; // the others wait for it
  }
  if (settled_ && cut_off_ && sees_majority())
    vote_again(); // the digests that are to come find the last verdicts
  if (saw == sees_majority() && had == has_majority_)
    look_again_after(before);
  else
    look_again();
}

/// As the view says now; `has_majority_` follows some seconds later.
bool machine::sees_majority() const {
  return 2 * alive_.size() > names_.size();
}

/// Whoever cannot reach the others often cannot reach the servers either. Its
/// votes, or those it heard of others like it, must not flip verdicts when it
/// returns.
void machine::stop_voting() {
  if (cut_off_ || !by_.needs_majority_to_vote())
    return;
  cut_off_ = true;
  reports_.clear(); // what they were made of has no vote
  for (auto& [id, x] : targets_) {
    x.parts.clear(); // nobody was silent
    auto votes = std::exchange(x.votes, {});
    for (auto& [observer, vote] : votes) {
      vote.what.complete = false;
      keep_newer(x.looks, observer, vote, x.spec.probes);
    }
    deal(x);
  }
}

/// Begins anew, from the verdict.
void machine::vote_again() {
  cut_off_ = false;
  for (auto& [id, x] : targets_) {
    deal(x);
    if (x.probing)
      assign(x, true);
  }
}

/// Where nobody can say more, what this node saw alone stands: it is what this
/// node has acted on.
void machine::keep_own_view(target& x) const {
  const auto* look = of(x.looks, self_.node);
  if (look
      && by_.is_within(since(look->made, now_),
                       fresh_for(look->what, x.spec.probes))
      && elect(x.ranking, alive_, x.votes, x.spec.probes, now_, by_)
           .counted.empty()) {
    x.now = verdict{look->what.status, 0, 0};
    x.decided = {}; // not by votes: nobody is told that it stands
  }
}

/// Every server keeps its state until this node's own probes say otherwise.
void machine::lose_majority() {
  settled_ = false;
  for (auto& [id, x] : targets_) {
    deal(x);
    assign(x, true, true);
  }
  tell_all_backends();
}

/// Verdicts count again once a majority has told what it saw meanwhile.
void machine::settle(const std::string& from) {
  if (settled_)
    return;
  if (has_majority_)
    digests_.insert(from);
  const auto told =
    std::count_if(names_.begin(), names_.end(),
                  [this](const auto& name) { return digests_.contains(name); });
  if (!by_.settles(static_cast<size_t>(told), names_.size(), has_majority_))
    return;
  settled_ = was_settled_ = true;
  if (cut_off_) {
    for (auto& [id, x] : targets_)
      keep_own_view(x);
    vote_again();
  }
  look_again();
  tell_all_backends();
}

void machine::tell_all_backends() {
  for (const auto& [backend, order] : backends_)
    out_.push_back(verdicts_changed{backend});
}

void machine::take(const joined& in) {
  of_old_.erase(in.peer);
  if (!in.takes_reports) {
    of_old_.insert(in.peer);
    send_digest(in.peer);
    return;
  }
  ask(in.peer, wanted_from(in.peer));
}

void machine::take(const remembered& in) { downs_before_ = in.downs; }

/// Some of what is held looks fresh longer than the rest (observations of down
/// servers), so verdicts from what a stall has left would be wrong. The peers
/// tell all of it again; until a full interval has passed the verdicts stand.
/// Where they do not count, what own probes found stands (rule 15).
void machine::take(const stalled&) {
  if (woke_ == now_ || !by_.doubts_itself())
    return;
  woke_ = now_;
  for (auto& [id, x] : targets_) {
    x.parts.clear(); // nobody was silent
    x.votes.clear();
    x.looks.clear();
    deal(x);
    if (x.probing && settled_ && !cut_off_)
      assign(x, true);
  }
  reports_.clear();
  for (const auto& peer : alive_)
    if (peer != self_.node)
      ask(peer, {peer});
  next_digest_ = now_ + digest_interval; // the peers first
}

// -- who probes ---------------------------------------------------------------

void machine::look_again() {
  for (auto& [id, x] : targets_)
    deal(x);
  for (auto& [id, x] : targets_)
    decide_on(x);
  assign_all();
}

/// Of the nodes that are alive only some came or went: most targets have none
/// of these among those whose part they could be.
void machine::look_again_after(const std::vector<std::string>& before) {
  std::vector<std::string> moved;
  std::set_symmetric_difference(before.begin(), before.end(), alive_.begin(),
                                alive_.end(), std::back_inserter(moved));
  for (auto& [id, x] : targets_) {
    const auto end = x.ranking.begin() + static_cast<ptrdiff_t>(x.considered);
    if (std::find_first_of(x.ranking.begin(), end, moved.begin(), moved.end())
        != end)
      judge(x);
  }
  assign_all();
}

void machine::assign_all() {
  look_around();
  for (auto& [id, x] : targets_)
    assign(x, false);
}

void machine::assign(target& x, bool restart, bool alone) {
  const bool mine = x.spec.probed && is_mine(x);
  const bool begins = mine && (restart || !x.probing);
  if (!begins && mine == x.probing && !restart)
    return;
  x.probing = mine;
  std::optional<status> from;
  if (x.now)
    from = x.now->status;
  out_.push_back(
    part{x.backend, x.spec.server, mine, begins ? from : std::nullopt, alone});
}

/// All nodes probe all servers until they see each other: with many of both
/// that alone would keep them from it.
bool machine::is_starting() const {
  return !was_settled_ && now_ - *began_ < start_time;
}

bool machine::is_mine(const target& x) const {
  if (!settled_ && is_starting()) {
    const auto last =
      x.ranking.begin()
      + static_cast<ptrdiff_t>(std::min(by_.watchers(), x.ranking.size()));
    return x.ranking.empty()
        || std::find(x.ranking.begin(), last, self_.node) != last;
  }
  if (!settled_ || x.parts.contains(self_.node))
    return true;
  const auto look = looks_around_.find(x.backend);
  return look != looks_around_.end() && !look->second.found;
}

/// A node that reaches none of the servers which it observes may reach none at
/// all. The others' verdicts do not tell: it has to look itself, or it would
/// call itself ready for the sake of servers that it never tried (rule 12). One
/// that answers is enough: servers that are down for all do not make every node
/// probe everything.
void machine::look_around() {
  for (const auto& [backend, order] : backends_) {
    size_t downs = 0;
    size_t ups = 0;
    size_t open = 0;
    std::optional<time_point> reached; // lately, one of whoever's part
    for (const auto id : order) {
      const auto& x = targets_.at(id);
      if (!x.spec.probed)
        continue;
      const auto* seen = of(x.votes, self_.node);
      const bool is_up = seen && seen->what.status == status::up;
      if (is_up)
        reached = std::max(reached.value_or(seen->made), seen->made);
      if (x.parts.contains(self_.node))
        ++(!seen ? open : is_up ? ups : downs);
    }
    if (ups > 0 || (downs == 0 && open == 0)) {
      looks_around_.erase(backend);
      continue;
    }
    if (open > 0)
      continue; // it does not know yet, and does not change its mind
    auto& look =
      looks_around_.try_emplace(backend, looking{now_, {}}).first->second;
    if (reached && *reached >= look.since)
      look.found = look.found.value_or(now_);
    if (look.found && now_ - *look.found >= look_pause)
      look = {now_, {}};
  }
}

/// The first alive nodes by rank, until enough of them tell what they see. One
/// that has had its time and is silent may not know the target: `${VAR}` in an
/// address makes another target of the same server on each node, which nobody
/// else would watch.
void machine::deal(target& x) {
  dealt_.clear();
  bool same = true;
  size_t left = by_.watchers();
  x.considered = 0;
  for (const auto& node : x.ranking) {
    if (left == 0)
      break;
    ++x.considered;
    if (!std::binary_search(alive_.begin(), alive_.end(), node))
      continue;
    const auto known = x.parts.find(node);
    same &= known != x.parts.end();
    dealt_.emplace_back(&node, known == x.parts.end() ? now_ : known->second);
    left -= !is_silent(x, node, dealt_.back().second);
  }
  if (same && dealt_.size() == x.parts.size())
    return; // nearly always
  x.parts.clear();
  for (const auto& [node, since] : dealt_)
    x.parts.emplace(*node, since);
}

bool machine::is_silent(const target& x, const std::string& node,
                        time_point since) const {
  for (const auto* held : {of(x.votes, node), of(x.looks, node)})
    if (held && now_ - held->made <= fresh_for(held->what, x.spec.probes))
      return false;
  const auto said = reports_.find(node);
  if (said != reports_.end() && said->second.muted
      && now_ - said->second.heard <= fresh_for({}, x.spec.probes))
    return false;
  return now_ - since > fresh_for({}, x.spec.probes);
}

/// Whose vote there is or may yet be; sorted.
std::vector<std::string> machine::heard(const target& x) const {
  std::vector<std::string> result;
  for (const auto& [node, since] : x.parts)
    if (!is_silent(x, node, since))
      result.push_back(node);
  return result;
}

// -- what is seen -------------------------------------------------------------

void machine::take(const probed& in) {
  auto* x = find(in.backend, in.server);
  if (x == nullptr)
    return; // removed meanwhile
  const bool votes = in.complete && !cut_off_;
  held_observation seen{
    {self_.incarnation, ++sequence_, in.status, votes, in.evidence},
    now_,
    sequence_};
  auto& all = votes ? x->votes : x->looks;
  const auto* before = of(all, self_.node);
  const bool news = !before || before->what.status != in.status;
  if (!news && before->what.incarnation == self_.incarnation
      && before->what.evidence == in.evidence)
    seen.since = before->since;
  all[self_.node] = seen;
  if (votes)
    x->looks.erase(self_.node);
  if (news && is_told(*x, {x->spec.id, votes}))
    for (auto& body :
         encode(message_type::change, {told(*x, self_.node, seen)}))
      out_.push_back(send{{}, message_kind::observations, std::move(body)});
  judge(*x);
}

void machine::take(const traffic_fails& in) {
  auto* x = find(in.backend, in.server);
  if (x == nullptr || (x->told && now_ < *x->told + suspicion_pause))
    return;
  x->told = now_;
  out_.push_back(send{
    {}, message_kind::observations, encode_suspicion(x->spec.id, in.failures)});
}

void machine::take(const received& in) {
  const auto said = decode(in.body);
  if (!said) {
    ++undecodable_;
    return;
  }
  if (said->type == message_type::suspicion) {
    take_suspicion(*said);
    return;
  }
  if (said->type == message_type::question) {
    answer(in.from, *said);
    return;
  }
  if (said->type != message_type::change && settled_ && !by_.takes_digests())
    return;
  std::set<uint64_t> touched;
  if (said->type == message_type::report || said->type == message_type::answer)
    take_reports(in.from, *said, touched);
  for (const auto& x : said->observations)
    if (take_told(x)) {
      touched.insert(x.target);
      note_told(in.from, x);
    }
  for (const auto id : touched)
    judge(targets_.at(id));
  if (said->type == message_type::digest && said->last)
    settle(in.from);
}

/// Only of targets and nodes that are known here: a peer cannot make this node
/// hold more.
/// @returns whether it is of such.
bool machine::take_told(const observation_body& x) {
  const auto found = targets_.find(x.target);
  // Of this node there is only what an earlier life of it saw: its vote is
  // counted until there is a new one (rule 11).
  const bool mine =
    x.observer == self_.node && x.what.incarnation >= self_.incarnation;
  if (found == targets_.end() || mine || !is_listed(x.observer))
    return false;
  if (cut_off_ && x.what.complete && !sees_majority())
    return false; // of one that has not noticed yet
  // An age beyond all limits is an old observation, not an overflow.
  const auto age = milliseconds{std::min<uint64_t>(x.age_ms, age_ms_max)};
  auto& target = found->second;
  keep_newer(x.what.complete ? target.votes : target.looks, x.observer,
             {x.what, now_ - age}, target.spec.probes);
  const bool decided = target.now && target.decided != time_point{};
  if (!settled_ && !decided && x.verdict) {
    target.now = verdict{*x.verdict, 0, 0};
    target.decided = now_;
  }
  return true;
}

bool machine::is_listed(const std::string& node) const {
  return std::find(names_.begin(), names_.end(), node) != names_.end();
}

/// One that is not fresh gives way to one that is, whatever their order: a
/// clock set back must not silence a node for long.
void machine::keep_newer(observation_map& all, const std::string& observer,
                         const held_observation& x, const pace& p) const {
  const auto within = [&](const held_observation& held, auto limit) {
    return by_.is_within(since(held.made, now_), limit(held.what, p));
  };
  if (!within(x, kept_for))
    return;
  const auto [found, is_new] = all.try_emplace(observer, x);
  if (is_new)
    return;
  auto& held = found->second;
  const bool gives_way = within(x, fresh_for) && !within(held, fresh_for);
  held = gives_way ? x : by_.newer_of(held, x);
}

/// What can never be counted again. An earlier life's must go even if its
/// incarnation is the greater one.
void machine::forget_old() {
  for (auto& [id, x] : targets_) {
    const auto old = [&, &p = x.spec.probes](const auto& item) {
      return !by_.is_within(since(item.second.made, now_),
                            kept_for(item.second.what, p));
    };
    std::erase_if(x.votes, old);
    std::erase_if(x.looks, old);
  }
}

void machine::take_suspicion(const message& said) {
  const auto found = targets_.find(said.target);
  if (found == targets_.end())
    return;
  auto& x = found->second;
  if (x.hinted && now_ < *x.hinted + suspicion_pause)
    return;
  x.hinted = now_;
  const bool serious = said.failures >= suspicion_failures_min;
  if (serious)
    out_.push_back(suspected{x.backend, x.spec.server});
  if (x.probing)
    out_.push_back(hint{x.backend, x.spec.server, serious});
}

// -- verdicts -----------------------------------------------------------------

void machine::judge(target& x) {
  deal(x);
  decide_on(x);
}

/// @pre its parts are dealt.
void machine::decide_on(target& x) {
  // The votes of those who are not seen grow old: what is left of them must not
  // decide alone, nor this node's.
  if (cut_off_ || (by_.needs_majority_to_vote() && !sees_majority()))
    return;
  if (woke_ && now_ - *woke_ <= x.spec.probes.interval)
    return;
  const auto who =
    elect(x.ranking, heard(x), x.votes, x.spec.probes, now_, by_);
  std::optional<status> last;
  if (x.now)
    last = x.now->status;
  const auto next = decide(who, x.votes, last, by_);
  const bool open =
    who.counted.empty()
    || (who.awaited && next.downs > 0 && next.status == status::up);
  if (!last && open)
    return; // too early to say
  const bool confirmed =
    x.decided == time_point{} && !who.counted.empty() && !who.awaited;
  if (!last || *last != next.status || confirmed)
    x.decided = now_;
  x.now = next;
  if (last.value_or(status::up) == next.status)
    return;
  if (settled_)
    out_.push_back(event{"backend " + x.backend + ": server " + x.spec.server
                         + ": the cluster says "
                         + std::string{to_string(next.status)} + " ("
                         + next.rule() + ")"});
  out_.push_back(verdicts_changed{x.backend});
}

std::vector<std::pair<std::string, status>>
machine::verdicts(const std::string& backend) const {
  std::vector<std::pair<std::string, status>> result;
  const auto found = backends_.find(backend);
  if (found == backends_.end())
    return result;
  for (const auto id : found->second)
    if (const auto& x = targets_.at(id); x.now)
      result.emplace_back(x.spec.server, x.now->status);
  return result;
}

std::vector<std::pair<std::string, std::string>> machine::targets() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [backend, ids] : backends_)
    for (const auto id : ids)
      result.emplace_back(backend, targets_.at(id).spec.server);
  return result;
}

std::set<uint64_t> machine::downs() const {
  std::set<uint64_t> result;
  for (const auto& [id, x] : targets_)
    if (x.now && x.now->status == status::down)
      result.insert(id);
  return result;
}

std::optional<target_view> machine::describe(const std::string& backend,
                                             const std::string& server,
                                             time_point now) const {
  const auto* x = const_cast<machine*>(this)->find(backend, server);
  if (x == nullptr)
    return std::nullopt;
  target_view result{x->now, {}};
  const auto counted =
    elect(x->ranking, heard(*x), x->votes, x->spec.probes, now, by_).counted;
  for (const auto& node : x->ranking) {
    const auto* vote = of(x->votes, node);
    const auto* look = of(x->looks, node);
    const auto* held = vote && look ? &merge(*vote, *look) : vote ? vote : look;
    if (!held)
      continue;
    const auto age = since(held->made, now);
    result.observers.push_back(
      {node, held->what, age, age <= fresh_for(held->what, x->spec.probes),
       std::find(counted.begin(), counted.end(), node) != counted.end()});
  }
  return result;
}

// -- what the peers are told --------------------------------------------------

observation_body machine::told(const target& x, const std::string& observer,
                               const held_observation& held) const {
  const auto age = std::max(since(held.made, now_), milliseconds{0});
  std::optional<status> stands;
  if (x.now && x.decided != time_point{}
      && now_ - x.decided >= x.spec.probes.interval)
    stands = x.now->status;
  return {
    x.spec.id, observer,
    held.what, static_cast<uint64_t>(age.count()),
    stands,    said_since({x.spec.id, held.what.complete}, observer, held)};
}

void machine::send_digest(const std::string& to) {
  std::vector<observation_body> all;
  for (const auto& [id, x] : targets_)
    for (const auto* held_by : {&x.votes, &x.looks})
      for (const auto& [observer, held] : *held_by)
        if (spreads())
          all.push_back(told(x, observer, held));
  for (auto& body : encode(message_type::digest, all))
    out_.push_back(send{to, message_kind::observations, std::move(body)});
}

} // namespace troupe::cluster::observations
