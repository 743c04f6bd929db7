// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE register_keeper

#include "actors/cluster/register_keeper.hpp"
#include "driver_fixture.hpp"

#include <stdexcept>

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

namespace config_register = cluster::config_register;
using config_register::outcome;

config_register::shared_text text_of(const std::string& text) {
  return {text, "hash of " + text, {{"lb1", "h1:1"}, {"lb2", "h2:1"}}};
}

/// A register, and the config actor, the membership and the metrics it knows.
struct node {
  node(caf::actor_system& sys, std::string n)
    : name(std::move(n)), world(sys), system(sys) {
    spawn();
  }

  void spawn() {
    register_parts parts;
    parts.self = {name, "prod", ++incarnation};
    parts.file = text_of("first");
    parts.state = disk.state();
    parts.membership = [this] { return played_by<membership_actor>(world); };
    parts.config = [this] { return played_by<config_actor>(world); };
    parts.metrics = [this] { return played_by<metrics_actor>(world); };
    parts.committed = [this](auto record, const auto&) {
      committed.push_back(record->at);
    };
    parts.parse = text_of;
    parts.keep_nodes = [](const std::string&, const auto& nodes) {
      if (nodes.front() != "lb1")
        throw std::runtime_error{nodes.front() + " is not listed"};
      return std::string{"without the others"};
    };
    handle = system.spawn<register_keeper>(std::move(parts));
  }

  bool hear() {
    size_t heard = 0;
    auto more = true;
    const auto count = [&heard] { ++heard; };
    world->receive_while(more)(
      [&](const tell_peers& x) {
        count();
        said.push_back(x.what);
      },
      [&](const check_candidate&) {
        count();
        return apply_result{problems};
      },
      [&](const apply_record& x) {
        count();
        applied.push_back(x.what->text);
        return apply_result{};
      },
      [&](const register_changed& x) {
        count();
        status = x;
      },
      [&](const refuse_peer&) { count(); },
      caf::after(0ms) >> [&] { more = false; });
    return heard > 0;
  }

  const std::string name;
  held_disk disk;
  caf::scoped_actor world;
  caf::actor_system& system;
  uint64_t incarnation = name == "lb1" ? 100 : 200;
  register_actor handle;
  std::vector<cluster::send> said;
  std::vector<std::string> problems; ///< of every candidate
  std::vector<std::string> applied;
  std::vector<config_register::version> committed;
  register_changed status;
};

struct fixture : two_nodes<node> {
  fixture() {
    lb1.emplace(sys, "lb1");
    lb2.emplace(sys, "lb2");
    periodic(lb1->handle);
    periodic(lb2->handle);
  }

  void form() {
    link();
    settle(5s);
    CAF_REQUIRE_EQUAL(lb1->status.generation, 1u);
    CAF_REQUIRE_EQUAL(lb2->status.generation, 1u);
  }

  auto propose(node& by, const std::string& text) {
    return self->request(
      by.handle, caf::infinite,
      propose_config{text_of(text), {"eve", "why", 1}, {}, false, false});
  }

