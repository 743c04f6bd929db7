// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/cluster_start.hpp"

#include "actors/cluster/shared_config.hpp"
#include "actors/events/log.hpp"
#include "config/keep_nodes.hpp"
#include "core/cluster/config_register/machine.hpp"
#include "core/cluster/config_register/state.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <random>
#include <stdexcept>
#include <utility>

namespace troupe::daemon {

namespace config_register = cluster::config_register;

namespace {

constexpr uint32_t state_format = 1;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

storage::state_dir open(const std::string& path, os::user_ptr user) {
  auto result = storage::state_dir::open(path, user);
  if (!result)
    throw std::runtime_error{result.error()};
  return std::move(*result);
}

/// Microseconds of the wall clock: a later start has a greater one, as long as
/// this host's clock is not set back by more than the time it was down. The low
/// bits tell apart what started together.
uint64_t make_incarnation() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now);
  return static_cast<uint64_t>(us.count()) << 12
       | (std::random_device{}() & 0xfff);
}

/// @throws std::runtime_error if this program must not touch the file.
actors::state_read read(storage::state_file file) {
  actors::state_read result;
  std::visit(
    overloaded{
      [&](storage::state_content& x) { result.content = std::move(x.content); },
      [&](const storage::state_missing& x) { result.damaged = x.set_aside; },
      [&](const storage::state_damaged& x) {
        result.damaged = true;
        log::error("{}: {}; kept as {}; this node asks its peers", file.path(),
                   x.reason, x.kept_as);
      },
      [&](const storage::state_newer& x) {
        throw std::runtime_error{fmt::format(
          "{}: written by a later trouped (format {}): start that one, or "
          "remove the file to learn from the other nodes",
          file.path(), x.format)};
      },
      [&](const storage::state_unreadable& x) {
        throw std::runtime_error{
          fmt::format("{}: {}", file.path(), x.error.message())};
      }},
    *std::make_unique<storage::state_reading>(file.read()));
  return result;
}

/// As read(), while the node runs: what cannot be read counts as damaged.
actors::state_read read_again(const storage::state_file& file) {
  try {
    return read(file);
  } catch (const std::exception& e) {
    log::error("{}", e.what());
    return {{}, true, {}};
  }
}

actors::state_written write(storage::state_file file,
                            const std::string& content) {
  const auto error = file.write(content);
  if (!error)
    return {true, {}};
  log::critical("{}: {}", file.path(), error.message());
  return {false, read_again(file).content};
}

} // namespace

cluster_start::cluster_start(const arguments& args, const config::loaded& own,
                             os::user_ptr user)
  : args_(args), settings_(own.settings.cluster),
    directory_(open(own.settings.global.state_dir, user)),
    register_file_(directory_.file("register", state_format)),
    history_file_(directory_.file("history", state_format)),
    operators_file_(directory_.file("operators", state_format)),
    verdicts_file_(directory_.file("verdicts", state_format)),
    incarnation_(make_incarnation()) {
  file_ = std::make_shared<const actors::file_reading>(
    actors::reading_of(own, args.config_file));
  running_.settings = std::make_shared<const settings>(own.settings);
  // All four now, also those that are read later: one that a later version
  // wrote must be refused, not overwritten (rule 18).
  auto state = read(register_file_);
  state.history = read(history_file_).content.value_or("");
  read(operators_file_);
  read(verdicts_file_);
  begin_with_record(state);
}

void cluster_start::begin_with_record(const actors::state_read& state) {
  config_register::machine machine{{args_.node, settings_.name, incarnation_}};
  machine.step(config_register::started{state.content, state.damaged,
                                        state.history, file_->shared},
               {});
  if (machine.committed() == nullptr)
    return;
  auto record =
    std::make_shared<const config_register::record>(*machine.committed());
  committed_ = record;
  // A node that was removed serves its last one.
  if (!config_register::lists(record->nodes, args_.node)) {
    const auto history = config_register::decode_history(state.history);
    if (const auto* last = history.newest_with(args_.node))
      record = std::make_shared<const config_register::record>(*last);
  }
  const auto source =
    actors::shared_file_source(args_.config_file, args_.node, {}, file_);
  auto loaded = std::make_shared<const config::loaded>(source.load_with(
    {record->text, fmt::format("generation {}", record->at.generation)}));
  if (!loaded->ok()) {
    for (const auto& problem : loaded->problems)
      log::error("{}", problem.to_string());
    log::error("generation {} cannot run on this node: it begins with {}",
               record->at.generation, args_.config_file);
    return;
  }
  running_.settings = {loaded, &loaded->settings};
  running_.record = std::move(record);
}

actors::cluster_parts cluster_start::parts(
  std::function<void(std::function<void()>)> run_blocking,
  std::function<std::shared_ptr<actors::peer_links>(actors::link_events&)>
    make_links) {
  actors::cluster_parts result;
  result.node = args_.node;
  result.build = TROUPE_VERSION;
  result.incarnation = incarnation_;
  result.settings = settings_;
  result.source = actors::shared_file_source(args_.config_file, args_.node,
                                             run_blocking, file_);
  result.running = running_;
  result.committed = committed_;
  result.file = file_->shared;
  result.make_links = std::move(make_links);
  result.keep_nodes = config::keep_nodes;
  result.register_state = {
    [this] {
      auto state = read_again(register_file_);
      state.history = read_again(history_file_).content.value_or("");
      return state;
    },
    [this](const auto& content) { return write(register_file_, content); },
    [this](const auto& content) { write(history_file_, content); },
    run_blocking};
  result.operators_state = {
    [this] { return read_again(operators_file_); },
    [this](const auto& content) { return write(operators_file_, content); },
    {},
    run_blocking};
  result.verdicts = std::make_shared<actors::verdict_memory>();
  result.verdicts->content =
    read_again(verdicts_file_).content.value_or(std::string{});
  result.verdicts->keep = [this, run_blocking](const std::string& content) {
    run_blocking([this, content] { write(verdicts_file_, content); });
  };
  return result;
}

} // namespace troupe::daemon
