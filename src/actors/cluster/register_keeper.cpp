// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/register_keeper.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "actors/runtime/wall_clock.hpp"

#include <caf/result.hpp>
#include <caf/send.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace troupe::actors {

namespace config_register = cluster::config_register;

namespace {

/// A check has 5 s at the node that proposes (rule 5); later is too late.
constexpr milliseconds check_timeout{5'000};
/// The config actor waits for the supervisor.
constexpr milliseconds record_timeout = apply_timeout + milliseconds{5'000};

bool is_bad_news(config_register::event_kind x) {
  return x != config_register::event_kind::committed
      && x != config_register::event_kind::recovered;
}

} // namespace

register_keeper::register_keeper(caf::actor_config& cfg, register_parts parts)
  : hosted(cfg), parts_(std::move(parts)), machine_(parts_.self),
    effects_([this](config_register::effect& x) { return perform(x); }) {}

register_keeper::behavior_type register_keeper::make_behavior() {
  parts_.state.run_blocking(
    [read = parts_.state.read, self = caf::actor_cast<register_actor>(this)] {
      caf::anon_send(self, read());
    });
  return {
    [this](const peer_joined& x) {
      step(config_register::peer_joined{x.node});
      tell_metrics(machine_.status()); // they may be new, too
    },
    [this](const peer_left& x) { step(config_register::peer_gone{x.node}); },
    [this](const peer_refuses& x) {
      step(config_register::turned_away{x.node, x.text});
    },
    [this](const peer_message_received& x) {
      step(config_register::received{x.from, x.body});
    },
    [this](const file_read& x) { return take(x); },
    [this](const propose_config& x) {
      return ask_if_started([&] { return take(x); });
    },
    [this](const roll_back& x) {
      return ask_if_started([&] { return take(x); });
    },
    [this](const cluster_command& x) {
      return ask_if_started([&] { return take(x); });
    },
    [this](const describe_register&) { return describe(); },
    [this](const has_register_started&) { return started_; },
    [this](const state_read& x) { start(x); },
    [this](const state_written& x) { written(x); },
    [this](const step_due& x) { due(x); },
  };
}

void register_keeper::on_exit() {
  effects_.clear();
  // What was asked for may be decided by now, or be finished by others.
  auto unknown = refusal("the register has ended");
  unknown.result = config_register::outcome::unknown;
  for (auto& [number, waiting] : std::exchange(waiting_, {}))
    waiting.deliver(unknown);
  parts_ = {}; // the others hold handles of this actor too
}

// -- steps --------------------------------------------------------------------

void register_keeper::start(const state_read& message) {
  started_ = true;
  step(config_register::started{message.content, message.damaged,
                                message.history, parts_.file, wall_clock_ms()});
  for (auto& in : std::exchange(early_, {}))
    step(std::move(in));
}

void register_keeper::step(config_register::input in) {
  if (!started_ && !std::holds_alternative<config_register::started>(in)) {
    early_.push_back(std::move(in));
    return;
  }
  effects_.add(machine_.step(in, clock().now()));
}

void register_keeper::due(const step_due& message) {
  if (timer_.due(message.ticket))
    step(config_register::tick{});
}

void register_keeper::written(const state_written& message) {
  if (message.ok) {
    effects_.resume();
    return;
  }
  auto dropped = effects_.clear();
  effects_.resume();
  for (auto& x : dropped)
    drop(x);
  step(config_register::persist_failed{message.durable});
}

/// Who waits for an answer must not wait for ever. Whatever it was to be: it
/// rested on what is not on disk.
void register_keeper::drop(config_register::effect& effect) {
  auto* x = std::get_if<answer>(&effect);
  if (x == nullptr)
    return;
  x->result = config_register::outcome::unknown;
  x->text = "this node's disk failed before it could be stored";
  perform(*x);
}

// -- requests -----------------------------------------------------------------

caf::result<answer>
register_keeper::ask_if_started(std::function<caf::result<answer>()> then) {
  return started_ ? then() : caf::result<answer>{still_starting()};
}

caf::result<answer>
register_keeper::ask(std::function<config_register::input(uint64_t)> make) {
  auto result = make_response_promise<answer>();
  const auto number = ++requests_;
  waiting_.emplace(number, result);
  step(make(number));
  return result;
}

answer register_keeper::refusal(std::string text) const {
  return {0,
          config_register::outcome::refused,
          machine_.status().committed,
          std::move(text),
          {},
          {},
          {}};
}

caf::result<answer> register_keeper::take(const file_read& message) {
  parts_.file = message.file;
  return ask([&](uint64_t number) {
    return config_register::file_changed{number, message.name, message.file,
                                         message.by};
  });
}

caf::result<answer> register_keeper::take(const propose_config& message) {
  return ask([&](uint64_t number) {
    return config_register::propose{number,        message.candidate,
                                    message.by,    message.base,
                                    message.force, message.rebase};
  });
}

caf::result<answer> register_keeper::take(const roll_back& message) {
  const auto* old = machine_.find(message.generation);
  if (old == nullptr)
    return refusal(fmt::format("generation {} is not in the history; "
                               "\"troupectl config history\" lists what is",
                               message.generation));
  return ask([&](uint64_t number) {
    return config_register::propose{
      number, {old->text, old->hash, old->nodes}, message.by, {}, false, false};
  });
}

caf::result<answer> register_keeper::take(const cluster_command& message) {
  if (message.nodes.empty())
    return refusal("no node is named");
  switch (message.verb) {
  case cluster_verb::form:
    return ask([&](uint64_t number) {
      return config_register::form{number, message.nodes.front(), message.by};
    });
  case cluster_verb::adopt:
    return ask([&](uint64_t number) {
      return config_register::adopt{number, message.nodes.front()};
    });
  case cluster_verb::recover:
    break;
  }
  const auto* committed = machine_.committed();
  if (committed == nullptr)
    return refusal("there is nothing to recover: this cluster has not formed");
  try {
    auto survivors =
      parts_.parse(parts_.keep_nodes(committed->text, message.nodes));
    return ask([&](uint64_t number) {
      return config_register::recover{number, std::move(survivors), message.by};
    });
  } catch (const std::exception& e) {
    return refusal(e.what());
  }
}

caf::result<register_view> register_keeper::describe() const {
  if (!started_)
    return still_starting();
  register_view result{machine_.status(), {}, machine_.votes()};
  for (const auto& x : machine_.history())
    result.history.push_back({x.what, x.superseded, x.taken_ms});
  return result;
}

// -- effects ------------------------------------------------------------------

bool register_keeper::perform(config_register::effect& effect) {
  return std::visit([this](auto& x) { return perform(x); }, effect);
}

bool register_keeper::perform(cluster::send& x) {
  send(parts_.membership(), tell_peers{std::move(x)});
  return true;
}

bool register_keeper::perform(cluster::persist& x) {
  parts_.state.run_blocking([write = parts_.state.write,
                             content = std::move(x.content),
                             self = caf::actor_cast<register_actor>(this)] {
    caf::anon_send(self, write(content));
  });
  return false;
}

bool register_keeper::perform(cluster::wake& x) {
  if (auto next = timer_.arm(x.at, clock().now()))
    delayed_send(this, next->delay, step_due{next->ticket});
  return true;
}

bool register_keeper::perform(config_register::keep_history& x) {
  parts_.state.run_blocking(
    [write = parts_.state.write_history, content = std::move(x.content)] {
      write(content);
    });
  return true;
}

bool register_keeper::perform(config_register::check& x) {
  auto answer = [this, base = x.base,
                 hash = x.hash](std::vector<std::string> problems) {
    step(config_register::checked{base, hash, std::move(problems)});
  };
  request(parts_.config(), check_timeout,
          check_candidate{std::move(x.text), std::move(x.from)})
    .then([answer](const apply_result& result) { answer(result.problems); },
          [this, answer](const caf::error& error) {
            answer({fmt::format("this node could not check it: {}",
                                system().render(error))});
          });
  return true;
}

bool register_keeper::perform(config_register::publish& x) {
  const auto at = x.committed.at;
  auto record =
    std::make_shared<const config_register::record>(std::move(x.committed));
  // A node that was left out runs its last record, and its list is void.
  if (machine_.status().listed)
    parts_.committed(record, config_register::left_behind(machine_.history()));
  request(parts_.config(), record_timeout, apply_record{std::move(record)})
    .then(
      [this, at](const apply_result& result) {
        if (result.problems.empty())
          step(config_register::applied{at});
        else
          step(config_register::apply_failed{at, result.problems.front()});
      },
      [this, at](const caf::error& error) {
        step(config_register::apply_failed{at, system().render(error)});
      });
  return true;
}

bool register_keeper::perform(config_register::left_out& x) {
  parts_.committed(
    std::make_shared<const config_register::record>(std::move(x.committed)),
    config_register::left_behind(machine_.history()));
  return true;
}

bool register_keeper::perform(answer& x) {
  if (auto found = waiting_.extract(x.request))
    found.mapped().deliver(std::move(x));
  return true;
}

bool register_keeper::perform(config_register::event& x) {
  if (is_bad_news(x.kind))
    journal::warn(event_kind::cluster, "", "cluster: {}: {}",
                  config_register::to_string(x.kind), x.text);
  else
    journal::info(event_kind::cluster, "", "cluster: {}: {}",
                  config_register::to_string(x.kind), x.text);
  return true;
}

bool register_keeper::perform(config_register::refuse& x) {
  send(parts_.membership(), refuse_peer{std::move(x.node), std::move(x.text)});
  return true;
}

bool register_keeper::perform(config_register::status_changed& x) {
  tell_metrics(x.now);
  return true;
}

void register_keeper::tell_metrics(const config_register::register_status& x) {
  send(parts_.metrics(),
       register_changed{x.committed.epoch, x.committed.generation, x.votes});
}

} // namespace troupe::actors
