// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE router

#include "actors/control/router.hpp"
#include "../control_fixture.hpp"
#include "actors/events/journal.hpp"
#include "core/stable_hash.hpp"

#include <boost/system/error_code.hpp>

#include <map>

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

/// One lookup the router asked for.
struct lookup {
  std::string address;
  std::function<void(boost::system::result<std::vector<endpoint>>)> done;
};

struct fixture : control_fixture {
  fixture() {
    // The scoped actor is everybody; two workers make three snapshots of each
    // publication, the third is for the metrics.
    auto everybody = caf::actor_cast<caf::strong_actor_ptr>(self);
    auto worker = caf::actor_cast<worker_actor>(everybody);
    router_links links;
    links.health = [everybody] {
      return caf::actor_cast<health_actor>(everybody);
    };
    links.workers = {worker, worker};
    links.metrics = caf::actor_cast<metrics_actor>(everybody);
    links.supervisor = caf::actor_cast<supervisor_actor>(everybody);
    links.resolve = [this](auto& address, auto done) {
      lookups.push_back({address, std::move(done)});
    };
    aut = periodic(sys.spawn<router>("app", std::move(links)));
  }

  ~fixture() override { lookups.clear(); }

  void configure(std::vector<operator_entry> operators = {}) {
    configure_backend message;
    message.settings = std::make_shared<const backend_settings>(settings);
    message.generation = ++generation;
    message.live = std::make_shared<backend_live>("app", 1);
    for (const auto& server : settings.servers) {
      auto& live = lives[server.name];
      if (!live)
        live = make_live(server.name);
      message.servers.push_back(live);
    }
    message.operators = std::move(operators);
    self->send(aut, message);
    consume_messages();
    hear();
  }

  /// Gathers what the router sent since the last call.
  void hear() {
    snapshots.clear();
    targets.clear();
    states.clear();
    auto more = true;
    self->receive_while(more)(
      [&](const publish_snapshot& x) { snapshots.push_back(x.snapshot); },
      [&](const check_targets& x) { targets.push_back(x); },
      [&](const operator_state& x) { states.push_back(x); },
      [&](const own_evidence& x) { evidence.push_back(x.rejects_all); },
      caf::after(0ms) >> [&] { more = false; });
    if (!snapshots.empty())
      newest = snapshots.back();
  }

  /// Lets the pause between publications end.
  void settle() {
    pass(10ms);
    hear();
  }

  void health(server_health message) {
    self->send(aut, message);
    consume_messages();
    settle();
  }

  void think(backend_verdicts message) {
    self->send(aut, message);
    consume_messages();
    settle();
  }

  backend_view change(operator_change message) {
    auto view = ask<backend_view>(aut, std::move(message));
    settle();
    return view;
  }

  backend_view set_admin(std::string server, admin_state admin) {
    operator_change message;
    message.server = std::move(server);
    message.admin = admin;
    return change(std::move(message));
  }

  backend_view set_weight(std::string server, unsigned weight) {
    operator_change message;
    message.server = std::move(server);
    message.weight = weight;
    return change(std::move(message));
  }

  /// What the supervisor was told since the last call: whether own evidence
  /// rejects all that the cluster calls up.
  std::vector<bool> rejects() { return std::exchange(evidence, {}); }

  backend_view describe() { return ask<backend_view>(aut, describe_backend{}); }

  /// By value: CAF's checks keep references to parts of their arguments.
  server_view shown(size_t index) { return describe().servers.at(index); }

  void answer(boost::system::result<std::vector<endpoint>> result) {
    CAF_REQUIRE(!lookups.empty());
    auto oldest = std::move(lookups.front());
    lookups.erase(lookups.begin());
    on_loop_of<router>(aut, [&] { oldest.done(result); });
    settle();
  }

  void answer(const char* literal) { answer(std::vector{at(literal)}); }

  static endpoint at(const char* literal) { return *endpoint::parse(literal); }

