// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/machine.hpp"
#include "core/cluster/wake_timer.hpp"
#include "network.hpp"
#include "register_checker.hpp"
#include "register_flaws.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim {

/// Chances of what goes wrong on one host, in thousandths.
struct host_faults {
  uint64_t slow_write = 0;   ///< takes up to 300 ms instead of 10
  uint64_t failed_write = 0; ///< and the node is restarted some seconds later
  uint64_t check_refused = 0;
  uint64_t check_unanswered = 0;
  uint64_t apply_failed = 0;
};

/// The register's driver in a run: a disk that loses what was not yet written,
/// a clock of its own speed, a process that crashes and stalls.
class register_host : public host {
public:
  using shared_text = troupe::cluster::config_register::shared_text;

  register_host(world& w, network& n, register_checker& c, const flaw& broken,
                std::string name, shared_text file);

  // -- what happens to it

  void start();

  /// What was on its way to the disk may have arrived or not.
  void crash();

  /// A crash that also loses the disk.
  void wipe(bool leaves_junk);

  /// Time passes and nothing is done (SIGSTOP).
  void pause();
  void resume();

  /// An operator's request or a changed file; while it does not run, nothing.
  void give(const troupe::cluster::config_register::input& x);

  /// What is read at the next start, too.
  void edit_file(shared_text x) { file_ = std::move(x); }

  // -- what is so

  bool running() const noexcept { return machine_ != nullptr; }
  bool paused() const noexcept { return paused_; }
  const shared_text& file() const noexcept { return file_; }
  const troupe::cluster::config_register::record* committed() const;
  troupe::cluster::config_register::register_status status() const;

  /// What its disk says, running or not.
  std::optional<troupe::cluster::config_register::durable_state> disk() const;

  host_faults faults;

  /// Told of what is published before anything that follows.
  std::function<void(register_host&,
                     const troupe::cluster::config_register::record&)>
    watcher;

  /// Told of what it sends while a vote, its outcome or a return is under way.
  std::function<void(register_host&)> voting;

  // -- host

  const std::string& name() const override { return name_; }
  bool alive() const override { return running() && !paused_; }
  void joined(const std::string& peer) override;
  void gone(const std::string& peer) override;
  void receive(const std::string& from, troupe::cluster::message_kind kind,
               const std::string& body) override;

private:
  void step(const troupe::cluster::config_register::input& x);
  void pump();
  void carry_out(const troupe::cluster::config_register::effect& x);
  void write(const std::string& content);
  void land(const std::string& content);
  void fail_write();
  void answer_check(const troupe::cluster::config_register::check& x);
  void apply(const troupe::cluster::config_register::record& x);
  void arm(time_point local);
  time_point local_now() const;

  /// Later, unless the process ended; after the end of a pause if it stalls.
  void later(duration delay, world::action what);
  void now_or_resumed(world::action what);

  world& world_;
  network& network_;
  register_checker& checker_;
  const flaw& broken_;
  std::string name_;
  shared_text file_;

  // the disk
  std::optional<std::string> content_;
  bool junk_ = false;
  std::string history_;

  // the process
  std::unique_ptr<troupe::cluster::config_register::machine> machine_;
  uint64_t starts_ = 0;
  bool paused_ = false;
  std::vector<world::action> backlog_;
  std::deque<troupe::cluster::config_register::effect> queue_;
  std::optional<std::string> writing_;
  troupe::cluster::wake_timer timer_;
  duration clock_offset_{};
  int64_t clock_per_mille_ = 1000;
};

} // namespace sim
