// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE actors_supervisor
#include "actors/system_fixture.hpp"

#include "actors/control/supervisor.hpp"
#include "net/session_fixture.hpp"
#include "net/transport/socket.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <caf/scoped_actor.hpp>

#include <spdlog/spdlog.h>

#include <deque>
#include <optional>
#include <set>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::actors;
using net::descriptor;
using net::fake_server;
using net::message_size;
using net::ok;
using net::peer;
using net::simple_get;

namespace {

/// Says "success" to every probe; throws into its caller when told to.
struct fake_prober final : net::prober {
  void start(const endpoint&, const check_settings&, callback done) override {
    ++probes;
    if (std::exchange(fails_next, false))
      throw std::runtime_error{"told to fail"};
    net::probe_result result;
    result.outcome = probe_outcome::success;
    boost::asio::post(loop, [result, done = std::move(done)] { done(result); });
  }
  explicit fake_prober(boost::asio::io_context& l) : loop(l) {}
  boost::asio::io_context& loop;
  int probes = 0;
  bool fails_next = false;
};

bool others_can_bind(const endpoint& address) {
  boost::asio::io_context loop;
  boost::asio::ip::tcp::acceptor other{loop};
  boost::system::error_code error;
  other.open(boost::asio::ip::tcp::v4());
  other.set_option(boost::asio::socket_base::reuse_address{true});
  other.bind({boost::asio::ip::make_address_v4("127.0.0.1"), address.port()},
             error);
  return !error;
}

/// Bound, not listening, and no hindrance to others until it does.
int bind_beside(const endpoint& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  CAF_REQUIRE_EQUAL(::bind(fd, address.data(), address.size()), 0);
  return fd;
}

/// A whole node but for its process: two worker threads, the control loop run
/// by the test.
struct fixture : system_fixture {
  fixture() {
    spdlog::set_level(spdlog::level::off); // actors here die on purpose
    for (unsigned n = 0; n < 2; ++n)
      workers.push_back(std::make_unique<worker_thread>(system, n, 64u << 20,
                                                        log, limit, n + 1));
    initial.admin.socket = directory.file("admin.sock");
    initial.metrics.listen = "127.0.0.1:0";
    initial.global.drain_timeout = 10'000ms;
    initial.backends.resize(1);
    initial.backends[0].name = "app";
    initial.backends[0].health_check.interval = 20ms;
    add_frontend("web");
  }

  ~fixture() override {
    if (supervisor_handle && !stopped) {
      stop();
      stop();
      CAF_CHECK(run_until([&] { return stopped; }));
    }
    if (servers)
      servers->stop();
    supervisor_handle = nullptr;
    CAF_CHECK(run_until([&] { return control_host(system).size() == 0; }));
    for (auto& worker : workers)
      worker->join();
    loop.poll();
    servers.reset();
    spdlog::set_level(spdlog::level::info);
  }

  // -- the node

  frontend_settings& add_frontend(std::string name) {
    auto& frontend = initial.frontends.emplace_back();
    frontend.name = std::move(name);
    frontend.listen = net::refusing_address().to_string();
    frontend.backend = "app";
    return frontend;
  }

  fake_server& serve() {
    auto& server = backends.emplace_back();
    auto& settings = initial.backends[0].servers.emplace_back();
    settings.name = "a" + std::to_string(backends.size());
    settings.address = server.address().to_string();
    server.answer = [name = settings.name](std::string_view) {
      return ok(name);
    };
    return server;
  }

