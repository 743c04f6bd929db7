// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"

#include <algorithm>
#include <utility>

// Check before vote (rule 5): every reachable node that the candidate keeps is
// asked whether it could apply it. One no stops it, silence does not, and more
// than half of the voters it keeps must have said yes.

namespace troupe::cluster::config_register {

namespace {

constexpr size_t askers_max = 64;

std::string key(const version& base, const std::string& hash) {
  return std::to_string(base.epoch) + '/' + std::to_string(base.generation)
       + '/' + hash;
}

} // namespace

void engine::start_checks() {
  auto& p = *proposal_;
  p.now = proposal::phase::checking;
  p.phase_end = now_ + check_limit;
  p.checks.clear();
  for (const auto& node : p.candidate.nodes)
    if (node.name == self_.node || joined(node.name))
      p.checks[node.name];
  for (const auto& [node, result] : p.checks)
    if (node == self_.node)
      ask_driver(p.base.at, p.candidate.hash, p.candidate.text, self_.node);
    else
      tell(node, message::check{p.base.at, p.candidate.hash, p.candidate.text});
}

void engine::ask_driver(const version& base, const std::string& hash,
                        const std::string& text, const std::string& from) {
  if (check_askers_.size() >= askers_max)
    return;
  auto [askers, is_new] = check_askers_.try_emplace(key(base, hash));
  askers->second.insert(from);
  if (is_new)
    emit(check{base, hash, text, from});
}

void engine::hear(const std::string& from, const position&,
                  const message::check& x) {
  ask_driver(x.base, x.hash, x.text, from);
}

void engine::on(const checked& x) {
  const auto askers = check_askers_.extract(key(x.base, x.hash));
  if (askers.empty())
    return;
  for (const auto& node : askers.mapped())
    if (node == self_.node)
      take_check(self_.node, x.base, x.hash, x.problems);
    else
      tell(node, message::checked{x.base, x.hash, x.problems});
}

void engine::hear(const std::string& from, const position&,
                  const message::checked& x) {
  take_check(from, x.base, x.hash, x.problems);
}

void engine::take_check(const std::string& node, const version& base,
                        const std::string& hash,
                        const std::vector<std::string>& problems) {
  if (!proposal_ || proposal_->now != proposal::phase::checking
      || proposal_->base.at != base || proposal_->candidate.hash != hash)
    return;
  const auto asked = proposal_->checks.find(node);
  if (asked != proposal_->checks.end() && !asked->second)
    asked->second = problems;
}

std::vector<refusal> engine::refusals() const {
  std::vector<refusal> result;
  for (const auto& [node, problems] : proposal_->checks)
    if (problems && !problems->empty())
      result.push_back({node, *problems});
  return result;
}

std::vector<std::string> engine::not_checked() const {
  std::vector<std::string> result;
  for (const auto& node : proposal_->candidate.nodes) {
    const auto asked = proposal_->checks.find(node.name);
    if (asked == proposal_->checks.end() || !asked->second)
      result.push_back(node.name);
  }
  return result;
}

/// Goes on to the vote, or refuses.
void engine::end_checks() {
  auto& p = *proposal_;
  size_t kept = 0;
  size_t heard_of = 0;
  for (const auto& node : state_.committed->nodes) {
    if (!lists(p.candidate.nodes, node.name))
      continue;
    ++kept;
    const auto asked = p.checks.find(node.name);
    heard_of += asked != p.checks.end() && asked->second;
  }
  const auto problems = refusals();
  if (!problems.empty() && !p.forced)
    return settle(outcome::refused, problems.front().node + " cannot apply it: "
                                      + problems.front().problems.front());
  if (heard_of < rules_.majority(kept))
    return settle(outcome::refused,
                  "only " + std::to_string(heard_of) + " of "
                    + std::to_string(kept)
                    + " nodes have checked it, a majority must");
  p.candidate.forced.clear();
  for (const auto& x : problems)
    for (const auto& problem : x.problems)
      p.candidate.forced.push_back(x.node + ": " + problem);
  start_vote();
}

} // namespace troupe::cluster::config_register
