// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/balance.hpp"

/// One function per file of this folder; `make_policy` is the door for others.
namespace troupe::balance {

std::unique_ptr<policy> make_round_robin(uint64_t seed);
std::unique_ptr<policy> make_weighted(uint64_t seed);
std::unique_ptr<policy> make_least_connections(uint64_t seed);
std::unique_ptr<policy> make_ip_hash();
std::unique_ptr<policy> make_random(uint64_t seed);
std::unique_ptr<policy> make_p2c(uint64_t seed);

} // namespace troupe::balance
