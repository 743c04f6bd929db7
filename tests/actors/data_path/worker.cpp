// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE actors_worker
#include "actors/system_fixture.hpp"

#include "actors/data_path/worker.hpp"
#include "net/session_fixture.hpp"

#include <caf/scoped_actor.hpp>

#include <spdlog/spdlog.h>

#include <optional>
#include <set>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::actors;
using namespace troupe::net;

namespace {

/// A worker and its actors on the test's own thread; `self` plays supervisor,
/// router and health checker.
struct fixture : loop_fixture {
  fixture() {
    spdlog::set_level(spdlog::level::off); // listeners die here on purpose
    host.bind_thread();
    next.name = "app";
    next.live = std::make_shared<backend_live>("app", 1);
    settings.name = "web";
    settings.backend = "app";
    live = counters->frontend("web", "app");
    spawn();
    tell(attach_backend{"app", as_strong(), as_strong()});
  }

  ~fixture() override {
    if (subject)
      tell(stop_worker{0ms});
    subject = nullptr;
    CAF_CHECK(run_until([&] { return host.size() == 0; }));
    turn();
    for (const auto& server : known)
      CAF_CHECK_EQUAL(server->in_flight.load(), 0u);
    CAF_CHECK_EQUAL(live->clients->open.load(), 0u);
    CAF_CHECK_EQUAL(limit.open.load(), 0u);
    spdlog::set_level(spdlog::level::info);
    control_host(system).bind_thread();
  }

  // -- the worker

  void spawn() {
    subject = spawn_on<worker>(host, state,
                               caf::actor_cast<supervisor_actor>(as_strong()));
  }

  caf::strong_actor_ptr as_strong() {
    return caf::actor_cast<caf::strong_actor_ptr>(self);
  }

  template <class Message>
  void tell(Message message) {
    caf::anon_send(subject, std::move(message));
    settle();
  }

  /// Until no actor has anything to do.
  void settle() {
    while (host.run()) {
    }
    turn(2);
  }

