// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/membership.hpp"
#include "core/cluster/observations.hpp"
#include "core/cluster/operators.hpp"
#include "core/cluster/wake_timer.hpp"
#include "core/effective_state.hpp"
#include "core/health/checks.hpp"
#include "network.hpp"
#include "observations_checker.hpp"
#include "observations_flaws.hpp"
#include "wires.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sim {

/// What all hosts of a run share.
struct watch_site {
  world& time;
  network& net;
  wires& links;
  observations_checker& checker;
  landscape& land;
  const observations_flaw& broken;
};

/// Drives membership, observations, operators and the health checks of one
/// node, and concludes from them what its router would: links, probes, a disk,
/// a clock of its own speed; a process that crashes and stalls.
class observations_host : public host, public wired {
public:
  observations_host(watch_site& site, std::string name)
    : site_(site), name_(std::move(name)) {}

  // -- what happens to it

  void start();
  void crash();
  /// A crash that also loses the disk.
  void wipe();
  /// Time passes and nothing is done (SIGSTOP).
  void pause();
  void resume();
  /// From the next start on its wall clock is behind.
  void set_clock_back() { clock_back_ = true; }

  void ask(uint64_t request, const std::string& server, uint64_t wish);
  /// This node's traffic to that server fails.
  void fail_traffic(const std::string& server);

  // -- what is so

  bool running() const override { return watch_ != nullptr; }
  bool paused() const noexcept { return paused_; }
  const troupe::cluster::membership::view& seen() const {
    return members_->now_seen();
  }
  const troupe::cluster::observations::machine& mind() const { return *watch_; }
  const troupe::cluster::operators::snapshot& wishes() const {
    return wishes_->state();
  }
  /// Whether its traffic is against that server.
  bool vetoes(const std::string& server) const {
    const auto found = facts_.find(server);
    return found != facts_.end() && found->second.vetoed;
  }
  /// Whether it uses that server.
  bool uses(const std::string& server) const;
  /// Probes since the start of the run, by server.
  const std::map<std::string, size_t>& probes() const { return probes_; }

  // -- host and wired

  const std::string& name() const override { return name_; }
  bool alive() const override { return running() && !paused_; }
  void joined(const std::string&) override {} // the links say so
  void gone(const std::string&) override {}
  void receive(const std::string& from, troupe::cluster::message_kind kind,
               const std::string& body) override;
  void take(const troupe::cluster::membership::input& x) override;

private:
  void step(const troupe::cluster::membership::input& x);
  void step(const troupe::cluster::observations::input& x);
  void step(const troupe::cluster::operators::input& x);
  void step(const troupe::checks::input& x);
  void configure();
  void wake_up_stalled();

  void perform(const troupe::cluster::membership::dial& x);
  void perform(const troupe::cluster::membership::close_link& x);
  void perform(const troupe::cluster::membership::link_send& x);
  void perform(const troupe::cluster::membership::joined& x);
  void perform(const troupe::cluster::membership::left& x);
  void perform(const troupe::cluster::membership::turned_away&) {}
  void perform(const troupe::cluster::membership::view& x);
  void perform(const troupe::cluster::membership::event& x);
  void perform(const troupe::cluster::observations::part& x);
  void perform(const troupe::cluster::observations::suspected& x);
  void perform(const troupe::cluster::observations::hint& x);
  void perform(const troupe::cluster::observations::verdicts_changed&);
  void perform(const troupe::cluster::observations::event&) {}
  void perform(const troupe::cluster::operators::wish&) {}
  void perform(const troupe::cluster::operators::answer& x);
  void perform(const troupe::cluster::send& x);
  void perform(const troupe::checks::probe& x);
  void perform(const troupe::checks::arm& x);
  void perform(const troupe::checks::server_health& x);
  void perform(const troupe::checks::address_found&) {} // none has a name
  void perform(const troupe::checks::probed& x);
  void perform(const troupe::checks::traffic_fails& x);
  void perform(const troupe::checks::suspect_until&) {} // it fails at once
  void perform(const troupe::checks::event& x);

  // These are carried out where the step was made.
  void perform(const troupe::cluster::wake&) {}
  void perform(const troupe::cluster::persist&) {}

  void pump();
  void land();
  void take_verdicts(
    bool settled,
    const std::vector<std::pair<std::string, troupe::status>>& verdicts);
  void conclude();
  void say(world::action what) { later({}, std::move(what)); }

  /// Later, unless the process ended; after the end of a pause if it stalls.
  void later(duration delay, world::action what);
  void now_or_resumed(world::action what);
  void wake_at(troupe::cluster::wake_timer& timer, time_point local,
               world::action what);
  time_point local_now() const;

  watch_site& site_;
  std::string name_;
  std::optional<std::string> disk_;
  std::set<uint64_t> downs_; ///< on disk, too
  bool clock_back_ = false;
  std::map<std::string, size_t> probes_;

  // the process
  std::unique_ptr<troupe::cluster::membership::machine> members_;
  std::unique_ptr<troupe::cluster::observations::machine> watch_;
  std::unique_ptr<troupe::cluster::operators::machine> wishes_;
  uint64_t starts_ = 0;
  bool paused_ = false;
  time_point paused_at_{};
  std::vector<world::action> backlog_;
  std::set<std::string> peers_;
  std::unique_ptr<troupe::checks::machine> checks_;
  std::map<std::string, troupe::server_facts>
    facts_;              ///< as the router has them
  bool settled_ = false; ///< as it was told
  std::deque<troupe::cluster::operators::effect> queue_;
  std::optional<std::string> writing_;
  troupe::cluster::wake_timer timers_[3];
  duration clock_offset_{};
  int64_t clock_per_mille_ = 1000;
};

} // namespace sim
