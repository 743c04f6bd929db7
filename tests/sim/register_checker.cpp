// SPDX-License-Identifier: BSD-3-Clause
#include "register_checker.hpp"

#include <algorithm>
#include <utility>

namespace sim {

using namespace troupe::cluster::config_register;

namespace {

std::string text_of(const version& x) {
  return std::to_string(x.epoch) + "." + std::to_string(x.generation);
}

} // namespace

void register_checker::fail(std::string text) {
  if (failure_.empty())
    failure_ = std::move(text);
}

void register_checker::asked(request x) {
  const auto id = x.id;
  requests_[id] = std::move(x);
}

void register_checker::crashed(const std::string& node) {
  for (auto& [id, x] : requests_)
    if (x.node == node && !x.answered)
      x.lost = true;
}

// -- disks --------------------------------------------------------------------

void register_checker::stored(const std::string& node, const durable_state& x) {
  auto& disk = disks_[node];
  disk.now = x;
  if (disk.must_ask)
    check_return(node, disk);
  if (x.committed) {
    auto& furthest = furthest_[{node, x.committed->mark}];
    furthest = std::max(furthest, x.committed->at);
  }
  const auto known = x.committed ? x.committed->at.generation : 0;
  if (x.accepted && x.accepted->value.at.generation != known + 1)
    fail(node + " accepted " + text_of(x.accepted->value.at) + " and has only "
         + std::to_string(known));
  if (x.accepted) {
    const auto& value = x.accepted->value;
    accepted_[{{value.mark, value.at}, value.hash}].insert(node);
  }
}

/// A node that lost its disk may vote only once enough others were heard, and
/// is bound by what they had accepted.
void register_checker::check_return(const std::string& node, disk& x) {
  const auto as = x.now.as;
  if (as == standing::blank || as == standing::non_voter)
    return;
  x.must_ask = false;
  // A founder had nothing to forget: nothing was decided yet.
  if (as == standing::founder)
    return;
  const auto n = x.now.committed->nodes.size();
  std::set<std::string> others;
  bool bound = false;
  for (const auto& [from, said] : x.heard) {
    if (said.number != x.now.promised || said.yours != x.now.mine
        || others.size() >= n - n / 2 || !others.insert(from).second)
      continue;
    bound |= said.accepted.has_value();
  }
  if (others.size() < n - n / 2)
    fail(node + " lost its disk, heard " + std::to_string(others.size())
         + " others of " + std::to_string(n) + " and votes");
  if (bound && !x.now.accepted)
    fail(node + " lost its disk and votes, free of what others had accepted");
}

void register_checker::wiped(const std::string& node) {
  auto& disk = disks_[node];
  disk.now = {};
  disk.must_ask = true;
  disk.heard.clear();
}

bool register_checker::held(const std::string& node, const record& x) const {
  const auto i = furthest_.find({node, x.mark});
  return i != furthest_.end() && i->second >= x.at;
}

// -- what becomes visible -----------------------------------------------------

void register_checker::published(const std::string& node, const record& x) {
  const auto [i, is_new] = records_.try_emplace({x.mark, x.at}, x);
  if (!is_new && i->second != x)
    fail(node + " has another record " + text_of(x.at)
         + " than others: " + x.hash + ", " + i->second.hash);
}

void register_checker::sent(const std::string& node, const std::string& body) {
  // Only votes are looked into, for speed: their type comes first.
  const auto type = static_cast<size_t>(body.front()) - 1;
  if (type != message::body{message::promise{}}.index()
      && type != message::body{message::accepted{}}.index())
    return;
  const auto x = message::decode(body);
  if (!x)
    return fail(node + " sent what cannot be decoded");
  if (const auto* y = std::get_if<message::promise>(&x->content))
    check_vote(node, x->from, y->number);
  else if (const auto* z = std::get_if<message::accepted>(&x->content))
    check_vote(node, x->from, z->number);
}

/// A vote must be backed by the disk, and by enough others if the disk was
/// lost.
void register_checker::check_vote(const std::string& node, const position& at,
                                  const ballot& number) {
  const auto& disk = disks_[node];
  const auto& state = disk.now;
  const auto on_disk =
    state.committed ? position_of(*state.committed) : position{};
  // What is on disk may be further already: then there is nothing to compare.
  if (on_disk == at && state.promised < number)
    fail(node + " votes in ballot " + std::to_string(number.round)
         + " which is not on its disk");
  if (on_disk.at < at.at)
    fail(node + " votes after " + text_of(at.at) + " which is not on its disk");
  if (!state.committed)
    return;
  if (!lists(state.committed->nodes, node))
    fail(node + " votes and is not in " + text_of(at.at));
}

void register_checker::received(const std::string& node,
                                const std::string& from,
                                const std::string& body) {
  const auto type = static_cast<size_t>(body.front()) - 1;
  if (type != message::body{message::recalled{}}.index())
    return;
  const auto x = message::decode(body);
  auto& disk = disks_[node];
  if (!x || !disk.must_ask)
    return;
  const auto& y = std::get<message::recalled>(x->content);
  if (y.ok)
    disk.heard.emplace_back(from, y);
}

// -- answers ------------------------------------------------------------------

void register_checker::answered(const std::string& node, const answer& x) {
  const auto i = requests_.find(x.request);
  if (i == requests_.end() || i->second.answered || i->second.node != node)
    return fail(node + " answers request " + std::to_string(x.request)
                + " which it was not asked or has answered");
  i->second.answered = true;
  i->second.result = x.result;
  if (x.result != outcome::committed)
    return;
  const auto* said = find(node, x.at, i->second.hash);
  if (!said)
    return fail("request " + std::to_string(x.request) + " is said to be "
                + text_of(x.at) + ", which is another record");
  if (i->second.voted)
    check_holders(x, *said);
}

/// The record that an answer speaks of: that of its request, or else that of
/// the side the node is on.
const record* register_checker::find(const std::string& node, const version& at,
                                     const std::string& hash) const {
  const record* result = nullptr;
  for (const auto& [where, x] : records_)
    if (x.at == at && (hash.empty() || x.hash == hash)
        && (!result || held(node, x)))
      result = &x;
  return result;
}

const record* register_checker::before(const record& x) const {
  const auto i =
    records_.find({x.mark, version{x.at.epoch, x.at.generation - 1}});
  return i == records_.end() ? nullptr : &i->second;
}

/// Of the old list a majority must have accepted it, of the new one a majority
/// must hold it as committed; both on disk.
void register_checker::check_holders(const answer& x, const record& said) {
  const auto& votes = accepted_[{{said.mark, said.at}, said.hash}];
  size_t old_holders = 0;
  if (const auto* old = before(said)) {
    for (const auto& node : old->nodes)
      old_holders += votes.count(node.name) != 0 || held(node.name, said);
    if (old_holders <= old->nodes.size() / 2)
      fail("request " + std::to_string(x.request)
           + " is said to be committed with " + std::to_string(old_holders)
           + " of the old list");
  }
  size_t holders = 0;
  for (const auto& node : said.nodes)
    holders += held(node.name, said);
  if (holders <= said.nodes.size() / 2)
    fail("request " + std::to_string(x.request)
         + " is said to be committed with " + std::to_string(holders) + " of "
         + std::to_string(said.nodes.size()) + " of the new list");
  auto& newest = said_[said.mark];
  newest = std::max(newest, said.at);
}

void register_checker::end() {
  for (const auto& [id, x] : requests_) {
    if (!x.answered && !x.lost)
      fail("request " + std::to_string(id) + " was never answered");
    const bool denied =
      x.answered
      && (x.result == outcome::refused || x.result == outcome::conflict);
    if (!denied || x.hash.empty())
      continue;
    for (const auto& [where, record] : records_)
      if (record.hash == x.hash)
        fail("request " + std::to_string(id) + " was answered "
             + to_string(x.result) + " and is " + text_of(record.at));
  }
  check_nothing_lost();
}

/// A side may be given up by an operator or replaced by a higher epoch, else
/// what was said to be committed there is somewhere.
void register_checker::check_nothing_lost() {
  const record* newest = nullptr;
  for (const auto& [node, disk] : disks_)
    if (disk.now.committed && (!newest || newest->at < disk.now.committed->at))
      newest = &*disk.now.committed;
  for (const auto& [mark, at] : said_) {
    if (given_up_.count(mark) != 0 || (newest && newest->at.epoch > at.epoch))
      continue;
    if (!newest || newest->mark != mark || newest->at < at)
      fail("generation " + text_of(at)
           + " was said to be committed and is lost");
  }
}

size_t register_checker::answers(outcome x) const {
  return static_cast<size_t>(
    std::count_if(requests_.begin(), requests_.end(), [&](const auto& y) {
      return y.second.answered && y.second.result == x;
    }));
}

} // namespace sim
