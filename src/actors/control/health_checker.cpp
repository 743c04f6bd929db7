// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/health_checker.hpp"

#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"

#include <caf/actor_clock.hpp>

#include <utility>

namespace troupe::actors {

health_checker::health_checker(caf::actor_config& cfg, std::string backend,
                               net::prober& prober, uint64_t seed,
                               std::function<observations_actor()> observations)
  : hosted(cfg), backend_(std::move(backend)), prober_(prober),
    observations_(std::move(observations)),
    machine_(seed, observations_ != nullptr) {}

health_checker::behavior_type health_checker::make_behavior() {
  return {
    [this](const check_targets& x) { retarget(x); },
    [this](const passive_report& x) { step(x); },
    [this](const probe_role& x) { step(x); },
    [this](const probe_now& x) { step(x); },
    [this](const peer_suspects& x) { take_suspicion(x); },
    [this](const describe_health&) -> health_list {
      return machine_.describe(clock().now());
    },
    [this](const check_due& x) { step(x); },
  };
}

void health_checker::on_exit() {
  router_ = nullptr; // it may hold a handle of this actor too
  lives_.clear();
}

void health_checker::retarget(const check_targets& message) {
  auto sender = caf::actor_cast<router_actor>(current_sender());
  const auto new_router = std::exchange(router_, sender) != sender;
  settings_ = message.settings;
  lives_.clear();
  for (size_t i = 0; i < message.targets.size(); ++i)
    lives_[message.targets[i].server] = message.lives[i];
  step(checks::targets_changed{settings_->health_check, settings_->initially_up,
                               message.targets, new_router});
  if (observations_)
    send(observations_(), observe_backend{settings_});
}

void health_checker::take_suspicion(const peer_suspects& message) {
  const auto live = lives_.find(message.server);
  if (live != lives_.end())
    step(checks::suspected{message.server,
                           live->second->failed_connects.in_row()});
}

void health_checker::step(const checks::input& in) {
  for (auto& effect : machine_.step(in, clock().now()))
    std::visit([this](auto& x) { perform(x); }, effect);
}

// -- effects ------------------------------------------------------------------

void health_checker::perform(checks::probe& x) {
  prober_.start(x.address, settings_->health_check,
                [this, self = caf::strong_actor_ptr{ctrl()},
                 server = std::move(x.server),
                 ticket = x.ticket](const net::probe_result& result) {
                  in_actor([&] {
                    step(checks::probe_ended{server, ticket, result.outcome,
                                             result.local_error,
                                             result.connected, result.detail});
                  });
                });
}

void health_checker::perform(checks::arm& x) {
  delayed_send(this, x.delay, check_due{std::move(x.server), x.ticket});
}

void health_checker::perform(server_health& x) { send(router_, std::move(x)); }

void health_checker::perform(address_found& x) { send(router_, std::move(x)); }

void health_checker::perform(checks::probed& x) {
  auto& counts = lives_.at(x.server)->checks;
  counts.results[static_cast<size_t>(x.outcome)].add();
  if (observations_)
    send(observations_(), probe_seen{backend_, std::move(x.server), x.own,
                                     x.complete, std::move(x.evidence)});
}

void health_checker::perform(checks::traffic_fails& x) {
  if (observations_)
    send(observations_(),
         traffic_failed{backend_, std::move(x.server), x.failures});
}

void health_checker::perform(checks::suspect_until& x) {
  lives_.at(x.server)->failed_connects.suspect_until(x.until);
}

void health_checker::perform(checks::event& x) {
  constexpr auto format = "backend {}: server {}: {}";
  if (x.level)
    journal::write(event_kind::server, *x.level,
                   journal::server_subject(backend_, x.server), format,
                   fmt::make_format_args(backend_, x.server, x.text));
  else
    log::debug(format, backend_, x.server, x.text);
}

} // namespace troupe::actors
