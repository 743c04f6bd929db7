// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"
#include "core/cluster/listing.hpp"

#include <algorithm>
#include <utility>

// A lost majority is replaced by a new epoch, which an operator begins on the
// survivors. Two sides that each began the same one are never merged: an
// operator says which counts (rule 4).

namespace troupe::cluster::config_register {

namespace {

std::string all_of(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names)
    result += (result.empty() ? "" : ", ") + name;
  return result;
}

} // namespace

// -- who votes ----------------------------------------------------------------

std::vector<peer_vote> engine::votes() const {
  std::vector<peer_vote> result;
  if (!state_.committed)
    return result;
  for (const auto& node : state_.committed->nodes) {
    auto& x = result.emplace_back(peer_vote{node.name, std::nullopt});
    const auto peer = peers_.find(node.name);
    if (node.name == self_.node)
      x.votes = may_vote();
    else if (peer != peers_.end() && peer->second.said)
      x.votes = peer->second.said->votes;
  }
  return result;
}

std::string engine::why_no_vote() const {
  if (may_vote())
    return {};
  if (disk_failed_)
    return self_.node
         + " cannot write its state_dir (is the disk full?): make room there, "
           "then restart it";
  if (!state_.committed)
    return state_.as == standing::non_voter
           ? self_.node + " cannot read the register it had"
           : "the cluster has not formed yet";
  if (!listed())
    return not_listed(self_.node, "another node",
                      "generation " + std::to_string(here().at.generation)
                        + " of " + self_.cluster)
         + ", or stop it";
  return self_.node + " lost its state_dir: it votes again once "
       + std::to_string(rules_.recovery_quorum(state_.committed->nodes.size()))
       + " other nodes that vote have told it what it may have voted";
}

/// Nodes that lost their disks ask those that vote. If these are too few, no
/// time helps: an operator begins a new epoch, or brings back who is away.
std::string engine::way_out() const {
  if (!listed())
    return {};
  size_t voting = 0;
  std::string alone = may_vote() ? self_.node : std::string{};
  std::vector<std::string> mute;
  std::vector<std::string> away;
  for (const auto& [node, votes] : votes()) {
    const bool stored = node == self_.node
                        ? !disk_failed_
                        : votes && peers_.at(node).said->stored;
    if (!votes) {
      away.push_back(node);
    } else if (*votes) {
      ++voting;
      if (alone.empty())
        alone = node;
    } else if (stored) {
      mute.push_back(node);
    } else {
      away.push_back(node + " (its state_dir cannot be written)");
    }
  }
  const auto needed = rules_.recovery_quorum(state_.committed->nodes.size());
  if (mute.empty() || voting >= needed)
    return {};
  if (alone.empty())
    alone = self_.node;
  const auto recover = "\"troupectl cluster recover --nodes " + alone + "\" on "
                     + alone + ", then add the others one by one";
  const auto problem = "lost the state_dir, and cannot vote before "
                     + std::to_string(needed)
                     + " other nodes do: " + all_of(mute) + "; ";
  return voting + away.size() >= needed
         ? problem + "bring back " + all_of(away)
             + ", or if that is impossible, run " + recover
         : problem + "waiting does not help: run " + recover;
}

// -- new epochs ---------------------------------------------------------------

/// Why the rest may not go on without the others.
std::optional<std::string> engine::why_not_recover(const recover& x) const {
  if (disk_failed_ || !state_.committed)
    return self_.node + " holds no record to continue from";
  if (x.candidate.text.size() > text_bytes_max
      || x.by.reason.size() > reason_bytes_max)
    return std::string{"the text or the reason is too long"};
  const auto& nodes = state_.committed->nodes;
  const auto voters =
    std::count_if(nodes.begin(), nodes.end(), [this](const auto& node) {
      return node.name == self_.node
             ? may_vote()
             : says_it_votes(node.name) && peers_.at(node.name).at == here();
    });
  if (static_cast<size_t>(voters) >= rules_.majority(nodes.size()))
    return "a majority of generation " + std::to_string(here().at.generation)
         + " is reachable and votes: use \"troupectl config apply\"";
  if (!lists(x.candidate.nodes, self_.node))
    return "run it on one of the nodes that remain";
  for (const auto& node : x.candidate.nodes) {
    if (!lists(nodes, node.name))
      return node.name + " is not in generation "
           + std::to_string(here().at.generation)
           + ": recover first, then add it";
    if (node.name != self_.node && !joined(node.name))
      return node.name + " is not reachable: list only reachable nodes";
  }
  return why_never_enough(x.candidate.nodes);
}

