// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_frontend_slot
#include "caf_test.hpp"

#include "net/frontend/frontend_slot.hpp"

#include "net/backend_fixture.hpp"
#include "net/made_plan.hpp"

#include <array>

using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture : backend_fixture {
  local_ptr<held_plan> hold(const std::string& name,
                            algorithm kind = algorithm::round_robin) {
    troupe::settings all;
    auto& frontend = all.frontends.emplace_back();
    frontend.name = name;
    frontend.backend = "app";
    frontend.algorithm = kind;
    return hold_plan(
      make_plan(all, frontend, counters, 1),
      [this](const std::string& x) {
        return x == known ? backend : local_ptr<backend_slot>{};
      },
      missing);
  }

  live_registry counters{1};
  std::string known = "app";
  std::string missing;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(frontend_slot_tests, fixture)

CAF_TEST(routes of one backend and one algorithm share a policy) {
  const auto web = hold("web");
  const auto api = hold("api");
  const auto hashed = hold("hashed", algorithm::ip_hash);
  CAF_CHECK_EQUAL(web->rest().balance, api->rest().balance);
  CAF_CHECK_NOT_EQUAL(web->rest().balance, hashed->rest().balance);
  CAF_CHECK_EQUAL(web->rest().backend, backend);
}

CAF_TEST(a policy goes on where it was when a frontend is changed) {
  auto before = hold("web");
  const auto* policy = before->rest().balance;
  before.reset();
  const auto after = hold("web");
  CAF_CHECK_EQUAL(after->rest().balance, policy);
}

CAF_TEST(a backend that is not there is named) {
  known = "other";
  CAF_CHECK(!hold("web"));
  CAF_CHECK_EQUAL(missing, "app");
}

CAF_TEST(each backend of a split gets its share) {
  route_plan plan;
  for (const unsigned weight : {3u, 0u, 1u})
    plan.split.emplace_back().weight = weight;
  route_slot slot{plan, {}, nullptr, {}};
  for (const auto& part : plan.split)
    slot.split.push_back({part, {}, nullptr, {}});
  std::array<int, 3> drawn{};
  for (uint64_t draw = 0; draw < 400; ++draw)
    ++drawn[static_cast<size_t>(&slot.pick(draw) - slot.split.data())];
  CAF_CHECK_EQUAL(drawn[0], 300);
  CAF_CHECK_EQUAL(drawn[1], 0);
  CAF_CHECK_EQUAL(drawn[2], 100);
}

CAF_TEST_FIXTURE_SCOPE_END()
