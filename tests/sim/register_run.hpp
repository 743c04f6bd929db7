// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "register_checker.hpp"
#include "register_flaws.hpp"
#include "register_host.hpp"
#include "run_result.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sim {

/// One run of a whole cluster of registers, all of it decided by the seed: how
/// many nodes, what the operators ask for, what goes wrong. Then the faults
/// end, and all must agree within 10 s.
class register_run {
public:
  register_run(uint64_t seed, const flaw& broken, bool traced);
  run_result run();

private:
  using shared_text = troupe::cluster::config_register::shared_text;
  using node_list = troupe::cluster::config_register::node_list;

  /// What this seed is about.
  struct plan {
    size_t nodes = 3;  ///< in the first list
    size_t spares = 0; ///< run too, may be added
    bool partitions = false;
    bool crashes = false;
    bool wipes = false;
    bool pauses = false;
    bool list_changes = false;
    bool files_differ = false;
    bool majority_lost = false; ///< and recovered from, maybe on two sides
    bool cruel = false; ///< strikes where it hurts most, not just anywhere
    duration faults_last = seconds{20};
  };

  // -- register_run.cpp
  void make_plan();
  void make_hosts();
  void set_faults();
  void end_faults();
  void settle_conflicts();
  bool recover_the_mute();
  register_host* newest() const;
  bool agreed(std::string& why) const;
  run_result result();

  // -- register_nemesis.cpp
  void go_wrong();
  void partition();
  void one_way();
  void crash_one();
  void wipe_one();
  void pause_one();
  bool may_wipe(const register_host& victim) const;
  void strike_at_votes();
  void wipe(register_host& x);
  void lose_majority();
  void be_cruel();
  void cut_off(const register_host& x);
  void recover_on(std::vector<size_t> survivors);

  // -- register_clients.cpp
  void ask();
  void ask_to_apply(register_host& at);
  void ask_by_file(register_host& at);
  void ask_to_form(register_host& at);
  node_list changed_by_one(const node_list& x);
  shared_text text_with(node_list nodes);
  uint64_t expect(const register_host& at, std::string hash, bool voted);

  register_host& any_host();
  bool faults_over() const { return world_.now() >= faults_end_; }

  const flaw& broken_;
  world world_;
  network network_;
  register_checker checker_;
  plan plan_;
  std::vector<std::unique_ptr<register_host>> hosts_;
  time_point faults_end_{};
  uint64_t requests_ = 0;
  uint64_t texts_ = 0;
  std::vector<shared_text> past_texts_;
  size_t wiped_ = 0; ///< disks
  size_t recovered_ = 0;
  troupe::cluster::config_register::version newest_seen_;
};

} // namespace sim