  template <class T, class Message>
  T ask(Message message) {
    T result{};
    auto pending = self->request(subject, caf::infinite, std::move(message));
    settle();
    pending.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& e) { CAF_FAIL(system.render(e)); });
    return result;
  }

  /// Waits for one message of type `T` to the supervisor, router or checker.
  template <class T>
  std::optional<T> told() {
    std::optional<T> result;
    const auto look = [&] {
      if (self->has_next_message())
        self->receive([&](T& x) { result = std::move(x); },
                      caf::after(0ms) >> [] {});
      return result.has_value();
    };
    run_until(look);
    return result;
  }

  connection_list connections() {
    return ask<connection_list>(list_connections{});
  }

  size_t alive(actor_kind kind) const { return host.totals(kind).alive.get(); }

  // -- its surroundings

  fake_server& serve() {
    auto& server = servers.emplace_back();
    server_route route;
    route.name = "a" + std::to_string(servers.size());
    route.address = server.address();
    route.live = std::make_shared<server_live>("app", route.name, 1);
    route.state.usable = route.state.healthy = true;
    known.push_back(route.live);
    next.usable.push_back(static_cast<uint32_t>(next.servers.size()));
    next.servers.push_back(route);
    server.answer = [name = route.name](std::string_view) { return ok(name); };
    return server;
  }

  void publish() {
    ++next.version;
    tell(publish_snapshot{std::make_shared<const backend_snapshot>(next)});
  }

  plan_ptr make_plan() {
    troupe::settings all;
    all.frontends = {settings};
    all.global.drain_timeout = drain_timeout;
    return net::make_plan(all, settings, *counters, 1);
  }

  /// Opens the frontend on a free port.
  void open() {
    auto group = bind_group(*endpoint::parse("127.0.0.1:0"), 1);
    CAF_REQUIRE(group.has_value());
    CAF_REQUIRE(!listen_group(*group));
    address = local_endpoint(group->front());
    settings.listen = address.to_string();
    tell(open_frontend{make_plan(), group->front(), spread});
  }

  std::string key() const { return frontend_key(settings); }

  peer& connect() {
    const auto attempt = start_connect(address);
    CAF_REQUIRE(attempt.fd >= 0);
    return clients.emplace_back(descriptor{attempt.fd});
  }

  /// Whether nobody listens on the frontend's address any more.
  bool is_refused() const {
    const auto attempt = start_connect(address);
    const descriptor fd{attempt.fd};
    return attempt.error == ECONNREFUSED
        || connect_result(fd.get()) == ECONNREFUSED;
  }

  bool answered(const peer& client) {
    return run_until([&] { return message_size(client.received) > 0; });
  }

  bool over(const peer& client) {
    return run_until([&] { return client.is_over(); });
  }

  bool attend() override {
    bool moved = host.run();
    ended.swap(state.context.ended);
    ended.clear();
    for (auto& server : servers)
      moved |= server.attend();
    for (auto& client : clients)
      moved |= client.attend();
    return moved;
  }

  uint64_t evicted(reason why) const {
    return live->clients->by_worker[0].evicted[static_cast<size_t>(why)].get();
  }

  /// A client whose connection rests after a request.
  peer& rested() {
    auto& client = connect();
    client.send(simple_get);
    CAF_CHECK(answered(client));
    return client;
  }

  /// A client that waits for an answer.
  peer& busy() {
    auto& client = connect();
    const auto before = servers.front().connections.size();
    client.send(simple_get);
    CAF_CHECK(
      run_until([&] { return servers.front().connections.size() > before; }));
    return client;
  }

  uint64_t refused(reason why) const {
    return live->clients->by_worker[0].refused[static_cast<size_t>(why)].get();
  }

  system_fixture surroundings;
  caf::actor_system& system = surroundings.system;
  caf::scoped_actor self{system};
  connection_limit limit{1000};
  access_log log{{}, 1};
  actor_host host{system, "worker 0", [this] { event_loop.wake(); }};
  worker_state state{event_loop, 0, log, limit, 1};
  std::vector<caf::strong_actor_ptr> ended;
  worker_actor subject;

  backend_snapshot next;
  frontend_settings settings;
  milliseconds drain_timeout{30'000};
  std::optional<live_registry> counters{1};
  std::shared_ptr<frontend_live> live;
  std::shared_ptr<accept_spread> spread; ///< null: the only worker
  std::vector<std::shared_ptr<server_live>> known;
  endpoint address;
  std::deque<fake_server> servers;
  std::deque<peer> clients;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(worker_tests, fixture)

CAF_TEST(a client is accepted and answered) {
  serve();
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(answered(client));
  CAF_CHECK_EQUAL(client.received, ok("a1"));
  const auto list = connections();
  CAF_REQUIRE_EQUAL(list.size(), 1u);
  CAF_CHECK_EQUAL(list[0].frontend, "web");
  CAF_CHECK_EQUAL(list[0].phase, "idle");
  CAF_CHECK_EQUAL(list[0].requests, 1u);
  CAF_CHECK_EQUAL(live->clients->open.load(), 1u);
  CAF_CHECK_EQUAL(limit.open.load(), 1u);
  std::multiset<std::string> kinds;
  for (const auto& row : ask<actor_list>(list_actors{}))
    kinds.insert(row.kind);
  CAF_CHECK(
    kinds == (std::multiset<std::string>{"connection", "listener", "worker"}));
}

CAF_TEST(an actor lasts as long as its connection) {
  serve();
  publish();
  open();
  for (int n = 0; n < 50; ++n) {
    auto& client = connect();
    client.send(simple_get);
    CAF_REQUIRE(answered(client));
    client.close();
  }
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 0; }));
  CAF_CHECK_EQUAL(limit.open.load(), 0u);
  CAF_CHECK_EQUAL(live->clients->by_worker[0].connections_total.get(), 50u);
  CAF_CHECK_EQUAL(live->clients->by_worker[0].connections_open.get(), 0u);
}

