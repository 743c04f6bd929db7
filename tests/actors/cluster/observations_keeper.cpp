// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE observations_keeper

#include "../control_fixture.hpp"

#include "actors/cluster/observations_keeper.hpp"
#include "core/cluster/observers.hpp"
#include "core/cluster/verdict_memory.hpp"

#include <map>

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

namespace observations = cluster::observations;

/// The scoped actor is health checker, router and membership at once; the test
/// speaks for lb2 and lb3.
struct fixture : control_fixture {
  fixture() {
    backend = make_backend(1);
    target =
      observations::target_id("app", backend.servers[0], backend.health_check);
  }

  void start() {
    observations_parts parts;
    parts.self = {"lb1", 5};
    parts.memory = memory;
    const auto everybody = caf::actor_cast<caf::strong_actor_ptr>(self);
    parts.membership = [everybody] {
      return caf::actor_cast<membership_actor>(everybody);
    };
    aut = periodic(sys.spawn<observations_keeper>(std::move(parts)));
    tell(cluster_nodes{{{"lb1", ""}, {"lb2", ""}, {"lb3", ""}}});
    tell(follow_backend{"app"});
    tell(observe_backend{std::make_shared<const backend_settings>(backend)});
  }

  template <class T>
  void tell(T message) {
    self->send(aut, std::move(message));
    consume_messages();
    hear();
  }

  void hear() {
    auto more = true;
    self->receive_while(more)([&](const probe_role& x) { roles.push_back(x); },
                              [&](const probe_now&) { ++hints; },
                              [&](const peer_suspects&) { ++suspicions; },
                              [&](const backend_verdicts& x) { verdicts = x; },
                              [&](const tell_peers& x) {
                                if (const auto body =
                                      observations::decode(x.what.body))
                                  said.push_back(*body);
                              },
                              caf::after(0ms) >> [&] { more = false; });
  }

  void see_all() {
    tell(cluster_view{{"lb1", "lb2", "lb3"}, true});
    tell(peer_joined{"lb2"});
  }

  /// What a peer has seen, as a digest or as news.
  void
  says(const std::string& node, std::optional<status> seen,
       observations::message_type how = observations::message_type::digest) {
    std::vector<observations::observation_body> all;
    if (seen)
      all.push_back(
        {target, node, {1, ++sequence, *seen, true, "it said so"}, 0});
    for (auto& body : observations::encode(how, all))
      tell(peer_message_received{node, std::move(body)});
  }

  void probed(status own) {
    tell(probe_seen{"app", "a1", own, true, "a probe"});
  }

  void time_passes(milliseconds time) {
    pass(time, 100ms);
    hear();
  }

  auto await(milliseconds within) {
    auto pending = self->request(aut, caf::infinite, await_peers{within});
    consume_messages();
    return pending;
  }

