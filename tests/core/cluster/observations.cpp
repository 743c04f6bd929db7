// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_observations

#include "core/cluster/observations.hpp"

#include "core/cluster/observers.hpp"

#include "caf_test.hpp"

#include <algorithm>
#include <random>

using namespace std::chrono_literals;

namespace troupe::cluster::observations {

namespace {

using strings = std::vector<std::string>;

constexpr auto up = status::up;
constexpr auto down = status::down;

const strings three{"lb1", "lb2", "lb3"};
const strings five{"lb1", "lb2", "lb3", "lb4", "lb5"};

/// One node, lb1, whose peers are the test.
struct node {
  explicit node(strings names = three, std::vector<uint64_t> ids = {42})
    : nodes(std::move(names)) {
    give(nodes_changed{nodes});
    targets_changed servers{"app", {}, false};
    for (const auto id : ids)
      servers.targets.push_back({id, "s" + std::to_string(id), {}, true});
    give(servers);
  }

  /// The others are there and know nothing.
  node& settle() {
    see(nodes, true);
    for (const auto& peer : nodes)
      if (peer != "lb1")
        tell(peer, message_type::digest, {});
    return *this;
  }

  void give(const input& in) {
    for (auto& effect : mind.step(in, now))
      std::visit([&](auto& x) { keep(x); }, effect);
  }

  void keep(send& x) {
    auto said = decode(x.body);
    CAF_REQUIRE(said);
    sent.emplace_back(x.to, *std::move(said));
  }
  void keep(part& x) { parts[x.server].push_back(x); }
  void keep(suspected& x) { suspicions.push_back(x); }
  void keep(hint& x) { hints.push_back(x); }
  void keep(verdicts_changed&) { ++changes; }
  void keep(event& x) { events.push_back(x.text); }
  void keep(wake& x) { CAF_CHECK(x.at > now && x.at <= now + 1s); }

  void see(const strings& alive, bool majority) {
    give(view_changed{alive, majority});
  }

  void pass(milliseconds time) {
    for (; time > 0ms; time -= 250ms) {
      now += 250ms;
      give(tick{});
    }
  }

  observation_body made(const std::string& observer, status what,
                        uint64_t age_ms = 0, bool complete = true,
                        uint64_t target = 42) {
    observation x{7, ++sequence, what, complete, "as " + observer + " saw it"};
    return {target, observer, x, age_ms};
  }

  void tell(const std::string& from, message_type type,
            const std::vector<observation_body>& all) {
    for (auto& body : encode(type, all))
      give(received{from, body});
  }
  void tell(const std::string& from, const observation_body& x) {
    tell(from, message_type::change, {x});
  }

  /// All others keep telling this for a while.
  void others_say(status what, milliseconds time) {
    for (; time > 0ms; time -= 1s) {
      for (const auto& peer : nodes)
        if (peer != "lb1")
          tell(peer, message_type::digest, {made(peer, what)});
      pass(1s);
    }
  }

  void probe(status what, bool complete = true) {
    give(probed{"app", "s42", what, complete, "of a probe"});
  }

  std::optional<status> verdict_of(const std::string& server = "s42") {
    for (const auto& [name, what] : mind.verdicts("app"))
      if (name == server)
        return what;
    return std::nullopt;
  }

  target_view why() { return mind.describe("app", "s42", now).value(); }
  bool counts(const std::string& observer) {
    const auto all = why().observers;
    return std::any_of(all.begin(), all.end(), [&](const auto& x) {
      return x.node == observer && x.counted;
    });
  }

  bool probing(const std::string& server = "s42") {
    const auto& all = parts[server];
    return !all.empty() && all.back().probe;
  }

  /// Newest message to all of this type.
  std::optional<message> said(message_type type) {
    for (auto it = sent.rbegin(); it != sent.rend(); ++it)
      if (it->second.type == type && it->first.empty())
        return it->second;
    return std::nullopt;
  }

  /// What the newest report says of this node's own, if all of it is told.
  const report& reported() {
    static const report none;
    const auto x = said(message_type::report);
    last_report = x ? x->reports.front() : none;
    return last_report;
  }