CAF_TEST(one connection is closed by its number and no other) {
  serve();
  publish();
  open();
  auto& one = connect();
  auto& two = connect();
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 2; }));
  const auto list = connections();
  CAF_REQUIRE_EQUAL(list.size(), 2u);
  tell(close_connection{list[0].id, reason::killed_by_admin});
  CAF_CHECK(run_until([&] { return one.is_over() || two.is_over(); }));
  CAF_CHECK(one.is_over() != two.is_over());
  tell(close_connection{12'345, reason::killed_by_admin});
  CAF_CHECK_EQUAL(connections().size(), 1u);
}

CAF_TEST(a listing is no longer than asked for) {
  serve();
  publish();
  open();
  for (int n = 0; n < 5; ++n)
    connect();
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 5; }));
  CAF_CHECK_EQUAL(ask<connection_list>(list_connections{3}).size(), 3u);
}

CAF_TEST(who waits to be accepted when a frontend closes is answered) {
  // Closing the socket of a group resets its queue: accept first (rule 33).
  serve();
  publish();
  open();
  for (int n = 0; n < 40; ++n) {
    auto& client = connect();
    CAF_REQUIRE_EQUAL(
      ::send(client.fd(), simple_get.data(), simple_get.size(), 0),
      static_cast<ssize_t>(simple_get.size()));
  }
  caf::anon_send(subject, close_frontend{key(), 10'000ms});
  CAF_CHECK(run_until([&] {
    return std::all_of(clients.begin(), clients.end(),
                       [](const auto& one) { return one.is_over(); });
  }));
  for (const auto& client : clients) {
    CAF_CHECK(client.ended);
    CAF_CHECK(client.received.starts_with("HTTP/1.1 200 OK"));
  }
  CAF_CHECK(run_until([&] { return alive(actor_kind::listener) == 0; }));
  CAF_CHECK(state.frontends.empty());
  CAF_CHECK(is_refused());
}

CAF_TEST(a client on its way from another worker is awaited and served) {
  serve();
  publish();
  counters.emplace(2);
  live = counters->frontend("web", "app");
  spread = std::make_shared<accept_spread>(2);
  open();
  // As if the other worker's listener had accepted it.
  const auto other = bind_group(*endpoint::parse("127.0.0.1:0"), 1);
  CAF_REQUIRE(other && !listen_group(*other));
  const descriptor listening{other->front()};
  const auto attempt = start_connect(local_endpoint(listening.get()));
  auto& client = clients.emplace_back(descriptor{attempt.fd});
  int accepted = -1;
  CAF_REQUIRE(run_until([&] {
    accepted = ::accept4(listening.get(), nullptr, nullptr,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
    return accepted >= 0;
  }));
  client.send(simple_get);
  const auto from = *endpoint::parse("192.0.2.1:999");
  auto handed = std::make_shared<handed_connection>(spread, 0, accepted, from);
  auto taker = state.frontends.at(key()).listener;
  tell(close_frontend{key(), 10'000ms});
  CAF_CHECK_EQUAL(alive(actor_kind::listener), 1u);
  CAF_CHECK(!spread->hand_over(0, -1, from));
  caf::anon_send(taker, adopt_connection{std::move(handed)});
  taker = nullptr;
  CAF_CHECK(over(client));
  CAF_CHECK(client.received.starts_with("HTTP/1.1 200 OK"));
  CAF_CHECK(run_until([&] { return state.frontends.empty(); }));
}

CAF_TEST(a request under way is finished while its frontend closes) {
  auto& server = serve();
  server.answer = nullptr;
  publish();
  open();
  auto& busy = connect();
  busy.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  auto& idle = connect();
  idle.send("GET ");
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 2; }));
  tell(close_frontend{key(), 10'000ms});
  CAF_CHECK(!busy.is_over());
  CAF_CHECK_EQUAL(alive(actor_kind::listener), 1u);
  server.connections[0].send(ok("late"));
  CAF_CHECK(over(busy));
  CAF_CHECK(busy.received.ends_with("late"));
  idle.close();
  CAF_CHECK(run_until([&] { return state.frontends.empty(); }));
}

CAF_TEST(what is not finished in time is cut and counted) {
  auto& server = serve();
  server.answer = nullptr;
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  const auto began = clock::now();
  tell(close_frontend{key(), 60ms});
  CAF_CHECK(over(client));
  CAF_CHECK(clock::now() - began >= 60ms);
  CAF_CHECK_EQUAL(refused(reason::drained), 1u);
  CAF_CHECK(run_until([&] { return state.frontends.empty(); }));
}

CAF_TEST(a frontend may come back before the one before has drained) {
  auto& server = serve();
  server.answer = nullptr;
  publish();
  open();
  auto& old = connect();
  old.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  tell(close_frontend{key(), 10'000ms});
  open();
  server.answer = [](std::string_view) { return ok("again"); };
  auto& young = connect();
  young.send(simple_get);
  CAF_CHECK(answered(young));
  CAF_CHECK(over(old));
  CAF_CHECK(old.received.ends_with("again"));
  CAF_CHECK(run_until([&] { return state.frontends.size() == 1; }));
  CAF_CHECK(!young.is_over());
}

CAF_TEST(newer rules hold from the next request on) {
  serve();
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(answered(client));
  settings.http.response_headers.set.push_back({"X-New", "yes"});
  tell(update_frontend{make_plan()});
  client.received.clear();
  client.send(simple_get);
  CAF_CHECK(answered(client));
  CAF_CHECK(client.received.find("X-New: yes") != std::string::npos);
}

CAF_TEST(a listener that dies is started anew and its clients stay) {
  serve();
  publish();
  open();
  auto& before = connect();
  before.send(simple_get);
  CAF_CHECK(answered(before));
  auto& entry = state.frontends.at(key());
  const auto dead = entry.listener;
  caf::anon_send_exit(dead, caf::exit_reason::kill);
  CAF_CHECK(run_until([&] { return entry.listener != dead; }));
  auto& after = connect();
  after.send(simple_get);
  CAF_CHECK(answered(after));
  before.received.clear();
  before.send(simple_get);
  CAF_CHECK(answered(before));
  CAF_CHECK_EQUAL(connections().size(), 2u);
  // And the new one drains those of the old one.
  tell(close_frontend{key(), 10'000ms});
  CAF_CHECK(over(before));
  CAF_CHECK(over(after));
}

CAF_TEST(a worker that dies leaves its clients to the next one) {
  serve();
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(answered(client));
  caf::anon_send_exit(subject, caf::exit_reason::kill);
  CAF_CHECK(run_until([&] { return alive(actor_kind::worker) == 0; }));
  client.received.clear();
  client.send(simple_get); // on its last snapshot
  CAF_CHECK(answered(client));
  spawn();
  settle();
  CAF_CHECK_EQUAL(connections().size(), 1u);
  // The listener is watched by the new worker.
  auto& entry = state.frontends.at(key());
  const auto dead = entry.listener;
  caf::anon_send_exit(dead, caf::exit_reason::kill);
  CAF_CHECK(run_until([&] { return entry.listener != dead; }));
}

CAF_TEST(requests on a removed server have drain_timeout to finish) {
  drain_timeout = 80ms;
  auto& removed = serve();
  removed.answer = nullptr;
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !removed.received().empty(); }));
  next.servers.clear();
  next.usable.clear();
  serve();
  const auto began = clock::now();
  publish();
  auto& young = connect();
  young.send(simple_get);
  CAF_CHECK(answered(young));
  CAF_CHECK_EQUAL(young.received, ok("a2"));
  CAF_CHECK(over(client));
  CAF_CHECK(clock::now() - began >= 80ms);
  CAF_CHECK_EQUAL(refused(reason::drained), 1u);
  CAF_CHECK(!young.is_over());
  CAF_CHECK_EQUAL(known[0]->in_flight.load(), 0u);
}

CAF_TEST(streams to the address a server had have drain_timeout to finish) {
  drain_timeout = 80ms;
  auto& before = serve();
  before.answer = nullptr;
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !before.received().empty(); }));
  auto& after = servers.emplace_back();
  after.answer = [](std::string_view) { return ok("moved"); };
  next.servers[0].address = after.address();
  const auto began = clock::now();
  publish();
  auto& young = connect();
  young.send(simple_get);
  CAF_CHECK(answered(young));
  CAF_CHECK_EQUAL(young.received, ok("moved"));
  CAF_CHECK(over(client));
  CAF_CHECK(clock::now() - began >= 80ms);
  CAF_CHECK_EQUAL(refused(reason::drained), 1u);
}

CAF_TEST(streams of a server that goes down are cut if they shall be) {
  settings.protocol = protocol::tcp;
  serve();
  next.on_down = down_action::close;
  publish();
  open();
  auto& client = connect();
  client.send("hello");
  CAF_CHECK(run_until([&] { return servers[0].received() == "hello"; }));
  next.servers[0].state = {true, false, state_rule::fail_open};
  publish(); // still used: nothing is lost yet
  turn(3);
  CAF_CHECK(!client.is_over());
  next.servers[0].state = {true, true, state_rule::up};
  publish();
  next.servers[0].state = {false, false, state_rule::own_down};
  publish();
  CAF_CHECK(over(client));
}

CAF_TEST(requests of a server that goes down go elsewhere if they may) {
  auto& first = serve();
  first.answer = nullptr;
  next.on_down = down_action::close;
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !first.received().empty(); }));
  serve();
  next.servers[0].admin = admin_state::maint;
  next.servers[0].state = {false, true, state_rule::admin_maint};
  next.usable = {1};
  publish();
  CAF_CHECK(answered(client));
  CAF_CHECK(client.received.ends_with("a2"));
}

