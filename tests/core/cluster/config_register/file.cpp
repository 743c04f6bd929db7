// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE register_file

#include "caf_test.hpp"

#include "fixture.hpp"

using namespace register_fixture;

namespace {

/// The file at this node has this text from here on.
uint64_t edit(cluster& c, const std::string& at, const std::string& text) {
  static uint64_t id = 1000;
  c[at].file = text_of(text, c[at].machine->committed()->nodes);
  c.give(at, file_changed{++id, "troupe.yaml", c[at].file, {"root", "", 0}});
  c.run(milliseconds{2000});
  return id;
}

} // namespace

CAF_TEST(an edited file is proposed and a second look proposes nothing) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  CAF_CHECK_EQUAL(c.result_of("lb1", edit(c, "lb1", "b")), outcome::committed);
  CAF_CHECK_EQUAL(c.text_at("lb3"), "b");
  CAF_CHECK_EQUAL(c.result_of("lb1", edit(c, "lb1", "b")), outcome::no_op);
  CAF_CHECK_EQUAL(c.result_of("lb1", edit(c, "lb1", "c")), outcome::committed);
}

CAF_TEST(the same edit on every node is one change) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  CAF_CHECK_EQUAL(c.result_of("lb1", edit(c, "lb1", "b")), outcome::committed);
  CAF_CHECK_EQUAL(c.result_of("lb2", edit(c, "lb2", "b")), outcome::no_op);
  CAF_CHECK_EQUAL(c.generation_at("lb2"), 2u);
  // From there on that file is based on the change.
  CAF_CHECK_EQUAL(c.result_of("lb2", edit(c, "lb2", "c")), outcome::committed);
}

CAF_TEST(a stale file never reverts the cluster) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  edit(c, "lb1", "b");
  edit(c, "lb1", "c");
  // It still has the text of generation 1: nothing changed there.
  CAF_CHECK_EQUAL(c.result_of("lb2", edit(c, "lb2", "a")), outcome::no_op);
  CAF_CHECK_EQUAL(c.text_at("lb2"), "c");
  const auto id = edit(c, "lb2", "d");
  CAF_CHECK_EQUAL(c.result_of("lb2", id), outcome::refused);
  CAF_CHECK_EQUAL(c.answer_to("lb2", id)->text,
                  "troupe.yaml is based on generation 1, the cluster is at 3: "
                  "\"troupectl config pull\" writes it, \"config apply "
                  "--rebase\" overrides");
  // Pulled, it is current again.
  CAF_CHECK_EQUAL(c.result_of("lb2", edit(c, "lb2", "c")), outcome::no_op);
  CAF_CHECK_EQUAL(c.result_of("lb2", edit(c, "lb2", "d")), outcome::committed);
}

CAF_TEST(what the file was based on survives a restart) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  edit(c, "lb1", "b");
  c.stop("lb2");
  c["lb2"].file = text_of("d", nodes_named({"lb1", "lb2", "lb3"}));
  c.start("lb2");
  CAF_CHECK(c.told("lb2", event_kind::file_differs));
  c.join_all();
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.text_at("lb1"), "b");
  CAF_CHECK_EQUAL(c.result_of("lb2", edit(c, "lb2", "d")), outcome::refused);
  // One whose file was edited while it was down proposes it when told to look.
  c.stop("lb1");
  c["lb1"].file = text_of("e", nodes_named({"lb1", "lb2", "lb3"}));
  c.start("lb1");
  c.join_all();
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.text_at("lb2"), "b");
  CAF_CHECK_EQUAL(c.result_of("lb1", edit(c, "lb1", "e")), outcome::committed);
}

CAF_TEST(an edit that was refused may be tried again) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c["lb2"].check_problems = {"port 80 is in use"};
  CAF_CHECK_EQUAL(c.result_of("lb1", edit(c, "lb1", "b")), outcome::refused);
  c["lb2"].check_problems.clear();
  CAF_CHECK_EQUAL(c.result_of("lb1", edit(c, "lb1", "b")), outcome::committed);
}
