// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/operators.hpp"

#include "core/cluster/operators_message.hpp"
#include "core/cluster/rhythm.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace troupe::cluster::operators {

const entry& merge(const entry& a, const entry& b) {
  if (a.at != b.at)
    return a.at < b.at ? b : a;
  const auto content = [](const entry& x) {
    return std::tie(x.admin, x.weight_base, x.generation, x.author, x.reason,
                    x.time_ms);
  };
  if (content(a) != content(b))
    return content(a) < content(b) ? b : a;
  if (!a.weight || !b.weight)
    return a.weight ? b : a;
  return *a.weight < *b.weight ? b : a;
}

// -- steps --------------------------------------------------------------------

effects machine::step(const input& in, time_point now) {
  now_ = now;
  std::visit([this](const auto& x) { take(x); }, in);
  answer_due();
  if (now_ >= next_digest_) {
    next_digest_ = next_moment(self_, now_, digest_interval);
    send_to({}, encode(digest_body{fingerprint(state_)}));
  }
  auto next = next_digest_;
  for (const auto& [request, x] : pending_)
    next = std::min(next, x.until);
  out_.push_back(wake{next});
  return std::exchange(out_, {});
}

void machine::take(const tick&) {}

void machine::take(const started& in) {
  if (in.content)
    if (auto left = decode_snapshot(*in.content))
      state_ = *std::move(left);
  for (const auto& [of, x] : state_.entries)
    express(of, x);
}

void machine::take(const servers_changed& in) {
  introduce(in);
  generation_ = in.generation;
  configured_ = true;
  weights_ = in.weights;
  std::erase_if(state_.introduced, [&](const auto& item) {
    return !weights_.contains(item.first);
  });
  drop_outlived();
  for (auto& [of, x] : state_.entries) {
    end_weight(of, x);
    express(of, x);
  }
  out_.push_back(persist{encode(state_)});
  next_digest_ = now_; // peers may hold wishes for the servers that came
}

/// A server that was not there in the generation before came with the next one
/// at the earliest. Who skipped generations hears from its peers if it was
/// later, and who was not there at all hears everything from them.
void machine::introduce(const servers_changed& in) {
  if (!configured_ || in.generation <= generation_)
    return;
  for (const auto& [of, weight] : in.weights)
    if (!weights_.contains(of))
      state_.introduced[of] = std::max(state_.introduced[of], generation_ + 1);
}

void machine::take(const command& in) {
  if (configured_ && !weights_.contains(in.of)) {
    out_.push_back(answer{in.request, {}, {}});
    return;
  }
  auto& x = state_.entries[in.of];
  x.at = {++state_.counter, self_};
  x.admin = in.admin.value_or(x.admin);
  x.generation = generation_;
  if (in.weight || in.reset_weight) {
    x.weight = in.weight;
    if (const auto found = weights_.find(in.of); found != weights_.end())
      x.weight_base = found->second;
  } else {
    end_weight(in.of, x);
  }
  x.author = in.author.substr(0, name_bytes_max);
  x.reason = in.reason.substr(0, reason_bytes_max);
  x.time_ms = in.time_ms;
  // On disk before anybody hears of it: a counter must not be used twice.
  out_.push_back(persist{encode(state_)});
  express(in.of, x);
  for (auto& body : encode_state({state_.counter, {{in.of, x}}, {}}))
    send_to({}, std::move(body));
  pending_[in.request] = {x.at, {self_}, peers_, now_ + answer_timeout};
}

void machine::take(const joined& in) {
  peers_.insert(in.peer);
  send_state(in.peer);
}

void machine::take(const left& in) { peers_.erase(in.peer); }

void machine::take(const received& in) {
  const auto said = decode(in.body);
  if (const auto* told = std::get_if<state_body>(&said))
    take_state(in.from, told->part);
  else if (const auto* told = std::get_if<digest_body>(&said))
    take_digest(in.from, told->fingerprint);
  else if (const auto* told = std::get_if<acks_body>(&said))
    confirm(in.from, told->versions);
  else
    ++undecodable_;
}

