// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_observations_random

#include "core/cluster/observations_cluster.hpp"
#include "core/cluster/observers.hpp"

#include "caf_test.hpp"

#include <algorithm>

using namespace std::chrono_literals;

namespace troupe::cluster::observations {

namespace {

/// All nodes run and have looked.
std::unique_ptr<model_cluster> whole(uint64_t seed, size_t nodes,
                                     size_t servers) {
  auto result = std::make_unique<model_cluster>(seed, nodes, servers);
  std::mt19937_64 random{seed};
  for (const auto& server : result->servers())
    result->set(server, random() % 3 != 0);
  for (const auto& node : result->nodes())
    result->start(node);
  result->run(15s);
  return result;
}

size_t size_of(uint64_t seed) { return 1 + seed % 7; }

/// What every node says of every server, or nothing if they do not agree.
std::vector<status> agreed(model_cluster& c) {
  std::vector<status> result;
  for (const auto& server : c.servers()) {
    const auto first = c.verdict_of(c.nodes().front(), server);
    for (const auto& node : c.nodes())
      if (!c.settled(node) || c.verdict_of(node, server) != first)
        return {};
    result.push_back(first);
  }
  return result;
}

std::vector<status> truth_of(uint64_t seed, model_cluster& c) {
  std::vector<status> result;
  std::mt19937_64 random{seed};
  for (size_t n = 0; n < c.servers().size(); ++n)
    result.push_back(random() % 3 != 0 ? status::up : status::down);
  return result;
}

/// One thing that happens to nodes and not to servers.
class node_trouble {
public:
  node_trouble(model_cluster& c, uint64_t seed) : c_(c), random_(seed) {}

  void happen() {
    const auto& names = c_.nodes();
    const auto node = names[random_() % names.size()];
    switch (random_() % 5) {
    case 0:
      restart(node);
      break;
    case 1: {
      std::map<std::string, int> groups;
      for (const auto& name : names)
        groups[name] = random_() % 2;
      c_.partition(groups);
      break;
    }
    case 2:
      c_.partition({{node, 1}});
      break;
    case 3:
      c_.stop_for(node, milliseconds{random_() % 15'000}, random_() % 2);
      break;
    default:
      c_.heal();
    }
    c_.run(milliseconds{random_() % 8'000});
  }

private:
  /// Those that come back must find someone who knows.
  void restart(const std::string& node) {
    c_.heal();
    c_.run(30s);
    c_.kill(node);
    c_.run(milliseconds{random_() % 20'000});
    c_.start(node);
    c_.run(10s);
  }

  model_cluster& c_;
  std::mt19937_64 random_;
};

} // namespace

CAF_TEST(nodes find out what is so and three of them probe) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto c = whole(seed, size_of(seed), 5);
    const auto truth = truth_of(seed, *c);
    CAF_CHECK(agreed(*c) == truth);
    const auto wanted = std::min(c->nodes().size(), observers_max);
    // Those to which all that they observe is down may be looking for others.
    const auto downs = std::count(truth.begin(), truth.end(), status::down);
    for (const auto& server : c->servers())
      if (downs == 0)
        CAF_CHECK_EQUAL(c->probers(server), wanted);
      else
        CAF_CHECK(c->probers(server) >= wanted);
  }
}

CAF_TEST(no verdict flips because of what happens to nodes) {
  size_t looked = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    auto c = whole(seed, 2 + seed % 6, 4); // there is someone to ask
    c->lost = seed % 4 * 5;
    c->repeated = seed % 3 * 5;
    const auto truth = truth_of(seed, *c);
    bool said = false;
    c->on_step = [&](const std::string& node) {
      for (size_t n = 0; n < truth.size(); ++n, ++looked)
        if (c->verdict_of(node, c->servers()[n]) != truth[n]
            && !std::exchange(said, true))
          CAF_ERROR("seed " << seed << ": " << node << " is wrong about "
                            << c->servers()[n]);
    };
    node_trouble trouble{*c, seed};
    for (int n = 0; n < 25; ++n)
      trouble.happen();
    c->heal();
    c->run(30s);
    CAF_CHECK(agreed(*c) == truth);
  }
  CAF_CHECK(looked > 100'000u);
}

CAF_TEST(all nodes follow a server within 12 s over a lossy network) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto c = whole(seed, size_of(seed), 4);
    c->lost = 20;
    c->repeated = 10;
    for (int n = 0; n < 6; ++n) {
      auto expected = agreed(*c);
      CAF_REQUIRE(!expected.empty());
      const auto which = (seed + static_cast<uint64_t>(n)) % expected.size();
      auto& x = expected[which];
      x = x == status::up ? status::down : status::up;
      c->set(c->servers()[which], x == status::up);
      c->run(12s);
      CAF_CHECK(agreed(*c) == expected);
    }
  }
}

CAF_TEST(nodes that see servers differently agree and do not flap) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto c = whole(seed, size_of(seed), 6);
    c->lost = 20;
    std::mt19937_64 random{seed};
    for (const auto& server : c->servers())
      for (const auto& node : c->nodes())
        c->set(node, server, random() % 2);
    c->run(25s);
    const auto before = agreed(*c);
    CAF_CHECK(!before.empty());
    size_t flips = 0;
    c->on_step = [&](const std::string& node) {
      for (size_t n = 0; n < before.size(); ++n)
        flips += c->verdict_of(node, c->servers()[n]) != before[n];
    };
    c->run(60s);
    CAF_CHECK_EQUAL(flips, 0u);
  }
}

} // namespace troupe::cluster::observations
