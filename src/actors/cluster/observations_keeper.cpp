// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/observations_keeper.hpp"

#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "core/cluster/observers.hpp"
#include "core/cluster/verdict_memory.hpp"

#include <caf/result.hpp>

#include <algorithm>
#include <utility>

namespace troupe::actors {

namespace observations = cluster::observations;

namespace {

observations::targets_changed targets_of(const backend_settings& backend) {
  const auto& check = backend.health_check;
  observations::targets_changed result{backend.name, {}, false};
  for (const auto& server : backend.servers)
    result.targets.push_back(
      {observations::target_id(backend.name, server, check), server.name,
       observations::pace{check.interval, check.timeout, check.fall},
       check.enabled});
  return result;
}

} // namespace

observations_keeper::observations_keeper(caf::actor_config& cfg,
                                         observations_parts parts)
  : hosted(cfg), parts_(std::move(parts)), machine_(parts_.self),
    effects_([this](observations::effect& effect) {
      return std::visit([this](auto& x) { return perform(x); }, effect);
    }) {}

observations_keeper::behavior_type observations_keeper::make_behavior() {
  if (auto downs = observations::decode_downs(parts_.memory->content))
    step(observations::remembered{std::move(*downs)});
  step(observations::tick{});
  return {
    [this](const observe_backend& x) { observe(x); },
    [this](const backend_gone& x) { forget(x); },
    [this](const probe_seen& x) {
      step(observations::probed{x.backend, x.server, x.own, x.complete,
                                x.evidence});
    },
    [this](const traffic_failed& x) {
      step(observations::traffic_fails{x.backend, x.server, x.failures});
    },
    [this](const follow_backend& x) { follow(x); },
    [this](const peer_joined& x) {
      step(observations::joined{
        x.node, x.protocol >= cluster::membership::protocol_reports});
    },
    [](const peer_left&) {}, // the view says so
    [this](const cluster_view& x) {
      step(observations::view_changed{x.alive, x.has_majority});
    },
    [this](const cluster_nodes& x) {
      observations::nodes_changed in;
      for (const auto& node : x.nodes)
        in.names.push_back(node.name);
      step(in);
    },
    [this](const peer_message_received& x) {
      step(observations::received{x.from, x.body});
    },
    [this](const describe_target& x) { return describe(x); },
    [this](const describe_all_targets&) { return describe_all(); },
    [this](const await_peers& x) { return await(x); },
    [this](const peers_overdue& x) { awaited_.overdue(x); },
    [this](const step_due& x) {
      if (timer_.due(x.ticket))
        step(observations::tick{});
    },
  };
}

void observations_keeper::on_exit() {
  effects_.clear();
  awaited_.answer(false);
  checkers_.clear(); // they hold handles of this actor too
  routers_.clear();
  parts_ = {};
}

void observations_keeper::step(const observations::input& in) {
  const auto now = clock().now();
  if (stall_.note(now))
    effects_.add(machine_.step(observations::stalled{}, now));
  effects_.add(machine_.step(in, now));
  if (machine_.settled())
    awaited_.answer(true);
}

caf::result<bool> observations_keeper::await(const await_peers& message) {
  if (machine_.settled())
    return true;
  auto result = make_response_promise<bool>();
  delayed_send(this, message.within, awaited_.add(result));
  return result;
}

/// Only what a majority says is worth keeping.
void observations_keeper::remember() {
  if (!machine_.settled())
    return;
  auto content = observations::encode_downs(machine_.downs());
  if (content == parts_.memory->content)
    return;
  parts_.memory->content = std::move(content);
  parts_.memory->keep(parts_.memory->content);
}

void observations_keeper::observe(const observe_backend& message) {
  const auto sender = caf::actor_cast<health_actor>(current_sender());
  auto& checker = checkers_[message.settings->name];
  auto in = targets_of(*message.settings);
  in.restated = checker != sender; // one that was restarted knows nothing
  checker = sender;
  step(in);
}

void observations_keeper::follow(const follow_backend& message) {
  routers_[message.backend] = caf::actor_cast<router_actor>(current_sender());
  tell(message.backend);
}

void observations_keeper::forget(const backend_gone& message) {
  checkers_.erase(message.name);
  routers_.erase(message.name);
  step(observations::targets_changed{message.name, {}, false});
}

void observations_keeper::tell(const std::string& backend) {
  const auto router = routers_.find(backend);
  if (router == routers_.end())
    return;
  backend_verdicts message{machine_.settled(), {}};
  for (auto& [server, verdict] : machine_.verdicts(backend))
    message.servers.push_back({server, verdict});
  send(router->second, std::move(message));
}

target_view
observations_keeper::describe(const describe_target& message) const {
  target_view result;
  const auto found =
    machine_.describe(message.backend, message.server, clock().now());
  if (!found)
    return result;
  result.known = true;
  result.settled = machine_.settled();
  if (found->now) {
    result.verdict = found->now->status;
    result.rule = found->now->rule();
  } else {
    result.rule = "nobody has looked yet";
  }
  for (const auto& x : found->observers)
    result.observers.push_back({x.node, x.what.status, x.age.count(),
                                x.what.evidence, x.fresh, x.counted});
  return result;
}

target_list observations_keeper::describe_all() const {
  target_list result;
  for (const auto& [backend, server] : machine_.targets())
    result.push_back({backend, server, describe({backend, server})});
  return result;
}

// -- effects ------------------------------------------------------------------

bool observations_keeper::perform(cluster::send& x) {
  send(parts_.membership(), tell_peers{std::move(x)});
  return true;
}

bool observations_keeper::perform(observations::part& x) {
  if (const auto found = checkers_.find(x.backend); found != checkers_.end())
    send(found->second,
         probe_role{std::move(x.server), x.probe, x.restart_from, x.alone});
  return true;
}

bool observations_keeper::perform(observations::suspected& x) {
  if (const auto found = checkers_.find(x.backend); found != checkers_.end())
    send(found->second, peer_suspects{std::move(x.server)});
  return true;
}

bool observations_keeper::perform(observations::hint& x) {
  if (const auto found = checkers_.find(x.backend); found != checkers_.end())
    send(found->second, probe_now{std::move(x.server), x.one_is_enough});
  return true;
}

bool observations_keeper::perform(observations::verdicts_changed& x) {
  tell(x.backend);
  remember();
  return true;
}

bool observations_keeper::perform(observations::event& x) {
  journal::info(event_kind::verdict, "", "{}", x.text);
  return true;
}

bool observations_keeper::perform(cluster::wake& x) {
  if (auto next = timer_.arm(x.at, clock().now()))
    delayed_send(this, next->delay, step_due{next->ticket});
  return true;
}

} // namespace troupe::actors
