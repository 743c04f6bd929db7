// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "observations_host.hpp"
#include "run_result.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sim {

/// One run of a whole cluster that watches servers and takes wishes, all of it
/// decided by the seed: how many nodes, what servers are like, what goes wrong.
/// Then the faults end, and all must agree on what is so.
class observations_run {
public:
  observations_run(uint64_t seed, const observations_flaw& broken, bool traced);
  run_result run();

private:
  /// What this seed is about.
  struct plan {
    size_t nodes = 3;
    bool partitions = false;
    bool isolations = false; ///< a minority reaches neither servers nor others
    bool crashes = false;
    bool wipes = false;
    bool pauses = false;
    bool clocks = false;    ///< that are behind after a restart
    bool deaths = false;    ///< some nodes never return
    bool bridge = false;    ///< two never see each other again
    bool suspicion = false; ///< traffic fails that probes do not
    duration faults_last = seconds{60};
  };

  // -- observations_run.cpp
  void make_plan();
  void make_servers();
  void make_hosts();
  void set_faults();
  void end_faults();
  bool agreed(std::string& why) const;
  bool uses_what_it_should(const observations_host& x, std::string& why) const;
  bool whole(std::string& why) const;
  bool probed_by_few(std::string& why) const;
  bool follows_a_server(std::string& why);
  std::vector<std::string> observers(const landscape::server& x) const;
  bool may_look_around(const std::string& node) const;
  troupe::status truth(const landscape::server& x) const;
  run_result result();

  // -- observations_nemesis.cpp
  void go_wrong();
  void partition();
  void one_way();
  void isolate();
  void crash_one();
  void crash(observations_host& x);
  void pause_one();
  void change_server();
  void set_for_all(const std::string& server, bool answers);
  void ask();
  void heal();
  void cut(size_t a, size_t b, bool cut);
  void die_for_good();
  void keep_bridge();

  observations_host& any_host() {
    return *hosts_[world_.chance.below(hosts_.size())];
  }
  bool faults_over() const { return world_.now() >= faults_end_; }
  bool is_dead(const observations_host& x) const {
    return dead_.contains(x.name());
  }

  world world_;
  network network_;
  wires wires_;
  landscape land_;
  observations_checker checker_;
  watch_site site_;
  plan plan_;
  std::vector<std::unique_ptr<observations_host>> hosts_;
  std::set<std::string> dead_;
  std::set<std::string> bridge_;
  time_point faults_end_{};
  uint64_t requests_ = 0;
};

} // namespace sim
