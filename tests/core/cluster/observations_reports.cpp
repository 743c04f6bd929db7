// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_observations_reports

#include "core/cluster/observations.hpp"

#include "caf_test.hpp"

#include <deque>
#include <functional>
#include <set>

using namespace std::chrono_literals;

namespace troupe::cluster::observations {

namespace {

using strings = std::vector<std::string>;

constexpr auto up = status::up;
constexpr auto down = status::down;

const strings three{"lb1", "lb2", "lb3"};

/// Several machines that hear each other at once, or as the test says.
struct members {
  explicit members(strings nodes, size_t servers = 1)
    : names(std::move(nodes)), count(servers) {
    uint64_t incarnation = 100;
    for (const auto& name : names)
      minds.try_emplace(name, identity{name, ++incarnation});
    for (const auto& name : names)
      begin(name);
    see(names);
    meet();
    pass(2s);
  }

  void begin(const std::string& name) {
    give(name, nodes_changed{names});
    targets_changed all{"app", {}, false};
    for (uint64_t id = 1; id <= count; ++id)
      all.targets.push_back({id, "s" + std::to_string(id), {}, true});
    give(name, all);
  }

  void see(const strings& alive) {
    for (const auto& name : names)
      give(name, view_changed{alive, 2 * alive.size() > names.size()});
  }

  void meet() {
    for (const auto& a : names)
      for (const auto& b : names)
        if (a != b)
          give(a, joined{b});
  }

  void give(const std::string& name, const input& in) {
    for (auto& effect : minds.at(name).step(in, now))
      if (auto* x = std::get_if<send>(&effect))
        for (const auto& to : names)
          if (to != name && (x->to.empty() || x->to == to))
            under_way.push_back({name, to, x->body});
    if (!delivering)
      deliver();
  }

  void deliver() {
    delivering = true;
    while (!under_way.empty()) {
      const auto next = std::move(under_way.front());
      under_way.pop_front();
      const auto said = decode(next.body);
      CAF_REQUIRE(said);
      if (cut.contains({next.from, next.to}) || (loses && loses(*said)))
        continue;
      bytes += next.body.size();
      ++messages[said->type];
      if (said->type == message_type::report)
        last_report[next.from] = said->reports.front();
      give(next.to, received{next.from, next.body});
    }
    delivering = false;
  }

  void pass(milliseconds time) {
    for (; time > 0ms; time -= 250ms) {
      now += 250ms;
      for (const auto& name : names)
        give(name, tick{});
    }
  }

  /// This node looks at all its servers every two seconds.
  void look(const std::string& name, status what, milliseconds time) {
    for (; time > 0ms; time -= 2s) {
      probe(name, what);
      pass(2s);
    }
  }
  void probe(const std::string& name, status what) {
    for (uint64_t id = 1; id <= count; ++id)
      give(name, probed{"app", "s" + std::to_string(id), what, true, "seen"});
  }

  /// What `by` holds of `observer` about a server.
  std::optional<observer_view> held(const std::string& by,
                                    const std::string& observer,
                                    const std::string& server = "s1") {
    const auto view = minds.at(by).describe("app", server, now);
    for (const auto& x : view->observers)
      if (x.node == observer)
        return x;
    return std::nullopt;
  }

