// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_membership

#include "core/cluster/membership.hpp"

#include "core/cluster/wire.hpp"

#include "caf_test.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>

using namespace std::chrono_literals;

namespace troupe::cluster::membership {

namespace {

/// Machines on a network without delay; time passes in steps of 50 ms.
struct world {
  struct node {
    std::unique_ptr<machine> mind;
    std::vector<event> events;
    std::set<std::string> peers;
    view seen;
    std::map<std::string, std::string> refusals; ///< by peer
    size_t dials = 0;
    size_t views = 0;
    bool frozen = false;
    std::deque<input> waiting; ///< while frozen
  };

  /// Both ends of a link have one number.
  struct wire {
    std::string from, to;
  };

  void add(const std::string& name, const std::string& cluster = "prod") {
    start(name, name, cluster);
  }

  /// @param key Tells two processes with one name apart.
  void start(const std::string& key, const std::string& name,
             const std::string& cluster = "prod") {
    auto& x = nodes[key];
    x = {};
    x.mind = std::make_unique<machine>(
      identity{name, cluster, ++incarnations, "test", incarnations});
    names[key] = name;
  }

  void list(std::vector<std::string> all) {
    for (auto& [key, x] : nodes)
      if (x.mind)
        give(key, nodes_changed{all});
  }

  void give(const std::string& key, input in) {
    auto& x = nodes.at(key);
    if (x.frozen) {
      x.waiting.push_back(std::move(in));
      return;
    }
    for (auto& effect : x.mind->step(in, now))
      todo.push_back({key, std::move(effect)});
    run();
  }

  void run() {
    if (std::exchange(running, true))
      return;
    while (!todo.empty()) {
      auto [key, effect] = std::move(todo.front());
      todo.pop_front();
      std::visit([&, k = key](auto& x) { perform(k, x); }, effect);
    }
    running = false;
  }

  void perform(const std::string& key, dial& x) {
    ++nodes.at(key).dials;
    const auto target =
      std::find_if(nodes.begin(), nodes.end(), [&](auto& item) {
        return names[item.first] == x.peer && item.second.mind
            && item.first != key && !cut(key, item.first);
      });
    if (target == nodes.end() || target->second.frozen) {
      give(key, dial_failed{x.peer, "connection refused"});
      return;
    }
    const auto number = ++links_made;
    links[number] = {key, target->first};
    give(key, link_opened{number, x.peer, true});
    give(target->first, link_opened{number, names[key], false, key});
  }

  void perform(const std::string& key, link_send& x) {
    const auto found = links.find(x.link);
    if (found == links.end())
      return;
    const auto other =
      found->second.from == key ? found->second.to : found->second.from;
    if (!cut(key, other))
      give(other, received{x.link, x.body});
  }

  void perform(const std::string& key, close_link& x) {
    const auto found = links.find(x.link);
    if (found == links.end())
      return;
    const auto other =
      found->second.from == key ? found->second.to : found->second.from;
    links.erase(found);
    if (!cut(key, other))
      give(other, link_closed{x.link, "the other side closed it"});
  }

  void perform(const std::string& key, joined& x) {
    nodes.at(key).peers.insert(x.peer);
  }
  void perform(const std::string& key, left& x) {
    nodes.at(key).peers.erase(x.peer);
  }
  void perform(const std::string& key, turned_away& x) {
    nodes.at(key).refusals[x.peer] = x.text;
  }
  void perform(const std::string& key, view& x) {
    nodes.at(key).seen = x;
    ++nodes.at(key).views;
  }
  void perform(const std::string& key, event& x) {
    nodes.at(key).events.push_back(x);
  }
  void perform(const std::string&, wake&) {}

  void pass(milliseconds time) {
    for (; time > 0ms; time -= 50ms) {
      now += 50ms;
      for (auto& [key, x] : nodes)
        if (x.mind)
          give(key, tick{});
    }
  }

  /// Nobody gets to run for so long.
  void pass_late(milliseconds time) {
    now += time;
    for (auto& [key, x] : nodes)
      if (x.mind)
        give(key, tick{});
  }

