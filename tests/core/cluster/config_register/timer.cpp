// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE register_timer

#include "caf_test.hpp"

#include "core/cluster/config_register/engine.hpp"
#include "fixture.hpp"

using namespace register_fixture;

CAF_TEST(the nodes of an idle cluster report every second for ever) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  for (int second = 0; second < 60; second += 5) {
    for (const auto* name : {"lb1", "lb2", "lb3"})
      c[name].sent = 0;
    c.run_by_alarms(milliseconds{5000});
    for (const auto* name : {"lb1", "lb2", "lb3"})
      CAF_CHECK(c[name].sent >= 4);
  }
}

CAF_TEST(a generation that cannot be applied is tried again by itself) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.run_by_alarms(milliseconds{7300});
  c["lb2"].applies = false;
  c.propose("lb1", c.next("lb1", "b"), 1);
  c.run_by_alarms(milliseconds{2500});
  CAF_CHECK_EQUAL(c.generation_at("lb2"), 2u);
  CAF_CHECK_EQUAL(c["lb2"].machine->status().applied.generation, 1u);
  c["lb2"].applies = true;
  c.run_by_alarms(apply_retry_min * 8);
  CAF_CHECK_EQUAL(c["lb2"].machine->status().applied.generation, 2u);
}

CAF_TEST(a vote that another node left half done is finished by itself) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.propose("lb1", c.next("lb1", "b"), 1);
  c.deliver([](auto& x) { return !cluster::as<message::accepted>(x); });
  CAF_REQUIRE(c.disk("lb2").accepted);
  c.stop("lb1");
  c.drop_letters();
  c.run_by_alarms(finish_delay + milliseconds{6000});
  CAF_CHECK_EQUAL(c.text_at("lb2"), "b");
  CAF_CHECK_EQUAL(c.text_at("lb3"), "b");
}

CAF_TEST(every step asks for the next one) {
  config_register::machine machine{{"lb1", "prod", 1}};
  const auto asks = [](const effects& out) {
    return std::any_of(out.begin(), out.end(), [](const auto& x) {
      return std::holds_alternative<wake>(x);
    });
  };
  time_point now{};
  CAF_CHECK(asks(machine.step(
    started{std::nullopt, false, {}, text_of("a", nodes_named({"lb1"}))},
    now)));
  for (int i = 0; i < 100; ++i)
    CAF_CHECK(asks(machine.step(tick{}, now += milliseconds{7})));
}