  void answer_nothing() {
    answer(make_error_code(boost::system::errc::no_such_device_or_address));
  }

  std::vector<std::string> usable() const {
    std::vector<std::string> result;
    for (auto i : newest->usable)
      result.push_back(newest->servers[i].name);
    return result;
  }

  backend_settings settings = make_backend(3);
  uint64_t generation = 0;
  std::map<std::string, std::shared_ptr<server_live>> lives;
  std::vector<lookup> lookups; ///< under way, oldest first
  std::vector<snapshot_ptr> snapshots;
  std::vector<check_targets> targets;
  std::vector<operator_state> states;
  std::vector<bool> evidence;
  snapshot_ptr newest;
  router_actor aut;
};

using names = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(router_tests, fixture)

CAF_TEST(a configuration reaches every worker and the metrics and the checker) {
  settings.servers[1].weight = 7;
  settings.servers[1].max_connections = 5;
  settings.timeout_connect = 123ms;
  settings.health_check.passive.failures = 2;
  configure();
  CAF_CHECK_EQUAL(snapshots.size(), 3u);
  CAF_CHECK(snapshots.front() == snapshots.back());
  CAF_CHECK_EQUAL(newest->version, 1u);
  CAF_CHECK_EQUAL(newest->generation, 1u);
  CAF_CHECK(newest->timeout_connect == 123ms);
  CAF_CHECK_EQUAL(newest->passive.failures, 2u);
  CAF_CHECK(newest->usable == (std::vector<uint32_t>{0, 1, 2}));
  auto& server = newest->servers[1];
  CAF_CHECK_EQUAL(server.address.to_string(), "127.0.0.1:8002");
  CAF_CHECK_EQUAL(server.weight, 7u);
  CAF_CHECK_EQUAL(server.max_connections, 5u);
  CAF_CHECK_EQUAL(server.name_hash, stable_hash("a2"));
  CAF_CHECK(server.live == lives["a2"]);
  CAF_REQUIRE_EQUAL(targets.size(), 1u);
  CAF_CHECK_EQUAL(targets[0].targets.size(), 3u);
  CAF_CHECK_EQUAL(targets[0].targets[2].address.port(), 8003u);
  CAF_CHECK(lookups.empty());
}

CAF_TEST(a flip is published and counted and a repetition is not ) {
  configure();
  settle();
  health({"a2", status::down});
  CAF_CHECK_EQUAL(snapshots.size(), 3u);
  CAF_CHECK_EQUAL(newest->version, 2u);
  CAF_CHECK(usable() == (names{"a1", "a3"}));
  CAF_CHECK(newest->servers[1].state.rule == state_rule::own_down);
  CAF_CHECK_EQUAL(lives["a2"]->checks.state_changes[1].get(), 1u);
  health({"a2", status::down});
  CAF_CHECK(snapshots.empty());
  health({"a2", status::up});
  CAF_CHECK(usable() == (names{"a1", "a2", "a3"}));
  CAF_CHECK_EQUAL(lives["a2"]->checks.state_changes[0].get(), 1u);
  CAF_CHECK_EQUAL(lives["a2"]->checks.state_changes[1].get(), 1u);
}

CAF_TEST(health of a server nobody knows is dropped) {
  configure();
  settle();
  health({"a9", status::down});
  CAF_CHECK(snapshots.empty());
}

CAF_TEST(publications are at least 10 ms apart and the last state wins) {
  configure();
  for (auto own : {status::down, status::up, status::down}) {
    self->send(aut, server_health{"a1", own});
    self->send(aut, server_health{"a2", own});
  }
  consume_messages();
  pass(9ms, 1ms);
  hear();
  CAF_CHECK(snapshots.empty());
  pass(1ms, 1ms);
  hear();
  CAF_CHECK_EQUAL(snapshots.size(), 3u);
  CAF_CHECK_EQUAL(newest->version, 2u);
  CAF_CHECK(usable() == names{"a3"});
  settle();
  CAF_CHECK(snapshots.empty());
  self->send(aut, server_health{"a2", status::up});
  consume_messages();
  hear();
  CAF_CHECK_EQUAL(snapshots.size(), 3u);
}

