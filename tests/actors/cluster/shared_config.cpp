// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE shared_config

#include "actors/cluster/shared_config.hpp"
#include "driver_fixture.hpp"

#include <spdlog/spdlog.h>

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

namespace config_register = cluster::config_register;
using config_register::outcome;
using record_ptr = std::shared_ptr<const config_register::record>;

config::loaded loaded_of(unsigned retries_max) {
  config::loaded result;
  result.settings.backends.push_back(make_backend(1));
  result.settings.backends[0].retries_max = retries_max;
  return result;
}

/// Its text is the number of retries it asks for; "bad" is one that no node can
/// read.
record_ptr make_record(uint64_t generation, const std::string& text,
                       const std::string& mark = "lb1-1") {
  config_register::record result;
  result.at = {1, generation};
  result.mark = mark;
  result.text = text;
  result.hash = "hash of " + text;
  return std::make_shared<const config_register::record>(std::move(result));
}

/// One scoped actor is the register, the supervisor and the metrics; another
/// one asks.
struct fixture : control_fixture {
  fixture() : world(sys) {
    spdlog::set_level(spdlog::level::off);
    spawn({std::make_shared<const settings>(loaded_of(1).settings),
           make_record(1, "1")});
  }
  ~fixture() override { spdlog::set_level(spdlog::level::info); }

  void spawn(running_shared running) {
    shared_source source;
    source.file = "t.yaml";
    source.read = [this] {
      file_reading result{file, {}};
      result.shared.text = "shared";
      return result;
    };
    source.load_with = [this](const config::shared_record& x) {
      ++loads;
      if (x.text != "bad")
        return loaded_of(static_cast<unsigned>(std::stoul(x.text)));
      auto result = loaded_of(0);
      result.problems.push_back({x.name, 1, 1, "", "is bad"});
      return result;
    };
    source.run_blocking = [this](auto job) { jobs.push_back(std::move(job)); };
    aut = periodic(sys.spawn<shared_config_keeper>(
      std::move(source), played_by<supervisor_actor>(world),
      [this] { return played_by<register_actor>(world); },
      played_by<metrics_actor>(world), std::move(running)));
  }

  /// Until nobody has anything to do.
  void run() {
    for (bool moved = true; moved;) {
      consume_messages();
      moved = hear();
      if (jobs.empty())
        continue;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      job();
      moved = true;
    }
  }

  bool hear() {
    size_t heard = 0;
    auto more = true;
    world->receive_while(more)(
      [&](const apply_settings& x) {
        ++heard;
        applied.push_back({x.generation, x.next->backends[0].retries_max});
        return apply_result{supervisor_says};
      },
      [&](const check_settings_fit&) {
        ++heard;
        ++checks;
        return apply_result{supervisor_says};
      },
      [&](const file_read& x) {
        ++heard;
        said = x.file.text;
        return register_says;
      },
      [&](const config_outcome& x) {
        ++heard;
        outcomes.push_back(x.ok);
      },
      caf::after(0ms) >> [&] { more = false; });
    return heard > 0;
  }

  template <class T, class Message>
  T asked(Message message) {
    auto pending =
      self->request(aut, caf::infinite, Message{std::move(message)});
    run();
    CAF_REQUIRE(!self->mailbox().empty());
    T result{};
    pending.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }

  apply_result apply(record_ptr what) {
    return asked<apply_result>(apply_record{std::move(what)});
  }

  using application = std::pair<uint64_t, unsigned>;