CAF_TEST(streams of a server that goes down go on by default) {
  settings.protocol = protocol::tcp;
  serve();
  publish();
  open();
  auto& client = connect();
  client.send("hello");
  CAF_CHECK(run_until([&] { return servers[0].received() == "hello"; }));
  next.servers[0].state = {false, false, state_rule::own_down};
  publish();
  client.send(" again");
  CAF_CHECK(run_until([&] { return servers[0].received() == "hello again"; }));
  CAF_CHECK(!client.is_over());
}

CAF_TEST(streams of a backup are cut when it is idle again if they shall be) {
  settings.protocol = protocol::tcp;
  serve();
  next.on_up = up_action::close_backups;
  publish();
  open();
  auto& client = connect();
  client.send("hello");
  CAF_CHECK(run_until([&] { return servers[0].received() == "hello"; }));
  serve();
  next.servers[0].state = {false, true, state_rule::backup_idle};
  next.usable = {1};
  publish();
  CAF_CHECK(over(client));
}

CAF_TEST(an address that is back in time costs nobody a stream) {
  drain_timeout = 80ms;
  auto& server = serve();
  server.answer = nullptr;
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  const auto home = next.servers[0].address;
  next.servers[0].address = refusing_address();
  publish();
  next.servers[0].address = home;
  const auto began = clock::now();
  publish();
  CAF_CHECK(run_until([&] { return clock::now() - began > 160ms; }));
  CAF_CHECK(!client.is_over());
  server.connections[0].send(ok("stayed"));
  CAF_CHECK(answered(client));
}

