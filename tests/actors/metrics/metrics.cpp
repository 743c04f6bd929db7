// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE metrics

#include "actors/metrics/metrics.hpp"
#include "../control_fixture.hpp"
#include "actors/metrics/scrape_source.hpp"

#include <algorithm>
#include <limits>
#include <sstream>

namespace troupe::actors {

namespace {

constexpr unsigned workers = 2;

std::shared_ptr<frontend_live> make_frontend(const std::string& name,
                                             const std::string& backend) {
  return std::make_shared<frontend_live>(name, backend, workers);
}

server_route make_server(const std::string& name) {
  server_route result;
  result.name = name;
  result.state = {true, true, state_rule::up};
  result.live = std::make_shared<server_live>("app", name, workers);
  return result;
}

snapshot_ptr make_snapshot(std::vector<server_route> servers,
                           const std::string& name = "app") {
  auto result = std::make_shared<backend_snapshot>();
  result->name = name;
  result->servers = std::move(servers);
  result->live = std::make_shared<backend_live>(name, workers);
  return result;
}

std::string text_of(admin::text_source& source) {
  admin::chunked_text text;
  while (source.write_some(text)) {
  }
  std::string result;
  for (size_t n = 0; const auto piece = text.at(n); ++n)
    result += piece->text();
  return result;
}

/// Lines of an exposition.
struct exposition {
  explicit exposition(const std::string& text) {
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
      lines.push_back(line);
  }

  explicit exposition(admin::text_source& source)
    : exposition(text_of(source)) {}

  bool has(const std::string& line) const {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  }

  size_t count(const std::string& prefix) const {
    return static_cast<size_t>(
      std::count_if(lines.begin(), lines.end(),
                    [&](auto& x) { return x.starts_with(prefix); }));
  }

  std::vector<std::string> lines;
};

exposition expose(const std::vector<std::shared_ptr<frontend_live>>& frontends,
                  const std::vector<snapshot_ptr>& backends) {
  scrape_source source{{frontends, {}}, backends, {}};
  return exposition{source};
}

metrics_sources make_sources() {
  metrics_sources result;
  result.log_dropped = [] { return uint64_t{7}; };
  result.buffer_bytes = [] { return uint64_t{4096}; };
  result.loop_stalls = [] {
    return std::vector<loop_stall>{{"control", .25}, {"worker 0", 0}};
  };
  result.version = "1.2.3";
  result.started =
    std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'000}};
  return result;
}

struct fixture : control_fixture {
  metrics_actor aut = periodic(sys.spawn<metrics_collector>(make_sources()));

  exposition scraped() {
    return exposition{*ask<scrape_view>(aut, scrape{}).text};
  }

