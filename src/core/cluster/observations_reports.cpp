// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/observations.hpp"

#include <algorithm>
#include <utility>

// What the peers are told of what this node sees, and how they are kept from
// missing any of it. Each second a node says of its own observations which they
// are (a fingerprint) and how old they are: whoever holds the same makes its
// own as young as that, and whoever does not asks. Who does not hear an
// observer asks others about it.

namespace troupe::cluster::observations {

namespace {

/// Peers that are asked about those who are not heard.
constexpr size_t asked_at_once = 2;
/// Of one observer; a peer cannot make this node hold more.
constexpr size_t items_max = 100'000;

milliseconds age_of(const held_observation& x, time_point now) {
  return std::max(std::chrono::duration_cast<milliseconds>(now - x.made),
                  milliseconds{0});
}

} // namespace

/// What a node sees without a majority has no vote, and is not passed on: else
/// each of N nodes that see nobody would tell of all servers what N saw.
bool machine::spreads() const {
  return by_.spreads(!cut_off_ && sees_majority());
}

held_observation* machine::held(report_key key, const std::string& observer) {
  const auto found = targets_.find(key.target);
  if (found == targets_.end())
    return nullptr;
  auto& all = key.complete ? found->second.votes : found->second.looks;
  const auto x = all.find(observer);
  return x == all.end() ? nullptr : &x->second;
}

const held_observation* machine::held(report_key key,
                                      const std::string& observer) const {
  return const_cast<machine*>(this)->held(key, observer);
}

// -- what this node says ------------------------------------------------------

/// Whoever probes for itself alone need not tell. What was this node's part
/// stays told: it is counted until who has the part now has a vote.
bool machine::is_told(const target& x, report_key key) const {
  return spreads() && by_.reports(key.target)
      && (x.parts.contains(self_.node) || own_.items.contains(key));
}

report_items machine::own_items() const {
  report_items result;
  for (const auto& [id, x] : targets_)
    for (const bool complete : {false, true}) {
      const auto& all = complete ? x.votes : x.looks;
      const auto own = all.find(self_.node);
      const report_key key{id, complete};
      if (own != all.end() && own->second.what.incarnation == self_.incarnation
          && is_told(x, key))
        result.emplace_hint(result.end(), key, own->second.since);
    }
  return result;
}

/// 0: it is in no report that is known here.
uint64_t machine::said_since(report_key key, const std::string& observer,
                             const held_observation& x) const {
  if (observer == self_.node)
    return x.what.incarnation == self_.incarnation ? x.since : 0;
  const auto found = reports_.find(observer);
  if (found == reports_.end()
      || found->second.incarnation != x.what.incarnation)
    return 0;
  const auto item = found->second.items.find(key);
  return item == found->second.items.end() ? 0 : item->second;
}

void machine::send_report() {
  auto items = own_items();
  const auto number = ++sequence_;
  for (const auto& [key, since] : items)
    if (const auto was = own_.items.find(key);
        was == own_.items.end() || was->second != since)
      changed_[key] = number;
  for (const auto& [key, since] : own_.items)
    if (!items.contains(key))
      changed_[key] = number;
  // Told twice, so that one that is lost need not be asked for.
  std::erase_if(changed_,
                [&](const auto& x) { return x.second <= told_before_; });
  told_before_ = own_.number;
  own_ = {self_.incarnation, number, std::move(items), !spreads(), now_};
  auto said = short_report(self_.node, own_);
  said.muted = own_.muted;
  // Who missed that its items went could not ask for it: this node would not
  // answer, and two such nodes would wait for each other.
  said.whole = own_.items.empty();
  for (const auto& [key, when] : changed_)
    if (own_.items.contains(key))
      said.items.push_back(
        told(targets_.at(key.target), self_.node, *held(key, self_.node)));
    else
      said.gone.push_back(key);
  out_.push_back(
    send{{}, message_kind::observations, encode_report(std::move(said))});
}

/// Enough for whoever holds the same.
report machine::short_report(const std::string& observer,
                             const held_report& x) const {
  report result{observer, x.incarnation, x.number, fingerprint_of(x.items),
                false,    false,         {},       {},
                {}};
  for (const auto& [key, since] : x.items) {
    const auto* mine = held(key, observer);
    if (!mine) {
      result.ages_ms.clear(); // of a target that is not known here
      break;
    }
    result.ages_ms.push_back(
      static_cast<uint64_t>(age_of(*mine, now_).count()));
  }
  return result;
}

report machine::whole_report(const std::string& observer,
                             const held_report& x) const {
  report result{observer, x.incarnation, x.number, fingerprint_of(x.items),
                true,     false,         {},       {},
                {}};
  for (const auto& [id, target] : targets_)
    for (const bool complete : {false, true})
      if (const auto* mine = held({id, complete}, observer);
          mine && (observer != self_.node || x.items.contains({id, complete})))
        result.items.push_back(told(target, observer, *mine));
  return result;
}

/// What an observer that was started again lacks: its votes of before count
/// until there are new ones (rule 11).
report machine::earlier_life(const std::string& observer,
                             uint64_t incarnation) const {
  report result{observer, 0, 0, 0, false, false, {}, {}, {}};
  for (const auto& [id, target] : targets_)
    for (const bool complete : {false, true})
      if (const auto* mine = held({id, complete}, observer);
          mine && mine->what.incarnation != incarnation)
        result.items.push_back(told(target, observer, *mine));
  return result;
}

// -- what others say ----------------------------------------------------------

void machine::take_reports(const std::string& from, const message& said,
                           std::set<uint64_t>& touched) {
  if (cut_off_ && !sees_majority())
    return;
  for (const auto& x : said.reports) {
    if (said.type == message_type::report && x.observer != from)
      continue;
    const bool same = take_report(from, x, touched);
    if (said.type != message_type::report)
      continue;
    if (!same && by_.asks_again())
      ask(from, wanted_from(from));
    // It may know more than one that has no majority yet tells; if nobody has
    // one there is nothing to wait for.
    else if (same && (!x.muted || cut_off_))
      settle(from);
  }
  if (said.type == message_type::answer && said.last)
    settle(from);
}

/// @returns whether this node holds what that one says, or something newer.
bool machine::take_report(const std::string& from, const report& said,
                          std::set<uint64_t>& touched) {
  const bool of_others = said.observer != self_.node && said.number != 0;
  if (!of_others || !is_listed(said.observer)) {
    for (const auto& x : said.items)
      if (x.observer == said.observer && take_told(x))
        touched.insert(x.target);
    return true;
  }
  auto& held = reports_[said.observer];
  if (held.incarnation != said.incarnation) {
    // Only the observer itself may say that its clock was set back.
    if (held.incarnation > said.incarnation && from != said.observer)
      return true;
    held = {said.incarnation, 0, {}, held.muted, held.heard};
  }
  if (said.number <= held.number)
    return true;
  if (said.whole)
    held.items.clear();
  for (const auto& x : said.items)
    if (x.observer == said.observer) {
      if (take_told(x))
        touched.insert(x.target);
      note_told(said.observer, x);
    }
  for (const auto& key : said.gone)
    held.items.erase(key);
  if (!by_.is_same(fingerprint_of(held.items), said.fingerprint)
      || !renew(held, said))
    return false;
  held.number = said.number;
  held.heard = now_;
  if (from == said.observer)
    note_muted(said, held);
  return true;
}

/// Whoever tells again what it sees has to look first.
void machine::note_muted(const report& said, held_report& held) {
  if (std::exchange(held.muted, said.muted) && !said.muted)
    for (auto& [id, x] : targets_)
      if (const auto part = x.parts.find(said.observer); part != x.parts.end())
        part->second = now_;
}

/// Adds one that this node holds to what it knows of its observer's report.
void machine::note_told(const std::string& from, const observation_body& x) {
  const auto found = reports_.find(x.observer);
  if (from != x.observer || x.since == 0 || found == reports_.end()
      || found->second.incarnation != x.what.incarnation)
    return;
  const report_key key{x.target, x.what.complete};
  const auto* mine = held(key, x.observer);
  // One of a target that is not known here counts as held, too: it would be
  // asked for again and again.
  if (targets_.contains(x.target)
      && (!mine || mine->what.incarnation != x.what.incarnation
          || mine->what.sequence < x.what.sequence))
    return;
  auto& items = found->second.items;
  if (items.size() < items_max || items.contains(key))
    items[key] = std::max(items[key], x.since);
}

/// What is held was said anew with this report.
/// @returns whether all of it is held.
bool machine::renew(held_report& held_of, const report& said) {
  if (said.ages_ms.empty() || !by_.renews())
    return true; // each came with its age
  if (said.ages_ms.size() != held_of.items.size())
    return by_.is_same(held_of.items.size(), said.ages_ms.size());
  bool all = true;
  size_t n = 0;
  for (auto it = held_of.items.begin(); it != held_of.items.end();) {
    const auto age =
      milliseconds{std::min<uint64_t>(said.ages_ms[n++], age_ms_max)};
    auto* mine = held(it->first, said.observer);
    const bool known = targets_.contains(it->first.target);
    if (known && (!mine || mine->what.incarnation != said.incarnation)) {
      it = held_of.items.erase(it);
      all = false;
      continue;
    }
    if (mine && mine->what.sequence <= said.number) {
      mine->what.sequence = said.number;
      mine->made = now_ - age;
    }
    ++it;
  }
  return all;
}

// -- questions ----------------------------------------------------------------

void machine::ask(const std::string& to, const std::set<std::string>& about) {
  std::vector<known_report> known;
  for (const auto& observer : about) {
    const auto found = reports_.find(observer);
    if (observer == self_.node)
      known.push_back({observer, self_.incarnation, 0, 0});
    else if (found == reports_.end())
      known.push_back({observer, 0, 0, 0});
    else
      known.push_back({observer, found->second.incarnation,
                       found->second.number,
                       fingerprint_of(found->second.items)});
  }
  out_.push_back(send{to, message_kind::observations, encode_question(known)});
}

std::set<std::string> machine::not_heard() const {
  std::set<std::string> result;
  for (const auto& node : names_) {
    if (node == self_.node || of_old_.contains(node))
      continue;
    const auto found = reports_.find(node);
    if (found == reports_.end() || found->second.number == 0
        || now_ - found->second.heard > report_age_max)
      result.insert(node);
  }
  return result;
}

/// Until verdicts count, all that the peer has: whoever is told by a majority
/// must not lack what these know of others.
std::set<std::string> machine::wanted_from(const std::string& peer) const {
  std::set<std::string> result;
  if (!settled_) {
    result = not_heard();
    result.insert(self_.node); // of an earlier life
  }
  result.insert(peer);
  return result;
}

/// Others may hear those whom this node does not. The next ones each time: an
/// answer may be lost, and one may know less than another.
void machine::ask_for_missing() {
  if (!spreads() || !by_.asks_again())
    return;
  std::vector<std::string> peers;
  for (const auto& node : alive_)
    if (node != self_.node && !of_old_.contains(node))
      peers.push_back(node);
  if (peers.empty())
    return;
  const auto about = not_heard();
  for (size_t n = 0;
       !about.empty() && n < std::min(asked_at_once, peers.size()); ++n)
    ask(peers[turn_++ % peers.size()], about);
}

/// Also when there is nothing to say: who asks waits for it.
void machine::answer(const std::string& to, const message& question) {
  if (!spreads())
    return;
  std::vector<report> reports;
  for (const auto& x : question.known)
    if (auto found = answer_about(to, x))
      reports.push_back(std::move(*found));
  for (auto& body : encode_answer(std::move(reports)))
    out_.push_back(send{to, message_kind::observations, std::move(body)});
}

std::optional<report> machine::answer_about(const std::string& from,
                                            const known_report& known) const {
  if (known.observer == from) {
    auto result = earlier_life(from, known.incarnation);
    return result.items.empty() ? std::nullopt : std::optional{result};
  }
  if (known.observer == self_.node) {
    const held_report now{
      self_.incarnation, own_.number, own_items(), false, {}};
    if (known.incarnation == now.incarnation
        && known.fingerprint == fingerprint_of(now.items) && known.number != 0)
      return std::nullopt;
    return whole_report(self_.node, now);
  }
  const auto found = reports_.find(known.observer);
  if (found == reports_.end() || found->second.number == 0)
    return std::nullopt;
  const auto& x = found->second;
  const bool newer =
    x.incarnation > known.incarnation
    || (x.incarnation == known.incarnation && x.number > known.number);
  if (!newer)
    return std::nullopt;
  if (x.incarnation == known.incarnation && known.number != 0
      && known.fingerprint == fingerprint_of(x.items))
    if (auto result = short_report(known.observer, x);
        result.ages_ms.size() == x.items.size())
      return result;
  return whole_report(known.observer, x);
}

/// A target that came: what was said of it before was not kept.
void machine::look_new(uint64_t target) {
  for (auto& [observer, x] : reports_)
    for (const bool complete : {false, true})
      if (x.items.erase({target, complete}) > 0)
        x.number = 0;
}

} // namespace troupe::cluster::observations