  node_parts parts() {
    node_parts result{
      .workers = workers,
      .prober = prober,
      .resolve =
        [this](const auto&, auto) {
          ++lookups;
          if (std::exchange(resolve_fails, false))
            throw std::runtime_error{"told to fail"};
        },
      .servers = *servers,
      .metrics = {},
      .config = {"test.yaml", [] { return config::loaded{}; },
                 [this](std::function<void()>) {
                   ++loads;
                   throw std::runtime_error{"told to fail"};
                 }},
      .run_blocking = [](const std::function<void()>& work) { work(); },
      .facts = facts_of("lb1", "0", clock::now(), 1000),
      .initial = std::make_shared<const settings>(initial),
      .initial_hash = 1,
      .initial_text = "backends: []\n",
      .cluster = {},
      .configured = [this](const settings&, uint64_t) { ++applied; },
      .started =
        [this](auto found) {
          problems = std::move(found);
          started = true;
        },
      .stopped = [this] { stopped = true; },
    };
    result.metrics.hosts.push_back(&control_host(system));
    result.metrics.log_dropped = [this]() -> uint64_t {
      if (std::exchange(scrape_fails, false))
        throw std::runtime_error{"told to fail"};
      return 0;
    };
    result.metrics.buffer_bytes = [] { return 0; };
    result.metrics.loop_stalls = [] { return std::vector<loop_stall>{}; };
    return result;
  }

  void start() {
    servers = open_admin_servers(loop, initial);
    supervisor_handle = spawn_on<supervisor>(control_host(system), parts());
    CAF_REQUIRE(run_until([&] { return started; }));
    for (auto& worker : workers)
      worker->start();
  }

  void stop() { caf::anon_send(supervisor_handle, stop_node{}); }

  /// Applies `initial` as it is now. @returns the problems.
  std::vector<std::string> apply(uint64_t generation) {
    return ask(
      apply_settings{std::make_shared<const settings>(initial), generation});
  }

  /// Asks whether `initial` as it is now would fit.
  std::vector<std::string> check() {
    return ask(check_settings_fit{std::make_shared<const settings>(initial)});
  }

  template <class T>
  std::vector<std::string> ask(T message) {
    std::optional<apply_result> result;
    caf::scoped_actor self{system};
    auto pending =
      self->request(supervisor_handle, caf::infinite, std::move(message));
    CAF_REQUIRE(run_until([&] { return self->has_next_message(); }));
    pending.receive([&](apply_result& x) { result = std::move(x); },
                    [&](caf::error& e) { CAF_FAIL(system.render(e)); });
    return result->problems;
  }

  std::set<uint64_t> ids_of(actor_kind kind) {
    std::set<uint64_t> ids;
    control_host(system).for_each([&](const actor_entry& entry) {
      if (entry.entry_kind() == kind)
        ids.insert(entry.entry_id());
    });
    return ids;
  }

  /// Waits until the only actor of its kind is another one than before.
  bool replaced(actor_kind kind, const std::set<uint64_t>& before) {
    return run_until([&] {
      const auto now = ids_of(kind);
      return now.size() == 1 && now != before;
    });
  }

  // -- its surroundings

  peer& connect_to(const endpoint& address) {
    const auto attempt = net::start_connect(address);
    CAF_REQUIRE(attempt.fd >= 0);
    return clients.emplace_back(descriptor{attempt.fd});
  }
  peer& connect(size_t frontend = 0) {
    return connect_to(*endpoint::parse(initial.frontends[frontend].listen));
  }

  bool answered(const peer& client) {
    return run_until([&] { return message_size(client.received) > 0; });
  }

  /// The answer to one request on a connection of its own.
  std::string get(size_t frontend = 0) {
    auto& client = connect(frontend);
    client.send(simple_get);
    CAF_CHECK(answered(client));
    return client.received;
  }

  std::string get_metrics(std::string_view path) {
    auto& client = connect_to(servers->metrics_address());
    client.send("GET " + std::string{path} + " HTTP/1.1\r\nHost: t\r\n\r\n");
    CAF_CHECK(run_until(
      [&] { return client.is_over() || message_size(client.received) > 0; }));
    return client.received;
  }

