// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/shared_config.hpp"

#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "config/diff.hpp"

#include <caf/result.hpp>
#include <caf/send.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace troupe::actors {

namespace config_register = cluster::config_register;

namespace {

/// The register asks every node, each for at most 5 s, then votes.
constexpr std::chrono::seconds agree_timeout{30};

config::shared_record named(const config_register::record& record) {
  return {record.text, fmt::format("generation {}", record.at.generation)};
}

/// What an answer that is not good news says, one printable line each.
std::vector<std::string> lines(const answer& x) {
  std::vector<std::string> result;
  for (const auto& node : x.refusals)
    for (const auto& problem : node.problems)
      result.push_back(fmt::format("{}: {}", node.node, problem));
  result.push_back(x.text);
  return result;
}

config_register::shared_text
make_shared_text(std::string text, const std::vector<node_settings>& nodes) {
  config_register::shared_text result;
  result.hash = config::shared_hash(text);
  result.text = std::move(text);
  for (const auto& node : nodes)
    result.nodes.push_back({node.name, node.address});
  return result;
}

} // namespace

config_register::shared_text shared_text_of(std::string text) {
  const auto list = config::nodes_of(text, "the shared sections");
  if (!list.ok())
    throw std::runtime_error{
      fmt::format("{}", fmt::join(to_lines(list.problems), "; "))};
  return make_shared_text(std::move(text), list.nodes);
}

file_reading reading_of(config::loaded own, const std::string& file) {
  file_reading result{std::move(own), {}};
  auto shared = config::split(result.own.text, file);
  auto& problems = result.own.problems;
  problems.insert(problems.end(), shared.problems.begin(),
                  shared.problems.end());
  if (result.own.ok())
    result.shared = make_shared_text(std::move(shared.text), shared.nodes);
  return result;
}

shared_source
shared_file_source(std::string file, std::string node,
                   std::function<void(std::function<void()>)> run_blocking,
                   std::shared_ptr<const file_reading> begun_with) {
  shared_source result;
  result.read = [file, node] {
    return reading_of(config::load(file, node), file);
  };
  result.load_with = [file, node, begun_with = std::move(begun_with)](
                       const config::shared_record& record) {
    const bool same = begun_with && record.text == begun_with->shared.text;
    return config::load_with(record, file, node,
                             same ? &begun_with->own : nullptr);
  };
  result.run_blocking = std::move(run_blocking);
  result.file = std::move(file);
  return result;
}

shared_config_keeper::shared_config_keeper(
  caf::actor_config& cfg, shared_source source, supervisor_actor supervisor,
  std::function<register_actor()> config_register, metrics_actor metrics,
  running_shared running)
  : hosted(cfg), source_(std::move(source)), supervisor_(std::move(supervisor)),
    register_(std::move(config_register)), metrics_(std::move(metrics)),
    running_(std::move(running)) {}

shared_config_keeper::behavior_type shared_config_keeper::make_behavior() {
  return {
    [this](const reload_config& x) { return reload(x); },
    [this](const describe_config&) { return describe(); },
    [this](const check_candidate& x) { return check(x); },
    [this](const apply_record& x) { return apply(x); },
    [this](const read_shared& x) { return read(x); },
    [this](const config_loaded& x) {
      if (auto found = readings_.extract(x.job))
        found.mapped()(x.result);
    },
  };
}

void shared_config_keeper::on_exit() {
  reload_result ended{false, generation(), {"the config actor has ended"}, ""};
  if (reloading_)
    source_.watch.end(ended);
  for (auto* promises : {&waiting_, &later_})
    for (auto& x : std::exchange(*promises, {}))
      x.deliver(ended);
  readings_.clear();
  for (auto& x : std::exchange(applications_, {}))
    x.done({"the config actor has ended"});
  supervisor_ = nullptr; // it holds a handle of this actor too
  metrics_ = nullptr;
}

uint64_t shared_config_keeper::generation() const {
  return running_.record ? running_.record->at.generation : 0;
}

