// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"

#include <algorithm>
#include <utility>

// What is asked for, and why it cannot be; nothing here reaches a voter.

namespace troupe::cluster::config_register {

namespace {

std::string names(const std::vector<std::string>& x) {
  std::string result;
  for (const auto& name : x)
    result += (result.empty() ? "" : ", ") + name;
  return result;
}

std::string who_and_when(const record& x) {
  return "generation " + std::to_string(x.at.generation) + " by " + x.author
       + (x.node.empty() ? "" : " on " + x.node);
}

} // namespace

void engine::on(const propose& x) {
  if (same_already(x.request, x.candidate.hash))
    return;
  if (auto why = why_not_now())
    return reply(x.request, outcome::refused, *why);
  if (auto why = why_not(x.candidate, x.by))
    return reply(x.request, outcome::refused, *why);
  const auto& current = *state_.committed;
  if (x.base && *x.base != current.at.generation && !x.rebase) {
    emit(answer{x.request,
                outcome::conflict,
                current.at,
                "based on generation " + std::to_string(*x.base)
                  + ", the cluster is at " + who_and_when(current),
                {},
                {},
                current});
    return;
  }
  if (busy(x.request))
    return;
  start_change(next_record(x.candidate, x.by), {x.request}, x.force, x.rebase);
}

/// Rule 6: a file that did not change proposes nothing, and one that was
/// written before others moved the cluster on reverts nothing.
void engine::on(const file_changed& x) {
  if (std::exchange(file_, x.file).hash != x.file.hash)
    must_report_ = true;
  if (!state_.committed) {
    change().base_hash = x.file.hash;
    return reply(x.request, outcome::no_op,
                 "no generation has been agreed on yet: this node serves with "
                 "its own file");
  }
  const auto& current = *state_.committed;
  if (x.file.hash == current.hash) {
    read_as(current.at);
    return reply(x.request, outcome::no_op,
                 "the shared sections are those of generation "
                   + std::to_string(current.at.generation));
  }
  if (x.file.hash == state_.base_hash)
    return reply(x.request, outcome::no_op,
                 "the shared sections did not change since they were last "
                 "read");
  if (state_.base != current.at)
    return reply(x.request, outcome::refused,
                 x.name + " is based on generation "
                   + std::to_string(state_.base.generation)
                   + ", the cluster is at "
                   + std::to_string(current.at.generation)
                   + ": \"troupectl config pull\" writes it, \"config apply "
                     "--rebase\" overrides");
  on(propose{x.request, x.file, x.by, current.at.generation, false, false});
}

void engine::read_as(const version& at) {
  if (state_.base_hash == file_.hash && state_.base == at)
    return;
  change().base_hash = file_.hash;
  change().base = at;
}

/// The same text as committed or on its way is no second change.
bool engine::same_already(uint64_t request, const std::string& hash) {
  if (state_.committed && state_.committed->hash == hash) {
    for (auto& x : spreads_)
      if (x.what.hash == hash) {
        x.requests.push_back(request);
        return true;
      }
    reply(request, outcome::no_op,
          "generation " + std::to_string(state_.committed->at.generation)
            + " already has this text");
    return true;
  }
  if (!proposal_ || proposal_->what != proposal::aim::change
      || proposal_->candidate.hash != hash)
    return false;
  proposal_->requests.push_back(request);
  return true;
}

bool engine::busy(uint64_t request) {
  if (proposal_ && proposal_->what == proposal::aim::finish)
    proposal_.reset(); // what it was to finish, the new one will
  if (!proposal_)
    return false;
  const auto& other = proposal_->candidate;
  emit(answer{request,
              outcome::conflict,
              here().at,
              "another change of this node is under vote, by " + other.author,
              {},
              {},
              other});
  return true;
}

/// Why this node cannot propose anything.
std::optional<std::string> engine::why_not_now() const {
  if (disk_failed_)
    return self_.node + " cannot write its state_dir: it does not propose";
  if (!state_.committed)
    return "no generation has been agreed on yet"
         + (obstacle_.empty() ? std::string{} : ": " + obstacle_);
  if (!listed())
    return self_.node + " is not in generation "
         + std::to_string(here().at.generation) + " of " + self_.cluster
         + ": it serves its last one and does not propose";
  if (!may_vote())
    return self_.node
         + " lost its state and does not vote until enough other "
           "voters have told it what it may have voted";
  const auto& nodes = state_.committed->nodes;
  if (reachable(nodes) >= rules_.majority(nodes.size()))
    return why_too_few_vote();
  std::vector<std::string> missing;
  for (const auto& node : nodes)
    if (node.name != self_.node && !joined(node.name))
      missing.push_back(node.name);
  return "only " + std::to_string(reachable(nodes)) + " of "
       + std::to_string(nodes.size()) + " nodes are reachable ("
       + names(missing) + " not): a minority cannot change the configuration";
}

/// Who is there and says that it does not vote need not be asked.
std::optional<std::string> engine::why_too_few_vote() const {
  std::vector<std::string> mute;
  size_t silent = 0;
  for (const auto& [node, votes] : votes())
    if (votes && !*votes)
      mute.push_back(node);
    else if (node != self_.node && !joined(node))
      ++silent;
  const auto n = state_.committed->nodes.size();
  const auto voting = n - mute.size() - silent;
  if (mute.empty() || voting >= rules_.majority(n))
    return std::nullopt;
  const auto out = way_out();
  return "only " + std::to_string(voting) + " of " + std::to_string(n)
       + " nodes can vote (" + names(mute) + " cannot): "
       + (out.empty() ? "\"troupectl nodes\" there says why" : out);
}

/// Why nobody can propose this.
std::optional<std::string> engine::why_not(const shared_text& x,
                                           const asker& by) const {
  if (x.text.size() > text_bytes_max)
    return "the shared sections take " + std::to_string(x.text.size())
         + " bytes, at most " + std::to_string(text_bytes_max) + " fit";
  if (by.reason.size() > reason_bytes_max)
    return "the reason takes " + std::to_string(by.reason.size())
         + " bytes, at most " + std::to_string(reason_bytes_max) + " fit";
  if (x.nodes.empty() || x.nodes.size() > nodes_max)
    return "cluster.nodes has " + std::to_string(x.nodes.size())
         + " nodes, expected 1.." + std::to_string(nodes_max);
  std::set<std::string> seen;
  for (const auto& node : x.nodes)
    if (!seen.insert(node.name).second)
      return "cluster.nodes lists " + node.name + " twice";
  const auto n = changes_between(state_.committed->nodes, x.nodes);
  if (n > 1)
    return "cluster.nodes differs in " + std::to_string(n)
         + " nodes: add, remove or move one node per change";
  return std::nullopt;
}

record engine::next_record(const shared_text& x, const asker& by) const {
  record result;
  const auto& current = *state_.committed;
  result.at = {current.at.epoch, current.at.generation + 1};
  result.mark = current.mark;
  result.since = current.since;
  result.text = x.text;
  result.hash = x.hash;
  result.nodes = x.nodes;
  result.author = by.author;
  result.node = self_.node;
  result.reason = by.reason;
  result.time_ms = by.time_ms;
  return result;
}

} // namespace troupe::cluster::config_register
