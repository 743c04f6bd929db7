// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE membership_keeper

#include "../control_fixture.hpp"

#include "actors/cluster/membership_keeper.hpp"

#include <spdlog/spdlog.h>

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

namespace membership = cluster::membership;
using cluster::message_kind;
using names = std::vector<std::string>;

/// Writes down what is done with links; nothing happens by itself.
struct fake_links final : peer_links {
  struct sent {
    uint64_t link = 0;
    uint16_t kind = 0;
    std::string body;
    bool urgent = false;
  };
  std::vector<std::string> listen() override { return {"no port"}; }
  uint16_t port() const override { return 0; }
  void set_known(names x, std::string list) override {
    known = std::move(x);
    known_from = std::move(list);
  }
  void dial(const std::string& peer, const std::string& address) override {
    dialled.push_back(peer + " at " + address);
  }
  bool send(uint64_t link, uint16_t kind, uint16_t, std::string body,
            bool urgent) override {
    sends.push_back({link, kind, std::move(body), urgent});
    return true;
  }
  void close(uint64_t link, const std::string&) override {
    closed.push_back(link);
  }
  void reload_certificates() override { ++reloads; }
  link_counters counters() const override { return {}; }
  int64_t certificate_expires() const override { return 0; }
  void stop() override { stopped = true; }

  names known;
  std::string known_from;
  names dialled;
  std::vector<sent> sends;
  std::vector<uint64_t> closed;
  int reloads = 0;
  bool stopped = false;
};

/// The scoped actor is all that membership talks to; the test is lb2.
struct fixture : control_fixture {
  fixture() {
    spdlog::set_level(spdlog::level::off);
    const auto everybody = caf::actor_cast<caf::strong_actor_ptr>(self);
    membership_parts parts;
    parts.self = {"lb1", "prod", 7, "build", 1};
    parts.make_links = [this](link_events& x) {
      events = &x;
      return links = std::make_shared<fake_links>();
    };
    parts.observations = [everybody] {
      return caf::actor_cast<observations_actor>(everybody);
    };
    parts.config_register = [everybody] {
      return caf::actor_cast<register_actor>(everybody);
    };
    parts.operators = [everybody] {
      return caf::actor_cast<operators_actor>(everybody);
    };
    parts.admin = [] { return admin_actor{}; };
    parts.metrics = [everybody] {
      return caf::actor_cast<metrics_actor>(everybody);
    };
    aut = periodic(sys.spawn<membership_keeper>(std::move(parts)));
    tell(cluster_nodes{{{"lb1", "h1:1"}, {"lb2", "h2:1"}}});
  }

  ~fixture() override { spdlog::set_level(spdlog::level::info); }

  template <class T>
  void tell(T message) {
    self->send(aut, std::move(message));
    consume_messages();
    hear();
  }

  /// As the loop does.
  template <class F>
  void happens(F what) {
    on_loop_of<membership_keeper>(aut, [&] { what(*events); });
    hear();
  }

  void lb2_says(uint64_t link, const std::string& body,
                message_kind kind = message_kind::membership) {
    happens([&](link_events& x) {
      x.link_received(link, static_cast<uint16_t>(kind), 1, body);
    });
  }

  void hear() {
    auto more = true;
    self->receive_while(more)(
      [&](const peer_joined& x) { joined.push_back(x.node); },
      [&](const peer_left& x) { left.push_back(x.node); },
      [&](const peer_message_received& x) { said.push_back(x.body); },
      [&](const peer_refuses& x) { refusals.push_back(x.text); },
      [&](const cluster_view& x) { view = x; },
      [&](const membership_changed& x) { alive = x.alive; },
      caf::after(0ms) >> [&] { more = false; });
  }

  /// lb2 answers the newest heartbeat on its link.
  void beat() {
    for (auto x = links->sends.rbegin(); x != links->sends.rend(); ++x) {
      const auto body = membership::decode(x->body);
      if (const auto* mine = std::get_if<membership::heartbeat_body>(&body)) {
        lb2_says(1, encode(membership::heartbeat_body{++beats, mine->number}));
        return;
      }
    }
    CAF_FAIL("there was no heartbeat");
  }

  void join() {
    happens([](link_events& x) { x.link_opened(1, "lb2", true, "h2:1"); });
    lb2_says(1, encode(membership::hello_body{"prod", "lb2", 9, 1, 1, 1, "b"}));
    beat();
    CAF_REQUIRE_EQUAL(joined.size(), 3u);
  }