  template <class Message>
  void tell(Message message) {
    self->send(aut, std::move(message));
    consume_messages();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(metrics_tests, fixture)

CAF_TEST(every series of a frontend stands at zero from the start) {
  auto x = expose({make_frontend("web", "app")}, {});
  CAF_CHECK(x.has("# TYPE troupe_http_requests_total counter"));
  for (auto* code : {"1xx", "2xx", "3xx", "4xx", "5xx"})
    CAF_CHECK(x.has(std::string{"troupe_http_requests_total{frontend=\"web\","
                                "backend=\"app\",route=\"\",code=\""}
                    + code + "\"} 0"));
  CAF_CHECK(x.has("troupe_frontend_connections{frontend=\"web\"} 0"));
  CAF_CHECK(x.has("troupe_frontend_connections_total{frontend=\"web\"} 0"));
  CAF_CHECK(x.has(
    "troupe_refused_total{frontend=\"web\",reason=\"no_healthy_backend\"} 0"));
  CAF_CHECK_EQUAL(x.count("troupe_refused_total{"), reason_count - 1);
  CAF_CHECK_EQUAL(
    x.count("troupe_refused_total{frontend=\"web\",reason=\"ok\""), 0u);
}

CAF_TEST(counters are summed over the workers) {
  auto web = make_frontend("web", "app");
  web->by_worker[0].requests[1].add(3);
  web->by_worker[1].requests[1].add(4);
  web->clients->by_worker[0].connections_open.add(2);
  web->clients->by_worker[1].connections_open.add(1);
  web->clients->by_worker[1].refused[static_cast<size_t>(reason::memory)].add(
    5);
  auto x = expose({web}, {});
  CAF_CHECK(x.has(
    "troupe_http_requests_total{frontend=\"web\",backend=\"app\",route=\"\","
    "code=\"2xx\"} 7"));
  CAF_CHECK(x.has("troupe_frontend_connections{frontend=\"web\"} 3"));
  CAF_CHECK(
    x.has("troupe_refused_total{frontend=\"web\",reason=\"memory\"} 5"));
}

CAF_TEST(buckets are cumulative and end with all) {
  auto web = make_frontend("web", "app");
  web->by_worker[0].duration.observe(400);
  web->by_worker[0].duration.observe(20'000);
  web->by_worker[1].duration.observe(60'000'000);
  auto x = expose({web}, {});
  auto bucket = [](const std::string& le) {
    return "troupe_http_request_duration_seconds_bucket{frontend=\"web\","
           "backend=\"app\",le=\""
         + le + "\"} ";
  };
  CAF_CHECK(x.has(bucket("0.0005") + "1"));
  CAF_CHECK(x.has(bucket("0.01") + "1"));
  CAF_CHECK(x.has(bucket("0.025") + "2"));
  CAF_CHECK(x.has(bucket("10") + "2"));
  CAF_CHECK(x.has(bucket("+Inf") + "3"));
  CAF_CHECK_EQUAL(x.count("troupe_http_request_duration_seconds_bucket"),
                  duration_bounds.size() + 1);
  CAF_CHECK(x.has("troupe_http_request_duration_seconds_count{frontend=\"web\","
                  "backend=\"app\"} 3"));
  CAF_CHECK(x.has("troupe_http_request_duration_seconds_sum{frontend=\"web\","
                  "backend=\"app\"} 60.0204"));
}

CAF_TEST(health and admin state of a server are told apart) {
  auto a1 = make_server("a1");
  a1.admin = admin_state::drain;
  a1.state = {false, true, state_rule::admin_drain};
  auto a2 = make_server("a2");
  a2.state = {false, false, state_rule::vetoed};
  a2.vetoed = true;
  auto a3 = make_server("a3");
  a3.state = {false, false, state_rule::own_down};
  a3.verdict = status::down;
  auto x = expose({}, {make_snapshot({a1, a2, a3})});
  auto series = [](const std::string& name, const std::string& server) {
    return "troupe_server_" + name + "{backend=\"app\",server=\"" + server
         + "\"} ";
  };
  CAF_CHECK(x.has(series("up", "a1") + "1"));
  CAF_CHECK(x.has(series("up", "a2") + "0"));
  CAF_CHECK(x.has(series("up", "a3") + "0"));
  CAF_CHECK(x.has(series("verdict", "a2") + "1"));
  CAF_CHECK(x.has(series("verdict", "a3") + "0"));
  CAF_CHECK(x.has(series("vetoed", "a1") + "0"));
  CAF_CHECK(x.has(series("vetoed", "a2") + "1"));
  CAF_CHECK(x.has("troupe_server_admin_state{backend=\"app\",server=\"a1\","
                  "state=\"drain\"} 1"));
  CAF_CHECK(x.has("troupe_server_admin_state{backend=\"app\",server=\"a1\","
                  "state=\"ready\"} 0"));
  CAF_CHECK_EQUAL(x.count("troupe_server_admin_state{"), 9u);
}

CAF_TEST(traffic and checks of a server are shown) {
  auto a1 = make_server("a1");
  lease held{*a1.live};
  a1.live->by_worker[0].requests[4].add(2);
  a1.live->by_worker[0].bytes_sent.add(10);
  a1.live->by_worker[1].bytes_received.add(20);
  a1.live->by_worker[1].connect_failures.add(3);
  a1.live->by_worker[0].failures[fault_index(reason::server_reset)].add(6);
  a1.live->checks.results[static_cast<size_t>(probe_outcome::timeout)].add(4);
  a1.live->checks.state_changes[1].add(5);
  auto x = expose({}, {make_snapshot({a1})});
  const std::string who = "{backend=\"app\",server=\"a1\"";
  CAF_CHECK(x.has("troupe_server_connections" + who + "} 1"));
  CAF_CHECK(x.has("troupe_server_requests_total" + who + ",code=\"5xx\"} 2"));
  CAF_CHECK(x.has("troupe_server_bytes_sent_total" + who + "} 10"));
  CAF_CHECK(x.has("troupe_server_bytes_received_total" + who + "} 20"));
  CAF_CHECK(x.has("troupe_server_connect_failures_total" + who + "} 3"));
  CAF_CHECK(x.has("troupe_server_failures_total" + who
                  + ",reason=\"server_reset\"} 6"));
  CAF_CHECK(x.has("troupe_server_failures_total" + who
                  + ",reason=\"bad_response\"} 0"));
  CAF_CHECK(
    x.has("troupe_health_checks_total" + who + ",result=\"timeout\"} 4"));
  CAF_CHECK(
    x.has("troupe_server_state_changes_total" + who + ",to=\"down\"} 5"));
}

CAF_TEST(a backend shows its retries and whether it fails open) {
  auto open = std::make_shared<backend_snapshot>(*make_snapshot({}));
  open->fail_open = true;
  open->live->by_worker[0].retries_failure.add(2);
  auto x = expose({}, {open});
  CAF_CHECK(x.has("troupe_fail_open{backend=\"app\"} 1"));
  CAF_CHECK(x.has("troupe_queue_length{backend=\"app\"} 0"));
  CAF_CHECK(
    x.has("troupe_retries_total{backend=\"app\",result=\"failure\"} 2"));
  CAF_CHECK(x.has(
    "troupe_retries_total{backend=\"app\",result=\"budget_exhausted\"} 0"));
}

CAF_TEST(a node alone has the figures of a healthy cluster) {
  auto x = scraped();
  CAF_CHECK(x.has("troupe_cluster_nodes{state=\"alive\"} 1"));
  CAF_CHECK(x.has("troupe_cluster_nodes{state=\"gone\"} 0"));
  CAF_CHECK(x.has("troupe_cluster_has_majority 1"));
  CAF_CHECK(x.has("troupe_cluster_voter 1"));
  CAF_CHECK(x.has("troupe_cluster_generation 0"));
}

CAF_TEST(the sources are read at a scrape) {
  auto x = scraped();
  CAF_CHECK(x.has("troupe_build_info{version=\"1.2.3\"} 1"));
  CAF_CHECK(x.has("troupe_log_dropped_total 7"));
  CAF_CHECK(x.has("troupe_buffer_bytes 4096"));
  CAF_CHECK(x.has("troupe_loop_stall_seconds{loop=\"control\"} 0.25"));
  CAF_CHECK(x.has("process_start_time_seconds 1700000000"));
  CAF_CHECK_EQUAL(x.count("troupe_actors{"), actor_kind_count);
  CAF_CHECK_EQUAL(x.count("process_resident_memory_bytes 0"), 0u);
  CAF_CHECK_EQUAL(x.count("process_open_fds 0"), 0u);
}

CAF_TEST(actors are added up over the hosts) {
  actor_host control{sys, "control", [] {}};
  actor_host worker{sys, "worker 0", [] {}};
  control.totals(actor_kind::listener).alive.add(1);
  worker.totals(actor_kind::listener).alive.add(2);
  worker.totals(actor_kind::listener).enqueued += 5;
  worker.totals(actor_kind::listener).handled.add(3);
  auto sources = make_sources();
  sources.hosts = {&control, &worker};
  aut = periodic(sys.spawn<metrics_collector>(std::move(sources)));
  auto x = scraped();
  CAF_CHECK(x.has("troupe_actors{kind=\"listener\"} 3"));
  CAF_CHECK(x.has("troupe_actor_messages_total{kind=\"listener\"} 3"));
  CAF_CHECK(x.has("troupe_actor_mailbox_depth{kind=\"listener\"} 2"));
}

CAF_TEST(the outcome of reloads is counted) {
  auto before = scraped();
  CAF_CHECK(before.has("troupe_config_reloads_total{result=\"failure\"} 0"));
  CAF_CHECK(before.has("troupe_config_last_reload_successful 1"));
  CAF_CHECK(before.has(
    "troupe_config_last_reload_success_timestamp_seconds 1700000000"));
  tell(config_outcome{2, true});
  tell(config_outcome{2, false});
  auto x = scraped();
  CAF_CHECK(x.has("troupe_config_generation 2"));
  CAF_CHECK(x.has("troupe_config_reloads_total{result=\"success\"} 1"));
  CAF_CHECK(x.has("troupe_config_reloads_total{result=\"failure\"} 1"));
  CAF_CHECK(x.has("troupe_config_last_reload_successful 0"));
  CAF_CHECK(
    !x.has("troupe_config_last_reload_success_timestamp_seconds 1700000000"));
}

CAF_TEST(series end with what they are about) {
  tell(publish_snapshot{make_snapshot({make_server("a1"), make_server("a2")})});
  tell(publish_snapshot{make_snapshot({}, "other")});
  tell(frontends_changed{{make_frontend("web", "app")}, {}});
  CAF_CHECK_EQUAL(scraped().count("troupe_server_up{"), 2u);
  CAF_CHECK_EQUAL(scraped().count("troupe_fail_open{"), 2u);
  tell(publish_snapshot{make_snapshot({make_server("a2")})});
  auto x = scraped();
  CAF_CHECK_EQUAL(x.count("troupe_server_up{"), 1u);
  CAF_CHECK(x.has("troupe_server_up{backend=\"app\",server=\"a2\"} 1"));
  tell(backend_gone{"app"});
  tell(frontends_changed{});
  CAF_CHECK_EQUAL(scraped().count("troupe_server_up{"), 0u);
  CAF_CHECK_EQUAL(scraped().count("troupe_fail_open{"), 1u);
  CAF_CHECK_EQUAL(scraped().count("troupe_frontend_connections{"), 0u);
}

CAF_TEST(every family has help and one type) {
  tell(publish_snapshot{make_snapshot({make_server("a1")})});
  tell(frontends_changed{{make_frontend("web", "app")}, {}});
  auto x = scraped();
  CAF_CHECK_EQUAL(x.count("# HELP "), x.count("# TYPE "));
  std::vector<std::string> types;
  for (auto& line : x.lines)
    if (line.starts_with("# TYPE "))
      types.push_back(line.substr(0, line.rfind(' ')));
  auto size = types.size();
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  CAF_CHECK_EQUAL(types.size(), size);
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