CAF_TEST(a replaced snapshot comes back to its router) {
  serve();
  publish();
  const auto first =
    state.backends.at("app").slot->current()->snapshot->version;
  publish();
  const auto retired = told<retired_snapshot>();
  CAF_REQUIRE(retired.has_value());
  CAF_CHECK_EQUAL(retired->snapshot->version, first);
}

CAF_TEST(failures in a row reach the health checker) {
  server_route route;
  route.name = "gone";
  route.address = refusing_address();
  route.live = std::make_shared<server_live>("app", "gone", 1);
  route.state.usable = true;
  next.servers.push_back(route);
  next.usable.push_back(0);
  next.passive.failures = 2;
  publish();
  open();
  for (int n = 0; n < 2; ++n) {
    auto& client = connect();
    client.send(simple_get);
    CAF_CHECK(answered(client));
    CAF_CHECK(client.received.starts_with("HTTP/1.1 503 "));
  }
  const auto report = told<passive_report>();
  CAF_REQUIRE(report.has_value());
  CAF_CHECK(*report == (passive_report{"gone", failure_kind::connect, 2}));
}

CAF_TEST(a frontend at its limit refuses the next client) {
  settings.max_connections = 2;
  auto& server = serve();
  server.answer = nullptr;
  publish();
  open();
  busy();
  auto& second = busy();
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 2; }));
  auto& third = connect();
  CAF_CHECK(over(third));
  CAF_CHECK(third.received.starts_with("HTTP/1.1 503 "));
  CAF_CHECK_EQUAL(refused(reason::frontend_limit), 1u);
  second.reset(); // a FIN alone would wait for the answer
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 1; }));
  server.answer = [](std::string_view) { return ok("a1"); };
  auto& fourth = connect();
  fourth.send(simple_get);
  CAF_CHECK(answered(fourth));
  CAF_CHECK(fourth.received.starts_with("HTTP/1.1 200 "));
}

