// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_dialer
#include "caf_test.hpp"

#include "net/proxy/dialer.hpp"
#include "net/session_fixture.hpp"

#include <optional>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

/// Its backlog has one place, and that is taken.
class full_unix_server {
public:
  full_unix_server() {
    auto group = bind_group(address(), 1);
    CAF_REQUIRE(group.has_value());
    listening_ = descriptor{group->front()};
    CAF_REQUIRE_EQUAL(::listen(listening_.get(), 0), 0);
    waiting_ = descriptor{start_connect(address()).fd};
    CAF_REQUIRE(waiting_.get() >= 0);
  }
  endpoint address() const {
    return *endpoint::parse("unix:" + directory_.file("full"));
  }
  void accept_one() {
    descriptor{::accept(listening_.get(), nullptr, nullptr)};
  }

private:
  scratch_directory directory_;
  descriptor listening_;
  descriptor waiting_;
};

struct fixture : session_fixture, stream_owner {
  void begin() {
    start();
    dial.emplace(services);
    CAF_REQUIRE(begin_again());
  }

  bool begin_again() {
    return dial->begin(frontend->current->rest(), *this, 1, {});
  }

  /// Dials until it is decided.
  dialer::outcome settle(dialer::outcome outcome) {
    run_until([&] {
      if (outcome == dialer::outcome::pending)
        outcome = dial->resume();
      return outcome != dialer::outcome::pending;
    });
    return outcome;
  }

  dialer::outcome dial_fresh() {
    return settle(dial->dial(dialer::reuse::none));
  }

  uint32_t in_flight(size_t index) const {
    return known[index]->in_flight.load();
  }

  ~fixture() override { dial.reset(); }

  std::optional<dialer> dial;

  void on_stream(stream&) override {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dialer_tests, fixture)

CAF_TEST(a full backlog of a unix server is waited for and not blamed) {
  full_unix_server full;
  add_server(full.address());
  next.passive.failures = 1;
  begin();
  CAF_REQUIRE(dial->dial(dialer::reuse::none) == dialer::outcome::pending);
  CAF_CHECK(!dial->has_connection());
  CAF_CHECK(dial->patience() < next.timeout_connect);
  CAF_CHECK(dial->resume() == dialer::outcome::pending); // a client's event
  CAF_CHECK(dial->on_timeout() == dialer::outcome::pending);
  CAF_CHECK_EQUAL(in_flight(0), 1u);
  full.accept_one();
  CAF_CHECK(dial->on_timeout() == dialer::outcome::ready);
  CAF_CHECK_EQUAL(dial->retries(), 0u);
  CAF_CHECK(reporter.reported.empty());
  dial->release(false);
}

CAF_TEST(a backlog that stays full is passed over without blame) {
  full_unix_server full;
  add_server(full.address());
  serve_by_hand();
  next.passive.failures = 1;
  next.timeout_connect = 50ms;
  begin();
  CAF_REQUIRE(dial->dial(dialer::reuse::none) == dialer::outcome::pending);
  const auto over = clock::now() + 60ms;
  CAF_CHECK(run_until([&] { return clock::now() > over; }));
  CAF_CHECK(settle(dial->on_timeout()) == dialer::outcome::ready);
  CAF_CHECK_EQUAL(dial->server()->name, "a2");
  CAF_CHECK(reporter.reported.empty());
  CAF_CHECK_EQUAL(known[0]->by_worker[0].connect_failures.get(), 0u);
  dial->release(false);
}

CAF_TEST(a connect goes on to the other addresses of a name) {
  auto& server = serve_by_hand();
  auto& route = next.servers[0];
  route.others = {route.address};
  route.address = refusing_address();
  route.by_name = true;
  next.passive.failures = 1;
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  CAF_CHECK_EQUAL(dial->retries(), 0u);
  CAF_CHECK(reporter.reported.empty());
  CAF_CHECK_EQUAL(reporter.addresses,
                  std::vector{"a1 " + server.address().to_string()});
  dial->release(false);
}

CAF_TEST(a name of which no address works is told of) {
  auto& route = add_server(refusing_address());
  route.others = {refusing_address()};
  route.by_name = true;
  next.passive.failures = 1;
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::failed);
  CAF_CHECK_EQUAL(reporter.addresses, std::vector<std::string>{"a1 "});
  CAF_CHECK_EQUAL(reporter.reported.size(), 1u); // one server, one failure
}

CAF_TEST(who reaches no server tries an idle backup) {
  add_server(refusing_address());
  serve_by_hand();
  next.usable = {0};
  next.servers[1].state = {false, true, state_rule::backup_idle};
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  CAF_CHECK_EQUAL(dial->server()->name, "a2");
  dial->release(false);
  next.servers[1].state = {false, false, state_rule::own_down};
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::failed);
  next.servers[1].state = {false, true, state_rule::backup_idle};
  next.retries_max = 0;
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::failed);
}

CAF_TEST(a backup is no place for what other servers could take) {
  for (int n = 0; n < 3; ++n)
    add_server(refusing_address());
  serve_by_hand();
  next.usable = {0, 1, 2};
  next.servers[3].state = {false, true, state_rule::backup_idle};
  next.retries_max = 1;
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::failed);
  next.retries_max = 2; // enough to have tried all
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  CAF_CHECK_EQUAL(dial->server()->name, "a4");
  dial->release(false);
}