  /// The kernel closes the links of a process that dies.
  void kill(const std::string& key) {
    nodes.at(key).mind.reset();
    std::vector<uint64_t> gone;
    for (auto& [number, x] : links)
      if (x.from == key || x.to == key)
        gone.push_back(number);
    for (const auto number : gone) {
      const auto x = links.at(number);
      links.erase(number);
      give(x.from == key ? x.to : x.from, link_closed{number, "reset"});
    }
  }

  void thaw(const std::string& key) {
    auto& x = nodes.at(key);
    x.frozen = false;
    give(key, stalled{});
    for (auto& in : std::exchange(x.waiting, {}))
      give(key, in);
  }

  bool cut(const std::string& from, const std::string& to) const {
    return cuts.contains({from, to});
  }
  void cut_both(const std::string& a, const std::string& b) {
    cuts.insert({a, b});
    cuts.insert({b, a});
  }

  bool alarmed(const std::string& key, const std::string& text) {
    const auto& all = nodes.at(key).events;
    return std::any_of(all.begin(), all.end(), [&](auto& x) {
      return x.alarming && x.text.find(text) != std::string::npos;
    });
  }

  /// How often.
  size_t told(const std::string& key, const std::string& text) {
    const auto& all = nodes.at(key).events;
    return static_cast<size_t>(
      std::count_if(all.begin(), all.end(), [&](auto& x) {
        return x.text.find(text) != std::string::npos;
      }));
  }

