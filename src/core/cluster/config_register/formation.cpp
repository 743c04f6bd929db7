// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"

#include <algorithm>
#include <utility>

// Before generation 1 there is no record that says who votes: the list in the
// nodes' own files does. A node without its disk cannot be told from a new one,
// so *all* of the list must answer phase 1: whoever knows of a record, or of a
// vote on one, is among them. Which node proposes makes no difference: the
// record is the same to the byte, and so it has no time.

namespace troupe::cluster::config_register {

namespace {

const char* const form_from_one =
  "; \"troupectl cluster form --from NODE\" takes the file of one node";

record first_record(const shared_text& file, const asker& by, std::string node,
                    std::string mark) {
  record x;
  x.at = {1, 1};
  x.since = 1;
  x.mark = std::move(mark);
  x.text = file.text;
  x.hash = file.hash;
  x.nodes = file.nodes;
  x.author = by.author;
  x.node = std::move(node);
  x.reason = by.reason;
  x.time_ms = by.time_ms;
  return x;
}

} // namespace

/// Whether this node may have a hand in the forming that this asks for.
bool engine::may_found(const message::founding& x) const {
  return !disk_failed_ && x.to == self_.incarnation
      && (x.forced || state_.as != standing::non_voter);
}

std::optional<message::founding>
engine::founding_for(const std::string& node) const {
  if (proposal_->what != proposal::aim::first)
    return std::nullopt;
  const auto peer = peers_.find(node);
  const auto known = peer != peers_.end() && peer->second.said;
  return message::founding{proposal_->candidate.hash, proposal_->forced,
                           known ? peer->second.said->incarnation : 0};
}

/// What keeps the cluster from forming by itself; empty if nothing does.
std::string engine::find_obstacle() const {
  if (state_.as == standing::non_voter)
    return self_.node + " cannot read the register it had";
  if (!lists(file_.nodes, self_.node))
    return self_.node + " is not in its own cluster.nodes";
  if (auto refusal = find_refusal(); !refusal.empty())
    return refusal;
  std::string result;
  const auto add = [&](const std::string& text) {
    result += (result.empty() ? "" : "; ") + text;
  };
  for (const auto& node : file_.nodes) {
    if (node.name == self_.node)
      continue;
    const auto peer = peers_.find(node.name);
    if (peer == peers_.end() || !peer->second.said) {
      add(node.name + " is not connected");
      continue;
    }
    const auto& said = *peer->second.said;
    if (!said.blank)
      add(node.name + " had a register");
    if (said.file_nodes != file_.nodes)
      add(node.name + " has another cluster.nodes");
    else if (said.file_hash != file_.hash)
      add(node.name + " has other shared sections");
  }
  return result;
}

/// Whoever refuses this node may be of a cluster that has formed without it:
/// to form another one with the rest is not the way out.
std::string engine::find_refusal() const {
  for (const auto& [node, text] : turned_away_) {
    const auto peer = peers_.find(node);
    const bool talks =
      peer != peers_.end() && peer->second.said && peer->second.said->blank;
    if (!talks)
      return node + " refuses " + self_.node + ": " + text;
  }
  return {};
}

void engine::run_formation() {
  if (state_.committed) {
    obstacle_.clear();
    return;
  }
  auto obstacle = find_obstacle();
  if (obstacle != obstacle_) {
    obstacle_since_ = now_;
    obstacle_told_ = false;
  }
  obstacle_ = std::move(obstacle);
  if (!obstacle_.empty()) {
    may_form_since_.reset();
    return complain();
  }
  if (!may_form_since_)
    may_form_since_ = now_;
  auto at = *may_form_since_ + turn(file_.nodes, milliseconds{1000});
  if (another_forms())
    at = std::max(at, another_formed());
  if (proposal_ || disk_failed_)
    return;
  if (now_ < at)
    return due(at);
  start_forming({}, false, {});
}

/// All of them have to answer, which takes long where nodes are slow: if each
/// asked when its own turn comes, they would go on outbidding each other.
bool engine::another_forms() const {
  return !state_.promised.node.empty() && state_.promised.node != self_.node;
}

/// @returns when the one that asked last does not any more.
time_point engine::another_formed() const {
  return accepted_since_ + std::max(finish_delay, resend_interval_max)
       + turn(file_.nodes, milliseconds{500});
}

/// Once, and only about what stays in the way.
void engine::complain() {
  const auto at = obstacle_since_ + formation_grace;
  if (obstacle_told_)
    return;
  if (now_ < at)
    return due(at);
  obstacle_told_ = true;
  if (find_refusal().empty())
    report(event_kind::formation_blocked,
           "the cluster does not form: " + obstacle_ + form_from_one);
  else
    report(event_kind::formation_blocked,
           "this node is in no cluster yet: " + obstacle_);
}

void engine::start_forming(std::vector<uint64_t> requests, bool forced,
                           asker by) {
  auto& p = proposal_.emplace();
  p.what = proposal::aim::first;
  p.requests = std::move(requests);
  p.forced = forced;
  p.candidate =
    forced ? first_record(file_, by, self_.node,
                          self_.node + "-" + std::to_string(self_.incarnation))
           : first_record(file_, {"the cluster itself", "formed", 0}, {},
                          "formed-" + file_.hash);
  p.voters = file_.nodes;
  p.promises_needed =
    forced ? rules_.majority(p.voters.size()) : p.voters.size();
  start_vote();
}

// -- by an operator -----------------------------------------------------------

void engine::on(const form& x) {
  if (state_.committed)
    return reply(x.request, outcome::refused,
                 "the cluster has formed: it is at generation "
                   + std::to_string(here().at.generation));
  if (x.from == self_.node)
    return form_from_here(x.request, x.by);
  if (!joined(x.from))
    return reply(x.request, outcome::refused, x.from + " is not connected");
  if (forming_elsewhere_)
    return reply(x.request, outcome::conflict, "the cluster is forming");
  tell(x.from, message::form{x.by.author, x.by.reason, x.by.time_ms});
  forming_elsewhere_ =
    waiting_request{x.request, x.from, now_ + vote_limit + resend_interval};
}

void engine::hear(const std::string&, const position&, const message::form& x) {
  if (!state_.committed && x.reason.size() <= reason_bytes_max)
    form_from_here(0, {x.author, x.reason, x.time_ms});
}

/// @param request 0: nobody here waits for it.
void engine::form_from_here(uint64_t request, const asker& by) {
  const auto refuse = [&](std::string text) {
    if (request != 0)
      reply(request, outcome::refused, std::move(text));
  };
  const auto& nodes = file_.nodes;
  if (disk_failed_ || !lists(nodes, self_.node))
    return refuse(self_.node + " cannot form a cluster from its file");
  if (reachable(nodes) < rules_.majority(nodes.size()))
    return refuse("only " + std::to_string(reachable(nodes)) + " of "
                  + std::to_string(nodes.size()) + " nodes are reachable");
  if (proposal_ && !proposal_->requests.empty())
    return refuse("the cluster is forming");
  std::vector<uint64_t> requests;
  if (request != 0)
    requests.push_back(request);
  start_forming(std::move(requests), true, by);
}

void engine::run_waiting() {
  if (auto& x = forming_elsewhere_;
      x && (state_.committed || now_ >= x->deadline)) {
    reply(x->request, state_.committed ? outcome::committed : outcome::unknown,
          state_.committed ? "the cluster has formed"
                           : x->node + " was asked and has not answered");
    x.reset();
  }
  if (auto& x = adopting_; x && x->request != 0 && now_ >= x->deadline) {
    reply(x->request, outcome::unknown,
          x->node
            + " is not reachable: it is adopted as soon as it can be reached");
    x->request = 0;
  }
  if (forming_elsewhere_)
    due(forming_elsewhere_->deadline);
  if (adopting_ && adopting_->request != 0)
    due(adopting_->deadline);
}

} // namespace troupe::cluster::config_register