CAF_TEST(before the first snapshot there is nothing to dial) {
  local_ptr<backend_slot> unknown{
    new backend_slot{"later", event_loop, 0, reporter, 0}};
  start();
  frontend->current = hold(plan, unknown);
  dial.emplace(services);
  CAF_CHECK(!begin_again());
}

CAF_TEST(a lease lasts from the dial to the release) {
  serve_by_hand();
  begin();
  CAF_CHECK_EQUAL(in_flight(0), 0u);
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  CAF_CHECK_EQUAL(in_flight(0), 1u);
  dial->release(true);
  CAF_CHECK_EQUAL(in_flight(0), 0u);
  CAF_CHECK_EQUAL(backend->pool().idle_count(), 1u);
}

CAF_TEST(a lease ends with a discard a reset and a destructor too) {
  serve_by_hand();
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  dial->discard();
  CAF_CHECK_EQUAL(in_flight(0), 0u);
  CAF_CHECK(begin_again());
  dial->dial(dialer::reuse::none);
  CAF_CHECK_EQUAL(in_flight(0), 1u);
  dial->reset();
  CAF_CHECK_EQUAL(in_flight(0), 0u);
  CAF_CHECK(begin_again());
  dial->dial(dialer::reuse::none);
  CAF_CHECK_EQUAL(in_flight(0), 1u);
  dial.reset();
  CAF_CHECK_EQUAL(in_flight(0), 0u);
}

CAF_TEST(a connect that hangs is given up for the next server) {
  full_server full;
  add_server(full.address());
  serve_by_hand();
  next.passive.failures = 1;
  begin();
  CAF_REQUIRE(dial->dial(dialer::reuse::none) == dialer::outcome::pending);
  CAF_CHECK_EQUAL(in_flight(0), 1u);
  turn(3);
  CAF_CHECK(dial->resume() == dialer::outcome::pending);
  CAF_CHECK(settle(dial->on_timeout()) == dialer::outcome::ready);
  CAF_CHECK(dial->server() == known[1].get());
  CAF_CHECK_EQUAL(in_flight(0), 0u);
  CAF_CHECK_EQUAL(in_flight(1), 1u);
  CAF_CHECK_EQUAL(dial->retries(), 1u);
  CAF_REQUIRE_EQUAL(reporter.reported.size(), 1u);
  CAF_CHECK_EQUAL(reporter.reported[0].server, "a1");
  CAF_CHECK(reporter.reported[0].on_connect);
  dial->release(false);
}

CAF_TEST(connects that all hang end as a timeout) {
  full_server full;
  add_server(full.address());
  next.retries_max = 0;
  begin();
  CAF_REQUIRE(dial->dial(dialer::reuse::none) == dialer::outcome::pending);
  CAF_CHECK(dial->on_timeout() == dialer::outcome::failed);
  CAF_CHECK(dial->failure() == reason::connect_timeout);
  CAF_CHECK_EQUAL(in_flight(0), 0u);
}

CAF_TEST(no more servers are tried than retries_max allows) {
  for (int n = 0; n < 5; ++n)
    add_server(refusing_address());
  next.retries_max = 2;
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::failed);
  CAF_CHECK(dial->failure() == reason::connect_failed);
  uint64_t tries = 0;
  for (const auto& server : known)
    tries += server->by_worker[0].connect_failures.get();
  CAF_CHECK_EQUAL(tries, 3u);
}

CAF_TEST(an error of this host is no evidence against a server) {
  // Connecting to a broadcast address is refused by the host itself.
  add_server(*endpoint::parse("255.255.255.255:80"));
  serve_by_hand();
  next.passive.failures = 1;
  begin();
  const auto outcome = dial_fresh();
  if (dial->failure() == reason::local_resource) {
    CAF_CHECK(outcome == dialer::outcome::failed);
    CAF_CHECK(reporter.reported.empty());
    CAF_CHECK_EQUAL(known[0]->by_worker[0].connect_failures.get(), 0u);
  }
  dial->release(false);
}

CAF_TEST(a retry goes on with the snapshot its request began with) {
  serve_by_hand();
  serve_by_hand();
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  const auto* held = &dial->snapshot();
  publish();
  CAF_CHECK(&dial->snapshot() == held);
  CAF_CHECK(reporter.retired.empty());
  dial->discard();
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  CAF_CHECK(dial->server() == known[1].get());
  dial->release(false);
  dial->reset();
  CAF_CHECK_EQUAL(reporter.retired.size(), 1u);
}

CAF_TEST(a connection is reused only by who may) {
  auto& server = serve_by_hand();
  begin();
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  CAF_CHECK(!dial->is_reused());
  dial->connection().io.receive(1); // nothing is there, as after a response
  dial->release(true);
  CAF_CHECK(begin_again());
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  CAF_CHECK(!dial->is_reused());
  dial->release(false);
  CAF_CHECK(begin_again());
  CAF_CHECK(dial->dial(dialer::reuse::proven) == dialer::outcome::ready);
  CAF_CHECK(dial->is_reused());
  dial->release(true);
  CAF_CHECK(run_until([&] { return server.connections.size() == 2; }));
}

CAF_TEST(a full server is passed over) {
  serve_by_hand();
  serve_by_hand();
  next.servers[0].max_connections = 1;
  begin();
  known[0]->in_flight.store(1); // another worker's
  CAF_CHECK(dial_fresh() == dialer::outcome::ready);
  CAF_CHECK(dial->server() == known[1].get());
  dial->release(false);
  known[0]->in_flight.store(0);
}

CAF_TEST_FIXTURE_SCOPE_END()