  bool is_refused(size_t frontend = 0) {
    const auto attempt =
      net::start_connect(*endpoint::parse(initial.frontends[frontend].listen));
    const descriptor fd{attempt.fd};
    return attempt.error == ECONNREFUSED
        || net::connect_result(fd.get()) == ECONNREFUSED;
  }

  void attend() override {
    for (auto& server : backends)
      server.attend();
    for (auto& client : clients)
      client.attend();
  }

  net::scratch_directory directory;
  net::access_log log{{}, 2};
  connection_limit limit{1000};
  fake_prober prober{loop};
  std::vector<std::unique_ptr<worker_thread>> workers;
  std::unique_ptr<admin_servers> servers;
  settings initial;
  std::deque<fake_server> backends;
  std::deque<peer> clients;
  supervisor_actor supervisor_handle;
  std::vector<std::string> problems;
  int lookups = 0;
  int loads = 0;
  int applied = 0;
  bool resolve_fails = false;
  bool scrape_fails = false;
  bool started = false;
  bool stopped = false;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(supervisor_tests, fixture)

CAF_TEST(a node that has started serves and is ready) {
  serve();
  start();
  CAF_CHECK(problems.empty());
  CAF_CHECK_EQUAL(applied, 1);
  CAF_CHECK_EQUAL(get(), ok("a1"));
  CAF_CHECK(get_metrics("/readyz").starts_with("HTTP/1.1 200 "));
}

CAF_TEST(a node out of reach of what the cluster calls up is not ready) {
  serve();
  start();
  const auto ready = [this] {
    return get_metrics("/readyz").starts_with("HTTP/1.1 200 ");
  };
  caf::anon_send(supervisor_handle, own_evidence{"app", true});
  CAF_CHECK(run_until([&] { return !ready(); }));
  CAF_CHECK(get_metrics("/readyz").find("backend app") != std::string::npos);
  caf::anon_send(supervisor_handle, own_evidence{"app", false});
  CAF_CHECK(run_until(ready));
  // With its backend goes what was said of it.
  caf::anon_send(supervisor_handle, own_evidence{"app", true});
  CAF_CHECK(run_until([&] { return !ready(); }));
  initial.backends[0].name = "other";
  initial.frontends[0].backend = "other";
  CAF_CHECK(apply(2).empty());
  CAF_CHECK(run_until(ready));
}

CAF_TEST(a port that is taken is told and the others stay closed) {
  serve();
  net::listening_socket taken;
  add_frontend("api").listen = taken.address().to_string();
  start();
  CAF_REQUIRE_EQUAL(problems.size(), 1u);
  CAF_CHECK(problems[0].find("frontend api") != std::string::npos);
  CAF_CHECK(is_refused(0));
  CAF_CHECK_EQUAL(applied, 0);
}

CAF_TEST(a change that cannot be made whole is not made at all) {
  serve();
  start();
  const auto before = initial;
  net::listening_socket taken;
  add_frontend("good");
  add_frontend("bad").listen = taken.address().to_string();
  initial.frontends.erase(initial.frontends.begin()); // "web" would go
  CAF_CHECK_EQUAL(apply(2).size(), 1u);
  CAF_CHECK(is_refused(0));
  initial = before;
  CAF_CHECK_EQUAL(get(), ok("a1"));
  CAF_CHECK_EQUAL(applied, 1);
}

CAF_TEST(a change opens what is new and closes what is gone) {
  serve();
  start();
  const auto old = *endpoint::parse(initial.frontends[0].listen);
  auto& resting = connect();
  resting.send(simple_get);
  CAF_CHECK(answered(resting));
  initial.frontends.clear();
  add_frontend("new");
  CAF_CHECK(apply(2).empty());
  CAF_CHECK_EQUAL(get(), ok("a1"));
  CAF_CHECK(run_until([&] { return resting.is_over(); }));
  CAF_CHECK(run_until([&] {
    const auto attempt = net::start_connect(old);
    const descriptor fd{attempt.fd};
    return attempt.error == ECONNREFUSED
        || net::connect_result(fd.get()) == ECONNREFUSED;
  }));
}

CAF_TEST(a check holds what the change after it needs) {
  serve();
  start();
  const auto& added = add_frontend("second");
  CAF_CHECK(check().empty());
  CAF_CHECK(is_refused(1));
  CAF_CHECK(!others_can_bind(*endpoint::parse(added.listen)));
  CAF_CHECK(apply(2).empty());
  CAF_CHECK_EQUAL(get(1), ok("a1"));
}

CAF_TEST(a check of a port that is taken says so and changes nothing) {
  serve();
  start();
  const auto& added = add_frontend("second");
  const auto other = net::bind_group(*endpoint::parse(added.listen), 1,
                                     net::port_holder::unknown);
  CAF_REQUIRE(other);
  CAF_REQUIRE(!net::listen_group(*other));
  const auto found = check();
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  CAF_CHECK(found[0].find("second") != std::string::npos);
  net::close_all(*other);
  CAF_CHECK_EQUAL(get(0), ok("a1"));
  CAF_CHECK(check().empty());
}

CAF_TEST(a port that a check holds is lost to who was bound beside it) {
  serve();
  start();
  const auto& added = add_frontend("second");
  const descriptor rival{bind_beside(*endpoint::parse(added.listen))};
  CAF_CHECK(check().empty());
  CAF_CHECK_EQUAL(::listen(rival.get(), 1), -1);
  CAF_CHECK(apply(2).empty());
  CAF_CHECK_EQUAL(get(1), ok("a1"));
}

CAF_TEST(the file of a unix socket goes before its frontend has drained) {
  auto& server = serve();
  server.answer = nullptr;
  const auto path = directory.file("web.sock");
  initial.frontends[0].listen = "unix:" + path;
  start();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  CAF_CHECK_EQUAL(::access(path.c_str(), F_OK), 0);
  const auto before = initial;
  initial.frontends.clear();
  add_frontend("other");
  CAF_CHECK(apply(2).empty());
  CAF_CHECK_EQUAL(::access(path.c_str(), F_OK), -1);
  initial = before; // and it may come back at once
  CAF_CHECK(apply(3).empty());
  CAF_CHECK_EQUAL(::access(path.c_str(), F_OK), 0);
  stop();
  CAF_CHECK(run_until([&] { return ::access(path.c_str(), F_OK) != 0; }));
  server.connections[0].send(ok("the last"));
  CAF_CHECK(answered(client));
}

CAF_TEST(a change to something else than was checked is not in its own way) {
  serve();
  start();
  add_frontend("second");
  CAF_CHECK(check().empty());
  initial.frontends.back().name = "renamed";
  CAF_CHECK(apply(2).empty());
  CAF_CHECK_EQUAL(get(1), ok("a1"));
}

CAF_TEST(a frontend that stays keeps its clients) {
  serve();
  start();
  auto& client = connect();
  client.send(simple_get);
  CAF_CHECK(answered(client));
  initial.frontends[0].http.response_headers.set.push_back({"X-New", "yes"});
  CAF_CHECK(apply(2).empty());
  CAF_CHECK(run_until([&] {
    client.received.clear();
    client.send(simple_get);
    answered(client);
    return client.received.find("X-New: yes") != std::string::npos;
  }));
  CAF_CHECK(!client.is_over());
}

CAF_TEST(an address may pass from one frontend to another in one change) {
  serve();
  start();
  initial.frontends[0].name = "renamed";
  CAF_CHECK(apply(2).empty());
  CAF_CHECK_EQUAL(get(), ok("a1"));
}

CAF_TEST(a change that names another server reaches the data path) {
  serve();
  start();
  CAF_CHECK_EQUAL(get(), ok("a1"));
  initial.backends[0].servers.clear();
  serve();
  CAF_CHECK(apply(2).empty());
  CAF_CHECK_EQUAL(get(), ok("a2"));
}

CAF_TEST(a health checker that dies is replaced and probes go on) {
  serve();
  start();
  const auto before = ids_of(actor_kind::health_checker);
  prober.fails_next = true;
  CAF_CHECK(replaced(actor_kind::health_checker, before));
  const auto probes = prober.probes;
  CAF_CHECK(run_until([&] { return prober.probes > probes; }));
  CAF_CHECK_EQUAL(get(), ok("a1"));
}

CAF_TEST(a router that dies is replaced and what operators want holds) {
  serve();
  serve();
  start();
  caf::anon_send(supervisor_handle,
                 operator_state{"app", "a1", {admin_state::drain, {}}});
  const auto before = ids_of(actor_kind::router);
  // A name to look up is what lets it die.
  initial.backends[0].servers.push_back({"named", "nowhere.invalid:80"});
  resolve_fails = true;
  CAF_CHECK(apply(2).empty());
  CAF_CHECK(replaced(actor_kind::router, before));
  CAF_CHECK(run_until([&] { return get() == ok("a2"); }));
  for (int n = 0; n < 4; ++n)
    CAF_CHECK_EQUAL(get(), ok("a2")); // a1 drains, named is unknown
}

CAF_TEST(a metrics actor that dies is replaced and knows everything) {
  serve();
  start();
  const auto before = ids_of(actor_kind::metrics);
  scrape_fails = true;
  get_metrics("/metrics");
  CAF_CHECK(replaced(actor_kind::metrics, before));
  CAF_CHECK(run_until([&] {
    return get_metrics("/metrics").find("troupe_server_up{")
        != std::string::npos;
  }));
  CAF_CHECK_EQUAL(get(), ok("a1"));
}

CAF_TEST(a config actor that dies is replaced) {
  serve();
  start();
  const auto before = ids_of(actor_kind::config);
  caf::anon_send(supervisor_handle, reload_config{"test"});
  CAF_CHECK(replaced(actor_kind::config, before));
  CAF_CHECK_EQUAL(loads, 1);
  caf::anon_send(supervisor_handle, reload_config{"test"});
  CAF_CHECK(run_until([&] { return loads == 2; }));
}

CAF_TEST(a stop lets requests finish and ends everything) {
  auto& server = serve();
  server.answer = nullptr;
  start();
  auto& busy = connect();
  busy.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  stop();
  CAF_CHECK(run_until([&] { return is_refused(); }));
  CAF_CHECK(!stopped);
  CAF_CHECK(get_metrics("/readyz").starts_with("HTTP/1.1 503 "));
  server.connections[0].send(ok("the last"));
  CAF_CHECK(answered(busy));
  CAF_CHECK(busy.received.ends_with("the last"));
  CAF_CHECK(run_until([&] { return stopped; }));
  CAF_CHECK(run_until([&] { return control_host(system).size() == 0; }));
}

CAF_TEST(a second stop waits for nobody) {
  initial.global.drain_timeout = 3'600'000ms;
  initial.global.stop_delay = 3'600'000ms;
  auto& server = serve();
  server.answer = nullptr;
  start();
  auto& busy = connect();
  busy.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  stop();
  CAF_CHECK(run_until(
    [&] { return get_metrics("/readyz").starts_with("HTTP/1.1 503 "); }));
  CAF_CHECK(!is_refused()); // stop_delay: listeners are still open
  stop();
  CAF_CHECK(run_until([&] { return stopped && busy.is_over(); }));
}

CAF_TEST(a node that is stopping takes no change) {
  auto& server = serve();
  server.answer = nullptr;
  start();
  auto& busy = connect();
  busy.send(simple_get);
  CAF_CHECK(run_until([&] { return !server.received().empty(); }));
  stop();
  CAF_CHECK_EQUAL(apply(2), std::vector<std::string>{"this node is stopping"});
}

CAF_TEST_FIXTURE_SCOPE_END()