CAF_TEST(a configuration is published without a pause) {
  configure();
  self->send(aut, server_health{"a1", status::down});
  consume_messages();
  settings.servers.pop_back();
  configure();
  CAF_CHECK_EQUAL(snapshots.size(), 3u);
  CAF_CHECK_EQUAL(newest->generation, generation);
  CAF_CHECK(usable() == names{"a2"});
  settle();
  CAF_CHECK(snapshots.empty());
}

CAF_TEST(a drain is published and remembered and told to the checker) {
  configure();
  settle();
  auto view = set_admin("a1", admin_state::drain);
  CAF_CHECK(view.servers[0].admin == admin_state::drain);
  CAF_CHECK(!view.servers[0].state.usable);
  CAF_CHECK(view.servers[0].state.healthy);
  CAF_CHECK(usable() == (names{"a2", "a3"}));
  CAF_REQUIRE_EQUAL(states.size(), 1u);
  CAF_CHECK_EQUAL(states[0].backend, "app");
  CAF_CHECK_EQUAL(states[0].server, "a1");
  CAF_CHECK(states[0].entry.admin == admin_state::drain);
  CAF_REQUIRE_EQUAL(targets.size(), 1u);
  CAF_CHECK(targets[0].targets[0].admin == admin_state::drain);
  CAF_CHECK_EQUAL(lives["a1"]->checks.state_changes[1].get(), 0u);
}

CAF_TEST(a change that changes nothing is answered and not published) {
  configure();
  settle();
  auto view = set_admin("a1", admin_state::ready);
  CAF_CHECK_EQUAL(view.servers.size(), 3u);
  CAF_CHECK(snapshots.empty());
  CAF_CHECK(states.empty());
}

CAF_TEST(an action of an operator is one event with its author and reason) {
  configure();
  settle();
  const auto before = journal::events().last();
  operator_change message;
  message.server = "a1";
  message.admin = admin_state::drain;
  message.weight = 7;
  message.by = {"uid 0", "kernel update", 1};
  const auto view = change(message);
  CAF_CHECK(view.servers[0].set_by == message.by);
  CAF_REQUIRE_EQUAL(states.size(), 1u);
  CAF_CHECK(states[0].entry.by == message.by);
  message.by = {"uid 7", "", 2}; // the same again, by somebody else
  change(message);
  CAF_CHECK_EQUAL(shown(0).set_by.author, "uid 7");
  // As peers repeat it; and what another node's operator wanted.
  operator_wish wish{"app", "a1", {admin_state::drain, 7, message.by}};
  self->send(aut, wish);
  wish.entry = {admin_state::ready, std::nullopt, {"uid 1", "done", 3}};
  self->send(aut, wish);
  self->send(aut, wish);
  consume_messages();
  std::vector<std::string> texts;
  for (const auto& x :
       journal::events().after(before, 100, event_kind::operation).events)
    texts.push_back(x.text);
  CAF_CHECK_EQUAL(
    texts,
    (std::vector<std::string>{
      "backend app: server a1: set to drain, weight 7 by uid 0: kernel update",
      "backend app: server a1: set to drain by uid 7",
      "backend app: server a1: set to ready, the configured weight, 1 by uid "
      "1: "
      "done"}));
  settle();
}

