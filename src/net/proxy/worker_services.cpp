// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/worker_services.hpp"

#include "net/proxy/http_exchange.hpp"

#include <utility>

namespace troupe::net {

namespace {

/// Finished exchanges kept for the next requests of a worker.
constexpr size_t spare_exchanges_max = 1024;

} // namespace

worker_services::worker_services(loop& l, unsigned i, access_log& a,
                                 uint64_t seed) noexcept
  : event_loop(l), index(i), log(a), random_state(seed | 1) {}

worker_services::~worker_services() = default;

std::unique_ptr<http_exchange> worker_services::take_exchange() {
  if (spare_exchanges.empty())
    return std::make_unique<http_exchange>(*this);
  auto result = std::move(spare_exchanges.back());
  spare_exchanges.pop_back();
  return result;
}

void worker_services::give_exchange(std::unique_ptr<http_exchange> done) {
  done->recycle();
  if (spare_exchanges.size() < spare_exchanges_max)
    spare_exchanges.push_back(std::move(done));
}

} // namespace troupe::net
