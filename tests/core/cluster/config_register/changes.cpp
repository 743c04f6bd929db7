// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE register_changes

#include "caf_test.hpp"

#include "fixture.hpp"

using namespace register_fixture;

CAF_TEST(what is accepted already is not written again) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.propose("lb1", c.next("lb1", "b"));
  // No answer to the accepts arrives, so they are sent again.
  const auto one_way = [](auto& x) {
    return !cluster::as<message::accepted>(x);
  };
  c.deliver(one_way);
  CAF_REQUIRE(c.disk("lb2").accepted);
  const auto writes = c["lb2"].writes;
  c.drop_letters();
  size_t repeated = 0;
  for (int i = 0; i < 6; ++i) {
    c.wait(milliseconds{100});
    for (const auto& x : c.letters_)
      repeated += x.to == "lb2" && cluster::as<message::accept>(x);
    c.deliver(one_way);
  }
  CAF_CHECK(repeated > 0);
  CAF_CHECK_EQUAL(c["lb2"].writes, writes);
  c.run(milliseconds{1000});
  CAF_CHECK_EQUAL(c.text_at("lb2"), "b");
}

CAF_TEST(a change is checked and voted on and applied everywhere) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  const auto id = c.propose("lb2", c.next("lb2", "b"), 1);
  c.run(milliseconds{2000});
  CAF_REQUIRE_EQUAL(c.result_of("lb2", id), outcome::committed);
  for (const auto* name : {"lb1", "lb2", "lb3"}) {
    const auto status = c[name].machine->status();
    CAF_CHECK_EQUAL(c.text_at(name), "b");
    CAF_CHECK_EQUAL(status.applied.generation, 2u);
    CAF_CHECK_EQUAL(c[name].checks.size(), 1u);
    CAF_CHECK_EQUAL(c[name].checks.front().from, "lb2");
  }
  const auto& record = *c["lb3"].machine->committed();
  CAF_CHECK_EQUAL(record.author, "ada");
  CAF_CHECK_EQUAL(record.node, "lb2");
  CAF_CHECK_EQUAL(record.reason, "why not");
  CAF_CHECK_EQUAL(record.time_ms, 7u);
}

CAF_TEST(a vote is on disk before it is sent) {
  config_register::machine machine{{"lb1", "prod", 1}};
  const auto file = text_of("a", nodes_named({"lb1"}));
  const auto out =
    machine.step(started{std::nullopt, false, {}, file}, time_point{});
  bool stored = false;
  for (const auto& x : out) {
    if (const auto* y = std::get_if<persist>(&x))
      stored = decode_state(y->content)->committed.has_value();
    CAF_CHECK(stored || !std::holds_alternative<publish>(x));
  }
  CAF_CHECK(stored);
}

CAF_TEST(a refusal of one node stops a change and says why) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c["lb3"].check_problems = {"port 80 is in use", "no certificate"};
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  c.run(milliseconds{2000});
  const auto& x = *c.answer_to("lb1", id);
  CAF_CHECK_EQUAL(x.result, outcome::refused);
  CAF_REQUIRE_EQUAL(x.refusals.size(), 1u);
  CAF_CHECK_EQUAL(x.refusals.front().node, "lb3");
  CAF_CHECK_EQUAL(x.refusals.front().problems.size(), 2u);
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 1u);
}

CAF_TEST(force overrides a refusal and the record says so) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c["lb3"].check_problems = {"port 80 is in use"};
  c["lb3"].applies = false;
  c.give("lb1",
         propose{9, c.next("lb1", "b"), {"ada", "", 0}, {}, true, false});
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", 9), outcome::committed);
  CAF_CHECK_EQUAL(c["lb2"].machine->committed()->forced.at(0),
                  "lb3: port 80 is in use");
  // Committed and applied are two facts.
  const auto status = c["lb3"].machine->status();
  CAF_CHECK_EQUAL(status.committed.generation, 2u);
  CAF_CHECK_EQUAL(status.applied.generation, 1u);
  CAF_CHECK(status.votes);
  c["lb3"].applies = true;
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c["lb3"].machine->status().applied.generation, 2u);
}

CAF_TEST(silence is listed and does not block) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c["lb2"].answers_checks = false;
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  c.run(milliseconds{4000});
  CAF_CHECK(!c.answer_to("lb1", id));
  c.run(milliseconds{2000});
  const auto& x = *c.answer_to("lb1", id);
  CAF_CHECK_EQUAL(x.result, outcome::committed);
  CAF_REQUIRE_EQUAL(x.not_checked.size(), 1u);
  CAF_CHECK_EQUAL(x.not_checked.front(), "lb2");
}

CAF_TEST(without a majority of yes there is no vote) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c["lb2"].answers_checks = c["lb3"].answers_checks = false;
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  c.run(milliseconds{6000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::refused);
  CAF_CHECK_EQUAL(c.disk("lb2").promised.round, 0u);
}