void shared_config_keeper::read_in_background(
  std::function<config::loaded()> load, reading then) {
  const auto number = ++readings_begun_;
  readings_.emplace(number, std::move(then));
  source_.run_blocking([number, load = std::move(load),
                        self = caf::actor_cast<config_actor>(this)] {
    caf::anon_send(
      self, config_loaded{
              std::make_shared<const config::loaded>(load()), {}, number});
  });
}

std::function<config::loaded()>
shared_config_keeper::load_of(const record_ptr& record) const {
  if (record)
    return
      [load = source_.load_with, what = named(*record)] { return load(what); };
  return [read = source_.read] { return read().own; };
}

// -- reloads ------------------------------------------------------------------

caf::result<reload_result>
shared_config_keeper::reload(const reload_config& request) {
  auto result = make_response_promise<reload_result>();
  journal::info(event_kind::config, "", "reload of {} asked for by {}{}",
                source_.file, request.why,
                reloading_ ? ": follows the one under way" : "");
  (reloading_ ? later_ : waiting_).push_back(result);
  if (!reloading_) {
    why_ = request.why;
    start_reload();
  }
  return result;
}

void shared_config_keeper::start_reload() {
  reloading_ = true;
  source_.watch.begin();
  // The shared text travels beside what `reading` carries.
  auto reading = std::make_shared<file_reading>();
  read_in_background(
    [read = source_.read, reading] {
      *reading = read();
      return reading->own;
    },
    [this, reading](const loaded_ptr&) { file_was_read(*reading); });
}

void shared_config_keeper::file_was_read(const file_reading& result) {
  for (const auto& warning : result.own.warnings)
    log::warn("{}", warning.to_string());
  if (!result.own.ok()) {
    refuse(to_lines(result.own.problems));
    return;
  }
  request(register_(), agree_timeout,
          file_read{source_.file, result.shared, {why_, "", 0}})
    .then([this](const answer& x) { agreed(x); },
          [this](const caf::error& error) {
            refuse({fmt::format("{}: the register did not answer ({}); reload "
                                "again",
                                source_.file, system().render(error))});
          });
}

void shared_config_keeper::agreed(const answer& result) {
  if (result.result != config_register::outcome::committed
      && result.result != config_register::outcome::no_op) {
    refuse(lines(result));
    return;
  }
  // A record that was committed comes by itself; the local sections do not.
  enqueue({nullptr, [this](std::vector<std::string> problems) {
             if (problems.empty())
               finish({true, generation(), {}, "applied"});
             else
               refuse(std::move(problems));
           }});
}

void shared_config_keeper::refuse(std::vector<std::string> problems) {
  for (const auto& line : problems)
    journal::error(event_kind::config, "", "{}", line);
  journal::error(event_kind::config, "",
                 "trouped: {} problem{} in {}; the running configuration was "
                 "kept",
                 problems.size(), problems.size() == 1 ? "" : "s",
                 source_.file);
  last_problems_ = problems;
  finish({false, generation(), std::move(problems), ""});
}

void shared_config_keeper::finish(reload_result result) {
  if (result.ok)
    last_problems_.clear();
  send(metrics_, config_outcome{result.generation, result.ok});
  source_.watch.end(result);
  for (auto& x : std::exchange(waiting_, {}))
    x.deliver(result);
  reloading_ = false;
  if (later_.empty())
    return;
  waiting_ = std::exchange(later_, {});
  start_reload();
}

// -- candidates and records ---------------------------------------------------

caf::result<apply_result>
shared_config_keeper::check(const check_candidate& message) {
  auto result = make_response_promise<apply_result>();
  const config::shared_record candidate{message.text,
                                        "candidate of " + message.from};
  read_in_background(
    [load = source_.load_with, candidate] { return load(candidate); },
    [this, result](const loaded_ptr& loaded) mutable {
      if (!loaded->ok()) {
        result.deliver(apply_result{to_lines(loaded->problems)});
        return;
      }
      request(supervisor_, apply_timeout,
              check_settings_fit{settings_ptr{loaded, &loaded->settings}})
        .then(
          [result](apply_result& x) mutable { result.deliver(std::move(x)); },
          [this, result](const caf::error& error) mutable {
            result.deliver(apply_result{{system().render(error)}});
          });
    });
  return result;
}