void machine::take_digest(const std::string& from, uint64_t theirs) {
  if (theirs != fingerprint(state_))
    send_state(from);
}

void machine::take_state(const std::string& from, const snapshot& told) {
  if (take_told(told))
    out_.push_back(persist{encode(state_)});
  // Only who asked waits for it, and only what holds here is said to hold.
  acks_body acks;
  for (const auto& [of, x] : told.entries)
    if (x.at.node == from && state_.entries.contains(of))
      acks.versions.push_back(x.at);
  if (!acks.versions.empty())
    send_to(from, encode(acks));
}

// -- merging ------------------------------------------------------------------

bool machine::take_told(const snapshot& told) {
  bool changed = false;
  for (const auto& [of, generation] : told.introduced) {
    if (!weights_.contains(of) || generation > generation_)
      continue;
    auto& mine = state_.introduced[of];
    changed |= mine < generation;
    mine = std::max(mine, generation);
  }
  for (const auto& [of, x] : told.entries)
    changed |= take_told(of, x);
  changed |= drop_outlived();
  return changed;
}

/// Of servers this node does not know it hears again when it has their
/// generation; a peer cannot make it hold more than it has servers.
bool machine::take_told(const server_key& of, const entry& told) {
  state_.counter = std::max(state_.counter, told.at.counter);
  if (!weights_.contains(of))
    return false;
  const auto [found, is_new] = state_.entries.try_emplace(of, told);
  auto& mine = found->second;
  auto next = merge(mine, told);
  end_weight(of, next);
  if (!is_new && next == mine)
    return false;
  mine = std::move(next);
  express(of, mine);
  return true;
}

/// An entry ends with its server, also when another of that name has come.
bool machine::drop_outlived() {
  if (!configured_)
    return false;
  return std::erase_if(state_.entries,
                       [this](const auto& item) {
                         const auto& [of, x] = item;
                         const auto found = state_.introduced.find(of);
                         const bool ends = !weights_.contains(of)
                                        || (found != state_.introduced.end()
                                            && x.generation < found->second);
                         if (ends)
                           out_.push_back(wish{of});
                         return ends;
                       })
       > 0;
}

/// The configuration spoke last: it has changed the server's weight since one
/// was wished. A wish of a generation to come knows better.
void machine::end_weight(const server_key& of, entry& x) const {
  const auto found = weights_.find(of);
  if (!x.weight || found == weights_.end() || found->second == x.weight_base
      || x.generation > generation_)
    return;
  x.weight.reset();
}

void machine::express(const server_key& of, const entry& x) {
  const auto configured = weights_.find(of);
  const bool holds =
    configured == weights_.end() || configured->second == x.weight_base;
  out_.push_back(wish{of, x.admin, holds ? x.weight : std::nullopt, x.author,
                      x.reason, x.time_ms});
}

// -- answers ------------------------------------------------------------------

void machine::confirm(const std::string& node,
                      const std::vector<version>& all) {
  for (auto& [request, x] : pending_)
    if (std::find(all.begin(), all.end(), x.at) != all.end()
        && x.missing.erase(node) > 0)
      x.in_force.push_back(node);
}

void machine::answer_due() {
  for (auto next = pending_.begin(); next != pending_.end();) {
    auto& [request, x] = *next;
    if (!x.missing.empty() && now_ < x.until) {
      ++next;
      continue;
    }
    out_.push_back(
      answer{request, x.in_force, {x.missing.begin(), x.missing.end()}});
    next = pending_.erase(next);
  }
}

void machine::send_state(const std::string& to) {
  for (auto& body : encode_state(state_))
    send_to(to, std::move(body));
}

void machine::send_to(const std::string& to, std::string body) {
  out_.push_back(send{to, message_kind::operators, std::move(body)});
}

} // namespace troupe::cluster::operators