/// Why these nodes would wait for each other: one that lost its disk votes in a
/// new epoch, too, only once enough that did not have told it what it may have
/// voted there. This node votes there in any case: it begins it.
std::optional<std::string>
engine::why_never_enough(const node_list& survivors) const {
  std::string mute;
  std::string alone = may_vote() ? self_.node : std::string{};
  size_t voters = 1;
  for (const auto& node : survivors) {
    if (node.name == self_.node)
      continue;
    if (!says_it_votes(node.name)) {
      mute += (mute.empty() ? "" : ", ") + node.name;
      continue;
    }
    ++voters;
    if (alone.empty())
      alone = node.name;
  }
  const auto needed = rules_.recovery_quorum(survivors.size());
  if (mute.empty() || voters >= needed)
    return std::nullopt;
  if (alone.empty())
    alone = self_.node;
  return mute + " cannot vote before " + std::to_string(needed) + " of these "
       + std::to_string(survivors.size())
       + " nodes do, which would be never: run \"troupectl cluster recover "
         "--nodes "
       + alone + "\" on " + alone + ", then add the others one by one";
}

bool engine::says_it_votes(const std::string& node) const {
  const auto found = peers_.find(node);
  return found != peers_.end() && found->second.said
      && found->second.said->votes;
}

/// Decided by the operator and not by a vote.
void engine::on(const recover& x) {
  if (auto why = why_not_recover(x))
    return reply(x.request, outcome::refused, *why);
  if (proposal_)
    settle(proposal_->own_sent ? outcome::unknown : outcome::refused,
           "an operator began a new epoch");
  auto next = next_record(x.candidate, x.by);
  next.at.epoch = std::max(epoch_heard_, next.at.epoch) + 1;
  next.mark = self_.node + "-" + std::to_string(self_.incarnation);
  next.since = next.at.generation;
  change().as = standing::voter;
  advance(next, {});
  spread(next, {x.request}, {});
}

/// Deals with a peer of another side.
/// @returns false if it is of ours.
bool engine::apart(const std::string& from, const position& at,
                   const message::body& content) {
  if (stands(at) != relation::apart) {
    conflicts_.erase(from);
    return false;
  }
  peers_[from].at = at;
  const auto* learned = std::get_if<message::learn>(&content);
  const auto* said = std::get_if<message::status>(&content);
  if (adopting_ && adopting_->node == from) {
    if (learned)
      take_side(from, learned->committed);
    else
      fetch_from(from);
    return true;
  }
  if (std::holds_alternative<message::fetch>(content)
      || (said && said->adopting == self_.node)) {
    conflicts_.erase(from);
    tell(from, message::learn{*state_.committed});
    return true;
  }
  const auto text = from + " and " + self_.node + " both have epoch "
                  + std::to_string(at.at.epoch) + ", begun by different sides ("
                  + at.mark + ", " + here().mark
                  + "): \"troupectl cluster adopt NODE\" on the nodes "
                  + "of one side gives that one up";
  if (std::exchange(conflicts_[from], text) != text)
    report(event_kind::epoch_conflict, text);
  emit(refuse{from, text});
  return true;
}

void engine::on(const adopt& x) {
  if (!state_.committed || conflicts_.count(x.node) == 0)
    return reply(x.request, outcome::refused,
                 x.node + " is not in conflict with " + self_.node);
  if (adopting_ && adopting_->request != 0)
    return reply(x.request, outcome::conflict,
                 adopting_->node + " is being adopted");
  adopting_ = waiting_request{x.request, x.node, now_ + adopt_limit};
  tell(x.node, my_status());
  fetch_from(x.node);
}

/// This node is of another side than before, by itself or by adopting it.
void engine::end_conflicts() {
  conflicts_.clear();
  if (adopting_ && adopting_->request != 0)
    reply(adopting_->request, outcome::no_op, "the conflict is over");
  adopting_.reset();
}

/// Gives up the own side. What this node may have voted on the other one is
/// not known, so it asks its way in.
void engine::take_side(const std::string& from, const record& x) {
  if (stands(position_of(x)) != relation::apart)
    return;
  history_.supersede_side(here().mark);
  report(event_kind::superseded,
         "the records of this side are superseded by those of " + from);
  const auto request = adopting_->request;
  adopting_.reset();
  change().as = standing::non_voter;
  advance(x, from);
  if (request != 0)
    reply(request, outcome::committed,
          "generation " + std::to_string(here().at.generation) + " of " + from
            + " counts");
}

} // namespace troupe::cluster::config_register