CAF_TEST(ten thousand servers are found by name) {
  // By walking, each of these would look at 50 million names.
  settings = make_backend(10'000);
  for (auto& server : settings.servers)
    server.address = "10.0.0.1:80";
  configure();
  std::reverse(settings.servers.begin(), settings.servers.end());
  configure();
  backend_verdicts verdicts;
  verdicts.has_majority = true;
  for (const auto& server : settings.servers)
    verdicts.servers.push_back({server.name, status::up});
  think(verdicts);
  CAF_CHECK_EQUAL(usable().size(), 10'000u);
}

CAF_TEST(wrong changes are refused with a reason and change nothing) {
  configure();
  settle();
  set_admin("a9", admin_state::drain);
  CAF_CHECK(refusal.find("has no server") != std::string::npos);
  CAF_CHECK(refusal.find("a9") != std::string::npos);
  for (auto weight : {0u, 1001u}) {
    change({"a1", admin_state::drain, weight, false});
    CAF_CHECK(refusal.find("1..1000") != std::string::npos);
  }
  change({"a1", {}, 2, true});
  CAF_CHECK(refusal.find("exclude") != std::string::npos);
  CAF_CHECK(snapshots.empty());
  CAF_CHECK(states.empty());
  CAF_CHECK(shown(0).admin == admin_state::ready);
}

CAF_TEST(a weight holds until it is reset or the configured one changes) {
  configure();
  settle();
  for (auto weight : {1u, 1000u, 5u})
    CAF_CHECK(set_weight("a1", weight).servers[0].weight == weight);
  CAF_CHECK_EQUAL(newest->servers[0].weight, 5u);
  CAF_CHECK(targets.empty());
  configure();
  CAF_CHECK(states.empty());
  CAF_CHECK_EQUAL(shown(0).weight, 5u);
  settings.servers[0].weight = 3;
  configure();
  CAF_REQUIRE_EQUAL(states.size(), 1u);
  CAF_CHECK(states[0].entry == operator_entry{});
  CAF_CHECK_EQUAL(shown(0).weight, 3u);
  set_weight("a1", 9);
  change({"a1", {}, {}, true});
  CAF_CHECK_EQUAL(shown(0).weight, 3u);
}

CAF_TEST(an entry ends with its server) {
  configure();
  settle();
  set_admin("a3", admin_state::maint);
  settings = make_backend(2);
  configure();
  CAF_REQUIRE_EQUAL(states.size(), 1u);
  CAF_CHECK_EQUAL(states[0].server, "a3");
  CAF_CHECK(states[0].entry == operator_entry{});
  settings = make_backend(3);
  configure();
  CAF_CHECK(shown(2).admin == admin_state::ready);
}

CAF_TEST(a restarted router takes remembered entries and a running one not ) {
  operator_entry drained{admin_state::drain, 4};
  configure({{}, drained, {}});
  CAF_CHECK(usable() == (names{"a1", "a3"}));
  CAF_CHECK_EQUAL(newest->servers[1].weight, 4u);
  CAF_CHECK(targets[0].targets[1].admin == admin_state::drain);
  configure({drained, {}, {}});
  settle();
  CAF_CHECK(usable() == (names{"a1", "a3"}));
}

CAF_TEST(health and drain survive a reload) {
  configure();
  settle();
  health({"a1", status::down});
  set_admin("a2", admin_state::drain);
  settings.retries_max = 0;
  std::swap(settings.servers[0], settings.servers[2]);
  configure();
  settle();
  CAF_CHECK_EQUAL(newest->generation, 2u);
  CAF_CHECK(usable() == names{"a3"});
  CAF_CHECK_EQUAL(lives["a1"]->checks.state_changes[1].get(), 1u);
}

CAF_TEST(a server that joins others is used once somebody has looked at it) {
  settings = make_backend(2);
  configure();
  settings = make_backend(3);
  configure();
  CAF_CHECK_EQUAL(newest->usable.size(), 2u);
  health({"a3", status::up, false, false});
  CAF_CHECK_EQUAL(newest->usable.size(), 3u);
  settings = make_backend(4);
  configure();
  CAF_CHECK_EQUAL(newest->usable.size(), 3u);
  health({"a4", status::down, false, false});
  CAF_CHECK_EQUAL(newest->usable.size(), 3u);
}

CAF_TEST(a verdict is an opinion of a new server) {
  settings = make_backend(2);
  configure();
  settings = make_backend(3);
  configure();
  think({true, {{"a1", status::up}}});
  CAF_CHECK_EQUAL(newest->usable.size(), 2u);
  think({true, {{"a1", status::up}, {"a3", status::up}}});
  CAF_CHECK_EQUAL(newest->usable.size(), 3u);
}

CAF_TEST(a new server is used after a second without any opinion) {
  settings = make_backend(2);
  configure();
  settings = make_backend(3);
  configure();
  pass(980ms);
  hear();
  CAF_CHECK_EQUAL(newest->usable.size(), 2u);
  pass(40ms);
  hear();
  CAF_CHECK_EQUAL(newest->usable.size(), 3u);
}

CAF_TEST(a new server without a check is used at once) {
  settings = make_backend(2);
  settings.health_check.enabled = false;
  configure();
  settings = make_backend(3);
  settings.health_check.enabled = false;
  configure();
  CAF_CHECK_EQUAL(newest->usable.size(), 3u);
}

CAF_TEST(own evidence alone never empties a pool) {
  settings = make_backend(2);
  configure();
  settle();
  health({"a1", status::down});
  health({"a2", status::up, false, true});
  CAF_CHECK(newest->fail_open);
  CAF_CHECK(usable() == names{"a2"});
  CAF_CHECK(!newest->servers[1].state.healthy);
  CAF_CHECK(describe().fail_open);
}

CAF_TEST(backups rest until no primary has an address) {
  settings.servers[2].backup = true;
  settings.servers[0].address = settings.servers[1].address = "app.test:80";
  configure();
  settle();
  CAF_CHECK(usable() == names{"a3"});
  answer("127.0.0.1:80");
  CAF_CHECK(usable() == names{"a1"});
  CAF_CHECK_EQUAL(lives["a1"]->checks.state_changes[0].get(), 0u);
}

CAF_TEST(without an address nothing makes a server usable) {
  settings = make_backend(1);
  settings.servers[0].address = "app.test:80";
  settings.panic_threshold = 100;
  configure();
  CAF_CHECK(newest->usable.empty());
  CAF_CHECK(!newest->servers[0].state.usable);
  CAF_CHECK(newest->servers[0].address.empty());
  CAF_CHECK(targets[0].targets[0].address.empty());
  CAF_CHECK_EQUAL(shown(0).endpoint, "");
}

CAF_TEST(with a majority too a name without an address opens nothing) {
  settings = make_backend(1);
  settings.servers[0].address = "app.test:80";
  configure();
  think({true, {}});
  answer_nothing();
  CAF_CHECK(newest->usable.empty());
  CAF_CHECK(!describe().fail_open);
  CAF_CHECK(shown(0).state.rule == state_rule::unresolved);
}

CAF_TEST(a name is used from its first answer on and the last good one kept) {
  settings = make_backend(1);
  settings.servers[0].address = "app.test:80";
  configure();
  settle();
  CAF_REQUIRE_EQUAL(lookups.size(), 1u);
  CAF_CHECK_EQUAL(lookups[0].address, "app.test:80");
  answer_nothing();
  CAF_CHECK(snapshots.empty());
  pass(1'600ms, 100ms);
  answer("127.0.0.1:80");
  CAF_CHECK(usable() == names{"a1"});
  CAF_CHECK_EQUAL(targets.size(), 1u);
  CAF_CHECK(lookups.empty());
  CAF_CHECK_EQUAL(lives["a1"]->checks.state_changes[0].get(), 1u);
  pass(1'600ms, 100ms);
  CAF_REQUIRE_EQUAL(lookups.size(), 1u);
  answer_nothing();
  CAF_CHECK(snapshots.empty());
  CAF_CHECK_EQUAL(shown(0).endpoint, "127.0.0.1:80");
}

CAF_TEST(a changed answer is published and told to the checker) {
  settings = make_backend(1);
  settings.servers[0].address = "app.test:80";
  configure();
  settle();
  answer("127.0.0.1:80");
  pass(1'600ms, 100ms);
  answer("127.0.0.1:80");
  CAF_CHECK(snapshots.empty());
  CAF_CHECK(targets.empty());
  pass(1'600ms, 100ms); // in use two seconds after DNS has it
  CAF_REQUIRE_EQUAL(lookups.size(), 1u);
  answer("127.0.0.2:80");
  CAF_CHECK_EQUAL(newest->servers[0].address.to_string(), "127.0.0.2:80");
  CAF_REQUIRE_EQUAL(targets.size(), 1u);
  CAF_CHECK_EQUAL(targets[0].targets[0].address.to_string(), "127.0.0.2:80");
}

CAF_TEST(a new name serves on at the old address until it is answered) {
  settings = make_backend(1);
  configure();
  settings.servers[0].address = "app.test:80";
  configure();
  settle();
  CAF_CHECK_EQUAL(newest->servers[0].address.to_string(), "127.0.0.1:8001");
  answer_nothing();
  CAF_CHECK(newest->usable.empty());
  CAF_CHECK(newest->servers[0].address.empty());
  pass(1'600ms, 100ms);
  answer("127.0.0.9:80");
  CAF_CHECK(usable() == names{"a1"});
}

CAF_TEST(an answer that comes after a reload is ignored) {
  settings = make_backend(1);
  settings.servers[0].address = "old.test:80";
  configure();
  settings.servers[0].address = "127.0.0.1:8001";
  configure();
  settle();
  answer("127.0.0.7:80");
  CAF_CHECK(snapshots.empty());
  CAF_CHECK_EQUAL(shown(0).endpoint, "127.0.0.1:8001");
  pass(60s, 1s);
  CAF_CHECK(lookups.empty());
}

CAF_TEST(a name keeps to the address in use while that is an answer) {
  settings = make_backend(1);
  settings.servers[0].address = "app.test:80";
  configure();
  settle();
  answer(std::vector{at("10.0.0.1:80"), at("10.0.0.2:80")});
  CAF_CHECK(newest->servers[0].address == at("10.0.0.1:80"));
  CAF_CHECK(newest->servers[0].others == std::vector{at("10.0.0.2:80")});
  CAF_CHECK(newest->servers[0].by_name);
  pass(1'600ms, 100ms);
  answer(std::vector{at("10.0.0.2:80"), at("10.0.0.1:80")}); // DNS shuffles
  CAF_CHECK(snapshots.empty());
  CAF_CHECK(targets.empty());
  pass(1'600ms, 100ms);
  answer(std::vector{at("10.0.0.2:80"), at("10.0.0.3:80")});
  CAF_CHECK(newest->servers[0].address == at("10.0.0.2:80"));
}

CAF_TEST(the address of a name that works takes the place of the first) {
  settings = make_backend(1);
  settings.servers[0].address = "localhost:80";
  configure();
  settle();
  answer(std::vector{at("[::1]:80"), at("127.0.0.1:80")});
  CAF_REQUIRE_EQUAL(targets.size(), 1u);
  CAF_CHECK(targets[0].targets[0].others == std::vector{at("127.0.0.1:80")});
  self->send(aut, address_found{"a1", at("127.0.0.1:80")});
  consume_messages();
  settle();
  CAF_CHECK(newest->servers[0].address == at("127.0.0.1:80"));
  CAF_CHECK(newest->servers[0].others == std::vector{at("[::1]:80")});
  self->send(aut, address_found{"a1", at("127.0.0.1:80")}); // another worker
  self->send(aut, address_found{"a1", at("10.9.9.9:80")});  // gone since
  consume_messages();
  settle();
  CAF_CHECK(snapshots.empty());
}

CAF_TEST(a name of which no address works is looked up at once) {
  settings = make_backend(1);
  settings.servers[0].address = "app.test:80";
  configure();
  settle();
  answer("10.0.0.1:80");
  pass(1'100ms, 100ms);
  CAF_CHECK(lookups.empty());
  for (int i = 0; i < 5; ++i)
    self->send(aut, address_found{"a1", {}});
  consume_messages();
  CAF_REQUIRE_EQUAL(lookups.size(), 1u);
  answer("10.0.0.2:80");
  CAF_CHECK(newest->servers[0].address == at("10.0.0.2:80"));
  self->send(aut, address_found{"a1", {}});
  consume_messages();
  CAF_CHECK(lookups.empty()); // not more often than once a second
}

CAF_TEST(a server that is down at first is used once a probe finds it up) {
  settings = make_backend(1);
  settings.initially_up = false;
  configure();
  settle();
  CAF_CHECK(newest->usable.empty());
  CAF_CHECK(newest->servers[0].state.rule == state_rule::unproven);
  health({"a1", status::down, false, false, true});
  CAF_CHECK(newest->usable.empty());
  health({"a1", status::up, false, false, true, true});
  CAF_CHECK(usable() == names{"a1"});
  configure();
  CAF_CHECK(usable() == names{"a1"}); // a reload does not ask again
}

CAF_TEST(reloads do not multiply the lookups) {
  settings = make_backend(1);
  settings.servers[0].address = "app.test:80";
  for (int i = 0; i < 5; ++i)
    configure();
  while (!lookups.empty())
    answer("127.0.0.1:80");
  pass(5s, 100ms);
  CAF_CHECK_EQUAL(lookups.size(), 1u);
}

CAF_TEST(with a majority the verdict decides and not the own probes) {
  configure();
  settle();
  health({"a2", status::down, false, false, false});
  think({true, {{"a3", status::down}}});
  CAF_CHECK(usable() == (names{"a1", "a2"}));
  CAF_CHECK(shown(2).state.rule == state_rule::verdict_down);
  CAF_CHECK(shown(2).verdict == status::down);
}

CAF_TEST(what the own probes cannot reach is avoided against the verdict) {
  configure();
  think({true, {}});
  health({"a2", status::down, false, false, true});
  CAF_CHECK(usable() == (names{"a1", "a3"}));
  CAF_CHECK(shown(1).state.rule == state_rule::vetoed);
  CAF_CHECK(shown(1).verdict == status::up);
}

CAF_TEST(the event of a flip names the rule that applies) {
  configure();
  think({true, {}});
  const auto before = journal::events().last();
  // Down to old probes without weight, and ejected.
  health({"a2", status::down, false, true, false});
  const auto said = journal::events().after(before, 100, event_kind::server);
  CAF_REQUIRE_EQUAL(said.events.size(), 1u);
  CAF_CHECK_EQUAL(said.events[0].text,
                  "backend app: server a2 is down (ejected)");
}

CAF_TEST(own evidence against all that the verdict calls up empties no pool) {
  configure();
  think({true, {{"a3", status::down}}});
  health({"a1", status::down, false, false, true});
  health({"a2", status::up, true, false, false});
  CAF_CHECK(usable() == (names{"a1", "a2"}));
  CAF_CHECK(describe().fail_open);
}

CAF_TEST(without the majority own states stand for the verdict) {
  configure();
  think({true, {{"a3", status::down}}});
  think({false, {{"a3", status::down}}});
  health({"a1", status::down, false, false, false});
  health({"a3", status::up, false, false, false});
  CAF_CHECK(usable() == (names{"a2", "a3"}));
  CAF_CHECK(shown(0).state.rule == state_rule::own_down);
  CAF_CHECK(!shown(0).verdict);
}

CAF_TEST(a lost majority turns no state over) {
  settings = make_backend(4);
  configure();
  think({true, {{"a3", status::down}}});
  health({"a1", status::up, true, false, false});
  health({"a2", status::down, false, false, true});
  // One that this node does not watch: an old opinion without weight.
  health({"a4", status::down, false, false, false});
  CAF_CHECK(usable() == names{"a4"});
  think({false, {{"a3", status::down}}});
  CAF_CHECK(usable() == names{"a4"});
}

CAF_TEST(a node that rejects all that the cluster calls up says so) {
  configure();
  think({true, {{"a3", status::down}}});
  health({"a1", status::down, false, false, true});
  CAF_CHECK(rejects() == std::vector<bool>{false});
  health({"a2", status::up, true, false, false});
  CAF_CHECK(rejects() == std::vector<bool>{true});
  // A server that somebody drains is not one it could use.
  health({"a1", status::up, false, false, true});
  CAF_CHECK(rejects() == std::vector<bool>{false});
  set_admin("a1", admin_state::drain);
  CAF_CHECK(rejects() == std::vector<bool>{true});
  // Alone it is as good as any.
  think({false, {}});
  CAF_CHECK(rejects() == std::vector<bool>{false});
}

CAF_TEST(servers that are down for all make no node unready) {
  configure();
  think(
    {true, {{"a1", status::down}, {"a2", status::down}, {"a3", status::down}}});
  for (const auto* name : {"a1", "a2", "a3"})
    health({name, status::down, false, false, true});
  CAF_CHECK(usable().empty());
  CAF_CHECK(rejects() == std::vector<bool>{false});
}

CAF_TEST(a verdict survives a reload) {
  configure();
  think({true, {{"a3", status::down}}});
  configure();
  settle();
  CAF_CHECK(usable() == (names{"a1", "a2"}));
}

CAF_TEST(a server that comes back gets its share little by little) {
  settings.slow_start = 1'000ms;
  configure();
  settle();
  CAF_CHECK_EQUAL(newest->servers[0].ramp, 100u); // a start is no return
  health({"a1", status::down});
  health({"a1", status::up});
  CAF_CHECK_EQUAL(newest->servers[0].ramp, 5u);
  CAF_CHECK_EQUAL(newest->servers[1].ramp, 100u);
  for (int n = 0; n < 50; ++n)
    settle();
  CAF_CHECK_GREATER_OR_EQUAL(newest->servers[0].ramp, 45u);
  CAF_CHECK_LESS_OR_EQUAL(newest->servers[0].ramp, 55u);
  configure(); // a reload does not end it
  settle();
  CAF_CHECK_LESS(newest->servers[0].ramp, 60u);
  for (int n = 0; n < 60; ++n)
    settle();
  CAF_CHECK_EQUAL(newest->servers[0].ramp, 100u);
  const auto version = newest->version;
  for (int n = 0; n < 20; ++n)
    settle();
  CAF_CHECK_EQUAL(newest->version, version);
}

CAF_TEST(below the panic threshold all that are ready are used) {
  settings.panic_threshold = 50;
  configure();
  settle();
  health({"a1", status::down});
  CAF_CHECK(usable() == (names{"a2", "a3"}));
  CAF_CHECK(!newest->panic);
  set_admin("a3", admin_state::maint);
  health({"a2", status::down});
  CAF_CHECK(usable() == (names{"a1", "a2"}));
  CAF_CHECK(newest->panic);
  health({"a1", status::up});
  CAF_CHECK(usable() == (names{"a1"}));
  CAF_CHECK(!newest->panic);
}

CAF_TEST(a router that was never configured answers) {
  CAF_CHECK_EQUAL(describe().name, "app");
  CAF_CHECK(describe().servers.empty());
  set_weight("a1", 2);
  CAF_CHECK(!refusal.empty());
}

CAF_TEST(the describe view shows what decided) {
  configure();
  settle();
  lives["a2"]->in_flight = 3;
  health({"a2", status::down, true, true});
  auto server = shown(1);
  CAF_CHECK_EQUAL(server.address, "127.0.0.1:8002");
  CAF_CHECK_EQUAL(server.endpoint, "127.0.0.1:8002");
  CAF_CHECK_EQUAL(server.in_flight, 3u);
  CAF_CHECK(server.own == status::down);
  CAF_CHECK(server.vetoed);
  CAF_CHECK(server.ejected);
  CAF_CHECK(server.state.rule == state_rule::own_down);
  CAF_CHECK_EQUAL(describe().version, 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