  caf::scoped_actor world;
  config::loaded file = loaded_of(7);
  int loads = 0;
  std::deque<std::function<void()>> jobs;
  config_actor aut;
  std::vector<application> applied; ///< generation and retries_max
  std::vector<std::string> supervisor_says;
  answer register_says{0, outcome::committed, {}, {}, {}, {}, {}};
  std::string said; ///< to the register
  int checks = 0;
  std::vector<bool> outcomes;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(shared_config_tests, fixture)

CAF_TEST(a record is applied once with its generation) {
  CAF_CHECK(apply(make_record(2, "5")).problems.empty());
  CAF_REQUIRE_EQUAL(applied.size(), 1u);
  CAF_CHECK_EQUAL(applied[0].first, 2u);
  CAF_CHECK_EQUAL(applied[0].second, 5u);
  CAF_CHECK(apply(make_record(2, "5")).problems.empty());
  CAF_CHECK_EQUAL(applied.size(), 1u);
  CAF_CHECK_EQUAL(ask<config_view>(aut, describe_config{}).generation, 2u);
}

CAF_TEST(the record a node begins with is not applied again) {
  CAF_CHECK(apply(make_record(1, "1")).problems.empty());
  CAF_CHECK(applied.empty());
}

CAF_TEST(an older record that comes late does not bring its settings back) {
  CAF_CHECK(apply(make_record(3, "3")).problems.empty());
  CAF_CHECK(apply(make_record(2, "2")).problems.empty());
  CAF_REQUIRE(!applied.empty());
  CAF_CHECK_EQUAL(applied.back().first, 3u);
  CAF_CHECK_EQUAL(applied.back().second, 3u);
}

CAF_TEST(the record of an adopted side is applied although this one was ahead) {
  CAF_CHECK(apply(make_record(5, "5")).problems.empty());
  CAF_CHECK(apply(make_record(2, "2", "lb2-1")).problems.empty());
  CAF_REQUIRE_EQUAL(applied.size(), 2u);
  CAF_CHECK_EQUAL(applied.back().first, 2u);
  CAF_CHECK_EQUAL(applied.back().second, 2u);
  // Also one that looks the same but for its side.
  CAF_CHECK(apply(make_record(2, "2", "lb3-1")).problems.empty());
  CAF_CHECK_EQUAL(applied.size(), 3u);
}

CAF_TEST(a record that cannot be read or applied keeps the old one) {
  CAF_CHECK_EQUAL(apply(make_record(2, "bad")).problems.size(), 1u);
  CAF_CHECK(applied.empty());
  supervisor_says = {"the port is taken"};
  CAF_CHECK_EQUAL(apply(make_record(2, "2")).problems, supervisor_says);
  CAF_CHECK_EQUAL(ask<config_view>(aut, describe_config{}).generation, 1u);
  CAF_CHECK_EQUAL(outcomes, (std::vector<bool>{false, false}));
}

CAF_TEST(a candidate is read and bound and changes nothing) {
  const auto check = [this](const std::string& text) {
    return asked<apply_result>(check_candidate{text, "lb2"}).problems;
  };
  CAF_CHECK(check("4").empty());
  CAF_CHECK_EQUAL(checks, 1);
  CAF_CHECK_EQUAL(check("bad").size(), 1u);
  CAF_CHECK_EQUAL(checks, 1);
  supervisor_says = {"the port is taken"};
  CAF_CHECK_EQUAL(check("4"), supervisor_says);
  CAF_CHECK(applied.empty());
}

CAF_TEST(a text that is submitted is read by the helper thread) {
  const std::string text =
    "cluster: {nodes: [{name: lb1, address: \"10.0.0.1:7878\"}]}\n";
  self->send(aut, read_shared{text});
  consume_messages();
  CAF_CHECK_EQUAL(jobs.size(), 1u); // and by nobody else
  jobs.clear();
  const auto good = asked<shared_reading>(read_shared{text});
  CAF_CHECK(good.problems.empty());
  CAF_CHECK_EQUAL(good.shared.text, text);
  CAF_CHECK_EQUAL(good.shared.nodes.size(), 1u);
  const auto bad = asked<shared_reading>(read_shared{"cluster: ["});
  CAF_REQUIRE_EQUAL(bad.problems.size(), 1u);
  CAF_CHECK(bad.problems[0].find("the shared sections:1:") == 0);
  CAF_CHECK(applied.empty());
}

CAF_TEST(a reload proposes what the file shares and applies what it does not ) {
  const auto result = asked<reload_result>(reload_config{"a test"});
  CAF_CHECK(result.ok);
  CAF_CHECK_EQUAL(said, "shared");
  // The local sections of the file with the record in force.
  CAF_REQUIRE_EQUAL(applied.size(), 1u);
  CAF_CHECK_EQUAL(applied[0].first, 1u);
  CAF_CHECK_EQUAL(applied[0].second, 1u);
}

CAF_TEST(a reload that the register refuses changes nothing and says why) {
  register_says.result = outcome::conflict;
  register_says.text = "another change came first";
  const auto result = asked<reload_result>(reload_config{"a test"});
  CAF_CHECK(!result.ok);
  CAF_CHECK_EQUAL(result.problems,
                  std::vector<std::string>{"another change came first"});
  CAF_CHECK(applied.empty());
}

CAF_TEST(a file that cannot be read is not proposed) {
  file.problems.push_back({"t.yaml", 1, 1, "", "is bad"});
  CAF_CHECK(!asked<reload_result>(reload_config{"a test"}).ok);
  CAF_CHECK(said.empty());
}

CAF_TEST(without a record the own file is applied) {
  caf::anon_send_exit(aut, caf::exit_reason::kill);
  consume_messages();
  spawn({std::make_shared<const settings>(loaded_of(1).settings), nullptr});
  CAF_CHECK(asked<reload_result>(reload_config{"a test"}).ok);
  CAF_REQUIRE_EQUAL(applied.size(), 1u);
  CAF_CHECK_EQUAL(applied[0].first, 0u);
  CAF_CHECK_EQUAL(applied[0].second, 7u);
}

CAF_TEST(
  a reload during the first application does not bring the own file back) {
  caf::anon_send_exit(aut, caf::exit_reason::kill);
  consume_messages();
  spawn({std::make_shared<const settings>(loaded_of(1).settings), nullptr});
  self->send(aut, apply_record{make_record(1, "5")});
  self->send(aut, reload_config{"a test"});
  run();
  CAF_REQUIRE_EQUAL(applied.size(), 2u);
  CAF_CHECK_EQUAL(applied[0].first, 1u);
  CAF_CHECK_EQUAL(applied[1].first, 1u);
  CAF_CHECK_EQUAL(applied[1].second, 5u);
}

CAF_TEST(a restarted actor goes on with the record in force) {
  CAF_CHECK(apply(make_record(2, "5")).problems.empty());
  caf::anon_send_exit(aut, caf::exit_reason::kill);
  consume_messages();
  spawn({std::make_shared<const settings>(loaded_of(5).settings),
         make_record(2, "5")});
  applied.clear();
  CAF_CHECK(asked<reload_result>(reload_config{"a test"}).ok);
  CAF_REQUIRE_EQUAL(applied.size(), 1u);
  CAF_CHECK_EQUAL(applied[0].first, 2u);
  CAF_CHECK_EQUAL(applied[0].second, 5u);
}

CAF_TEST(who waits is answered when the actor ends) {
  auto pending = self->request(aut, caf::infinite, reload_config{"a test"});
  consume_messages();
  caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
  consume_messages();
  pending.receive([](reload_result& x) { CAF_CHECK(!x.ok); },
                  [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
