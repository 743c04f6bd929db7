// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE links

#include "actors/cluster/linked_nodes.hpp"

#include "actors/cluster/node_identity.hpp"
#include "net/cluster/basp_frame.hpp"

using namespace troupe;
using namespace troupe::actors;

namespace {

using fixture = linked_nodes;

} // namespace

CAF_TEST_FIXTURE_SCOPE(links_tests, fixture)

CAF_TEST(two nodes meet and messages pass both ways) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  CAF_CHECK_EQUAL(lb1.events.opened.back().peer, "lb2");
  CAF_CHECK_EQUAL(lb1.events.opened.back().dialled, true);
  CAF_CHECK_EQUAL(lb1.events.opened.back().remote, lb2.address());
  CAF_CHECK_EQUAL(lb2.events.opened.back().peer, "lb1");
  CAF_CHECK_EQUAL(lb2.events.opened.back().dialled, false);
  CAF_CHECK(lb1.links->send(here, 1, 7, "ping"));
  CAF_REQUIRE(run_until([&] { return !lb2.events.received.empty(); }));
  const auto& ping = lb2.events.received.back();
  CAF_CHECK_EQUAL(ping.link, there);
  CAF_CHECK_EQUAL(ping.kind, 1u);
  CAF_CHECK_EQUAL(ping.version, 7u);
  CAF_CHECK_EQUAL(ping.body, "ping");
  CAF_CHECK(lb2.links->send(there, 4, 1, ""));
  CAF_REQUIRE(run_until([&] { return !lb1.events.received.empty(); }));
  CAF_CHECK_EQUAL(lb1.events.received.back().kind, 4u);
  CAF_CHECK_EQUAL(lb1.events.received.back().body, "");
}

CAF_TEST_FIXTURE_SCOPE_END()
