// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE register_epochs

#include "caf_test.hpp"

#include "fixture.hpp"

using namespace register_fixture;

namespace {

/// An operator goes on with these nodes at this one.
uint64_t go_on(cluster& c, const std::string& at,
               const std::vector<std::string>& survivors,
               const std::string& text) {
  static uint64_t id = 2000;
  c.give(at, recover{++id,
                     text_of(text, nodes_named(survivors)),
                     {"ada", "majority lost", 0}});
  c.run(milliseconds{1000});
  return id;
}

/// A pair whose halves each went on alone, and meet.
void split(cluster& c) {
  c.form();
  c.part("lb1", "lb2");
  go_on(c, "lb1", {"lb1"}, "one");
  go_on(c, "lb2", {"lb2"}, "two");
  c.join("lb1", "lb2");
  c.run(milliseconds{1000});
}

} // namespace

CAF_TEST(the survivor of a pair goes on in a new epoch and wins) {
  cluster c{{"lb1", "lb2"}};
  c.form();
  c.propose("lb2", c.next("lb2", "b"));
  c.run(milliseconds{1000});
  c.stop("lb2");
  const auto id = go_on(c, "lb1", {"lb1"}, "c");
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
  CAF_CHECK_EQUAL(c["lb1"].machine->status().committed.epoch, 2u);
  const auto next = c.propose("lb1", c.next("lb1", "d"));
  CAF_CHECK_EQUAL(c.result_of("lb1", next), outcome::committed);
  c.start("lb2");
  c.join_all();
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c.text_at("lb2"), "d");
  CAF_CHECK(c.told("lb2", event_kind::removed));
  // It is added again like any other.
  const auto back = c.propose("lb1", text_of("e", nodes_named({"lb1", "lb2"})));
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", back), outcome::committed);
  CAF_CHECK(c["lb2"].machine->status().votes);
}

CAF_TEST(what the losing side did stays in history as superseded) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.isolate("lb1");
  for (const auto* text : {"b", "c"}) {
    c.propose("lb2", c.next("lb2", text));
    c.run(milliseconds{1000});
  }
  go_on(c, "lb1", {"lb1"}, "z");
  c.join_all();
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c.text_at("lb2"), "z");
  CAF_CHECK(c.told("lb2", event_kind::superseded));
  size_t superseded = 0;
  for (const auto& x : c["lb2"].machine->history())
    superseded += x.superseded;
  CAF_CHECK_EQUAL(superseded, 2u);
  CAF_CHECK_EQUAL(c["lb2"].machine->find(2)->text, "z");
}

CAF_TEST(an epoch is not begun while a majority is there) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  CAF_CHECK_EQUAL(c.result_of("lb1", go_on(c, "lb1", {"lb1"}, "b")),
                  outcome::refused);
  c.stop("lb2");
  c.stop("lb3");
  // Only with survivors that are there and were listed.
  CAF_CHECK_EQUAL(c.result_of("lb1", go_on(c, "lb1", {"lb1", "lb2"}, "b")),
                  outcome::refused);
  CAF_CHECK_EQUAL(c.result_of("lb1", go_on(c, "lb1", {"lb1", "lb9"}, "b")),
                  outcome::refused);
  CAF_CHECK_EQUAL(c.result_of("lb1", go_on(c, "lb1", {"lb2"}, "b")),
                  outcome::refused);
  CAF_CHECK_EQUAL(c.result_of("lb1", go_on(c, "lb1", {"lb1"}, "b")),
                  outcome::committed);
}

CAF_TEST(a node without its disk does not begin an epoch beside a majority) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.stop("lb3");
  c["lb3"].content.reset();
  c.start("lb3");
  c.join_all();
  // It knows the record, and nobody has let it back in yet.
  c.deliver([](auto& x) {
    return cluster::as<message::status>(x) || cluster::as<message::fetch>(x)
        || cluster::as<message::learn>(x);
  });
  CAF_REQUIRE_EQUAL(c.generation_at("lb3"), 1u);
  CAF_REQUIRE(!c["lb3"].machine->status().votes);
  c.give("lb3",
         recover{77, text_of("b", nodes_named({"lb3"})), {"ada", "", 0}});
  CAF_CHECK_EQUAL(c.result_of("lb3", 77), outcome::refused);
  CAF_CHECK_EQUAL(c["lb3"].machine->status().committed.epoch, 1u);
}

CAF_TEST(survivors that would wait for each other are refused with a way out) {
  cluster c{{"lb1", "lb2", "lb3", "lb4", "lb5"}};
  c.form();
  for (const auto* name : {"lb2", "lb3", "lb4", "lb5"})
    c.stop(name);
  for (const auto* name : {"lb2", "lb3"}) {
    c[name].content.reset();
    c.start(name);
  }
  c.join_all();
  c.run(milliseconds{2000});
  // Two of these three would have to vote before the others may.
  const auto id = go_on(c, "lb1", {"lb1", "lb2", "lb3"}, "b");
  CAF_REQUIRE_EQUAL(c.result_of("lb1", id), outcome::refused);
  const auto why = c.answer_to("lb1", id)->text;
  CAF_MESSAGE(why);
  CAF_CHECK(why.find("lb2, lb3 cannot vote") != std::string::npos);
  CAF_CHECK(why.find("recover --nodes lb1\" on lb1") != std::string::npos);
  // Asked elsewhere with these three there are two: the one that begins votes.
  const auto there = go_on(c, "lb2", {"lb1", "lb2", "lb3"}, "b");
  CAF_CHECK_EQUAL(c.result_of("lb2", there), outcome::committed);
  c.run(milliseconds{3000});
  for (const auto* name : {"lb1", "lb2", "lb3"})
    CAF_CHECK(c[name].machine->status().votes);
}