CAF_TEST(a minority refuses at once and serves on) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.isolate("lb1");
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  const auto& x = *c.answer_to("lb1", id);
  CAF_CHECK_EQUAL(x.result, outcome::refused);
  CAF_CHECK(x.text.find("only 1 of 3 nodes are reachable (lb2, lb3 not)")
            != std::string::npos);
  CAF_CHECK_EQUAL(c.text_at("lb1"), "a");
  // Two of two is a majority, one is not.
  cluster pair{{"lb1", "lb2"}};
  pair.form();
  pair.stop("lb2");
  const auto alone = pair.propose("lb1", pair.next("lb1", "b"));
  CAF_CHECK_EQUAL(pair.result_of("lb1", alone), outcome::refused);
}

CAF_TEST(of two changes at once one is committed and one is a conflict) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  const auto one = c.propose("lb1", c.next("lb1", "b"), 1);
  const auto two = c.propose("lb2", c.next("lb2", "c"), 1);
  c.run(milliseconds{5000});
  const auto first = c.result_of("lb1", one);
  const auto second = c.result_of("lb2", two);
  CAF_CHECK_NOT_EQUAL(first, second);
  CAF_CHECK(first == outcome::committed || second == outcome::committed);
  const auto& lost = first == outcome::conflict ? *c.answer_to("lb1", one)
                                                : *c.answer_to("lb2", two);
  CAF_CHECK_EQUAL(lost.result, outcome::conflict);
  CAF_REQUIRE(lost.other.has_value());
  CAF_CHECK_EQUAL(lost.other->author, "ada");
  CAF_CHECK_EQUAL(c.generation_at("lb3"), 2u);
}

CAF_TEST(a change that says rebase comes after the other) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.give("lb1", propose{8, c.next("lb1", "b"), {"ada", "", 0}, 1, false, true});
  c.give("lb2", propose{9, c.next("lb2", "c"), {"bob", "", 0}, 1, false, true});
  c.run(milliseconds{8000});
  CAF_CHECK_EQUAL(c.result_of("lb1", 8), outcome::committed);
  CAF_CHECK_EQUAL(c.result_of("lb2", 9), outcome::committed);
  CAF_CHECK_EQUAL(c.generation_at("lb3"), 3u);
}

CAF_TEST(an old base is a conflict that names what came first) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.propose("lb1", c.next("lb1", "b"), 1);
  c.run(milliseconds{2000});
  const auto id = c.propose("lb2", c.next("lb2", "c"), 1);
  const auto& x = *c.answer_to("lb2", id);
  CAF_CHECK_EQUAL(x.result, outcome::conflict);
  CAF_CHECK_EQUAL(x.text, "based on generation 1, the cluster is at "
                          "generation 2 by ada on lb1");
}

CAF_TEST(the same text is no second change) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  CAF_CHECK_EQUAL(c.result_of("lb1", c.propose("lb1", c.next("lb1", "a"))),
                  outcome::no_op);
  const auto one = c.propose("lb1", c.next("lb1", "b"));
  const auto again = c.propose("lb1", c.next("lb1", "b"));
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", one), outcome::committed);
  CAF_CHECK_EQUAL(c.result_of("lb1", again), outcome::committed);
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 2u);
}

CAF_TEST(what a proposer left half done is finished by the others) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.propose("lb1", c.next("lb1", "b"));
  c.deliver([](auto& x) { return !cluster::as<message::accepted>(x); });
  CAF_REQUIRE(c.disk("lb2").accepted.has_value());
  c.drop_letters();
  c.stop("lb1");
  c.run(milliseconds{5000});
  CAF_CHECK_EQUAL(c.text_at("lb2"), "b");
  CAF_CHECK_EQUAL(c.text_at("lb3"), "b");
}

CAF_TEST(
  a change whose proposer meets a leftover finishes that and is a conflict) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.propose("lb1", c.next("lb1", "b"));
  c.deliver([](auto& x) { return !cluster::as<message::accepted>(x); });
  c.drop_letters();
  c.stop("lb1");
  const auto id = c.propose("lb2", c.next("lb2", "c"));
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb2", id), outcome::conflict);
  CAF_CHECK_EQUAL(c.text_at("lb3"), "b");
}

CAF_TEST(a change sent to voters that nobody answers is unknown) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  c.deliver([](auto& x) { return !cluster::as<message::accepted>(x); });
  c.wait(milliseconds{11000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::unknown);
  c.run(milliseconds{6000});
  CAF_CHECK_EQUAL(c.text_at("lb1"), "b");
}

CAF_TEST(a change that never reached phase 2 is refused) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  c.deliver([](auto& x) { return !cluster::as<message::promise>(x); });
  c.wait(milliseconds{11000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::refused);
  c.run(milliseconds{6000});
  CAF_CHECK_EQUAL(c.text_at("lb1"), "a");
}