  strings names;
  size_t count;
  std::map<std::string, machine> minds;
  time_point now = time_point{} + 1h;
  struct parcel {
    std::string from;
    std::string to;
    std::string body;
  };
  std::deque<parcel> under_way;
  bool delivering = false;
  std::set<std::pair<std::string, std::string>> cut;
  std::function<bool(const message&)> loses;
  size_t bytes = 0;
  std::map<message_type, size_t> messages;
  std::map<std::string, report> last_report;
};

} // namespace

CAF_TEST(what does not change stays fresh and nobody asks) {
  members c{three};
  c.look("lb1", up, 4s);
  c.messages.clear();
  for (int i = 0; i < 15; ++i) {
    c.look("lb1", up, 2s);
    for (const auto* peer : {"lb2", "lb3"}) {
      const auto x = c.held(peer, "lb1");
      CAF_REQUIRE(x);
      CAF_CHECK(x->fresh && x->counted && x->age <= 3s);
    }
    CAF_CHECK(c.last_report["lb1"].items.empty());
  }
  CAF_CHECK_EQUAL(c.messages[message_type::question], 0u);
  CAF_CHECK_EQUAL(c.messages[message_type::change], 0u);
}

CAF_TEST(what is not looked at any more grows old) {
  members c{three};
  c.look("lb1", up, 4s);
  CAF_CHECK(c.held("lb2", "lb1")->fresh);
  c.pass(8s);
  CAF_CHECK(!c.held("lb2", "lb1")->fresh);
  c.pass(30s);
  CAF_CHECK(!c.held("lb2", "lb1"));
  CAF_CHECK(c.last_report["lb1"].ages_ms.empty());
}

CAF_TEST(a report at rest takes a few bytes a server) {
  members c{three, 40};
  c.look("lb1", up, 4s);
  const auto& at_rest = c.last_report["lb1"];
  CAF_CHECK_EQUAL(at_rest.ages_ms.size(), 40u);
  CAF_CHECK(encode_report(at_rest).size() <= 40 * 2 + 50);
}

CAF_TEST(what was lost is asked for) {
  members c{three, 5};
  c.look("lb1", up, 4s);
  c.loses = [](const message& x) {
    return x.type == message_type::change
        || (!x.reports.empty() && x.reports[0].observer == "lb1");
  };
  c.give("lb1", probed{"app", "s3", down, true, "refused"});
  c.pass(4s); // beyond the reports that tell it again
  CAF_CHECK(c.held("lb2", "lb1", "s3")->what.status == up);
  c.loses = nullptr;
  c.messages.clear();
  c.pass(1s);
  for (const auto* peer : {"lb2", "lb3"}) {
    const auto now = c.held(peer, "lb1", "s3");
    CAF_REQUIRE(now);
    CAF_CHECK(now->what.status == down);
    CAF_CHECK_EQUAL(now->what.evidence, "refused");
  }
  c.messages.clear();
  c.pass(3s); // and that was all
  CAF_CHECK_EQUAL(c.messages[message_type::question], 0u);
}

CAF_TEST(a report that is lost with its change is made up for by the next) {
  members c{three};
  c.look("lb1", up, 4s);
  c.messages.clear();
  c.loses = [](const message& x) { return !x.observations.empty(); };
  c.give("lb1", probed{"app", "s1", down, true, "refused"});
  c.loses = [&](const message& x) {
    return x.type == message_type::report && c.messages[x.type] < 2
        && ++c.messages[x.type] <= 2;
  };
  c.pass(2s);
  CAF_CHECK(c.held("lb2", "lb1")->what.status == down);
  CAF_CHECK_EQUAL(c.messages[message_type::question], 0u);
}

CAF_TEST(an answer that is lost is asked for again) {
  members c{three};
  c.loses = [](const message& x) {
    return x.type != message_type::report || !x.reports[0].items.empty();
  };
  c.look("lb1", down, 6s);
  CAF_CHECK(!c.held("lb2", "lb1"));
  c.loses = nullptr;
  c.pass(1s);
  CAF_CHECK(c.held("lb2", "lb1"));
}

CAF_TEST(whoever does not hear an observer learns of it from others) {
  members c{three};
  c.cut = {{"lb1", "lb3"}, {"lb3", "lb1"}};
  c.give("lb1", view_changed{{"lb1", "lb2"}, true});
  c.give("lb3", view_changed{{"lb2", "lb3"}, true});
  c.look("lb1", down, 6s);
  for (int i = 0; i < 10; ++i) {
    c.look("lb1", down, 2s);
    const auto x = c.held("lb3", "lb1");
    CAF_REQUIRE(x);
    CAF_CHECK(x->fresh && x->what.status == down);
  }
  c.look("lb1", up, 4s);
  CAF_CHECK(c.held("lb3", "lb1")->what.status == up);
}

CAF_TEST(a node without a majority tells nothing of what it sees) {
  members c{three};
  c.look("lb1", up, 4s);
  c.give("lb1", view_changed{{"lb1"}, true});
  bool told = false;
  c.loses = [&](const message& x) {
    told |= !x.observations.empty();
    for (const auto& r : x.reports)
      told |= r.observer == "lb1" && (!r.items.empty() || !r.ages_ms.empty());
    return false;
  };
  c.look("lb1", down, 10s);
  c.give("lb2", joined{"lb1"}); // who asks is not told either
  CAF_CHECK(!told);
  CAF_CHECK(c.held("lb1", "lb1")->what.status == down);
  c.give("lb1", view_changed{three, true});
  c.look("lb1", down, 4s);
  CAF_CHECK(told);
  CAF_CHECK(c.held("lb2", "lb1")->what.status == down);
}

CAF_TEST(whoever missed that a node has nothing to tell hears it later) {
  members c{three};
  c.look("lb1", up, 4s);
  const auto reports_itself = [](const message& x) {
    return !x.reports.empty() && x.reports.front().observer == "lb1";
  };
  c.loses = reports_itself;
  c.give("lb1", view_changed{{"lb1"}, true});
  c.pass(5s);
  c.loses = nullptr;
  c.pass(2s);
  c.messages.clear();
  c.pass(5s);
  // Else it would be asked each second, and answers only with a majority.
  CAF_CHECK_EQUAL(c.messages[message_type::question], 0u);
}

CAF_TEST(
  an observer that sees no majority is awaited and one alone decides not ) {
  const strings four{"lb1", "lb2", "lb3", "lb4"};
  members c{four};
  for (int i = 0; i < 3; ++i) {
    for (const auto& name : four)
      c.probe(name, up);
    c.pass(2s);
  }
  const auto verdict_of = [&](const std::string& node) {
    return c.minds.at(node).verdicts("app").at(0).second;
  };
  // lb4 is gone, and lb1 and lb2 do not see each other: only lb3 sees three.
  c.cut = {{"lb1", "lb2"}, {"lb2", "lb1"}};
  for (const auto* name : {"lb1", "lb2", "lb3"})
    c.cut.insert({{"lb4", name}, {name, "lb4"}});
  c.give("lb1", view_changed{{"lb1", "lb3"}, false});
  c.give("lb2", view_changed{{"lb2", "lb3"}, false});
  c.give("lb3", view_changed{{"lb1", "lb2", "lb3"}, true});
  for (int i = 0; i < 20; ++i) {
    c.probe("lb3", down);
    c.pass(2s);
    CAF_CHECK(verdict_of("lb3") == up);
  }
}

CAF_TEST(what is told of a target that is not known yet is asked for later) {
  members c{three};
  c.give("lb3", targets_changed{"app", {}, false});
  c.look("lb1", down, 4s);
  c.messages.clear();
  c.look("lb1", down, 4s);
  CAF_CHECK_EQUAL(c.messages[message_type::question], 0u);
  c.begin("lb3");
  c.pass(1s);
  CAF_REQUIRE(c.held("lb3", "lb1"));
  CAF_CHECK(c.held("lb3", "lb1")->what.status == down);
}

CAF_TEST(more than fits in a message is told in several) {
  std::vector<observation_body> items;
  report_items keys;
  for (uint64_t id = 1; id <= 1'600; ++id) {
    items.push_back(
      {id,
       "lb1",
       {101, id, down, true, std::string(evidence_bytes_max, 'e')},
       0,
       {},
       id});
    keys[{id, true}] = id;
  }
  const report all{"lb1", 101, 5'000, fingerprint_of(keys), true, false,
                   items, {},  {}};
  const auto bodies = encode_answer({all});
  CAF_CHECK(bodies.size() > 2);
  members c{three}; // it knows one of the targets
  size_t read = 0;
  for (const auto& body : bodies) {
    CAF_CHECK(body.size() <= message_bytes_max);
    const auto part = decode(body);
    CAF_REQUIRE(part);
    CAF_CHECK_EQUAL(part->last, &body == &bodies.back());
    for (const auto& x : part->reports)
      read += x.items.size();
    c.give("lb2", received{"lb1", body});
  }
  CAF_CHECK_EQUAL(read, 1'600u);
  CAF_CHECK(c.held("lb2", "lb1"));
  // It is in step: the same again tells nothing, and a short one is enough.
  for (const auto& body : bodies)
    c.give("lb2", received{"lb1", body});
  auto next = all;
  next.number = 6'000;
  next.whole = false;
  next.items.clear();
  next.ages_ms.assign(1'600, 0);
  c.messages.clear();
  c.give("lb2", received{"lb1", encode_report(next)});
  CAF_CHECK_EQUAL(c.messages[message_type::question], 0u);
  CAF_CHECK(encode_report(all).size() < 100u); // who lacks them asks
}

CAF_TEST(a peer speaks for others only when it is asked) {
  members c{three};
  const observation_body item{1, "lb1", {101, 900, down, true, ""}, 0, {}, 900};
  report forged{"lb1", 101, 900, 0, true, false, {item}, {}, {}};
  c.give("lb2", received{"lb3", encode_report(forged)});
  CAF_CHECK(!c.held("lb2", "lb1"));
  // Nor does it speak for one under the name of another.
  forged.observer = "lb3";
  c.give("lb2", received{"lb3", encode_report(forged)});
  CAF_CHECK(!c.held("lb2", "lb1"));
  for (const auto& body : encode_answer({forged}))
    c.give("lb2", received{"lb3", body});
  CAF_CHECK(!c.held("lb2", "lb1"));
}

} // namespace troupe::cluster::observations