  answer proposed(node& by, const std::string& text) {
    auto pending = propose(by, text);
    settle(8s);
    return result<answer>(pending);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(register_keeper_tests, fixture)

CAF_TEST(two nodes that agree form and apply what they agreed on) {
  form();
  for (auto* x : {&*lb1, &*lb2}) {
    CAF_CHECK_EQUAL(x->applied, std::vector<std::string>{"first"});
    CAF_REQUIRE_EQUAL(x->committed.size(), 1u);
    CAF_CHECK_EQUAL(x->committed[0].generation, 1u);
    CAF_CHECK(x->status.voter);
  }
}

CAF_TEST(nothing is said before the file has been read) {
  lb1->disk.held = true;
  link();
  settle(2s);
  CAF_CHECK(lb1->committed.empty());
  CAF_CHECK_EQUAL(lb1->status.generation, 0u);
  lb1->disk.held = false;
  settle(5s);
  CAF_CHECK_EQUAL(lb1->status.generation, 1u);
}

CAF_TEST(whoever asks before the file has been read hears that it starts) {
  form();
  lb1->disk.held = true;
  lb1->spawn(); // as after a restart, with its disk
  periodic(lb1->handle);
  // @param reply Of the kind that would come.
  const auto refused = [&](auto message, const auto& reply) {
    auto pending =
      self->request(lb1->handle, caf::infinite, std::move(message));
    settle(50ms);
    bool is_starting = false;
    pending.receive(
      [](const std::decay_t<decltype(reply)>&) {},
      [&](const caf::error& x) { is_starting = is_still_starting(x); });
    return is_starting;
  };
  CAF_CHECK(refused(describe_register{}, register_view{}));
  CAF_CHECK(refused(roll_back{1, {}}, answer{}));
  CAF_CHECK(
    refused(cluster_command{cluster_verb::recover, {"lb1"}, {}}, answer{}));
  CAF_CHECK(
    refused(propose_config{text_of("b"), {}, {}, false, false}, answer{}));
  lb1->disk.held = false;
  settle(50ms);
  auto pending = self->request(lb1->handle, caf::infinite, describe_register{});
  settle(50ms);
  CAF_CHECK_EQUAL(result<register_view>(pending).status.committed.generation,
                  1u);
}

CAF_TEST(nothing is said or applied before what it rests on is on disk) {
  form();
  lb2->disk.held = true;
  auto pending = propose(*lb1, "second");
  for (int n = 0; n < 40 && !lb2->disk.is_busy(); ++n)
    settle(50ms);
  CAF_REQUIRE(lb2->disk.is_busy());
  // Whatever lb2 hears from here on, it waits for its disk.
  lb2->said.clear();
  linked = false;
  advance_time(500ms);
  consume_messages();
  lb2->hear();
  CAF_CHECK(lb2->said.empty());
  CAF_CHECK_EQUAL(lb2->applied.size(), 1u);
  CAF_CHECK(!answered());
  linked = true;
  lb2->disk.held = false;
  settle(8s);
  CAF_CHECK_EQUAL(result<answer>(pending).result, outcome::committed);
  CAF_CHECK_EQUAL(lb2->applied.back(), "second");
}

CAF_TEST(a refusal of one node is the answer and names it) {
  form();
  lb2->problems = {"the port is taken"};
  const auto x = proposed(*lb1, "second");
  CAF_CHECK_EQUAL(x.result, outcome::refused);
  CAF_REQUIRE_EQUAL(x.refusals.size(), 1u);
  CAF_CHECK_EQUAL(x.refusals[0].node, "lb2");
  CAF_CHECK_EQUAL(lb1->applied.size(), 1u);
}

CAF_TEST(a failed write answers who waits and ends the vote) {
  form();
  lb1->disk.fails = true;
  const auto x = proposed(*lb1, "second");
  CAF_CHECK(x.result != outcome::committed && x.result != outcome::no_op);
  CAF_CHECK_EQUAL(lb1->status.generation, 1u);
  CAF_CHECK(!lb1->status.voter);
  CAF_CHECK_EQUAL(lb1->applied.size(), 1u);
  // What was dropped with the write held nothing up.
  const auto view = ask<register_view>(lb1->handle, describe_register{});
  CAF_CHECK_EQUAL(view.status.committed.generation, 1u);
}

CAF_TEST(an answer that waited behind a failed write is unknown) {
  form();
  lb1->disk.held = true;
  auto first = propose(*lb1, "second");
  for (int n = 0; n < 100 && !lb1->disk.is_busy(); ++n)
    settle(50ms);
  CAF_REQUIRE(lb1->disk.is_busy());
  // The answer to this one is queued behind the write.
  auto second = propose(*lb1, "first");
  run();
  CAF_CHECK(!answered());
  lb1->disk.fails = true;
  lb1->disk.held = false;
  settle(8s);
  CAF_CHECK(result<answer>(first).result != outcome::committed);
  CAF_CHECK_EQUAL(result<answer>(second).result, outcome::unknown);
}

CAF_TEST(a restarted register has its record and publishes it again) {
  form();
  CAF_REQUIRE_EQUAL(proposed(*lb1, "second").result, outcome::committed);
  cut();
  caf::anon_send_exit(lb1->handle, caf::exit_reason::kill);
  run();
  lb1->applied.clear();
  lb1->committed.clear();
  lb1->spawn();
  periodic(lb1->handle);
  settle(1s);
  CAF_CHECK_EQUAL(lb1->applied, std::vector<std::string>{"second"});
  CAF_REQUIRE_EQUAL(lb1->committed.size(), 1u);
  CAF_CHECK_EQUAL(lb1->committed[0].generation, 2u);
  link();
  CAF_CHECK_EQUAL(proposed(*lb2, "third").result, outcome::committed);
  CAF_CHECK_EQUAL(lb1->applied.back(), "third");
}

CAF_TEST(a register that ends answers who waits) {
  form();
  lb2->disk.held = true; // so it does not vote
  auto pending = propose(*lb1, "second");
  run();
  CAF_REQUIRE(!answered());
  caf::anon_send_exit(lb1->handle, caf::exit_reason::user_shutdown);
  run();
  CAF_CHECK_EQUAL(result<answer>(pending).result, outcome::unknown);
}

CAF_TEST(what cannot be asked of a register is refused with a reason) {
  run();
  auto refused = [&](auto message) {
    auto pending = self->request(lb1->handle, caf::infinite, message);
    run();
    const auto x = result<answer>(pending);
    CAF_CHECK_EQUAL(x.result, outcome::refused);
    return x.text;
  };
  CAF_CHECK(refused(cluster_command{cluster_verb::recover, {"lb1"}, {}})
              .find("has not formed")
            != std::string::npos);
  CAF_CHECK(refused(cluster_command{cluster_verb::form, {}, {}}).find("no node")
            != std::string::npos);
  CAF_CHECK(refused(roll_back{7, {}}).find("7") != std::string::npos);
  form();
  CAF_CHECK(refused(cluster_command{cluster_verb::recover, {"lb9"}, {}})
              .find("lb9 is not listed")
            != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
