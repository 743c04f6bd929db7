// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE register_recovery

#include "caf_test.hpp"

#include "fixture.hpp"

using namespace register_fixture;

namespace {

/// The votes of earlier storages count.
struct earlier_life_counts : rules {
  bool stands_by(const storage_id&, const storage_id&) const override {
    return true;
  }
};

bool between(const letter& x, const std::set<std::string>& names) {
  return names.count(x.from) != 0 && names.count(x.to) != 0;
}

/// lb5 asks in a high ballot and gets the promise of lb1 before anyone else
/// hears of it. lb1 loses its disk and is let back in by lb2, lb3 and lb4,
/// which know nothing of that ballot. lb1, lb2 and lb3 decide; only lb2 learns
/// that they did. Then lb4 hears lb5 and promises: with the old promise of lb1
/// and its own that makes three.
void decide_twice(cluster& c) {
  c.form();
  // lb5's ballots grow while nobody but itself hears of them.
  c.propose("lb5", c.next("lb5", "five"));
  c.deliver([](auto& x) {
    return cluster::as<message::check>(x) || cluster::as<message::checked>(x);
  });
  for (auto& x : c.letters_)
    if (const auto* ask = cluster::as<message::prepare>(x)) {
      auto number = ask->number;
      number.round = 50;
      message::nack no{ask->number, number, true};
      const auto at = message::decode(x.body)->from;
      c.letters_.push_back({"lb1", "lb5", message::encode({at, no})});
      break;
    }
  c.deliver([](auto& x) { return cluster::as<message::nack>(x) != nullptr; });
  c.drop_letters();
  c.wait(milliseconds{900});
  c.deliver([](auto& x) {
    return between(x, {"lb1", "lb5"})
        && (cluster::as<message::prepare>(x)
            || cluster::as<message::promise>(x));
  });
  CAF_REQUIRE_EQUAL(c.disk("lb1").promised.node, "lb5");
  c.drop_letters();
  // lb1 comes back empty.
  c.stop("lb1");
  c["lb1"].content.reset();
  c.start("lb1");
  for (const auto* other : {"lb2", "lb3", "lb4"})
    c.join("lb1", other);
  const auto four = [](auto& x) {
    return between(x, {"lb1", "lb2", "lb3", "lb4"});
  };
  c.deliver(four);
  c.wait(milliseconds{400});
  c.deliver(four);
  CAF_REQUIRE(c["lb1"].machine->status().votes);
  c.drop_letters();
  // lb2 decides with lb1 and lb3, and only lb2 hears of it.
  c.propose("lb2", c.next("lb2", "two"));
  c.deliver([](auto& x) {
    if (cluster::as<message::check>(x) || cluster::as<message::checked>(x))
      return true;
    return between(x, {"lb1", "lb2", "lb3"})
        && (cluster::as<message::prepare>(x) || cluster::as<message::promise>(x)
            || cluster::as<message::accept>(x)
            || cluster::as<message::accepted>(x));
  });
  CAF_REQUIRE_EQUAL(c.text_at("lb2"), "two");
  c.drop_letters();
  c.stop("lb2");
  // Now lb5 is heard.
  for (int i = 0; i < 20; ++i) {
    c.wait(milliseconds{100});
    c.join("lb1", "lb5");
    c.deliver([](auto& x) {
      return between(x, {"lb1", "lb3", "lb4", "lb5"})
          && (x.from == "lb5" || x.to == "lb5")
          && !(cluster::as<message::prepare>(x) && x.to == "lb3")
          && !(cluster::as<message::prepare>(x) && x.to == "lb1");
    });
  }
}

} // namespace

CAF_TEST(a node without its disk serves and votes only after enough others) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.stop("lb3");
  c["lb3"].content.reset();
  c.start("lb3");
  c.join("lb3", "lb1");
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.generation_at("lb3"), 1u);
  CAF_CHECK(!c["lb3"].machine->status().votes);
  c.join("lb3", "lb2");
  c.run(milliseconds{2000});
  CAF_CHECK(c["lb3"].machine->status().votes);
  CAF_CHECK(c.told("lb3", event_kind::recovered));
}

CAF_TEST(a file that cannot be read makes a non voter that says so) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.stop("lb3");
  c["lb3"].content = "junk";
  c.start("lb3", true);
  CAF_CHECK(c.told("lb3", event_kind::non_voter));
  CAF_CHECK_EQUAL(c["lb3"].machine->undecodable(), 1u);
  const auto id = c.propose("lb3", text_of("b", nodes_named({"lb3"})));
  CAF_CHECK_EQUAL(c.result_of("lb3", id), outcome::refused);
  c.join_all();
  c.run(milliseconds{2000});
  CAF_CHECK(c["lb3"].machine->status().votes);
}

CAF_TEST(a node without its disk is bound by what others accepted) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.propose("lb1", c.next("lb1", "b"));
  c.deliver([](auto& x) {
    return !cluster::as<message::accepted>(x)
        && !(cluster::as<message::accept>(x) && x.to == "lb3");
  });
  CAF_REQUIRE(c.disk("lb2").accepted.has_value());
  c.stop("lb3");
  c["lb3"].content.reset();
  c.drop_letters();
  c.start("lb3");
  c.join("lb3", "lb2");
  c.join("lb3", "lb1");
  c.run(milliseconds{1000});
  CAF_REQUIRE(c.disk("lb3").accepted || c.generation_at("lb3") == 2);
  c.run(milliseconds{8000});
  CAF_CHECK_EQUAL(c.text_at("lb3"), "b");
  CAF_CHECK_EQUAL(c.text_at("lb1"), "b");
  CAF_CHECK(c["lb3"].machine->status().votes);
}

