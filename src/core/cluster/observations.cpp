// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/observations.hpp"

#include "core/cluster/observers.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::watch {

namespace {

milliseconds since(time_point then, time_point now) {
  return std::chrono::duration_cast<milliseconds>(now - then);
}

} // namespace

effects machine::step(const input& in, time_point now) {
  now_ = now;
  std::visit([this](const auto& x) { take(x); }, in);
  if (now_ >= next_digest_) {
    next_digest_ = now_ + digest_interval;
    judge_all(); // what was fresh may be no more
    send_digest({});
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
  for (const auto& spec : in.targets) {
    order.push_back(spec.id);
    auto& x = targets_[spec.id];
    const bool fresh = x.backend.empty();
    x.backend = in.backend;
    x.spec = spec;
    if (fresh) {
      x.ranking = ranked(names_, spec.id);
      if (downs_before_.erase(spec.id) > 0)
        x.now = verdict{status::down, 0, 0};
    }
    if (fresh || in.restated) {
      x.probing = false;
      assign(x, true);
    }
  }
  if (order.empty())
    backends_.erase(in.backend);
  else
    out_.push_back(verdicts_changed{in.backend});
}

machine::target* machine::find(const std::string& backend,
                               const std::string& server) {
  const auto found = backends_.find(backend);
  if (found == backends_.end())
    return nullptr;
  for (const auto id : found->second)
    if (auto& x = targets_.at(id); x.spec.server == server)
      return &x;
  return nullptr;
}

// -- nodes --------------------------------------------------------------------

void machine::take(const nodes_changed& in) {
  names_ = in.names;
  for (auto& [id, x] : targets_) {
    x.ranking = ranked(names_, id);
    std::erase_if(x.seen, [&](const auto& item) {
      return std::find(names_.begin(), names_.end(), item.first)
          == names_.end();
    });
  }
  assign_all();
  judge_all();
}

void machine::take(const view_changed& in) {
  alive_ = in.alive;
  std::sort(alive_.begin(), alive_.end());
  const bool had = std::exchange(has_majority_, in.has_majority);
  if (had && !has_majority_)
    lose_majority();
  if (!had && has_majority_) {
    digests_.clear();
    settle(self_.node);
  }
  assign_all();
  judge_all();
}

/// Every server keeps its state until this node's own probes say otherwise.
void machine::lose_majority() {
  settled_ = false;
  for (auto& [id, x] : targets_)
    assign(x, true);
  tell_all_backends();
}

/// Verdicts count again once a majority has told what it saw meanwhile.
void machine::settle(const std::string& from) {
  if (!has_majority_ || settled_)
    return;
  digests_.insert(from);
  if (digests_.size() <= names_.size() / 2)
    return;
  settled_ = true;
  judge_all();
  assign_all();
  tell_all_backends();
}

void machine::tell_all_backends() {
  for (const auto& [backend, order] : backends_)
    out_.push_back(verdicts_changed{backend});
}

void machine::take(const joined& in) { send_digest(in.peer); }

void machine::take(const remembered& in) { downs_before_ = in.downs; }

void machine::take(const stalled&) {
  for (auto& [id, x] : targets_) {
    x.seen.erase(self_.node);
    if (x.probing)
      assign(x, true);
  }
  next_digest_ = now_ + digest_interval; // the peers first
}

// -- who probes ---------------------------------------------------------------

void machine::assign_all() {
  for (auto& [id, x] : targets_)
    assign(x, false);
}

void machine::assign(target& x, bool restart) {
  const bool mine = x.spec.probed && is_mine(x);
  const bool begins = mine && (restart || !x.probing);
  if (!begins && mine == x.probing && !restart)
    return;
  x.probing = mine;
  std::optional<status> from;
  if (x.now)
    from = x.now->status;
  if (begins)
    if (const auto own = x.seen.find(self_.node); own != x.seen.end())
      own->second.what.complete = false; // no vote before it has looked
  out_.push_back(
    part{x.backend, x.spec.server, mine, begins ? from : std::nullopt});
}

bool machine::is_mine(const target& x) const {
  if (!settled_)
    return true;
  const auto wanted = std::min(observers_max, alive_.size());
  size_t above = 0;
  for (const auto& node : x.ranking) {
    if (node == self_.node)
      return above < wanted;
    above += std::binary_search(alive_.begin(), alive_.end(), node);
  }
  return false; // not listed: the others watch
}

// -- what is seen -------------------------------------------------------------

void machine::take(const probed& in) {
  auto* x = find(in.backend, in.server);
  if (x == nullptr)
    return; // removed meanwhile
  const auto before = x->seen.find(self_.node);
  const bool news = before == x->seen.end()
                 || before->second.what.status != in.status
                 || before->second.what.complete != in.complete;
  x->seen[self_.node] = {
    {self_.incarnation, ++sequence_, in.status, in.complete, in.evidence},
    now_};
  if (news)
    for (auto& body : encode(message_type::change, {told(*x, self_.node)}))
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
  std::set<uint64_t> touched;
  merge_told(*said, touched);
  for (const auto id : touched)
    judge(targets_.at(id));
  if (said->type == message_type::digest && said->last)
    settle(in.from);
}

/// Only of targets and nodes that are known here: a peer cannot make this node
/// hold more.
void machine::merge_told(const message& said, std::set<uint64_t>& touched) {
  for (const auto& x : said.observations) {
    const auto found = targets_.find(x.target);
    if (found == targets_.end() || x.observer == self_.node
        || std::find(names_.begin(), names_.end(), x.observer) == names_.end())
      continue;
    // An age beyond all limits is an old observation, not an overflow.
    const auto age = milliseconds{std::min<uint64_t>(x.age_ms, 3'600'000)};
    const held_observation fresh{x.what, now_ - age};
    auto& seen = found->second.seen;
    const auto old = seen.find(x.observer);
    const auto& probes = found->second.spec.probes;
    if (old == seen.end())
      seen.emplace(x.observer, fresh);
    else if (now_ - old->second.made > kept_for(old->second.what, probes))
      old->second = fresh; // whatever its order: the old one speaks no more
    else
      old->second = merge(old->second, fresh);
    touched.insert(x.target);
  }
}

void machine::take_suspicion(const message& said) {
  const auto found = targets_.find(said.target);
  if (found == targets_.end())
    return;
  auto& x = found->second;
  if (!x.probing || (x.hinted && now_ < *x.hinted + suspicion_pause))
    return;
  x.hinted = now_;
  out_.push_back(
    hint{x.backend, x.spec.server, said.failures >= suspicion_failures_min});
}

// -- verdicts -----------------------------------------------------------------

void machine::judge_all() {
  for (auto& [id, x] : targets_)
    judge(x);
}

void machine::judge(target& x) {
  const auto who = elect(x.ranking, alive_, x.seen, x.spec.probes, now_);
  std::optional<status> last;
  if (x.now)
    last = x.now->status;
  const auto next = decide(who, x.seen, last);
  const bool open =
    who.counted.empty()
    || (who.awaited && next.downs > 0 && next.status == status::up);
  if (!last && open)
    return; // too early to say
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
    elect(x->ranking, alive_, x->seen, x->spec.probes, now).counted;
  for (const auto& node : x->ranking) {
    const auto found = x->seen.find(node);
    if (found == x->seen.end())
      continue;
    const auto& [what, made] = found->second;
    const auto age = since(made, now);
    result.observers.push_back(
      {node, what, age, age <= fresh_for(what, x->spec.probes),
       std::find(counted.begin(), counted.end(), node) != counted.end()});
  }
  return result;
}

// -- what the peers are told --------------------------------------------------

told_observation machine::told(const target& x,
                               const std::string& observer) const {
  const auto& [what, made] = x.seen.at(observer);
  return {
    x.spec.id, observer, what,
    static_cast<uint64_t>(std::max<int64_t>(since(made, now_).count(), 0))};
}

void machine::send_digest(const std::string& to) {
  std::vector<told_observation> all;
  for (const auto& [id, x] : targets_)
    for (const auto& [observer, held] : x.seen)
      if (now_ - held.made <= kept_for(held.what, x.spec.probes))
        all.push_back(told(x, observer));
  for (auto& body : encode(message_type::digest, all))
    out_.push_back(send{to, message_kind::observations, std::move(body)});
}

} // namespace troupe::cluster::watch