  template <class Pending>
  bool result(Pending& pending) {
    bool heard = false;
    pending.receive([&](bool x) { heard = x; },
                    [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
    return heard;
  }

  bool is_down() const {
    return verdicts.servers
        == std::vector<server_verdict>{{"a1", status::down}};
  }

  backend_settings backend;
  uint64_t target = 0;
  uint64_t sequence = 0;
  std::vector<std::string> kept;
  std::shared_ptr<verdict_memory> memory = std::make_shared<verdict_memory>(
    verdict_memory{{}, [this](const auto& x) { kept.push_back(x); }});
  observations_actor aut;
  std::vector<probe_role> roles;
  int hints = 0;
  int suspicions = 0;
  backend_verdicts verdicts;
  std::vector<observations::message> said;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(observations_keeper_tests, fixture)

CAF_TEST(a checker is told its part and a router the verdict) {
  start();
  CAF_REQUIRE(!roles.empty());
  CAF_CHECK(roles.back().probe);
  CAF_CHECK(!verdicts.has_majority);
  see_all();
  says("lb2", status::down);
  says("lb3", status::down);
  CAF_CHECK(verdicts.has_majority);
  CAF_CHECK(is_down());
  const auto view = ask<target_view>(aut, describe_target{"app", "a1"});
  CAF_CHECK(view.known && view.settled);
  CAF_CHECK_EQUAL(view.verdict, status::down);
  const auto all = ask<target_list>(aut, describe_all_targets{});
  CAF_REQUIRE_EQUAL(all.size(), 1u);
  CAF_CHECK_EQUAL(all[0].backend, "app");
  CAF_CHECK_EQUAL(all[0].server, "a1");
  CAF_CHECK_EQUAL(all[0].seen.rule, view.rule);
  CAF_CHECK_EQUAL(all[0].seen.observers.size(), view.observers.size());
}

CAF_TEST(news of a probe go to the peers at once) {
  start();
  see_all();
  said.clear();
  probed(status::down);
  CAF_REQUIRE_EQUAL(said.size(), 1u);
  CAF_CHECK(said[0].type == observations::message_type::change);
  CAF_REQUIRE_EQUAL(said[0].observations.size(), 1u);
  CAF_CHECK_EQUAL(said[0].observations[0].observer, "lb1");
}

CAF_TEST(a suspicion of a peer makes the checker look at once) {
  start();
  see_all();
  says("lb2", status::up);
  tell(peer_message_received{"lb2", observations::encode_suspicion(target, 2)});
  CAF_CHECK_EQUAL(hints, 1);
}

CAF_TEST(who awaits the peers is answered with the digest that settles it) {
  start();
  auto pending = await(1s);
  see_all();
  CAF_CHECK(self->mailbox().empty());
  says("lb2", status::down);
  CAF_CHECK(verdicts.has_majority); // told before
  CAF_CHECK(result(pending));
  auto next = await(1s);
  CAF_CHECK(result(next));
}

CAF_TEST(who awaits peers that do not come is told so in time) {
  start();
  auto pending = await(1s);
  time_passes(900ms);
  CAF_CHECK(self->mailbox().empty());
  pass(200ms, 100ms);
  CAF_CHECK(!result(pending));
}

CAF_TEST(what was down at the last stop is down until somebody says otherwise) {
  memory->content = observations::encode_downs({target});
  start();
  CAF_REQUIRE(!roles.empty());
  CAF_CHECK_EQUAL(roles.back().restart_from, std::optional{status::down});
  CAF_CHECK(is_down());
  see_all();
  says("lb2", std::nullopt); // knows nothing of it
  CAF_CHECK(is_down());
  says("lb2", status::up);
  says("lb3", status::up);
  CAF_CHECK(!is_down());
}

CAF_TEST(a memory that cannot be read is none) {
  memory->content = "\xff";
  start();
  CAF_REQUIRE(!roles.empty());
  CAF_CHECK(!roles.back().restart_from);
}

CAF_TEST(what a majority says is kept and nothing else) {
  start();
  probed(status::down); // alone: says nothing of the cluster
  CAF_CHECK(kept.empty());
  see_all();
  says("lb2", status::down);
  says("lb3", status::down);
  CAF_REQUIRE(!kept.empty());
  CAF_CHECK_EQUAL(kept.back(), observations::encode_downs({target}));
  CAF_CHECK_EQUAL(memory->content, kept.back());
  const auto count = kept.size();
  says("lb2", status::down);
  CAF_CHECK_EQUAL(kept.size(), count); // nothing new
  says("lb2", status::up);
  says("lb3", status::up);
  probed(status::up);
  CAF_CHECK_EQUAL(kept.back(), observations::encode_downs({}));
}

CAF_TEST(after a stall the own probes begin anew and the verdict stands) {
  start();
  see_all();
  says("lb2", status::up);
  says("lb3", status::up);
  probed(status::up);
  roles.clear();
  const auto before = verdicts;
  advance_time(30s);
  consume_messages();
  hear();
  CAF_REQUIRE(!roles.empty());
  CAF_CHECK_EQUAL(roles.front(), (probe_role{"a1", true, status::up}));
  CAF_CHECK_EQUAL(verdicts, before);
  // What this node saw before it slept it does not tell.
  said.clear();
  time_passes(1100ms);
  for (const auto& x : said)
    for (const auto& one : x.observations)
      CAF_CHECK(one.observer != "lb1");
}

CAF_TEST(a backend that is gone is neither watched nor told of) {
  start();
  see_all();
  says("lb2", status::up);
  tell(backend_gone{"app"});
  verdicts = {};
  roles.clear();
  says("lb3", status::down);
  CAF_CHECK(roles.empty());
  CAF_CHECK_EQUAL(verdicts, backend_verdicts{});
  CAF_CHECK(!ask<target_view>(aut, describe_target{"app", "a1"}).known);
  CAF_CHECK(ask<target_list>(aut, describe_all_targets{}).empty());
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
