// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_operators

#include "core/cluster/operators.hpp"

#include "core/cluster/operators_message.hpp"

#include "caf_test.hpp"

#include <algorithm>
#include <random>

using namespace std::chrono_literals;

namespace troupe::cluster::operators {

namespace {

using strings = std::vector<std::string>;

const server_key a1{"app", "a1"};
const server_key a2{"app", "a2"};

/// Nodes that hear each other at once, unless cut off.
struct world {
  struct node {
    std::unique_ptr<machine> mind;
    std::optional<std::string> disk;
    std::map<server_key, wish> in_force;
    std::map<uint64_t, answer> answers;
    std::vector<std::string> order; ///< of effects other than `wake`
    bool cut = false;
  };

  explicit world(const strings& names) {
    for (const auto& name : names)
      start(name);
    for (const auto& name : names)
      configure(name, 1, {{a1, 1}, {a2, 1}});
    for (const auto& name : names)
      meet(name);
  }

  void start(const std::string& name) {
    auto& x = nodes[name];
    x.mind = std::make_unique<machine>(name);
    x.in_force.clear();
    give(name, started{x.disk});
  }

  void meet(const std::string& name) {
    nodes[name].cut = false;
    for (auto& [other, x] : nodes)
      if (other != name && !x.cut) {
        give(name, joined{other});
        give(other, joined{name});
      }
  }

  void part(const std::string& name) {
    nodes[name].cut = true;
    for (auto& [other, x] : nodes)
      if (other != name) {
        give(name, left{other});
        give(other, left{name});
      }
  }

  void configure(const std::string& name, uint64_t generation,
                 std::map<server_key, uint64_t> weights) {
    give(name, servers_changed{generation, std::move(weights)});
  }

  uint64_t order(const std::string& name, command x) {
    x.request = ++requests;
    give(name, x);
    return x.request;
  }
  uint64_t drain(const std::string& name, const server_key& of = a1) {
    return order(name, {.of = of,
                        .admin = admin_state::drain,
                        .author = "eve",
                        .reason = "disk",
                        .time_ms = 1'700'000'000'000});
  }
  uint64_t weigh(const std::string& name, uint64_t weight) {
    return order(name, {.of = a1, .weight = weight, .author = "eve"});
  }

  void give(const std::string& name, const input& in) {
    auto& x = nodes.at(name);
    for (auto& effect : x.mind->step(in, now))
      std::visit([&](auto& what) { perform(name, what); }, effect);
  }

  void perform(const std::string& name, send& x) {
    nodes[name].order.push_back("send");
    for (auto& [other, to] : nodes)
      if (other != name && !to.cut && !nodes[name].cut
          && (x.to.empty() || x.to == other))
        give(other, received{name, x.body});
  }
  void perform(const std::string& name, persist& x) {
    nodes[name].order.push_back("persist");
    nodes[name].disk = x.content;
  }
  void perform(const std::string& name, wish& x) {
    nodes[name].in_force[x.of] = x;
  }
  void perform(const std::string& name, answer& x) {
    nodes[name].order.push_back("answer");
    CAF_CHECK(nodes[name].answers.emplace(x.request, x).second);
  }
  void perform(const std::string&, wake& x) { CAF_CHECK(x.at >= now); }

  void pass(milliseconds time) {
    for (; time > 0ms; time -= 500ms) {
      now += 500ms;
      for (auto& [name, x] : nodes)
        give(name, tick{});
    }
  }

  admin_state admin(const std::string& name, const server_key& of = a1) {
    return nodes[name].in_force[of].admin;
  }
  std::optional<uint64_t> weight(const std::string& name) {
    return nodes[name].in_force[a1].weight;
  }
  bool agree() {
    const auto& first = nodes.begin()->second.mind->state();
    return std::all_of(nodes.begin(), nodes.end(), [&](auto& item) {
      const auto& x = item.second.mind->state();
      return x.entries == first.entries && x.introduced == first.introduced;
    });
  }