CAF_TEST(a promise given before the disk was lost does not count) {
  cluster c{{"lb1", "lb2", "lb3", "lb4", "lb5"}};
  decide_twice(c);
  CAF_CHECK_NOT_EQUAL(c.text_at("lb5"), "five");
  c.join_all();
  c.run(milliseconds{15000});
  c.start("lb2");
  c.join_all();
  c.run(milliseconds{5000});
  for (const auto* name : {"lb1", "lb2", "lb3", "lb4", "lb5"})
    CAF_CHECK_EQUAL(c["lb2"].machine->committed()->text, c.text_at(name));
}

CAF_TEST(without storage ids the same story decides two things) {
  const earlier_life_counts broken;
  cluster c{{"lb1", "lb2", "lb3", "lb4", "lb5"}, broken};
  decide_twice(c);
  CAF_CHECK_EQUAL(c.text_at("lb5"), "five");
}

CAF_TEST(one of two comes back by the other) {
  cluster c{{"lb1", "lb2"}};
  c.form();
  c.stop("lb1");
  c["lb1"].content.reset();
  c.start("lb1");
  c.join_all();
  c.run(milliseconds{2000});
  CAF_CHECK(c["lb1"].machine->status().votes);
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  c.run(milliseconds{2000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
}

CAF_TEST(a failed write takes the vote away until a restart) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.give("lb3", persist_failed{c["lb3"].content});
  CAF_CHECK(!c["lb3"].machine->status().votes);
  CAF_CHECK(c.told("lb3", event_kind::disk_failed));
  const auto before = *c["lb3"].content;
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::committed);
  CAF_CHECK_EQUAL(c.text_at("lb3"), "b");
  CAF_CHECK_EQUAL(*c["lb3"].content, before);
  c.stop("lb3");
  c.start("lb3");
  c.join_all();
  c.run(milliseconds{3000});
  CAF_CHECK(c["lb3"].machine->status().votes);
  CAF_CHECK_EQUAL(c.generation_at("lb3"), 2u);
}

CAF_TEST(two of three disks lost need an operator and say so) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  for (const auto* name : {"lb2", "lb3"}) {
    c.stop(name);
    c[name].content.reset();
    c.start(name);
  }
  c.join_all();
  c.run(milliseconds{3000});
  const std::string out =
    "lost the state_dir, and cannot vote before 2 other nodes do: lb2, lb3; "
    "waiting does not help: run \"troupectl cluster recover --nodes lb1\" on "
    "lb1, "
    "then add the others one by one";
  for (const auto* name : {"lb1", "lb2", "lb3"}) {
    CAF_CHECK_EQUAL(c[name].machine->status().way_out, out);
    const auto votes = c[name].machine->votes();
    CAF_REQUIRE_EQUAL(votes.size(), 3u);
    CAF_CHECK(votes[0].votes == true);
    CAF_CHECK(votes[1].votes == false);
    CAF_CHECK(votes[2].votes == false);
  }
  CAF_CHECK_EQUAL(c["lb2"].machine->status().no_vote,
                  "lb2 lost its state_dir: it votes again once 2 other nodes "
                  "that vote have told it what it may have voted");
  // Nobody waits ten seconds to learn that nobody can answer.
  const auto id = c.propose("lb1", c.next("lb1", "b"));
  CAF_CHECK_EQUAL(c.result_of("lb1", id), outcome::refused);
  CAF_CHECK_EQUAL(c.answer_to("lb1", id)->text,
                  "only 1 of 3 nodes can vote (lb2, lb3 cannot): " + out);
}

CAF_TEST(a lost disk among nodes that are away waits for them) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.stop("lb2");
  c.stop("lb3");
  c["lb3"].content.reset();
  c.start("lb3");
  c.join_all();
  c.run(milliseconds{3000});
  CAF_CHECK_EQUAL(c["lb1"].machine->status().way_out,
                  "lost the state_dir, and cannot vote before 2 other nodes "
                  "do: lb3; bring back lb2, or if that is impossible, run "
                  "\"troupectl cluster recover --nodes lb1\" on lb1, then add "
                  "the others one by one");
  c.start("lb2");
  c.join_all();
  c.run(milliseconds{3000});
  for (const auto* name : {"lb1", "lb2", "lb3"}) {
    CAF_CHECK_EQUAL(c[name].machine->status().way_out, "");
    CAF_CHECK_EQUAL(c[name].machine->status().no_vote, "");
  }
}

CAF_TEST(a node that cannot write says what is wrong
         and not that it is a voter) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.give("lb3", persist_failed{c["lb3"].content});
  CAF_CHECK_EQUAL(c["lb3"].machine->status().no_vote,
                  "lb3 cannot write its state_dir (is the disk full?): make "
                  "room there, then restart it");
}

CAF_TEST(a node that was removed passes on the list that leaves it out) {
  cluster c{{"lb1", "lb2", "lb3"}};
  c.form();
  c.propose("lb1", text_of("b", nodes_named({"lb1", "lb2"})));
  c.run(milliseconds{3000});
  CAF_REQUIRE_EQUAL(c["lb3"].left_out.size(), 1u);
  CAF_CHECK_EQUAL(c["lb3"].left_out.back().at.generation, 2u);
  CAF_CHECK_EQUAL(c["lb3"].published.back().at.generation, 1u);
  CAF_CHECK(c["lb1"].left_out.empty());
  c.stop("lb3");
  c.start("lb3");
  CAF_CHECK_EQUAL(c["lb3"].left_out.size(), 2u);
  CAF_CHECK_EQUAL(c["lb3"].published.back().at.generation, 1u);
}
