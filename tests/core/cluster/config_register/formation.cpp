// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE register_formation

#include "caf_test.hpp"

#include "fixture.hpp"

using namespace register_fixture;

CAF_TEST(a cluster forms once all of its list agree) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.start("lb1");
  c.start("lb2");
  c.join_all();
  c.run(milliseconds{8000});
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 0u);
  CAF_CHECK_EQUAL(c["lb1"].machine->status().obstacle, "lb3 is not connected");
  CAF_CHECK(c.told("lb1", event_kind::formation_blocked));
  c.start("lb3");
  c.join_all();
  c.run(milliseconds{3000});
  for (const auto* name : {"lb1", "lb2", "lb3"}) {
    CAF_CHECK_EQUAL(c.generation_at(name), 1u);
    CAF_CHECK(c[name].machine->status().votes);
    CAF_CHECK(c[name].machine->status().obstacle.empty());
    CAF_CHECK_EQUAL(c[name].published.back().text, "a");
  }
}

CAF_TEST(a single node forms at once) {
  cluster c{{"lb1"}};
  c.start("lb1");
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 1u);
  CAF_CHECK(c["lb1"].machine->status().votes);
}

CAF_TEST(nodes with different files serve on and say who differs in what) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c["lb2"].file = text_of("b", nodes_named({"lb1", "lb2", "lb3"}));
  c["lb3"].file = text_of("a", nodes_named({"lb1", "lb3"}));
  c.form();
  c.run(milliseconds{8000});
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 0u);
  CAF_CHECK_EQUAL(c["lb1"].machine->status().obstacle,
                  "lb2 has other shared sections; lb3 has another "
                  "cluster.nodes");
  // The operator chooses, from any node.
  c.give("lb1", form{5, "lb2", {"ada", "start", 0}});
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c.result_of("lb1", 5), outcome::committed);
  for (const auto* name : {"lb1", "lb2", "lb3"}) {
    CAF_CHECK_EQUAL(c.text_at(name), "b");
    CAF_CHECK(c[name].machine->status().votes);
  }
  CAF_CHECK_EQUAL(c["lb3"].machine->committed()->author, "ada");
}

CAF_TEST(files made equal later are enough) {
  cluster c{{"lb1", "lb2"}};
  const auto wanted = text_of("b", nodes_named({"lb1", "lb2"}));
  c["lb2"].file = wanted;
  c.form();
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 0u);
  c.give("lb1", file_changed{4, "troupe.yaml", wanted, {"root", "", 0}});
  CAF_CHECK_EQUAL(c.result_of("lb1", 4), outcome::no_op);
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c.text_at("lb1"), "b");
  CAF_CHECK_EQUAL(c.text_at("lb2"), "b");
}

CAF_TEST(nothing can be proposed before the cluster has formed) {
  cluster c{{"lb1", "lb2"}};
  c.start("lb1");
  const auto id = c.propose("lb1", text_of("b", nodes_named({"lb1"})));
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::refused);
}

CAF_TEST(forming by an operator needs a majority and no record) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.start("lb1");
  c.give("lb1", form{5, "lb1", {"ada", "", 0}});
  CAF_CHECK_EQUAL(c.result_of("lb1", 5), outcome::refused);
  c.give("lb1", form{6, "lb2", {"ada", "", 0}});
  CAF_CHECK_EQUAL(c.result_of("lb1", 6), outcome::refused);
  c.start("lb2");
  c.join_all();
  c.run(milliseconds{500});
  c.give("lb1", form{7, "lb1", {"ada", "", 0}});
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", 7), outcome::committed);
  c.give("lb1", form{8, "lb1", {"ada", "", 0}});
  CAF_CHECK_EQUAL(c.result_of("lb1", 8), outcome::refused);
  // The third had no part in it, so it is let in like one without its disk.
  c.start("lb3");
  c.join_all();
  c.run(milliseconds{3000});
  CAF_CHECK(c["lb3"].machine->status().votes);
}

CAF_TEST(a damaged node alone does not form again by itself) {
  cluster c{{"lb1"}};
  c["lb1"].content = "junk";
  c.start("lb1", true);
  c.run(milliseconds{6000});
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 0u);
  c.give("lb1", form{5, "lb1", {"ada", "", 0}});
  CAF_CHECK_EQUAL(c.result_of("lb1", 5), outcome::committed);
  CAF_CHECK(c["lb1"].machine->status().votes);
}

CAF_TEST(a node that is not listed is refused by those that have a record) {
  cluster c{{"lb1", "lb2"}};
  c.form();
  c["lb4"].file = text_of("a", nodes_named({"lb1", "lb2", "lb4"}));
  c.start("lb4");
  c.join_all();
  c.run(milliseconds{1000});
  CAF_CHECK_EQUAL(c.generation_at("lb4"), 0u);
  CAF_REQUIRE(!c["lb1"].refused.empty());
  CAF_CHECK_EQUAL(c["lb1"].refused.front().node, "lb4");
  CAF_CHECK_EQUAL(c["lb1"].refused.front().text,
                  "lb4 is not in generation 1 of prod: add it to cluster.nodes "
                  "on lb1 and run \"troupectl config apply\" there");
}

CAF_TEST(a node that was not added yet is not told to form a cluster) {
  cluster c{{"lb1", "lb4"}};
  c.start("lb4");
  c.give("lb4", turned_away{"lb1", "lb4 is not in generation 7 of prod"});
  c.run(milliseconds{8000});
  const std::string why = "lb1 refuses lb4: lb4 is not in generation 7 of prod";
  CAF_CHECK_EQUAL(c["lb4"].machine->status().obstacle, why);
  CAF_REQUIRE(!c["lb4"].events.empty());
  CAF_CHECK_EQUAL(c["lb4"].events.back().text,
                  "this node is in no cluster yet: " + why);
  // It is a matter of the moment: the same two may still form one.
  c.give("lb4", turned_away{"lb1", ""});
  CAF_CHECK_EQUAL(c["lb4"].machine->status().obstacle, "lb1 is not connected");
  c.give("lb4", turned_away{"lb1", "later"});
  c.start("lb1");
  c.join_all();
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c.generation_at("lb4"), 1u);
}

CAF_TEST(the state of another cluster is not used) {
  cluster c{{"lb1"}};
  durable_state other;
  other.cluster = "test";
  other.as = standing::voter;
  c["lb1"].content = encode(other);
  c.start("lb1");
  c.run(milliseconds{1000});
  CAF_CHECK(c.told("lb1", event_kind::non_voter));
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 0u);
}

CAF_TEST(what asks a node of an earlier start to found is void) {
  cluster c{{"lb1", "lb2"}};
  c.start("lb1");
  c.start("lb2");
  c.join("lb1", "lb2");
  c.run(milliseconds{100});
  c.drop_letters();
  // What lb1 asks is on its way while lb2 starts anew.
  c.wait(milliseconds{1000});
  const auto waiting = c.letters_;
  c.stop("lb2");
  c["lb2"].content.reset();
  c.start("lb2");
  c.join("lb1", "lb2");
  c.letters_ = waiting;
  c.deliver([](auto& x) { return x.to == "lb2"; });
  CAF_CHECK(c.disk("lb2").as == standing::blank
            || c.disk("lb2").promised.node == "lb2");
  c.run(milliseconds{20000});
  CAF_CHECK_EQUAL(c.generation_at("lb2"), 1u);
  CAF_CHECK_EQUAL(c.generation_at("lb1"), 1u);
}