CAF_TEST(who has rested longest gives way when a frontend is full) {
  settings.max_connections = 2;
  serve();
  publish();
  open();
  auto& first = rested();
  auto& second = rested();
  first.received.clear();
  first.send(simple_get); // now the second one has rested longer
  CAF_CHECK(answered(first));
  auto& third = rested();
  CAF_CHECK(third.received.starts_with("HTTP/1.1 200 "));
  CAF_CHECK(over(second));
  CAF_CHECK(!first.is_over());
  CAF_CHECK_EQUAL(evicted(reason::frontend_limit), 1u);
  CAF_CHECK_EQUAL(refused(reason::frontend_limit), 0u);
}

CAF_TEST(who is parked gives way before anybody else) {
  settings.max_connections = 2;
  serve();
  publish();
  open();
  auto& first = rested();
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 0; }));
  auto& second = rested();
  rested();
  CAF_CHECK(over(first));
  CAF_CHECK(!second.is_over());
}

CAF_TEST(a head that does not come gives way after those that rest) {
  settings.max_connections = 3;
  serve();
  publish();
  open();
  auto& silent = connect();
  auto& half = connect();
  half.send("GET / HTTP/1.1\r\nHost:");
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 2; }));
  auto& resting = rested();
  auto& busy_now = rested();
  CAF_CHECK(over(resting));
  servers.front().answer = nullptr;
  const auto before = servers.front().received().size();
  busy_now.send(simple_get);
  CAF_CHECK(
    run_until([&] { return servers.front().received().size() > before; }));
  const auto old_enough = clock::now() + 150ms;
  CAF_CHECK(run_until([&] { return clock::now() > old_enough; }));
  connect();
  CAF_CHECK(over(silent));
  CAF_CHECK(silent.received.empty());
  CAF_CHECK(!half.is_over());
  CAF_CHECK_EQUAL(refused(reason::frontend_limit), 0u);
  connect();
  CAF_CHECK(over(half)); // who has sent something hears why
  CAF_CHECK(half.received.starts_with("HTTP/1.1 503 "));
  CAF_CHECK_EQUAL(evicted(reason::frontend_limit), 3u);
  CAF_CHECK_EQUAL(refused(reason::frontend_limit), 1u);
}

CAF_TEST(who rests gives way when a node is at its limit) {
  serve();
  publish();
  open();
  auto& first = rested();
  limit.open += limit.max - 1;
  auto& second = rested();
  CAF_CHECK(second.received.starts_with("HTTP/1.1 200 "));
  CAF_CHECK(over(first));
  CAF_CHECK_EQUAL(evicted(reason::local_resource), 1u);
  limit.open -= limit.max - 1;
}

CAF_TEST(another worker is asked when nobody rests here) {
  struct other_worker final : turn_source {
    void request_turn(uint64_t client) override { asked_for = client; }
    uint64_t asked_for = 0;
  } other;
  auto& inbox = *limit.inboxes.emplace_back(std::make_unique<eviction_inbox>());
  inbox.source = &other;
  inbox.client = 7;
  inbox.waiting.add();
  serve().answer = nullptr;
  publish();
  open();
  busy();
  limit.open += limit.max - 1;
  auto& second = connect();
  second.send(simple_get);
  CAF_CHECK(run_until([&] { return other.asked_for == 7; }));
  CAF_CHECK_EQUAL(inbox.wanted.load(), 1u);
  CAF_CHECK_EQUAL(refused(reason::local_resource), 0u);
  limit.open -= 1; // the other one has given somebody up
  servers.front().answer = [](std::string_view) { return ok("a1"); };
  CAF_CHECK(answered(second));
  limit.open -= limit.max - 2;
  limit.inboxes.pop_back();
}