  strings nodes;
  report last_report;
  machine mind{{"lb1", 100}};
  time_point now = time_point{} + 1h;
  uint64_t sequence = 0;
  std::vector<std::pair<std::string, message>> sent;
  std::map<std::string, std::vector<part>> parts;
  std::vector<hint> hints;
  std::vector<suspected> suspicions;
  strings events;
  size_t changes = 0;
};

/// A target that lb1 has that rank for among `names`.
uint64_t target_with_rank(size_t rank, const strings& names) {
  for (uint64_t id = 1;; ++id)
    if (ranked(names, id)[rank] == "lb1")
      return id;
}

/// lb1 of five, with this rank for s42.
struct ranked_node : node {
  explicit ranked_node(size_t rank)
    : node(five, {}), id(target_with_rank(rank, five)),
      order(ranked(five, id)) {
    give(targets_changed{"app", {{id, "s42", {}, true}}, false});
  }
  observation_body by(size_t rank, status what, uint64_t age_ms = 0,
                      bool complete = true) {
    return made(order[rank], what, age_ms, complete, id);
  }
  void tell_rank(size_t rank, status what) {
    tell(order[rank], by(rank, what));
  }
  strings without(size_t rank) const {
    auto result = five;
    std::erase(result, order[rank]);
    return result;
  }
  uint64_t id;
  strings order;
};

} // namespace

// -- who probes ---------------------------------------------------------------

CAF_TEST(a node without a majority probes everything) {
  ranked_node n{4};
  n.pass(4s);
  CAF_CHECK(n.probing());
  n.settle();
  CAF_CHECK(!n.probing());
  n.see({"lb1", "lb2"}, false);
  CAF_CHECK(n.probing());
}

CAF_TEST(a node that starts probes its part as if all others were there) {
  for (size_t rank = 0; rank < 5; ++rank) {
    ranked_node n{rank};
    n.pass(2s);
    CAF_CHECK_EQUAL(n.probing(), rank < 3);
    n.see({"lb1", "lb2"}, false);
    CAF_CHECK_EQUAL(n.probing(), rank < 3);
    n.pass(2s);
    CAF_CHECK(n.probing()); // by now it would see them
  }
}

CAF_TEST(the first three alive nodes by rank probe) {
  for (size_t rank = 0; rank < 5; ++rank) {
    ranked_node n{rank};
    n.settle();
    CAF_CHECK_EQUAL(n.probing(), rank < 3);
  }
}

CAF_TEST(the next one takes the part of a node that is gone and gives it back) {
  ranked_node n{3};
  n.settle();
  n.tell_rank(1, down);
  n.tell_rank(0, down);
  n.see(n.without(1), true);
  CAF_REQUIRE(n.probing());
  CAF_CHECK(n.parts["s42"].back().restart_from == down);
  n.see(five, true);
  CAF_CHECK(!n.probing());
}

CAF_TEST(the next one takes the part of a node that is alive and silent) {
  ranked_node n{3};
  n.settle();
  for (int second = 0; second < 10; ++second) {
    n.tell_rank(0, up);
    n.tell_rank(1, up);
    n.pass(1s);
    CAF_CHECK_EQUAL(n.probing(), second >= 7);
  }
  n.tell_rank(2, up);
  n.pass(1s);
  CAF_CHECK(!n.probing());
}

CAF_TEST(a target that only this node has is watched and judged) {
  ranked_node n{4};
  n.settle().pass(20s); // the others have another address there
  CAF_CHECK(n.probing());
  n.give(probed{"app", "s42", down, true, "refused"});
  n.pass(8s);
  n.give(probed{"app", "s42", down, true, "refused"});
  CAF_CHECK(n.verdict_of() == down);
}

CAF_TEST(a server without an active check is nobodys part) {
  node n{three, {}};
  n.give(targets_changed{"app", {{42, "s42", {}, false}}, false});
  CAF_CHECK(!n.probing());
  n.settle().pass(10s);
  CAF_CHECK(!n.probing());
  n.give(targets_changed{"app", {{42, "s42", {}, true}}, false});
  n.pass(1s);
  CAF_CHECK(n.probing());
}

CAF_TEST(a checker that was restarted hears its parts again) {
  node n;
  n.settle().probe(down);
  const auto before = n.parts["s42"].size();
  n.give(targets_changed{"app", {{42, "s42", {}, true}}, true});
  CAF_REQUIRE_EQUAL(n.parts["s42"].size(), before + 1);
  CAF_CHECK(n.probing());
}

// -- what is told -------------------------------------------------------------

CAF_TEST(a change is told at once and a repetition with the next report) {
  node n;
  n.settle();
  n.sent.clear();
  n.probe(down);
  auto change = n.said(message_type::change);
  CAF_REQUIRE(change);
  CAF_REQUIRE_EQUAL(change->observations.size(), 1u);
  CAF_CHECK_EQUAL(change->observations[0].observer, "lb1");
  CAF_CHECK(change->observations[0].what.status == down);
  CAF_CHECK_EQUAL(change->observations[0].what.evidence, "of a probe");
  n.sent.clear();
  n.probe(down);
  CAF_CHECK(!n.said(message_type::change));
  n.pass(1s);
  const auto& told = n.reported();
  CAF_CHECK_EQUAL(told.observer, "lb1");
  CAF_CHECK_EQUAL(told.items.size(), 1u); // again, should the change be lost
  CAF_REQUIRE_EQUAL(told.ages_ms.size(), 1u);
  CAF_CHECK(told.ages_ms[0] <= 1'000u);
}

CAF_TEST(a peer of an earlier version is told everything each time) {
  node n;
  n.settle().probe(up);
  n.tell("lb2", n.made("lb3", down, 1'500));
  n.sent.clear();
  n.give(joined{"lb2", false});
  for (int second = 0; second < 3; ++second, n.pass(1s)) {
    const auto digest =
      std::find_if(n.sent.begin(), n.sent.end(), [](const auto& x) {
        return x.first == "lb2" && x.second.type == message_type::digest;
      });
    CAF_REQUIRE(digest != n.sent.end());
    const auto& all = digest->second.observations;
    CAF_REQUIRE_EQUAL(all.size(), 2u);
    // Ages add up over every hop.
    const auto& lb3 = all[all[0].observer == "lb3" ? 0 : 1];
    CAF_CHECK_EQUAL(lb3.observer, "lb3");
    CAF_CHECK(lb3.age_ms >= 1'500u && lb3.age_ms <= 4'500u);
    n.sent.clear();
  }
  n.give(joined{"lb2"}); // it was upgraded
  n.sent.clear();
  n.pass(3s);
  CAF_CHECK(std::none_of(n.sent.begin(), n.sent.end(), [](const auto& x) {
    return x.second.type == message_type::digest;
  }));
}

CAF_TEST(no message is longer than 256 KiB and the last one says so) {
  std::vector<observation_body> all;
  for (uint64_t id = 0; id < 3'000; ++id)
    all.push_back({id << 40,
                   std::string(63, 'n'),
                   {~uint64_t{0}, id, down, true, std::string(500, 'e')},
                   id});
  const auto bodies = encode(message_type::digest, all);
  CAF_CHECK(bodies.size() > 2);
  size_t count = 0;
  for (const auto& body : bodies) {
    CAF_CHECK(body.size() <= message_bytes_max);
    const auto part = decode(body);
    CAF_REQUIRE(part);
    CAF_CHECK_EQUAL(part->last, &body == &bodies.back());
    for (const auto& x : part->observations) {
      CAF_CHECK_EQUAL(x.target, all[count].target);
      CAF_CHECK_EQUAL(x.what.evidence.size(), evidence_bytes_max);
      ++count;
    }
  }
  CAF_CHECK_EQUAL(count, all.size());
}

// -- verdicts -----------------------------------------------------------------

CAF_TEST(most of three decide) {
  node n;
  n.settle().probe(down);
  n.tell("lb2", n.made("lb2", up));
  n.tell("lb3", n.made("lb3", up));
  CAF_CHECK(n.verdict_of() == up);
  n.changes = 0;
  n.tell("lb2", n.made("lb2", down));
  CAF_CHECK(n.verdict_of() == down);
  CAF_CHECK(n.changes > 0);
  CAF_CHECK_EQUAL(n.why().now->rule(), "2 of 3 say down");
  CAF_REQUIRE(!n.events.empty());
  CAF_CHECK(n.events.back().find("s42: the cluster says down (2 of 3")
            != std::string::npos);
}

CAF_TEST(an older observation that comes later changes nothing) {
  node n;
  n.settle();
  const auto older = n.made("lb2", up), newer = n.made("lb2", down);
  const auto other = n.made("lb3", down);
  n.tell("lb2", newer);
  n.tell("lb3", other);
  CAF_CHECK(n.verdict_of() == down);
  n.tell("lb3", message_type::digest, {older, other});
  CAF_CHECK(n.verdict_of() == down);
}

CAF_TEST(what is not complete has no vote) {
  node n;
  n.settle();
  n.tell("lb2", n.made("lb2", down, 0, false));
  n.tell("lb3", n.made("lb3", down, 0, false));
  CAF_CHECK(!n.verdict_of());
  CAF_CHECK_EQUAL(n.why().observers.size(), 2u);
  CAF_CHECK(!n.counts("lb2"));
}

CAF_TEST(an observer that begins anew keeps its vote until it has a new one) {
  node n;
  n.settle().probe(up);
  n.tell("lb2", n.made("lb2", down));
  n.tell("lb3", n.made("lb3", down));
  // lb3 was restarted: the first probe of its new life succeeds.
  auto fresh = n.made("lb3", up, 0, false);
  fresh.what.incarnation = 8;
  n.tell("lb3", fresh);
  CAF_CHECK(n.verdict_of() == down);
  CAF_CHECK(n.counts("lb3"));
  fresh.what.complete = true;
  ++fresh.what.sequence;
  n.tell("lb3", fresh);
  CAF_CHECK(n.verdict_of() == up);
}

CAF_TEST(a clock set back costs a node its votes for a while and not for ever) {
  node n;
  n.settle().probe(up);
  auto before = n.made("lb2", up);
  before.what.incarnation = 9'000;
  n.tell("lb2", before);
  for (int second = 0; second < 20; ++second) {
    n.tell("lb2", message_type::digest, {n.made("lb2", down)});
    n.pass(1s);
  }
  const auto why = n.why();
  const auto lb2 = std::find_if(why.observers.begin(), why.observers.end(),
                                [](const auto& x) { return x.node == "lb2"; });
  CAF_REQUIRE(lb2 != why.observers.end());
  CAF_CHECK(lb2->what.status == down);
  CAF_CHECK(lb2->counted);
}

CAF_TEST(a first look of one node does not make a new server down) {
  node n;
  n.settle().probe(down);
  CAF_CHECK(!n.verdict_of());
  n.tell("lb2", n.made("lb2", up));
  CAF_CHECK(n.verdict_of().value_or(up) == up);
  n.tell("lb3", n.made("lb3", up));
  CAF_CHECK(n.verdict_of() == up);
}

CAF_TEST(with quick probes nobody falls silent between two digests) {
  node n;
  n.settle();
  n.give(targets_changed{"app", {{42, "s42", {100ms, 100ms, 3}, true}}, false});
  for (int i = 0; i < 5; ++i) {
    n.tell("lb2", message_type::digest, {n.made("lb2", up)});
    n.tell("lb3", message_type::digest, {n.made("lb3", up)});
    for (int k = 0; k < 4; ++k) {
      n.probe(down);
      n.pass(250ms);
      CAF_CHECK(n.verdict_of() == up);
    }
  }
}

CAF_TEST(the last verdict stands when all have fallen silent) {
  node n;
  n.settle();
  n.tell("lb2", n.made("lb2", down));
  n.tell("lb3", n.made("lb3", down));
  CAF_CHECK(n.verdict_of() == down);
  n.pass(60s);
  CAF_CHECK(n.verdict_of() == down);
  CAF_CHECK(n.why().now->rule().find("the last verdict stands")
            != std::string::npos);
}

CAF_TEST(the replaced observer is counted until the new one has a vote) {
  ranked_node n{3};
  n.settle();
  n.tell_rank(0, up);
  n.tell_rank(1, down);
  n.tell_rank(2, down);
  CAF_CHECK(n.verdict_of() == down);
  n.see(n.without(2), true);
  for (int second = 0; second < 20; ++second) {
    n.tell_rank(0, up);
    n.tell_rank(1, down);
    n.probe(up, false);
    n.pass(1s);
    CAF_CHECK(n.verdict_of() == down); // 2 of 3, not 1 of 2
  }
  n.give(probed{"app", "s42", up, true, "of a probe"});
  CAF_CHECK(n.verdict_of() == up);
}

CAF_TEST(why names each observer by rank with what it saw) {
  node n;
  n.settle().probe(up);
  n.tell("lb2", n.made("lb2", down, 1'000));
  n.tell("lb3", n.made("lb3", up, 9'000));
  const auto all = n.why().observers;
  CAF_REQUIRE_EQUAL(all.size(), 3u);
  const auto order = ranked(three, 42);
  for (size_t i = 0; i < all.size(); ++i) {
    CAF_CHECK_EQUAL(all[i].node, order[i]);
    if (all[i].node == "lb2") {
      CAF_CHECK(all[i].age == 1'000ms && all[i].fresh && all[i].counted);
      CAF_CHECK_EQUAL(all[i].what.evidence, "as lb2 saw it");
    }
    if (all[i].node == "lb3")
      CAF_CHECK(!all[i].fresh);
  }
  CAF_CHECK(!n.mind.describe("app", "none", n.now));
  CAF_CHECK(!n.mind.describe("none", "s42", n.now));
}

CAF_TEST(a server that is removed is forgotten) {
  node n;
  n.settle().probe(down);
  n.tell("lb2", n.made("lb2", down));
  n.give(targets_changed{"app", {}, false});
  CAF_CHECK(n.mind.verdicts("app").empty());
  n.probe(down);
  n.give(targets_changed{"app", {{42, "s42", {}, true}}, false});
  CAF_CHECK(!n.verdict_of());
}

CAF_TEST(a new address is a new server) {
  node n;
  n.settle();
  n.others_say(down, 2s);
  CAF_CHECK(n.verdict_of() == down);
  n.give(targets_changed{"app", {{43, "s42", {}, true}}, false});
  CAF_CHECK(!n.verdict_of());
}

// -- the majority -------------------------------------------------------------

CAF_TEST(a node settles when most nodes have told what they see) {
  node n{five};
  n.see(five, true);
  CAF_CHECK(!n.mind.settled());
  n.tell("lb2", message_type::digest, {});
  CAF_CHECK(!n.mind.settled());
  n.tell("lb2", message_type::digest, {});
  n.tell("lb3", n.made("lb3", up));
  CAF_CHECK(!n.mind.settled());
  n.tell("lb3", message_type::digest, {});
  CAF_CHECK(n.mind.settled());
}

CAF_TEST(a digest in several messages counts when its end has come) {
  node n;
  n.see(three, true);
  std::vector<observation_body> all(20'000, n.made("lb2", up));
  const auto bodies = encode(message_type::digest, all);
  CAF_REQUIRE(bodies.size() > 1);
  for (const auto& body : bodies) {
    CAF_CHECK(!n.mind.settled());
    n.give(received{"lb2", body});
  }
  CAF_CHECK(n.mind.settled());
}

CAF_TEST(peers warm a node that starts) {
  node n;
  n.see(three, true);
  n.tell("lb2", message_type::digest,
         {n.made("lb2", down, 500), n.made("lb3", down, 900)});
  CAF_CHECK(n.mind.settled());
  CAF_CHECK(n.verdict_of() == down);
}

CAF_TEST(what peers say stands comes before what the disk remembered) {
  node n{three, {}};
  n.give(remembered{{42, 43}});
  n.give(targets_changed{
    "app", {{42, "s42", {}, true}, {43, "s43", {}, true}}, false});
  CAF_CHECK(n.verdict_of("s42") == down);
  n.see(three, true);
  auto told = n.made("lb2", up, 0, false);
  told.verdict = up;
  n.tell("lb2", told);
  CAF_CHECK(n.verdict_of("s42") == up);
  CAF_CHECK(n.verdict_of("s43") == down);
  // Nobody has decided that in this life: it is not passed on as what stands.
  n.tell("lb2", n.made("lb2", down, 0, false, 43));
  n.pass(5s);
  n.sent.clear();
  n.give(joined{"lb3", false});
  CAF_REQUIRE_EQUAL(n.sent.size(), 1u);
  const auto all = n.sent[0].second.observations;
  for (const auto& x : all)
    CAF_CHECK(x.target != 43 || !x.verdict);
  CAF_CHECK(!all.empty());
}

CAF_TEST(who is cut off has no vote until it has begun anew) {
  node n;
  const auto votes = [&] {
    n.pass(1s);
    n.sent.clear();
    n.give(joined{"lb2", false});
    strings result;
    for (const auto& x : n.sent.at(0).second.observations)
      if (x.what.complete)
        result.push_back(x.observer);
    return result;
  };
  n.settle();
  n.probe(down);
  n.others_say(up, 3s);
  CAF_CHECK(votes() == three);
  n.see({"lb1"}, true); // noticed, but the majority is not lost yet
  n.probe(down);
  CAF_CHECK(votes().empty());
  CAF_CHECK(!n.why().observers.empty());
  n.pass(10s);
  CAF_CHECK(n.verdict_of() == up);
  n.parts.clear();
  n.see(three, true);
  CAF_REQUIRE(!n.parts["s42"].empty());
  CAF_CHECK(n.parts["s42"].back().restart_from == up);
  CAF_CHECK(votes().empty());
  n.probe(up);
  CAF_CHECK(votes() == strings{"lb1"});
}

CAF_TEST(when all were cut off each goes on as it was until there are votes) {
  node n;
  n.settle();
  n.others_say(up, 3s);
  n.see({"lb1"}, true);
  n.see({"lb1"}, false);
  for (int i = 0; i < 5; ++i) {
    n.probe(down);
    n.pass(1s);
  }
  n.settle();
  CAF_CHECK(n.verdict_of() == down);
  n.tell("lb2", n.made("lb2", up));
  n.tell("lb3", n.made("lb3", up));
  CAF_CHECK(n.verdict_of() == up);
}

CAF_TEST(without a majority own probes begin anew from the last verdict) {
  node n;
  n.settle();
  n.others_say(down, 3s);
  n.probe(down);
  n.parts.clear();
  n.changes = 0;
  n.see({"lb1"}, false);
  CAF_CHECK(!n.mind.settled());
  CAF_CHECK(n.changes > 0);
  CAF_REQUIRE(n.probing());
  CAF_CHECK(n.parts["s42"].back().restart_from == down);
  // Own evidence against a server counts from the first moment.
  CAF_CHECK(n.parts["s42"].back().alone);
  n.see(three, true);
  n.tell("lb3", message_type::digest, {});
  CAF_CHECK(!n.parts["s42"].back().alone);
}

CAF_TEST(when the majority returns own states stay until it has told) {
  node n;
  n.settle();
  n.see({"lb1"}, false);
  n.see(three, true);
  CAF_CHECK(!n.mind.settled());
  n.tell("lb3", message_type::digest, {n.made("lb3", up)});
  CAF_CHECK(n.mind.settled());
}

CAF_TEST(whoever is alone in the list is settled) {
  node n{{"lb1"}};
  n.see({"lb1"}, true);
  CAF_CHECK(n.mind.settled());
  n.probe(down);
  CAF_CHECK(n.verdict_of() == down);
}

CAF_TEST(a list that shrinks to this node settles it) {
  node n{{"lb1", "lb2"}};
  n.see({"lb1"}, true); // the new list is known elsewhere already
  CAF_CHECK(!n.mind.settled());
  n.give(nodes_changed{{"lb1"}});
  CAF_CHECK(n.mind.settled());
}

CAF_TEST(a node that is removed has no vote any more) {
  node n;
  n.settle().probe(up);
  n.tell("lb2", n.made("lb2", down));
  n.tell("lb3", n.made("lb3", down));
  CAF_CHECK(n.verdict_of() == down);
  n.give(nodes_changed{{"lb1", "lb2"}});
  CAF_CHECK(n.verdict_of() == up);
  n.tell("lb2", message_type::digest, {n.made("lb3", down)});
  CAF_CHECK_EQUAL(n.why().observers.size(), 2u);
}

// -- stalls -------------------------------------------------------------------

CAF_TEST(a node that was stopped flips nothing before an interval has passed) {
  for (const bool told : {true, false}) {
    node n;
    n.settle().probe(down); // what this node alone cannot reach
    n.others_say(up, 3s);
    n.probe(down);
    CAF_CHECK(n.verdict_of() == up);
    // Votes for up are too old by now, those for down are not.
    n.now += 9s;
    if (told)
      n.give(stalled{});
    n.give(tick{});
    CAF_CHECK(n.verdict_of() == up);
    n.probe(down, false);
    n.tell("lb2", n.made("lb2", down));
    n.pass(1'500ms);
    CAF_CHECK(n.verdict_of() == up);
    CAF_CHECK(n.parts["s42"].back().probe);
    CAF_CHECK(n.parts["s42"].back().restart_from == up);
    n.others_say(up, 2s);
    CAF_CHECK(n.verdict_of() == up);
  }
}

CAF_TEST(a stop without a majority leaves it to what own probes found) {
  node n;
  n.settle().others_say(up, 2s);
  n.see({"lb1"}, true);
  n.see({"lb1"}, false);
  CAF_CHECK(n.parts["s42"].back().alone);
  n.parts.clear();
  n.give(stalled{});
  CAF_CHECK(n.parts.empty());
}

CAF_TEST(what a stopped node saw before is not told after) {
  node n;
  n.settle().probe(down);
  n.now += 10s;
  n.sent.clear();
  n.give(stalled{});
  n.pass(2s);
  CAF_CHECK(n.reported().observer == "lb1");
  CAF_CHECK(n.reported().items.empty() && n.reported().ages_ms.empty());
}

// -- suspicion ----------------------------------------------------------------

CAF_TEST(failing traffic is told at most once in 250 ms) {
  node n;
  n.settle();
  n.sent.clear();
  for (int i = 0; i < 10; ++i)
    n.give(traffic_fails{"app", "s42", 3});
  CAF_REQUIRE_EQUAL(n.sent.size(), 1u);
  CAF_CHECK(n.sent[0].second.type == message_type::suspicion);
  CAF_CHECK_EQUAL(n.sent[0].second.target, 42u);
  CAF_CHECK_EQUAL(n.sent[0].second.failures, 3u);
  n.now += 250ms;
  n.give(traffic_fails{"app", "s42", 4});
  CAF_CHECK_EQUAL(n.sent.size(), 2u);
  n.give(traffic_fails{"app", "none", 4});
  CAF_CHECK_EQUAL(n.sent.size(), 2u);
}

CAF_TEST(suspicions of peers make an observer probe once in 250 ms) {
  node n;
  n.settle();
  n.give(received{"lb2", encode_suspicion(42, 2)});
  n.give(received{"lb3", encode_suspicion(42, 5)});
  CAF_REQUIRE_EQUAL(n.hints.size(), 1u);
  CAF_CHECK_EQUAL(n.hints[0].server, "s42");
  CAF_CHECK(n.hints[0].one_is_enough);
  n.now += 250ms;
  n.give(received{"lb3", encode_suspicion(42, 1)});
  CAF_REQUIRE_EQUAL(n.hints.size(), 2u);
  CAF_CHECK(!n.hints[1].one_is_enough);
}

CAF_TEST(who does not watch a server takes no hint) {
  ranked_node n{4};
  n.settle();
  n.give(received{"lb2", encode_suspicion(n.id, 5)});
  CAF_CHECK(n.hints.empty());
}

CAF_TEST(whoever hears a serious suspicion needs less evidence of its own) {
  ranked_node n{4}; // it does not watch the server
  n.settle();
  n.give(received{"lb2", encode_suspicion(n.id, 1)});
  CAF_CHECK(n.suspicions.empty());
  n.now += 250ms;
  n.give(received{"lb2", encode_suspicion(n.id, 2)});
  n.give(received{"lb3", encode_suspicion(n.id, 2)});
  CAF_REQUIRE_EQUAL(n.suspicions.size(), 1u);
  CAF_CHECK_EQUAL(n.suspicions[0].backend, "app");
}

// -- hostile bytes ------------------------------------------------------------

CAF_TEST(what is not known here is not kept) {
  node n;
  n.settle();
  std::vector<observation_body> flood;
  for (uint64_t i = 0; i < 5'000; ++i)
    flood.push_back(n.made("stranger" + std::to_string(i), down));
  for (uint64_t i = 0; i < 5'000; ++i)
    flood.push_back(n.made("lb2", down, 0, true, 1'000 + i));
  auto own = n.made("lb1", down);
  own.what.incarnation = 100; // nobody speaks for this start of this node
  flood.push_back(own);
  n.tell("lb2", message_type::digest, flood);
  n.sent.clear();
  n.give(joined{"lb3", false});
  CAF_CHECK(n.sent.at(0).second.observations.empty());
  CAF_CHECK(n.why().observers.empty());
}

CAF_TEST(a node to which all that it observes is down probes the rest) {
  std::vector<uint64_t> own; // lb1 is among the first three
  std::vector<uint64_t> rest;
  for (uint64_t id = 1; own.size() < 2 || rest.size() < 2; ++id) {
    const auto order = ranked(five, id);
    const auto rank = std::find(order.begin(), order.end(), "lb1");
    auto& all = rank - order.begin() < 3 ? own : rest;
    if (all.size() < 2)
      all.push_back(id);
  }
  const auto name = [](uint64_t id) { return "s" + std::to_string(id); };
  node n{five, {own[0], own[1], rest[0], rest[1]}};
  n.settle();
  const auto sees = [&](uint64_t id, status what) {
    n.give(probed{"app", name(id), what, true, "of a probe"});
  };
  const auto probes_rest = [&] {
    CAF_CHECK_EQUAL(n.probing(name(rest[0])), n.probing(name(rest[1])));
    return n.probing(name(rest[0]));
  };
  sees(own[0], down);
  n.pass(1s);
  CAF_CHECK(!probes_rest()); // it has not seen the other one yet
  sees(own[1], up);
  n.pass(1s);
  CAF_CHECK(!probes_rest());
  sees(own[1], down);
  n.pass(1s);
  CAF_CHECK(probes_rest());
  CAF_CHECK(n.parts[name(rest[0])].back().restart_from.value_or(up) == up);
  // What it finds there is no vote among three others.
  sees(rest[0], down);
  sees(rest[1], down);
  n.pass(1s);
  CAF_CHECK(probes_rest());
  n.give(stalled{}); // it forgets what it saw, and does not change its mind
  n.pass(1s);
  CAF_CHECK(probes_rest());
  sees(own[0], up);
  n.pass(1s);
  CAF_CHECK(!probes_rest());
  // One that answers is enough.
  sees(own[0], down);
  sees(own[1], down);
  n.pass(1s);
  CAF_CHECK(probes_rest());
  sees(rest[1], up);
  n.pass(1s);
  CAF_CHECK(!probes_rest());
}

CAF_TEST(an age beyond all measure is an old observation) {
  node n;
  n.settle();
  n.tell("lb2", n.made("lb2", down, ~uint64_t{0}));
  n.tell("lb3", n.made("lb3", down, ~uint64_t{0} / 2));
  CAF_CHECK(!n.verdict_of());
}

CAF_TEST(bytes that cannot be read are counted and ignored) {
  node n;
  n.settle();
  auto good = encode(message_type::digest, {n.made("lb2", down)}).front();
  const auto before = n.mind.undecodable();
  for (size_t size = 0; size < good.size(); ++size)
    n.give(received{"lb2", good.substr(0, size)});
  CAF_CHECK_EQUAL(n.mind.undecodable(), before + good.size());
  n.give(received{"lb2", good + "a later field"});
  CAF_CHECK_EQUAL(n.mind.undecodable(), before + good.size());
  CAF_CHECK_EQUAL(n.why().observers.size(), 1u);
}

CAF_TEST(random bytes never do harm) {
  node n;
  n.settle();
  std::mt19937_64 random{9};
  const auto good =
    encode(message_type::digest, {n.made("lb2", down), n.made("lb3", up)})
      .front();
  for (int i = 0; i < 20'000; ++i) {
    auto body = good;
    for (auto flips = random() % 4; flips < 4; ++flips)
      body[random() % body.size()] = static_cast<char>(random());
    body.resize(random() % (body.size() + 1));
    n.give(received{"lb2", body});
  }
  CAF_CHECK(n.why().observers.size() <= 3);
}

} // namespace troupe::cluster::observations
