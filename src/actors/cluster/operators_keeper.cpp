// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/operators_keeper.hpp"
#include "actors/events/log.hpp"

#include <caf/result.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace troupe::actors {

namespace operators = cluster::operators;

operators_keeper::operators_keeper(caf::actor_config& cfg,
                                   operators_parts parts)
  : hosted(cfg), parts_(std::move(parts)), machine_(parts_.node),
    effects_([this](operators::effect& effect) {
      return std::visit([this](auto& x) { return perform(x); }, effect);
    }) {}

operators_keeper::behavior_type operators_keeper::make_behavior() {
  parts_.state.run_blocking(
    [read = parts_.state.read, self = caf::actor_cast<operators_actor>(this)] {
      caf::anon_send(self, read());
    });
  return {
    [this](const peer_joined& x) { step(operators::joined{x.node}); },
    [this](const peer_left& x) { step(operators::left{x.node}); },
    [this](const peer_message_received& x) { hear(x); },
    [this](const await_peers& x) { return await(x); },
    [this](const peers_overdue& x) { awaited_.overdue(x); },
    [this](const operator_command& x) { return take(x); },
    [this](const apply_settings& x) { take(x); },
    [this](const state_read& x) { start(x); },
    [this](const state_written& x) { written(x); },
    [this](const step_due& x) {
      if (timer_.due(x.ticket))
        step(operators::tick{});
    },
  };
}

void operators_keeper::on_exit() {
  effects_.clear();
  awaited_.answer(false);
  for (auto& [number, waiting] : std::exchange(waiting_, {}))
    waiting.deliver(
      caf::make_error(caf::sec::runtime_error, "the operators actor ended"));
  parts_ = {}; // the others hold handles of this actor too
}

void operators_keeper::start(const state_read& message) {
  started_ = true;
  step(operators::started{message.content});
  for (auto& in : std::exchange(early_, {}))
    step(std::move(in));
  answer_awaited();
}

/// The first thing a peer says of itself is all it holds.
void operators_keeper::hear(const peer_message_received& message) {
  step(operators::received{message.from, message.body});
  heard_ = true;
  answer_awaited();
}

caf::result<bool> operators_keeper::await(const await_peers& message) {
  auto result = make_response_promise<bool>();
  delayed_send(this, message.within, awaited_.add(result));
  answer_awaited();
  return result;
}

/// Not while wishes wait for the disk.
void operators_keeper::answer_awaited() {
  if (started_ && heard_ && effects_.idle())
    awaited_.answer(true);
}

void operators_keeper::step(operators::input in) {
  if (!started_ && !std::holds_alternative<operators::started>(in))
    early_.push_back(std::move(in));
  else
    effects_.add(machine_.step(in, clock().now()));
}

caf::result<operator_outcome>
operators_keeper::take(const operator_command& message) {
  auto result = make_response_promise<operator_outcome>();
  operators::command in;
  in.request = ++requests_;
  in.of = {message.backend, message.change.server};
  in.admin = message.change.admin;
  if (message.change.weight)
    in.weight = *message.change.weight;
  in.reset_weight = message.change.reset_weight;
  in.author = message.by.author;
  in.reason = message.by.reason;
  in.time_ms = message.by.time_ms;
  waiting_.emplace(in.request, result);
  step(std::move(in));
  return result;
}

void operators_keeper::take(const apply_settings& message) {
  operators::servers_changed in;
  in.generation = message.generation;
  for (const auto& backend : message.next->backends)
    for (const auto& server : backend.servers)
      in.weights[{backend.name, server.name}] = server.weight;
  step(std::move(in));
}

void operators_keeper::written(const state_written& message) {
  if (!message.ok)
    // It holds while this node runs, and on the others: better than nothing.
    log::error("operators' wishes are not on disk: they end with this "
               "process unless another node keeps them");
  effects_.resume();
  answer_awaited();
}

bool operators_keeper::perform(cluster::send& x) {
  send(parts_.membership(), tell_peers{std::move(x)});
  return true;
}

bool operators_keeper::perform(cluster::persist& x) {
  parts_.state.run_blocking([write = parts_.state.write,
                             content = std::move(x.content),
                             self = caf::actor_cast<operators_actor>(this)] {
    caf::anon_send(self, write(content));
  });
  return false;
}

bool operators_keeper::perform(cluster::wake& x) {
  if (auto next = timer_.arm(x.at, clock().now()))
    delayed_send(this, next->delay, step_due{next->ticket});
  return true;
}

bool operators_keeper::perform(operators::wish& x) {
  operator_entry entry;
  entry.admin = x.admin;
  if (x.weight)
    entry.weight = static_cast<unsigned>(*x.weight);
  entry.by = {std::move(x.author), std::move(x.reason), x.time_ms};
  send(parts_.supervisor,
       operator_wish{x.of.backend, x.of.server, std::move(entry)});
  return true;
}

bool operators_keeper::perform(operators::answer& x) {
  if (auto found = waiting_.extract(x.request))
    found.mapped().deliver(
      operator_outcome{std::move(x.in_force), std::move(x.missing)});
  return true;
}

} // namespace troupe::actors
