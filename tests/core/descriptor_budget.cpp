// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_descriptor_budget

#include "caf_test.hpp"

#include "core/descriptor_budget.hpp"

using namespace troupe;

namespace {

/// The most that can be open at once by this budget.
uint64_t open_at_most(const descriptor_budget& budget, unsigned workers,
                      size_t frontends) {
  const auto& share = budget.worker;
  return 2 * budget.connections
       + workers * (frontends + 2 * share.pipes + share.idle_connections);
}

} // namespace

CAF_TEST(all that may be open at once fits below the limit) {
  for (const uint64_t limit : {256u, 1'024u, 4'096u, 65'536u, 1'048'576u})
    for (const unsigned workers : {1u, 2u, 8u})
      for (const size_t frontends : {1u, 5u}) {
        const auto budget = share_descriptors(limit, workers, frontends);
        CAF_CHECK(open_at_most(budget, workers, frontends) + 64 <= limit);
        CAF_CHECK(budget.connections > 0);
      }
}

CAF_TEST(most descriptors are for clients and their servers) {
  const auto few = share_descriptors(1'024, 2, 1);
  CAF_CHECK(few.connections * 2 > 1'024 / 2);
  CAF_CHECK(few.worker.pipes < 128);
  const auto many = share_descriptors(524'288, 4, 2);
  CAF_CHECK(many.connections * 2 > 524'288 * 3 / 4);
  CAF_CHECK_EQUAL(many.worker.pipes, 128u);
}

CAF_TEST(too low a limit leaves one connection) {
  for (const uint64_t limit : {0u, 10u, 64u, 70u}) {
    const auto budget = share_descriptors(limit, 4, 3);
    CAF_CHECK_EQUAL(budget.connections, 1u);
    CAF_CHECK_EQUAL(budget.worker.pipes, 0u);
    CAF_CHECK_EQUAL(budget.worker.idle_connections, 0u);
  }
}
