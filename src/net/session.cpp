// SPDX-License-Identifier: BSD-3-Clause
#include "net/session.hpp"

#include "net/http_exchange.hpp"

#include <array>

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

frontend_slot::frontend_slot(plan_ptr p, local_ptr<backend_slot> b, unsigned w,
                             uint64_t s)
  : current(new held_plan{std::move(p)}), backend(std::move(b)),
    balance(make_policy(current->plan->settings.algorithm, s)), worker(w),
    seed(s) {}

void frontend_slot::adopt(plan_ptr next, local_ptr<backend_slot> next_backend) {
  // The cursor of a policy that stays goes on where it was.
  if (next->settings.algorithm != current->plan->settings.algorithm)
    balance = make_policy(next->settings.algorithm, seed);
  current = new held_plan{std::move(next)};
  backend = std::move(next_backend);
}

client_counters& frontend_slot::counters() const noexcept {
  return current->plan->live->clients->by_worker[worker];
}

std::string_view to_string(session_phase x) noexcept {
  constexpr std::array<std::string_view, 8> names{
    "idle",     "head",   "queued",  "connecting",
    "exchange", "tunnel", "closing", "ended"};
  return names[static_cast<size_t>(x)];
}

} // namespace troupe::net