caf::result<apply_result>
shared_config_keeper::apply(const apply_record& message) {
  auto result = make_response_promise<apply_result>();
  const auto record = message.what;
  if (applications_.empty() && running_.record
      && config_register::position_of(*running_.record)
           == config_register::position_of(*record)) {
    result.deliver(apply_result{}); // the node has begun with it
    return result;
  }
  enqueue(
    {record, [this, record, result](std::vector<std::string> problems) mutable {
       const bool ok = problems.empty();
       if (!ok)
         journal::error(event_kind::config,
                        fmt::format("generation {}", record->at.generation),
                        "generation {} cannot run on this node: {}",
                        record->at.generation, fmt::join(problems, "; "));
       send(metrics_, config_outcome{generation(), ok});
       result.deliver(apply_result{std::move(problems)});
     }});
  return result;
}

caf::result<shared_reading>
shared_config_keeper::read(const read_shared& message) {
  auto result = make_response_promise<shared_reading>();
  auto reading = std::make_shared<shared_reading>();
  read_in_background(
    [text = message.text, reading]() mutable {
      try {
        reading->shared = shared_text_of(std::move(text));
      } catch (const std::exception& e) {
        reading->problems.emplace_back(e.what());
      }
      return config::loaded{}; // there is none: only the text was read
    },
    [result, reading](const loaded_ptr&) mutable {
      result.deliver(std::move(*reading));
    });
  return result;
}

void shared_config_keeper::enqueue(application x) {
  applications_.push_back(std::move(x));
  if (applications_.size() == 1)
    next_application();
}

/// A local reload takes the record that is in force when its turn comes.
/// Positions are comparable within one side of one epoch only: of another one
/// the register has decided that it counts, however far this node was.
shared_config_keeper::record_ptr
shared_config_keeper::record_for(const application& x) const {
  const auto& running = running_.record;
  const bool late = x.agreed && running && x.agreed->mark == running->mark
                 && x.agreed->at < running->at;
  return x.agreed && !late ? x.agreed : running;
}

void shared_config_keeper::next_application() {
  const auto record = record_for(applications_.front());
  read_in_background(load_of(record), [this, record](const loaded_ptr& loaded) {
    apply_loaded(record, loaded);
  });
}

void shared_config_keeper::apply_loaded(const record_ptr& record,
                                        loaded_ptr candidate) {
  if (!candidate->ok()) {
    applied(to_lines(candidate->problems));
    return;
  }
  settings_ptr next{candidate, &candidate->settings};
  const auto number = record ? record->at.generation : 0;
  request(supervisor_, apply_timeout, apply_settings{next, number})
    .then(
      [this, record, next, number](const apply_result& result) {
        if (result.problems.empty()) {
          const auto changes = config::diff(*running_.settings, *next);
          if (!changes.needs_restart.empty())
            journal::warn(event_kind::config, "",
                          "these keys take effect after a restart only: {}",
                          fmt::join(changes.needs_restart, ", "));
          journal::info(
            event_kind::config, fmt::format("generation {}", number),
            "generation {} is running: {}", number, changes.summary());
          running_ = {next, record};
        }
        applied(result.problems);
      },
      [this](const caf::error& error) {
        applied({fmt::format("the supervisor did not say whether it was "
                             "applied ({})",
                             system().render(error))});
      });
}

void shared_config_keeper::applied(std::vector<std::string> problems) {
  auto done = std::move(applications_.front().done);
  applications_.pop_front();
  done(std::move(problems));
  if (!applications_.empty())
    next_application();
}

config_view shared_config_keeper::describe() const {
  return {source_.file, generation(), 0, last_problems_, running_.settings};
}

} // namespace troupe::actors