  time_point now = time_point{} + 1h;
  std::map<std::string, node> nodes;
  uint64_t requests = 0;
};

struct trio : world {
  trio() : world({"lb1", "lb2", "lb3"}) {}
};

} // namespace

CAF_TEST(a drain holds on every node and the answer says so) {
  trio t;
  const auto request = t.drain("lb2");
  for (const auto* name : {"lb1", "lb2", "lb3"})
    CAF_CHECK(t.admin(name) == admin_state::drain);
  const auto& said = t.nodes["lb2"].answers.at(request);
  CAF_CHECK(said.in_force == (strings{"lb2", "lb1", "lb3"}));
  CAF_CHECK(said.missing.empty());
}

CAF_TEST(the wish is on disk before anybody hears of it) {
  world w{{"lb1"}};
  w.nodes["lb1"].order.clear();
  w.drain("lb1");
  CAF_CHECK(w.nodes["lb1"].order == (strings{"persist", "send", "answer"}));
}

CAF_TEST(a joined peer that does not confirm is named after 2 s) {
  trio t;
  t.nodes["lb3"].cut = true; // without a word
  const auto request = t.drain("lb1");
  t.pass(1'500ms);
  CAF_CHECK(t.nodes["lb1"].answers.empty());
  t.pass(500ms);
  const auto& said = t.nodes["lb1"].answers.at(request);
  CAF_CHECK(said.in_force == (strings{"lb1", "lb2"}));
  CAF_CHECK(said.missing == strings{"lb3"});
}

CAF_TEST(who was away hears of it when it returns) {
  trio t;
  t.part("lb3");
  t.drain("lb1");
  CAF_CHECK(t.admin("lb3") == admin_state::ready);
  t.meet("lb3");
  CAF_CHECK(t.admin("lb3") == admin_state::drain);
}

CAF_TEST(a lost message is made up for by the digests) {
  trio t;
  t.nodes["lb3"].cut = true;
  t.drain("lb1");
  t.nodes["lb3"].cut = false;
  CAF_CHECK(t.admin("lb3") == admin_state::ready);
  t.pass(3'500ms);
  CAF_CHECK(t.admin("lb3") == admin_state::drain);
}

CAF_TEST(of two wishes at once the same one wins everywhere) {
  trio t;
  t.part("lb1");
  t.drain("lb1");
  t.order("lb2", {.of = a1, .admin = admin_state::maint});
  t.meet("lb1");
  CAF_CHECK(t.agree());
  CAF_CHECK(t.admin("lb1") == admin_state::maint); // lb2 is the greater name
  CAF_CHECK(t.admin("lb3") == admin_state::maint);
}

CAF_TEST(a later wish beats any that its writer knew) {
  trio t;
  t.order("lb3", {.of = a1, .admin = admin_state::maint});
  t.order("lb1", {.of = a1, .admin = admin_state::ready});
  for (const auto* name : {"lb1", "lb2", "lb3"})
    CAF_CHECK(t.admin(name) == admin_state::ready);
}

CAF_TEST(every node knows who wanted it and why) {
  trio t;
  t.order("lb2", {.of = a1,
                  .admin = admin_state::drain,
                  .author = "eve",
                  .reason = "kernel update",
                  .time_ms = 5});
  for (const auto* name : {"lb1", "lb2", "lb3"}) {
    const auto& known = t.nodes[name].in_force.at(a1);
    CAF_CHECK_EQUAL(known.author, "eve");
    CAF_CHECK_EQUAL(known.reason, "kernel update");
    CAF_CHECK_EQUAL(known.time_ms, 5u);
  }
}

CAF_TEST(fields that a command does not set stay) {
  trio t;
  t.weigh("lb1", 7);
  t.drain("lb2");
  CAF_CHECK(t.weight("lb3") == 7u);
  CAF_CHECK(t.admin("lb3") == admin_state::drain);
  t.order("lb3", {.of = a1, .reset_weight = true});
  CAF_CHECK(!t.weight("lb1"));
  CAF_CHECK(t.admin("lb1") == admin_state::drain);
}

CAF_TEST(a wish outlives restarts of all nodes) {
  trio t;
  t.drain("lb1");
  for (const auto* name : {"lb1", "lb2", "lb3"})
    t.start(name);
  CAF_CHECK(t.admin("lb2") == admin_state::drain); // before any peer
  t.configure("lb2", 1, {{a1, 1}, {a2, 1}});
  CAF_CHECK(t.admin("lb2") == admin_state::drain);
}

CAF_TEST(a lost or damaged file is learned again from the peers) {
  for (const auto& left : {std::optional<std::string>{},
                           std::optional<std::string>{"\xff\xff no state"}}) {
    trio t;
    t.drain("lb1");
    t.part("lb2");
    t.nodes["lb2"].disk = left;
    t.start("lb2");
    t.configure("lb2", 1, {{a1, 1}, {a2, 1}});
    CAF_CHECK(t.admin("lb2") == admin_state::ready);
    t.meet("lb2");
    CAF_CHECK(t.admin("lb2") == admin_state::drain);
    CAF_CHECK(t.agree());
  }
}

CAF_TEST(a version that a lost disk made twice still ends in one state) {
  trio t;
  t.part("lb2");
  t.drain("lb2");
  t.nodes["lb2"].disk.reset();
  // lb1 hears of the first life's wish, the second life makes its own.
  const auto first = t.nodes["lb2"].mind->state();
  for (const auto& body : encode_state(first))
    t.give("lb1", received{"lb2", body});
  t.start("lb2");
  t.configure("lb2", 1, {{a1, 1}, {a2, 1}});
  t.order("lb2", {.of = a1, .admin = admin_state::maint});
  CAF_CHECK(t.nodes["lb2"].mind->state().entries.at(a1).at
            == first.entries.at(a1).at);
  t.meet("lb2");
  t.pass(4s);
  CAF_CHECK(t.agree());
  CAF_CHECK(t.admin("lb1") == t.admin("lb2"));
}

CAF_TEST(a wish ends with its server) {
  trio t;
  t.drain("lb1");
  for (const auto* name : {"lb1", "lb2", "lb3"})
    t.configure(name, 2, {{a2, 1}});
  CAF_CHECK(t.nodes["lb1"].mind->state().entries.empty());
  for (const auto* name : {"lb1", "lb2", "lb3"})
    t.configure(name, 3, {{a1, 1}, {a2, 1}});
  t.pass(4s);
  for (const auto* name : {"lb1", "lb2", "lb3"})
    CAF_CHECK(t.admin(name) == admin_state::ready);
}

CAF_TEST(who slept through the removal does not bring the wish back) {
  trio t;
  t.drain("lb1");
  t.part("lb3");
  for (const auto* name : {"lb1", "lb2"}) {
    t.configure(name, 2, {{a2, 1}});
    t.configure(name, 3, {{a1, 1}, {a2, 1}});
  }
  t.configure("lb3", 3, {{a1, 1}, {a2, 1}});
  CAF_CHECK(t.admin("lb3") == admin_state::drain);
  t.meet("lb3");
  t.pass(4s);
  CAF_CHECK(t.agree());
  for (const auto* name : {"lb1", "lb2", "lb3"})
    CAF_CHECK(t.admin(name) == admin_state::ready);
}

CAF_TEST(a wish of a node that does not know when its server came holds) {
  trio t;
  const server_key a3{"app", "a3"};
  const std::map<server_key, uint64_t> with_a3{{a1, 1}, {a2, 1}, {a3, 1}};
  t.part("lb3");
  for (const auto* name : {"lb1", "lb2"}) {
    t.configure(name, 2, {{a1, 1}, {a2, 1}});
    t.configure(name, 3, with_a3);
  }
  t.start("lb3");
  t.configure("lb3", 3, with_a3); // its first: it saw no server come
  t.drain("lb3", a3);
  t.meet("lb3");
  t.pass(4s);
  CAF_CHECK(t.agree());
  for (const auto* name : {"lb1", "lb2", "lb3"})
    CAF_CHECK(t.admin(name, a3) == admin_state::drain);
}

CAF_TEST(who skips generations takes no wish for one of an earlier server) {
  trio t;
  const server_key a3{"app", "a3"};
  const std::map<server_key, uint64_t> with_a3{{a1, 1}, {a2, 1}, {a3, 1}};
  t.configure("lb1", 2, with_a3);
  t.drain("lb1", a3);
  t.configure("lb1", 5, with_a3);
  t.configure("lb3", 5, with_a3); // a3 came with 2, 3, 4 or 5
  CAF_CHECK(t.admin("lb1", a3) == admin_state::drain);
  CAF_CHECK(t.admin("lb3", a3) == admin_state::drain);
}

CAF_TEST(a wish for a server that a node does not have yet comes with it) {
  trio t;
  const server_key a3{"app", "a3"};
  const std::map<server_key, uint64_t> with_a3{{a1, 1}, {a2, 1}, {a3, 1}};
  t.configure("lb1", 2, with_a3);
  const auto request = t.drain("lb1", a3);
  t.pass(2s);
  // Nobody else says that it holds there.
  CAF_CHECK(t.nodes["lb1"].answers.at(request).in_force == strings{"lb1"});
  CAF_CHECK(!t.nodes["lb2"].mind->state().entries.contains(a3));
  t.configure("lb2", 2, with_a3);
  CAF_CHECK(t.admin("lb2", a3) == admin_state::drain);
}

CAF_TEST(a command for a server nobody configured names no node) {
  trio t;
  const auto request = t.drain("lb1", {"app", "a9"});
  CAF_CHECK(t.nodes["lb1"].answers.at(request).in_force.empty());
  CAF_CHECK(t.nodes["lb1"].mind->state().entries.empty());
}

CAF_TEST(a weight holds until a generation changes that weight) {
  trio t;
  t.weigh("lb1", 7);
  for (const auto* name : {"lb1", "lb2", "lb3"})
    t.configure(name, 2, {{a1, 1}, {a2, 5}});
  CAF_CHECK(t.weight("lb2") == 7u);
  for (const auto* name : {"lb1", "lb2", "lb3"})
    t.configure(name, 3, {{a1, 2}, {a2, 5}});
  CAF_CHECK(!t.weight("lb2"));
  for (const auto* name : {"lb1", "lb2", "lb3"})
    t.configure(name, 4, {{a1, 1}, {a2, 5}});
  t.pass(4s);
  for (const auto* name : {"lb1", "lb2", "lb3"})
    CAF_CHECK(!t.weight(name)); // what has ended does not come back
}

CAF_TEST(a weight that ended is not revived by who skipped that generation) {
  trio t;
  t.weigh("lb1", 7);
  t.part("lb3");
  for (const auto* name : {"lb1", "lb2"}) {
    t.configure(name, 2, {{a1, 2}, {a2, 1}});
    t.configure(name, 3, {{a1, 1}, {a2, 1}});
  }
  t.configure("lb3", 3, {{a1, 1}, {a2, 1}});
  CAF_CHECK(t.weight("lb3") == 7u);
  t.meet("lb3");
  t.pass(4s);
  for (const auto* name : {"lb1", "lb2", "lb3"})
    CAF_CHECK(!t.weight(name));
  CAF_CHECK(t.agree());
}

CAF_TEST(another command does not revive a weight that has ended) {
  trio t;
  t.weigh("lb1", 7);
  t.configure("lb2", 2, {{a1, 2}, {a2, 1}});
  t.pass(4s); // lb1 and lb3 still tell of it
  t.drain("lb2");
  CAF_CHECK(!t.weight("lb2"));
  CAF_CHECK(!t.nodes["lb2"].mind->state().entries.at(a1).weight);
}

CAF_TEST(a weight for a generation to come waits for it) {
  trio t;
  t.configure("lb1", 2, {{a1, 2}, {a2, 1}});
  t.weigh("lb1", 9);
  CAF_CHECK(!t.weight("lb2"));
  t.configure("lb2", 2, {{a1, 2}, {a2, 1}});
  CAF_CHECK(t.weight("lb2") == 9u);
}

CAF_TEST(only commands of the receiver are confirmed) {
  trio t;
  t.drain("lb1");
  t.part("lb2");
  t.meet("lb2");
  t.nodes["lb2"].cut = true; // from now on it answers nothing
  const auto request = t.drain("lb1", a2);
  // An older wish of lb1's, of another server and with a smaller version.
  t.give("lb1", received{"lb2", encode(acks_body{{{1, "lb1"}}})});
  t.pass(2s);
  CAF_CHECK(t.nodes["lb1"].answers.at(request).missing == strings{"lb2"});
}

CAF_TEST(long texts are cut where they come in) {
  world w{{"lb1"}};
  w.order("lb1", {.of = a1,
                  .admin = admin_state::drain,
                  .author = std::string(1'000, 'a'),
                  .reason = std::string(1'000, 'r')});
  const auto& x = w.nodes["lb1"].mind->state().entries.at(a1);
  CAF_CHECK_EQUAL(x.reason.size(), reason_bytes_max);
  CAF_CHECK_EQUAL(x.author.size(), name_bytes_max);
}

CAF_TEST(a peer cannot make this node hold more than it has servers) {
  trio t;
  auto& mind = *t.nodes["lb1"].mind;
  snapshot flood{5, {}, {}};
  for (int n = 0; n < 10'000; ++n) {
    const server_key of{"app", "x" + std::to_string(n)};
    flood.entries[of] = {.at = {5, "lb2"}, .generation = 99};
    flood.introduced[of] = 1;
  }
  for (const auto& body : encode_state(flood)) {
    CAF_CHECK(body.size() <= message_bytes_max);
    t.give("lb1", received{"lb2", body});
  }
  CAF_CHECK(mind.state().entries.empty());
  CAF_CHECK(mind.state().introduced.empty());
}

CAF_TEST(hostile bytes are counted and change nothing) {
  trio t;
  t.drain("lb1");
  auto& mind = *t.nodes["lb1"].mind;
  const auto before = mind.state();
  const entry endless{.at = {9, "lb2"},
                      .reason = std::string(reason_bytes_max + 1, 'x')};
  for (const std::string& body :
       {std::string{}, std::string{"\x01"}, std::string{"\x02"},
        std::string{"\x03\xff\xff\xff\x7f"}, std::string{"\x09"},
        std::string{"\x01\x01\xff\xff\xff\xff\x0f"},
        encode_state({9, {{a1, endless}}, {}}).front()})
    t.give("lb1", received{"lb2", body});
  CAF_CHECK_EQUAL(mind.undecodable(), 7u);
  CAF_CHECK(mind.state() == before);
}

CAF_TEST(random bytes never do harm) {
  std::mt19937_64 random{7};
  trio t;
  t.drain("lb1");
  const auto good = encode_state(t.nodes["lb1"].mind->state()).front();
  for (int n = 0; n < 20'000; ++n) {
    auto body = good;
    for (auto flips = random() % 4; flips < 4; ++flips)
      body[random() % body.size()] = static_cast<char>(random());
    body.resize(random() % (body.size() + 1));
    t.nodes["lb2"].mind->step(received{"lb1", body}, t.now);
  }
  CAF_CHECK(t.nodes["lb2"].mind->state().entries.size() <= 2);
}

CAF_TEST(merging is commutative and associative and idempotent) {
  std::mt19937_64 random{11};
  const auto any = [&] {
    entry x{.at = {random() % 2, random() % 2 ? "lb1" : "lb2"},
            .admin = static_cast<admin_state>(random() % 2),
            .generation = random() % 2};
    if (random() % 2)
      x.weight = random() % 2;
    return x;
  };
  for (int n = 0; n < 20'000; ++n) {
    const auto a = any(), b = any(), c = any();
    CAF_CHECK(merge(a, b) == merge(b, a));
    CAF_CHECK(merge(merge(a, b), c) == merge(a, merge(b, c)));
    CAF_CHECK(merge(a, a) == a);
    CAF_CHECK(merge(merge(a, b), b) == merge(a, b));
  }
  entry holds{.at = {3, "lb1"}, .weight = 7};
  entry ended{.at = {3, "lb1"}};
  CAF_CHECK(merge(holds, ended) == ended);
}

CAF_TEST(messages are read back and every cut is noticed) {
  const snapshot all{
    ~uint64_t{0},
    {{a1, {{7, "lb2"}, admin_state::maint, 1'000, 3, 2, "eve", "disk", 9}},
     {a2, {}}},
    {{a1, 4}}};
  CAF_CHECK(decode_snapshot(encode(all)) == all);
  const auto parts = encode_state(all);
  CAF_REQUIRE_EQUAL(parts.size(), 1u);
  CAF_CHECK(decode(parts[0]) == message{state_body{all}});
  CAF_CHECK(decode(encode(digest_body{5})) == message{digest_body{5}});
  const acks_body acks{{{1, "lb1"}, {2, "lb2"}}};
  CAF_CHECK(decode(encode(acks)) == message{acks});
  for (const auto& bytes : {parts[0], encode(acks)}) {
    for (size_t n = 0; n < bytes.size(); ++n)
      CAF_CHECK(decode(std::string_view{bytes}.substr(0, n))
                == message{undecodable{}});
    CAF_CHECK(decode(bytes + "a later field") == decode(bytes));
  }
}

CAF_TEST(after any loss and order of messages all nodes hold the same) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random{seed};
    trio t;
    const strings names{"lb1", "lb2", "lb3"};
    std::map<std::string, uint64_t> generation{
      {"lb1", 1}, {"lb2", 1}, {"lb3", 1}};
    // Odd generations have a1, weights differ.
    const auto config_of = [](uint64_t g) {
      std::map<server_key, uint64_t> result{{a2, 1 + g / 3}};
      if (g % 2 == 1)
        result[a1] = 1 + g / 5 % 2;
      return result;
    };
    for (int n = 0; n < 40; ++n) {
      const auto& name = names[random() % 3];
      switch (random() % 8) {
      case 0:
      case 1:
        t.nodes[name].cut = !t.nodes[name].cut;
        break;
      case 2:
        t.nodes[name].cut ? t.meet(name) : t.part(name);
        break;
      case 3: {
        auto& g = generation[name];
        g += 1 + random() % 3;
        t.configure(name, g, config_of(g));
        break;
      }
      case 4:
        t.weigh(name, random() % 5);
        break;
      case 5:
        if (random() % 4 == 0)
          t.nodes[name].disk.reset();
        t.start(name);
        t.configure(name, generation[name], config_of(generation[name]));
        break;
      default:
        t.order(name, {.of = random() % 2 ? a1 : a2,
                       .admin = static_cast<admin_state>(random() % 3)});
      }
      t.pass(milliseconds{500 * (random() % 3)});
    }
    uint64_t last = 0;
    for (const auto& [name, g] : generation)
      last = std::max(last, g);
    for (const auto& name : names)
      t.configure(name, last, config_of(last));
    for (const auto& name : names)
      t.meet(name);
    t.pass(7s);
    if (!t.agree())
      CAF_ERROR("seed " << seed);
    for (const auto& of : {a1, a2})
      for (const auto& name : names)
        CAF_CHECK(t.admin(name, of) == t.admin("lb1", of));
  }
}

} // namespace troupe::cluster::operators
