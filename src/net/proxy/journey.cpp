// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/journey.hpp"

#include <utility>

namespace troupe::net {

void journey::begin(local_ptr<held_plan> by, client_token client,
                    time_point now) {
  plan = std::move(by);
  route = &plan->rest();
  client_token_ = client;
  times.started = now;
}

bool journey::follow(dialer::outcome outcome) {
  switch (outcome) {
  case dialer::outcome::ready:
    stage_ = stage::reached;
    times.connected = services.event_loop.now();
    return true;
  case dialer::outcome::queued:
    stage_ = stage::queued;
    arm(dial.snapshot().queue.timeout);
    return true;
  case dialer::outcome::pending:
    stage_ = stage::connecting;
    arm(dial.patience());
    return true;
  case dialer::outcome::failed:
    break;
  }
  return false;
}

std::optional<dialer::outcome> journey::resume() {
  if (stage_ == stage::queued) {
    const auto outcome = dial.resume_queued();
    if (outcome == dialer::outcome::queued)
      return std::nullopt;
    return outcome;
  }
  const auto before = dial.retries();
  const auto outcome = dial.resume();
  if (outcome == dialer::outcome::pending && dial.retries() == before)
    return std::nullopt;
  return outcome;
}

void journey::reset() noexcept {
  dial.reset();
  route = nullptr;
  plan.reset();
  times = {};
  stage_ = stage::connecting;
}

session_phase journey::phase() const noexcept {
  switch (stage_) {
  case stage::queued:
    return session_phase::queued;
  case stage::connecting:
    return session_phase::connecting;
  case stage::reached:
    break;
  }
  return session_phase::exchange;
}

void journey::describe(access_record& record, reason why) const {
  record.frontend = plan->plan->settings.name;
  record.route = route->plan.name;
  record.backend = route->plan.backend;
  if (const auto* server = dial.server(); server != nullptr)
    record.server = server->name;
  record.connect_us = times.since_start(times.connected);
  record.first_byte_us = times.since_start(times.first_byte);
  record.total_us = times.since_start(services.event_loop.now());
  record.retries = dial.retries();
  record.reason = why;
  record.generation = plan->plan->generation;
}

} // namespace troupe::net
