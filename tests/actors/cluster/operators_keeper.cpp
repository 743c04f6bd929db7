// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE operators_keeper

#include "actors/cluster/operators_keeper.hpp"
#include "driver_fixture.hpp"

#include <algorithm>

using namespace std::chrono_literals;

namespace troupe::actors {

namespace {

using names = std::vector<std::string>;

/// An operators actor, and the membership and the supervisor it knows.
struct node {
  node(caf::actor_system& sys, std::string n)
    : name(std::move(n)), world(sys), system(sys) {
    spawn();
  }

  void spawn() {
    operators_parts parts;
    parts.node = name;
    parts.state = disk.state();
    parts.membership = [this] { return played_by<membership_actor>(world); };
    parts.supervisor = played_by<supervisor_actor>(world);
    handle = system.spawn<operators_keeper>(std::move(parts));
  }

  bool hear() {
    size_t heard = 0;
    auto more = true;
    world->receive_while(more)(
      [&](const tell_peers& x) {
        ++heard;
        said.push_back(x.what);
      },
      [&](const operator_wish& x) {
        ++heard;
        wishes[x.server] = x.entry.admin;
      },
      caf::after(0ms) >> [&] { more = false; });
    return heard > 0;
  }

  const std::string name;
  held_disk disk;
  caf::scoped_actor world;
  caf::actor_system& system;
  operators_actor handle;
  std::vector<cluster::send> said;
  std::map<std::string, admin_state> wishes;
};

struct fixture : two_nodes<node> {
  fixture() {
    lb1.emplace(sys, "lb1");
    lb2.emplace(sys, "lb2");
    periodic(lb1->handle);
    periodic(lb2->handle);
    auto next = std::make_shared<settings>();
    next->backends.push_back(make_backend(2));
    configuration = {next, 1};
    tell(*lb1, configuration);
    tell(*lb2, configuration);
    run();
  }

  auto drain(node& by, const std::string& server) {
    operator_command message;
    message.backend = "app";
    message.change.server = server;
    message.change.admin = admin_state::drain;
    return self->request(by.handle, caf::infinite, message);
  }

  auto await(node& by, milliseconds within) {
    return self->request(by.handle, caf::infinite, await_peers{within});
  }

  apply_settings configuration;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(operators_keeper_tests, fixture)

CAF_TEST(a wish is answered when every joined node has it) {
  link();
  auto pending = drain(*lb1, "a1");
  run();
  const auto x = result<operator_outcome>(pending);
  auto in_force = x.in_force;
  std::sort(in_force.begin(), in_force.end());
  CAF_CHECK_EQUAL(in_force, (names{"lb1", "lb2"}));
  CAF_CHECK(x.missing.empty());
  CAF_CHECK_EQUAL(lb2->wishes["a1"], admin_state::drain);
}

CAF_TEST(a node that does not confirm is named after two seconds) {
  link();
  lb2->disk.held = true; // it does not say what is not on its disk
  auto pending = drain(*lb1, "a1");
  run();
  CAF_CHECK(!answered());
  settle(2500ms);
  const auto x = result<operator_outcome>(pending);
  CAF_CHECK_EQUAL(x.in_force, names{"lb1"});
  CAF_CHECK_EQUAL(x.missing, names{"lb2"});
}

CAF_TEST(nobody hears of a wish before it is on disk) {
  link();
  lb1->disk.held = true;
  auto pending = drain(*lb1, "a1");
  run();
  CAF_CHECK(lb1->disk.is_busy());
  CAF_CHECK(!answered());
  CAF_CHECK_EQUAL(lb1->wishes.count("a1"), 0u);
  CAF_CHECK_EQUAL(lb2->wishes.count("a1"), 0u);
  lb1->disk.held = false;
  run();
  CAF_CHECK_EQUAL(lb2->wishes.count("a1"), 1u);
  CAF_CHECK(answered());
  result<operator_outcome>(pending);
}

CAF_TEST(a wish holds although the disk fails) {
  lb1->disk.fails = true;
  auto pending = drain(*lb1, "a1");
  settle(2500ms);
  CAF_CHECK_EQUAL(result<operator_outcome>(pending).in_force, names{"lb1"});
  CAF_CHECK_EQUAL(lb1->wishes["a1"], admin_state::drain);
}

CAF_TEST(a restarted actor says again what was wished) {
  auto pending = drain(*lb1, "a1");
  run();
  result<operator_outcome>(pending);
  caf::anon_send_exit(lb1->handle, caf::exit_reason::kill);
  run();
  lb1->wishes.clear();
  lb1->spawn();
  periodic(lb1->handle);
  tell(*lb1, configuration);
  run();
  CAF_CHECK_EQUAL(lb1->wishes["a1"], admin_state::drain);
}

CAF_TEST(who awaits the peers is answered after their wishes have been told) {
  auto wished = drain(*lb2, "a2");
  run();
  result<operator_outcome>(wished);
  auto pending = await(*lb1, 1s);
  run();
  CAF_CHECK(!answered());
  lb1->disk.held = true; // the wish of lb2 has to be written here
  link();
  CAF_CHECK(!answered());
  lb1->disk.held = false;
  run();
  CAF_CHECK(result<bool>(pending));
  CAF_CHECK_EQUAL(lb1->wishes["a2"], admin_state::drain);
}

CAF_TEST(who awaits peers that do not come is told so in time) {
  auto pending = await(*lb1, 1s);
  settle(900ms);
  CAF_CHECK(!answered());
  settle(200ms);
  CAF_CHECK(!result<bool>(pending));
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
