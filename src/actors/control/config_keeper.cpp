// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/config_keeper.hpp"

#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "config/diff.hpp"

#include <caf/result.hpp>
#include <caf/send.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <utility>

namespace troupe::actors {

namespace {

/// Only a node of a cluster has a register, and another config actor then.
constexpr auto no_cluster = "this node belongs to no cluster";

} // namespace

config_source
file_source(std::string file, std::string node,
            std::function<void(std::function<void()>)> run_blocking) {
  auto load = [file, node = std::move(node)] {
    return config::load(file, node);
  };
  return {std::move(file), std::move(load), std::move(run_blocking), {}};
}

config_keeper::config_keeper(caf::actor_config& cfg, config_source source,
                             supervisor_actor supervisor, metrics_actor metrics,
                             running_config running)
  : hosted(cfg), source_(std::move(source)), supervisor_(std::move(supervisor)),
    metrics_(std::move(metrics)), running_(std::move(running)),
    generation_next_(running_.generation + 1) {}

config_keeper::behavior_type config_keeper::make_behavior() {
  return {
    [this](const reload_config& x) { return reload(x); },
    [this](const describe_config&) { return describe(); },
    [this](const config_loaded& x) { loaded(x); },
    [](const check_candidate&) { return apply_result{{no_cluster}}; },
    [](const apply_record&) { return apply_result{{no_cluster}}; },
    [](const read_shared&) {
      return shared_reading{{}, {no_cluster}};
    },
  };
}

void config_keeper::on_exit() {
  supervisor_ = supervisor_actor{}; // it holds a handle of this actor too
  metrics_ = metrics_actor{};
  reload_result ended{
    false, running_.generation, {"the config actor has ended"}, ""};
  if (busy_)
    source_.watch.end(ended);
  for (auto* promises : {&waiting_, &later_})
    for (auto& x : std::exchange(*promises, {}))
      x.deliver(ended);
}

caf::result<reload_result> config_keeper::reload(const reload_config& request) {
  auto result = make_response_promise<reload_result>();
  if (busy_) {
    journal::info(event_kind::config, "",
                  "reload of {} asked for by {}: follows the one under way",
                  source_.file, request.why);
    later_.push_back(result);
    why_later_ = request.why;
  } else {
    journal::info(event_kind::config, "", "reload of {} asked for by {}",
                  source_.file, request.why);
    waiting_.push_back(result);
    why_ = request.why;
    start_load();
  }
  return result;
}

void config_keeper::start_load() {
  busy_ = true;
  source_.watch.begin();
  source_.run_blocking(
    [load = source_.load, self = caf::actor_cast<config_actor>(this)] {
      auto result = std::make_shared<const config::loaded>(load());
      auto shared = result->ok() ? shared_text_in(*result) : std::string{};
      caf::anon_send(self, config_loaded{std::move(result), std::move(shared)});
    });
}

void config_keeper::loaded(const config_loaded& message) {
  const auto& result = *message.result;
  for (const auto& warning : result.warnings)
    log::warn("{}", warning.to_string());
  if (!result.ok()) {
    refuse(to_lines(result.problems));
  } else if (result.hash == running_.hash) {
    last_problems_.clear();
    finish({true, running_.generation, {}, "nothing changed"});
  } else {
    apply(message);
  }
}

void config_keeper::apply(const config_loaded& candidate) {
  // The settings live as long as the load they are part of.
  const auto& file = candidate.result;
  const apply_settings change{
    settings_ptr{file, &file->settings}, generation_next_,
    followed_by(running_.history,
                {generation_next_, wall_clock_ms(), why_, candidate.shared})};
  request(supervisor_, apply_timeout, change)
    .then([this, file,
           change](const apply_result& x) { applied(*file, change, x); },
          [this](const caf::error& reason) { lost(reason); });
}

void config_keeper::applied(const config::loaded& candidate,
                            const apply_settings& change,
                            const apply_result& result) {
  if (!result.problems.empty()) {
    refuse(result.problems);
    return;
  }
  auto changes = config::diff(*running_.settings, *change.next);
  running_ = {change.next, candidate.hash, generation_next_++, change.history};
  last_problems_.clear();
  if (!changes.needs_restart.empty())
    journal::warn(event_kind::config, "",
                  "these keys take effect after a restart only: {}",
                  fmt::join(changes.needs_restart, ", "));
  finish({true, running_.generation, {}, changes.summary()});
}

void config_keeper::lost(const caf::error& reason) {
  // It may still happen, so neither number nor hash can be trusted any more.
  ++generation_next_;
  running_.hash = 0;
  refuse({fmt::format("{}: the supervisor did not say whether it was applied "
                      "({}); reload again",
                      source_.file, system().render(reason))});
}

void config_keeper::refuse(std::vector<std::string> problems) {
  for (const auto& line : problems)
    journal::error(event_kind::config, "", "{}", line);
  journal::error(event_kind::config, "",
                 "trouped: {} problem{} in {}; the running configuration was "
                 "kept",
                 problems.size(), problems.size() == 1 ? "" : "s",
                 source_.file);
  last_problems_ = problems;
  finish({false, running_.generation, std::move(problems), ""});
}

void config_keeper::finish(reload_result result) {
  if (result.ok)
    journal::info(event_kind::config,
                  fmt::format("generation {}", result.generation),
                  "generation {} of {} is running: {}", result.generation,
                  source_.file, result.summary);
  send(metrics_, config_outcome{result.generation, result.ok});
  source_.watch.end(result);
  for (auto& x : std::exchange(waiting_, {}))
    x.deliver(result);
  busy_ = false;
  if (later_.empty())
    return;
  waiting_ = std::exchange(later_, {});
  why_ = std::exchange(why_later_, {});
  start_load();
}

config_view config_keeper::describe() const {
  return {source_.file,   running_.generation, running_.hash,
          last_problems_, running_.settings,   running_.history};
}

} // namespace troupe::actors
