// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance.hpp"

#include "core/balance/policies.hpp"

namespace troupe {

std::unique_ptr<policy> make_policy(algorithm kind, uint64_t seed) {
  switch (kind) {
  case algorithm::weighted:
    return balance::make_weighted(seed);
  case algorithm::least_connections:
    return balance::make_least_connections(seed);
  case algorithm::ip_hash:
    return balance::make_ip_hash();
  case algorithm::random:
    return balance::make_random(seed);
  case algorithm::p2c:
    return balance::make_p2c(seed);
  case algorithm::round_robin:
    break;
  }
  return balance::make_round_robin(seed);
}

} // namespace troupe