  time_point now = time_point{} + 1h;
  std::map<std::string, node> nodes;
  std::map<std::string, std::string> names;
  std::map<uint64_t, wire> links;
  std::set<std::pair<std::string, std::string>> cuts; ///< from, to
  std::deque<std::pair<std::string, effect>> todo;
  uint64_t incarnations = 0;
  uint64_t links_made = 0;
  bool running = false;
};

using strings = std::vector<std::string>;

const strings three{"lb1", "lb2", "lb3"};

struct trio : world {
  trio() {
    for (const auto& name : three)
      add(name);
    list(three);
    pass(1s);
  }
};

} // namespace

CAF_TEST(nodes that list each other join over one link a pair) {
  trio t;
  CAF_CHECK_EQUAL(t.links.size(), 3u);
  for (const auto& name : three) {
    CAF_CHECK(t.nodes[name].seen.alive == three);
    CAF_CHECK(t.nodes[name].seen.has_majority);
    CAF_CHECK_EQUAL(t.nodes[name].peers.size(), 2u);
  }
}

CAF_TEST(a steady cluster has nothing to say) {
  trio t;
  const auto views = t.nodes["lb1"].views;
  const auto events = t.nodes["lb1"].events.size();
  t.pass(5min);
  CAF_CHECK_EQUAL(t.nodes["lb1"].views, views);
  CAF_CHECK_EQUAL(t.nodes["lb1"].events.size(), events);
}

CAF_TEST(a process that dies is gone at once and returns by itself) {
  trio t;
  t.kill("lb2");
  t.pass(50ms);
  CAF_CHECK(t.nodes["lb1"].seen.alive == (strings{"lb1", "lb3"}));
  CAF_CHECK(t.nodes["lb1"].seen.gone == strings{"lb2"});
  CAF_CHECK(t.alarmed("lb1", "lb2 is gone"));
  t.add("lb2");
  t.list(three);
  t.pass(6s);
  for (const auto& name : three)
    CAF_CHECK(t.nodes[name].seen.alive == three);
}

CAF_TEST(a frozen peer is suspect within 3 s and gone soon after) {
  trio t;
  t.nodes["lb2"].frozen = true;
  t.pass(900ms); // the last echo is of a heartbeat of the second before
  CAF_CHECK(t.nodes["lb1"].seen.suspect.empty());
  t.pass(1'100ms);
  CAF_CHECK(t.nodes["lb1"].seen.suspect == strings{"lb2"});
  CAF_CHECK(t.nodes["lb1"].peers.contains("lb2"));
  t.pass(1'500ms);
  CAF_CHECK(t.nodes["lb1"].seen.gone == strings{"lb2"});
  CAF_CHECK(!t.nodes["lb1"].peers.contains("lb2"));
}

CAF_TEST(a link whose echoes take long is given longer) {
  world w;
  w.add("lb1");
  w.list({"lb1", "lb2"});
  auto& lb1 = *w.nodes["lb1"].mind;
  auto now = w.now;
  // What lb1 says comes back after `trip`; @returns when it gives up after the
  // last echo.
  const auto patience = [&](uint64_t link, milliseconds trip) {
    std::vector<std::pair<time_point, std::string>> echoes;
    std::optional<time_point> closed;
    uint64_t said = 0;
    const auto run = [&](const input& in) {
      for (const auto& x : lb1.step(in, now)) {
        if (const auto* sent = std::get_if<link_send>(&x)) {
          const auto body = decode(sent->body);
          if (const auto* beat = std::get_if<heartbeat_body>(&body))
            echoes.emplace_back(now + trip,
                                encode(heartbeat_body{++said, beat->number}));
        } else if (const auto* end = std::get_if<close_link>(&x);
                   end && end->link == link)
          closed = now;
      }
    };
    run(link_opened{link, "lb2", false});
    run(received{
      link, encode(hello_body{"prod", "lb2", 40 + link, 1, 2, 1, "test"})});
    const auto silent_from = now + 20s;
    for (; !closed; now += 50ms) {
      run(tick{});
      for (auto& [at, body] : std::exchange(echoes, {}))
        if (at > now)
          echoes.emplace_back(at, body);
        else if (now < silent_from)
          run(received{link, body});
      CAF_REQUIRE(now < silent_from + 60s);
    }
    return std::chrono::duration_cast<milliseconds>(*closed - silent_from);
  };
  const auto quick = patience(1, 100ms);
  CAF_CHECK(quick > 2s && quick <= 3'500ms);
  const auto slow = patience(2, 2s);
  CAF_CHECK(slow > 3'500ms && slow <= 6'500ms);
  const auto slower = patience(3, 2'900ms);
  CAF_CHECK(slower > slow && slower <= 12'500ms);
}

CAF_TEST(a node that is late itself gives its peers longer) {
  for (const bool late : {false, true}) {
    trio t;
    if (late) // each step 200 ms after it was due
      for (int n = 0; n < 8; ++n)
        t.pass_late(700ms);
    t.nodes["lb2"].frozen = true;
    t.pass(3'900ms);
    CAF_CHECK_EQUAL(t.nodes["lb1"].peers.contains("lb2"), late);
    t.pass(12s);
    CAF_CHECK(!t.nodes["lb1"].peers.contains("lb2"));
  }
}

CAF_TEST(a node that was frozen doubts itself and not the others) {
  trio t;
  t.nodes["lb2"].frozen = true;
  t.pass(30s);
  const auto events = t.nodes["lb2"].events.size();
  t.thaw("lb2");
  CAF_CHECK(t.nodes["lb2"].seen.has_majority);
  t.pass(8s);
  for (const auto& name : three)
    CAF_CHECK(t.nodes[name].seen.alive == three);
  for (size_t i = events; i < t.nodes["lb2"].events.size(); ++i)
    CAF_CHECK(t.nodes["lb2"].events[i].text.find("came back")
              == std::string::npos);
}

CAF_TEST(loss in one direction looks the same from both ends) {
  trio t;
  t.cuts.insert({"lb1", "lb2"});
  t.pass(4s);
  CAF_CHECK(t.nodes["lb1"].seen.gone == strings{"lb2"});
  CAF_CHECK(t.nodes["lb2"].seen.gone == strings{"lb1"});
  CAF_CHECK(t.nodes["lb3"].seen.alive == three);
  t.cuts.clear();
  t.pass(6s);
  CAF_CHECK(t.nodes["lb1"].seen.alive == three);
}

CAF_TEST(the majority is lost after 3 s without it and regained after 3 s) {
  trio t;
  t.cut_both("lb1", "lb2");
  t.cut_both("lb1", "lb3");
  t.pass(3s);
  CAF_CHECK(t.nodes["lb1"].seen.has_majority);
  t.pass(3'600ms);
  CAF_CHECK(!t.nodes["lb1"].seen.has_majority);
  CAF_CHECK(t.nodes["lb2"].seen.has_majority);
  t.cuts.clear();
  while (t.nodes["lb1"].seen.alive.size() < 2)
    t.pass(50ms);
  t.pass(2'900ms);
  CAF_CHECK(!t.nodes["lb1"].seen.has_majority);
  t.pass(200ms);
  CAF_CHECK(t.nodes["lb1"].seen.has_majority);
}

CAF_TEST(a short cut costs no majority) {
  trio t;
  t.cut_both("lb1", "lb2");
  t.cut_both("lb1", "lb3");
  t.pass(2s);
  t.cuts.clear();
  t.pass(10s);
  CAF_CHECK(t.nodes["lb1"].seen.has_majority);
  CAF_CHECK(!t.alarmed("lb1", "no majority"));
}

CAF_TEST(a node alone in its list has the majority) {
  world w;
  w.add("lb1");
  w.list({"lb1"});
  CAF_CHECK(w.nodes["lb1"].seen.has_majority);
}

CAF_TEST(a node that is not listed has no majority) {
  trio t;
  t.give("lb3", nodes_changed{{"lb1", "lb2"}});
  t.pass(4s);
  CAF_CHECK(!t.nodes["lb3"].seen.has_majority);
}

CAF_TEST(one of two is no majority) {
  world w;
  w.add("lb1");
  w.list({"lb1", "lb2"});
  w.pass(10s);
  CAF_CHECK(!w.nodes["lb1"].seen.has_majority);
}

CAF_TEST(a removed node can be told for three seconds and does not count) {
  trio t;
  t.give("lb1", nodes_changed{{"lb1", "lb2"}});
  t.pass(2900ms);
  CAF_CHECK(t.nodes["lb1"].peers.contains("lb3"));
  const std::vector<std::string> left{"lb1", "lb2"};
  CAF_CHECK_EQUAL(t.nodes["lb1"].seen.alive, left);
}

CAF_TEST(a removed node that connects later is heard for three seconds) {
  trio t;
  t.give("lb1", nodes_changed{{"lb1", "lb2"}});
  t.pass(4s);
  CAF_CHECK(!t.nodes["lb1"].peers.contains("lb3"));
  t.pass(4500ms); // it dials again after five
  CAF_CHECK(t.nodes["lb1"].peers.contains("lb3"));
  CAF_CHECK_EQUAL(t.nodes["lb1"].seen.alive.size(), 2u);
  t.pass(3500ms);
  CAF_CHECK(!t.nodes["lb1"].peers.contains("lb3"));
}

CAF_TEST(a removed node that is listed again stays) {
  trio t;
  t.give("lb1", nodes_changed{{"lb1", "lb2"}});
  t.pass(1s);
  t.give("lb1", nodes_changed{{"lb1", "lb2", "lb3"}});
  t.pass(5s);
  CAF_CHECK(t.nodes["lb1"].peers.contains("lb3"));
  CAF_CHECK_EQUAL(t.nodes["lb1"].seen.alive.size(), 3u);
  CAF_CHECK(!t.alarmed("lb3", "refuses"));
}

CAF_TEST(a removed node is turned away with the reason) {
  trio t;
  t.give("lb1", nodes_changed{{"lb1", "lb2"}});
  t.pass(4s);
  CAF_CHECK(!t.nodes["lb1"].peers.contains("lb3"));
  CAF_CHECK(t.alarmed("lb3", "lb1 refuses this node"));
  CAF_CHECK(!t.nodes["lb3"].peers.contains("lb1"));
}

CAF_TEST(nodes that left each other behind meet now and then and do not count) {
  world w;
  w.add("lb1");
  w.add("lb2");
  w.cut_both("lb1", "lb2");
  w.give("lb1", nodes_changed{{"lb1"}, {"lb2", "lb1"}});
  w.give("lb2", nodes_changed{{"lb2"}, {"lb1"}});
  w.pass(20s);
  CAF_CHECK(w.nodes["lb1"].dials >= 3 && w.nodes["lb1"].dials <= 5);
  w.cuts.clear();
  w.pass(5s);
  CAF_CHECK(w.nodes["lb1"].peers.contains("lb2"));
  CAF_CHECK(w.nodes["lb2"].peers.contains("lb1"));
  CAF_CHECK_EQUAL(w.nodes["lb1"].seen.alive, strings{"lb1"});
  CAF_CHECK(w.nodes["lb1"].seen.has_majority);
  size_t visits = 0; // no link lasts, and both dial
  for (auto was = true; w.now < time_point{} + 1h + 55s;) {
    w.pass(50ms);
    const auto is = w.nodes["lb1"].peers.contains("lb2");
    visits += !was && is;
    was = is;
  }
  CAF_CHECK(visits >= 3 && visits <= 13);
}

CAF_TEST(a node that was left behind and is listed again is no visitor) {
  world w;
  w.add("lb1");
  w.add("lb2");
  w.give("lb1", nodes_changed{{"lb1"}, {"lb2"}});
  w.give("lb2", nodes_changed{{"lb1", "lb2"}, {}});
  w.pass(1s);
  w.give("lb1", nodes_changed{{"lb1", "lb2"}, {}});
  w.pass(20s);
  CAF_CHECK(w.nodes["lb1"].peers.contains("lb2"));
  CAF_CHECK_EQUAL(w.nodes["lb1"].seen.alive.size(), 2u);
  CAF_CHECK_EQUAL(w.nodes["lb1"].dials, 1u);
}

CAF_TEST(another cluster is refused with both names) {
  world w;
  w.add("lb1");
  w.add("lb2", "test");
  w.list({"lb1", "lb2"});
  w.pass(3s);
  CAF_CHECK(w.nodes["lb1"].peers.empty());
  CAF_CHECK(w.alarmed("lb1", "lb2 is of cluster \"test\", lb1 of \"prod\"")
            || w.alarmed("lb2", "lb1 is of cluster \"prod\", lb2 of \"test\""));
  CAF_CHECK(w.links.empty());
  const auto events = w.nodes["lb1"].events.size();
  w.pass(30s);
  CAF_CHECK_EQUAL(w.nodes["lb1"].events.size(), events);
}

CAF_TEST(a second live node with one name is refused loudly on both) {
  trio t;
  t.start("thief", "lb2");
  t.give("thief", nodes_changed{three});
  t.pass(3s);
  CAF_CHECK(t.nodes["thief"].peers.empty());
  CAF_CHECK(t.alarmed("lb1", "two nodes call themselves lb2"));
  CAF_CHECK(t.alarmed("thief", "two nodes call themselves lb2"));
  CAF_CHECK(t.nodes["lb1"].peers.contains("lb2"));
}

CAF_TEST(the first of two nodes with one name hears once where the second is) {
  trio t;
  t.start("thief", "lb2");
  t.give("thief", nodes_changed{three});
  t.pass(2min);
  CAF_CHECK_EQUAL(t.told("lb2", "another node calls itself lb2, at thief"), 1u);
  CAF_CHECK(t.alarmed("lb2", "one of the two needs another --node"));
  CAF_CHECK(t.alarmed("lb1", "the second is at thief"));
}

CAF_TEST(a node that was removed knocks once a minute and keeps its mind) {
  trio t;
  const nodes_changed without{{"lb1", "lb2"}, {}, "generation 2 of prod"};
  const auto told = t.told("lb1", "lb3 has joined");
  for (const auto& name : three)
    t.give(name, without);
  t.pass(8s); // the farewell and the majority's delay
  CAF_CHECK(!t.nodes["lb3"].seen.has_majority);
  const auto dials = t.nodes["lb3"].dials;
  const auto joins = t.told("lb3", "has joined");
  t.pass(3min);
  CAF_CHECK(t.nodes["lb3"].dials - dials <= 8);
  CAF_CHECK_EQUAL(t.told("lb3", "has joined"), joins);
  CAF_CHECK_EQUAL(t.told("lb3", "is gone"), 0u);
  CAF_CHECK_EQUAL(t.told("lb3", "sees no majority"), 1u);
  CAF_CHECK_EQUAL(t.told("lb1", "lb3 has joined"), told);
  for (const auto& x : t.nodes["lb3"].mind->describe())
    CAF_CHECK_EQUAL(x.text, "it refuses this node: lb3 is not in generation 2 "
                            "of prod: add it to cluster.nodes on "
                              + x.name
                              + " and run \"troupectl config apply\" there");
  // Whoever lists it again need not wait for it.
  for (const auto& name : {"lb1", "lb2"})
    t.give(name, nodes_changed{three, {}, "generation 3 of prod"});
  t.pass(2s);
  CAF_CHECK(t.nodes["lb1"].seen.alive == three);
}

CAF_TEST(a node that a peer turns away says why once and passes it on) {
  machine lb4{identity{"lb4", "prod", 4, "test", 4}};
  auto now = time_point{} + 1s;
  size_t events = 0;
  std::vector<turned_away> passed_on;
  const auto give = [&](const input& in) {
    for (const auto& x : lb4.step(in, now)) {
      if (const auto* what = std::get_if<event>(&x)) {
        ++events;
        CAF_CHECK_EQUAL(what->text, "lb1 refuses this node: not in the list");
      } else if (const auto* what = std::get_if<turned_away>(&x)) {
        passed_on.push_back(*what);
      }
    }
    now += 1s;
  };
  give(nodes_changed{{"lb1", "lb4"}});
  for (int i = 0; i < 3; ++i)
    give(dial_failed{"lb1", "refused: not in the list", "not in the list"});
  CAF_CHECK_EQUAL(events, 1u);
  CAF_REQUIRE_EQUAL(passed_on.size(), 1u);
  CAF_CHECK_EQUAL(passed_on[0].peer, "lb1");
  CAF_CHECK_EQUAL(passed_on[0].text, "not in the list");
  const auto seen = lb4.describe();
  CAF_CHECK_EQUAL(seen.front().text, "refused: not in the list");
  give(dial_failed{"lb1", "connection refused"});
  CAF_REQUIRE_EQUAL(passed_on.size(), 2u);
  CAF_CHECK_EQUAL(passed_on[1].text, "");
}

CAF_TEST(a restart that comes before the old link is closed takes over) {
  trio t;
  t.nodes["lb2"].frozen = true; // its host vanished without a word
  t.pass(2'500ms);
  t.start("lb2", "lb2");
  t.give("lb2", nodes_changed{three});
  t.pass(1s);
  CAF_CHECK(t.nodes["lb1"].seen.alive == three);
}

CAF_TEST(a node that stops in order is missed without alarm) {
  trio t;
  const auto events = t.nodes["lb1"].events.size();
  t.give("lb2", leave{});
  CAF_CHECK(!t.nodes["lb1"].peers.contains("lb2"));
  for (size_t i = events; i < t.nodes["lb1"].events.size(); ++i)
    CAF_MESSAGE(t.nodes["lb1"].events[i].text);
  CAF_CHECK(t.alarmed("lb1", "it stopped in order"));
  const auto dials = t.nodes["lb2"].dials;
  t.pass(10s);
  CAF_CHECK_EQUAL(t.nodes["lb2"].dials, dials);
}

CAF_TEST(dials of a missing node slow down to one in 5 s) {
  world w;
  w.add("lb1");
  w.list({"lb1", "lb2"});
  w.pass(10s);
  w.nodes["lb1"].dials = 0;
  w.pass(60s);
  CAF_CHECK(w.nodes["lb1"].dials >= 9);
  CAF_CHECK(w.nodes["lb1"].dials <= 16);
}

CAF_TEST(a reason of another part closes the link and is told) {
  trio t;
  t.give("lb1", refuse{"lb2", "two epochs"});
  CAF_CHECK(t.alarmed("lb2", "two epochs"));
  CAF_CHECK(!t.nodes["lb1"].peers.contains("lb2"));
}

CAF_TEST(a peer that says no hello is closed after 3 s) {
  world w;
  w.add("lb1");
  w.list({"lb1", "lb2"});
  w.links[77] = {"nobody", "lb1"};
  w.nodes["nobody"].frozen = true;
  w.give("lb1", link_opened{77, "lb2", false});
  w.pass(2'900ms);
  CAF_CHECK(w.links.contains(77));
  w.pass(400ms);
  CAF_CHECK(!w.links.contains(77));
}

CAF_TEST(versions without overlap are refused with both) {
  world w;
  w.add("lb1");
  w.list({"lb1", "lb2"});
  const auto out = [&] {
    w.nodes["lb1"].mind->step(link_opened{5, "lb2", false}, w.now);
    return w.nodes["lb1"].mind->step(
      received{5, encode(hello_body{"prod", "lb2", 99, 7, 9, 7, "9.0"})},
      w.now);
  }();
  bool told = false;
  for (const auto& x : out)
    if (const auto* said = std::get_if<event>(&x))
      told |= said->text.find("lb2 (9.0) speaks protocols 7 to 9, lb1 (test) 1")
           != std::string::npos;
  CAF_CHECK(told);
}

CAF_TEST(a peer joins with the newest protocol that both speak) {
  for (const uint64_t newest : {1, 2, 9}) {
    world w;
    w.add("lb1");
    w.list({"lb1", "lb2"});
    auto& lb1 = *w.nodes["lb1"].mind;
    lb1.step(link_opened{5, "lb2", false}, w.now);
    const auto sent = lb1.step(
      received{5, encode(hello_body{"prod", "lb2", 99, 1, newest, 1, "9.0"})},
      w.now);
    // Its answer is a heartbeat, which may overtake what waits.
    CAF_CHECK(std::any_of(sent.begin(), sent.end(), [](const auto& x) {
      const auto* said = std::get_if<link_send>(&x);
      return said && said->urgent
          && std::holds_alternative<heartbeat_body>(decode(said->body));
    }));
    uint64_t protocol = 0;
    for (const auto& x :
         lb1.step(received{5, encode(heartbeat_body{1, 1})}, w.now))
      if (const auto* said = std::get_if<joined>(&x))
        protocol = said->protocol;
    CAF_CHECK_EQUAL(protocol, std::min(newest, protocol_newest));
    CAF_CHECK_EQUAL(lb1.protocol_with("lb2"), protocol);
  }
}

CAF_TEST(hostile bytes are counted and change nothing) {
  trio t;
  auto& mind = *t.nodes["lb1"].mind;
  const auto link = mind.link_to("lb2").value();
  for (const std::string body :
       {"", "\x01", "\x01\xff\xff\xff\xff\xff\x7f", "\x02", "\xff\xff\xff"})
    t.give("lb1", received{link, body});
  t.give("lb1", received{link, "\x7f later version"});
  t.give("lb1", received{999, encode(heartbeat_body{1, 1})});
  CAF_CHECK_EQUAL(mind.undecodable(), 5u);
  CAF_CHECK(t.nodes["lb1"].peers.contains("lb2"));
}

CAF_TEST(messages are read back and every cut is noticed) {
  const hello_body hello{"prod", "lb1", ~uint64_t{0}, 1, 2, 3, "0.1"};
  CAF_CHECK(decode(encode(hello)) == message{hello});
  CAF_CHECK(decode(encode(heartbeat_body{1, 2}))
            == message{heartbeat_body{1, 2}});
  CAF_CHECK(decode(encode(leaving_body{})) == message{leaving_body{}});
  CAF_CHECK(decode(encode(refused_body{"no"})) == message{refused_body{"no"}});
  CAF_CHECK(decode(encode(namesake_body{"::1"}))
            == message{namesake_body{"::1"}});
  const auto bytes = encode(hello);
  for (size_t n = 0; n < bytes.size(); ++n)
    CAF_CHECK(decode(std::string_view{bytes}.substr(0, n))
              == message{undecodable_body{}});
  CAF_CHECK(decode(bytes + "a field of a later version") == message{hello});
}

} // namespace troupe::cluster::membership