CAF_TEST(one node a change may be added or removed or moved) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  const auto two_more =
    text_of("b", nodes_named({"lb1", "lb2", "lb3", "lb4", "lb5"}));
  CAF_CHECK_EQUAL(c.result_of("lb1", c.propose("lb1", two_more)),
                  outcome::refused);
  auto moved = text_of("c", nodes_named({"lb1", "lb2", "lb3"}));
  moved.nodes[0].address = "other:1";
  const auto id = c.propose("lb1", moved);
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
  moved.hash = "#d";
  moved.nodes[1].address = "other:2";
  moved.nodes[2].address = "other:3";
  CAF_CHECK_EQUAL(c.result_of("lb1", c.propose("lb1", moved)),
                  outcome::refused);
  const auto twice = text_of("e", nodes_named({"lb1", "lb2", "lb3", "lb3"}));
  CAF_CHECK_EQUAL(c.result_of("lb1", c.propose("lb1", twice)),
                  outcome::refused);
}

CAF_TEST(committed is said only when most of the new list hold it) {
  cluster c{{"lb1"}};
  c.form();
  const auto id = c.propose("lb1", text_of("b", nodes_named({"lb1", "lb2"})));
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c.text_at("lb1"), "b");
  CAF_CHECK(!c.answer_to("lb1", id));
  c["lb2"].file = text_of("b", nodes_named({"lb1", "lb2"}));
  c.start("lb2");
  c.join_all();
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
  CAF_CHECK(c["lb2"].machine->status().votes);
}

CAF_TEST(a removed node serves its last generation and does not vote) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  const auto id = c.propose("lb1", text_of("b", nodes_named({"lb1", "lb2"})));
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
  CAF_CHECK(c["lb3"].checks.empty());
  CAF_CHECK(c.told("lb3", event_kind::removed));
  CAF_CHECK(!c["lb3"].machine->status().votes);
  CAF_CHECK_EQUAL(c["lb3"].published.back().text, "a");
  const auto refused = c.propose("lb3", text_of("c", nodes_named({"lb1"})));
  CAF_CHECK_EQUAL(c.result_of("lb3", refused), outcome::refused);
  // The same after a restart.
  c.stop("lb3");
  c["lb3"].published.clear();
  c.start("lb3");
  CAF_REQUIRE_EQUAL(c["lb3"].published.size(), 1u);
  CAF_CHECK_EQUAL(c["lb3"].published.back().text, "a");
}

CAF_TEST(a node that was away fetches what it missed with its history) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.stop("lb3");
  for (const auto* text : {"b", "c", "d"}) {
    c.propose("lb1", c.next("lb1", text));
    c.run(milliseconds{2000});
  }
  c.start("lb3");
  c.join_all();
  c.run(milliseconds{3000});
  const auto& machine = *c["lb3"].machine;
  CAF_CHECK_EQUAL(c.text_at("lb3"), "d");
  CAF_CHECK_EQUAL(machine.history().size(), 4u);
  CAF_REQUIRE(machine.find(2));
  CAF_CHECK_EQUAL(machine.find(2)->text, "b");
  // Rollback proposes an old text anew.
  const auto id =
    c.propose("lb3", {machine.find(2)->text, machine.find(2)->hash,
                      machine.find(2)->nodes});
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb3", id), outcome::committed);
  CAF_CHECK_EQUAL(c.text_at("lb1"), "b");
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 5u);
}

CAF_TEST(history keeps the last twenty) {
  cluster c{{"lb1"}};
  c.form();
  for (int i = 0; i < 25; ++i) {
    c.propose("lb1", c.next("lb1", "t" + std::to_string(i)));
    c.run(milliseconds{100});
  }
  const auto& machine = *c["lb1"].machine;
  CAF_CHECK_EQUAL(machine.history().size(), 20u);
  CAF_CHECK(!machine.find(6));
  CAF_CHECK(machine.find(7));
  CAF_CHECK_EQUAL(decode_history(c["lb1"].history).records().size(), 20u);
}

CAF_TEST(too long a text or reason is refused) {
  cluster c{{"lb1"}};
  c.form();
  const auto nodes = nodes_named({"lb1"});
  const auto big = text_of(std::string(text_bytes_max + 1, 'x'), nodes);
  CAF_CHECK_EQUAL(c.result_of("lb1", c.propose("lb1", big)), outcome::refused);
  c.give("lb1", propose{9,
                        text_of("b", nodes),
                        {"ada", std::string(reason_bytes_max + 1, 'x'), 0},
                        {},
                        false,
                        false});
  CAF_CHECK_EQUAL(c.result_of("lb1", 9), outcome::refused);
  const auto most = text_of(std::string(text_bytes_max, 'x'), nodes);
  const auto id = c.propose("lb1", most);
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
}