CAF_TEST(the way out of survivors that would wait for each other is one) {
  cluster c{{"lb1", "lb2", "lb3", "lb4", "lb5"}};
  c.form();
  for (const auto* name : {"lb2", "lb3", "lb4", "lb5"})
    c.stop(name);
  for (const auto* name : {"lb2", "lb3"}) {
    c[name].content.reset();
    c.start(name);
  }
  c.join_all();
  c.run(milliseconds{2000});
  const auto alone = go_on(c, "lb1", {"lb1"}, "b");
  CAF_REQUIRE_EQUAL(c.result_of("lb1", alone), outcome::committed);
  std::vector<std::string> members{"lb1"};
  for (const auto* name : {"lb2", "lb3"}) {
    members.emplace_back(name);
    const auto id = c.propose("lb1", text_of(name, nodes_named(members)));
    c.run(milliseconds{3000});
    CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
    CAF_CHECK(c[name].machine->status().votes);
  }
}

CAF_TEST(two of which one lost its disk go on together) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  for (const auto* name : {"lb2", "lb3"})
    c.stop(name);
  c["lb2"].content.reset();
  c.start("lb2");
  c.join_all();
  c.run(milliseconds{2000});
  CAF_REQUIRE(!c["lb2"].machine->status().votes);
  const auto id = go_on(c, "lb1", {"lb1", "lb2"}, "b");
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
  CAF_CHECK(c["lb2"].machine->status().votes);
}

CAF_TEST(two sides of one epoch refuse each other) {
  cluster c{{"lb1", "lb2"}};
  split(c);
  for (const auto* name : {"lb1", "lb2"}) {
    CAF_CHECK(c.told(name, event_kind::epoch_conflict));
    CAF_CHECK(!c[name].refused.empty());
    CAF_CHECK(!c[name].machine->status().conflict.empty());
  }
  CAF_CHECK_EQUAL(c.text_at("lb1"), "one");
  CAF_CHECK_EQUAL(c.text_at("lb2"), "two");
}

CAF_TEST(adopting the other side ends the conflict) {
  cluster c{{"lb1", "lb2"}};
  split(c);
  c.give("lb2", adopt{77, "lb1"});
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb2", 77), outcome::committed);
  CAF_CHECK_EQUAL(c.text_at("lb2"), "one");
  CAF_CHECK(c["lb2"].machine->status().conflict.empty());
  CAF_CHECK(c["lb1"].machine->status().conflict.empty());
  CAF_CHECK(c.told("lb2", event_kind::superseded));
  const auto back = c.propose("lb1", text_of("e", nodes_named({"lb1", "lb2"})));
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c.result_of("lb1", back), outcome::committed);
}

CAF_TEST(a side that is away is adopted when it comes) {
  cluster c{{"lb1", "lb2"}};
  split(c);
  c.part("lb1", "lb2");
  c.give("lb2", adopt{77, "lb1"});
  c.run(milliseconds{11000});
  CAF_CHECK_EQUAL(c.result_of("lb2", 77), outcome::unknown);
  c.join("lb1", "lb2");
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.text_at("lb2"), "one");
}

CAF_TEST(without a conflict there is nothing to adopt) {
  cluster c{{"lb1", "lb2"}};
  c.form();
  c.give("lb1", adopt{77, "lb2"});
  CAF_CHECK_EQUAL(c.result_of("lb1", 77), outcome::refused);
}

CAF_TEST(who is left behind by a new epoch is known until it is listed again) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  const auto left = [&](const char* at) {
    std::vector<std::string> names;
    for (const auto& x : left_behind(c[at].machine->history()))
      names.push_back(x.name);
    return names;
  };
  const auto removed =
    c.propose("lb1", text_of("b", nodes_named({"lb1", "lb2"})));
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", removed), outcome::committed);
  CAF_CHECK(left("lb1").empty()); // it was told to go
  c.stop("lb2");
  go_on(c, "lb1", {"lb1"}, "c");
  CAF_CHECK_EQUAL(left("lb1"), std::vector<std::string>{"lb2"});
  c.propose("lb1", c.next("lb1", "d"));
  CAF_CHECK_EQUAL(left("lb1"), std::vector<std::string>{"lb2"});
  c.start("lb2");
  c.join_all();
  c.run(milliseconds{3000});
  const auto back = c.propose("lb1", text_of("e", nodes_named({"lb1", "lb2"})));
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", back), outcome::committed);
  CAF_CHECK(left("lb1").empty());
}