  std::shared_ptr<fake_links> links;
  link_events* events = nullptr;
  membership_actor aut;
  uint64_t beats = 0;
  names joined;
  names refusals;
  names left;
  names said;
  cluster_view view;
  size_t alive = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(membership_keeper_tests, fixture)

CAF_TEST(listed nodes are known and dialled at their address) {
  CAF_CHECK_EQUAL(links->known, (names{"lb1", "lb2"}));
  pass(500ms);
  CAF_CHECK_EQUAL(links->dialled, names{"lb2 at h2:1"});
}

CAF_TEST(a peer that has proved itself is told to all three and in the view) {
  join();
  CAF_CHECK_EQUAL(joined, (names{"lb2", "lb2", "lb2"}));
  CAF_CHECK_EQUAL(view.alive, (names{"lb1", "lb2"}));
  CAF_CHECK(view.has_majority);
  CAF_CHECK_EQUAL(alive, 2u);
}

CAF_TEST(only a joined peer is heard and spoken to) {
  happens([](link_events& x) { x.link_opened(1, "lb2", true, "h2:1"); });
  lb2_says(1, "early", message_kind::config_register);
  CAF_CHECK(said.empty());
  const auto count = links->sends.size();
  tell(tell_peers{{"", message_kind::operators, "to all"}});
  CAF_CHECK_EQUAL(links->sends.size(), count);
  lb2_says(1, encode(membership::hello_body{"prod", "lb2", 9, 1, 1, 1, "b"}));
  beat();
  lb2_says(1, "now", message_kind::config_register);
  CAF_CHECK_EQUAL(said, names{"now"});
  lb2_says(1, "of a later version", static_cast<message_kind>(99));
  CAF_CHECK_EQUAL(said.size(), 1u);
  tell(tell_peers{{"", message_kind::operators, "to all"}});
  tell(tell_peers{{"lb2", message_kind::operators, "to one"}});
  tell(tell_peers{{"lb9", message_kind::operators, "to nobody"}});
  CAF_REQUIRE(links->sends.size() >= 2);
  CAF_CHECK_EQUAL(links->sends.rbegin()[1].body, "to all");
  CAF_CHECK_EQUAL(links->sends.rbegin()[0].body, "to one");
}

CAF_TEST(an actor that was restarted hears who has joined) {
  join();
  joined.clear();
  view = {};
  tell(introduce_peers{});
  CAF_CHECK_EQUAL(joined, (names{"lb2", "lb2", "lb2"}));
  CAF_CHECK_EQUAL(view.alive, (names{"lb1", "lb2"}));
}

CAF_TEST(the register hears of a refusal though it comes later) {
  happens([](link_events& x) {
    x.dial_failed("lb2", "refused by the other side: no", "no");
  });
  CAF_CHECK_EQUAL(refusals, names{"no"});
  tell(introduce_peers{});
  CAF_CHECK_EQUAL(refusals, (names{"no", "no"}));
}

CAF_TEST(links know what lists the nodes) {
  tell(cluster_nodes{{{"lb1", "h1:1"}}, {}, "generation 7 of prod"});
  CAF_CHECK_EQUAL(links->known_from, "generation 7 of prod");
}

CAF_TEST(a silent peer is gone after three seconds) {
  join();
  for (int n = 0; n < 7; ++n)
    pass(500ms, 100ms);
  hear();
  CAF_CHECK_EQUAL(left, (names{"lb2", "lb2", "lb2"}));
}

CAF_TEST(after a stall nobody is gone for what was not heard meanwhile) {
  join();
  advance_time(30s);
  consume_messages();
  hear();
  CAF_CHECK(left.empty());
  CAF_CHECK_EQUAL(view.alive, (names{"lb1", "lb2"}));
  beat(); // what waited in the socket
  for (int n = 0; n < 4; ++n) {
    pass(500ms, 100ms);
    beat();
  }
  CAF_CHECK(left.empty());
}

CAF_TEST(a node that is removed has its link for three more seconds) {
  tell(cluster_nodes{{{"lb1", "h1:1"}, {"lb2", "h2:1"}, {"lb3", "h3:1"}}});
  join();
  tell(cluster_nodes{{{"lb1", "h1:1"}, {"lb3", "h3:1"}}});
  CAF_CHECK_EQUAL(view.alive, names{"lb1"});
  tell(tell_peers{{"lb2", message_kind::config_register, "you are out"}});
  CAF_CHECK_EQUAL(links->sends.back().body, "you are out");
  CAF_CHECK(left.empty());
  for (int n = 0; n < 6; ++n) {
    beat();
    pass(500ms, 100ms);
  }
  hear();
  CAF_CHECK_EQUAL(left, (names{"lb2", "lb2", "lb2"}));
  CAF_CHECK_EQUAL(links->closed, std::vector<uint64_t>{1});
  // It may come back to be told again.
  CAF_CHECK_EQUAL(links->known, (names{"lb1", "lb2", "lb3"}));
}

CAF_TEST(certificates are read again when the supervisor says so) {
  tell(reload_certificates{});
  CAF_CHECK_EQUAL(links->reloads, 1);
}

CAF_TEST(links end with the actor) {
  const auto kept = links;
  caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK(kept->stopped);
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