CAF_TEST(who rests is given up for another worker) {
  serve();
  publish();
  open();
  auto& first = rested();
  auto& second = rested();
  auto& inbox = *limit.inboxes.front();
  CAF_CHECK_EQUAL(inbox.waiting.get(), 2u);
  limit.open += limit.max;
  inbox.wanted = 1;
  inbox.source->request_turn(inbox.client);
  CAF_CHECK(over(first));
  auto& counts = live->clients->by_worker[0];
  counts.places_wanted = 1;
  inbox.source->request_turn(inbox.client);
  CAF_CHECK(over(second));
  CAF_CHECK_EQUAL(evicted(reason::local_resource), 1u);
  CAF_CHECK_EQUAL(evicted(reason::frontend_limit), 1u);
  CAF_CHECK(run_until([&] { return inbox.waiting.get() == 0; }));
  limit.open -= limit.max;
}

CAF_TEST(a node at its limit leaves clients waiting and takes them later) {
  serve().answer = nullptr;
  publish();
  open();
  auto& first = busy();
  CAF_CHECK(run_until([&] { return alive(actor_kind::connection) == 1; }));
  limit.open += limit.max; // the other workers' share
  auto& second = connect();
  second.send(simple_get);
  CAF_CHECK(run_until([&] { return refused(reason::local_resource) > 0; }));
  CAF_CHECK_EQUAL(alive(actor_kind::connection), 1u);
  const auto tried_again = clock::now() + 350ms;
  CAF_CHECK(run_until([&] { return clock::now() > tried_again; }));
  CAF_CHECK_EQUAL(refused(reason::local_resource), 1u); // it is one rest
  limit.open -= limit.max;
  servers.front().answer = [](std::string_view) { return ok("a1"); };
  CAF_CHECK(answered(second));
  CAF_CHECK(!first.is_over());
}

CAF_TEST(a stop drains everything and says so) {
  auto& server = serve();
  server.answer = nullptr;
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  tell(stop_worker{10'000ms});
  CAF_CHECK(is_refused());
  CAF_CHECK(!client.is_over());
  CAF_CHECK_EQUAL(alive(actor_kind::worker), 1u);
  server.connections[0].send(ok("the last"));
  CAF_CHECK(over(client));
  CAF_CHECK(client.received.ends_with("the last"));
  const auto stopped = told<worker_stopped>();
  CAF_REQUIRE(stopped.has_value());
  CAF_CHECK_EQUAL(stopped->index, 0u);
  CAF_CHECK(run_until([&] { return host.size() == 0; }));
}

CAF_TEST(a second stop does not wait for the drain of the first) {
  auto& server = serve();
  server.answer = nullptr;
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  tell(stop_worker{3'600'000ms});
  CAF_CHECK(!client.is_over());
  tell(stop_worker{0ms});
  CAF_CHECK(over(client));
  CAF_CHECK_EQUAL(refused(reason::shutdown), 1u);
  CAF_CHECK(told<worker_stopped>().has_value());
}

CAF_TEST(a frontend that comes after the stop is not opened) {
  auto& server = serve();
  server.answer = nullptr;
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  tell(stop_worker{10'000ms});
  settings.name = "late";
  open();
  CAF_CHECK(!state.frontends.contains(key()));
  CAF_CHECK(is_refused());
}

CAF_TEST(a frontend of a backend nobody knows is not opened) {
  settings.backend = "unknown";
  open();
  CAF_CHECK(state.frontends.empty());
  CAF_CHECK_EQUAL(alive(actor_kind::listener), 0u);
}

CAF_TEST(a backend that is gone is no more reported for) {
  serve();
  publish();
  open();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(answered(client));
  tell(backend_gone{"app"});
  CAF_CHECK(state.backends.empty());
  publish(); // overtaken: nobody takes it
  CAF_CHECK(state.backends.empty());
  client.received.clear();
  client.send(simple_get); // its frontend still has the last snapshot
  CAF_CHECK(answered(client));
}

CAF_TEST_FIXTURE_SCOPE_END()
