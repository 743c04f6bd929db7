// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "actors/runtime/hosted.hpp"
#include "core/name_index.hpp"
#include "net/prober.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// The health checker of one backend: probes its servers, weighs what live
/// traffic reports, and keeps both apart from what operators want.
///
/// Its router is whoever sent the last `check_targets`. It is told a first
/// opinion of each server (after the first probe; at once without an active
/// check) and from then on flips only. A new router (the old one died) is told
/// everything again, so neither of the two restarts leaves them disagreeing.
///
/// Active: first probes within 100 ms, then `probe_interval` ± 10 %, none in
/// `maint`. What survives new targets is keyed by server and check: a new check
/// restarts the counts and keeps the status; a new address also ends veto and
/// ejection and, until its first success, one failure is enough.
///
/// Passive: connect failures veto a server; it is then probed every 500 ms
/// until `rise` successes in a row lift the veto, and one failed probe confirms
/// what traffic saw, so it is enough to call the server down. Other failures,
/// and any against a server without an active check, eject it for a while,
/// unless it is the last one standing.
///
/// In a cluster a server is probed only by the nodes whose part it is (rules 9,
/// 11), and by this one while it vetoes or ejects the server. While a peer
/// suspects a server, two connect failures are enough for a veto.
///
/// A probe of a name that stands for several addresses goes on to the next one
/// while it cannot connect; the router hears which one it could, and when none.
///
/// A probe that failed for this host's own reasons counts for nothing and is
/// repeated soon.
class health_checker final
  : public hosted<health_actor::base, actor_kind::health_checker> {
public:
  /// @param prober Outlives the actor.
  /// @param seed Of the jitter; differs between backends and nodes.
  /// @param observations Unset without a cluster; called at every use, so that
  /// a restarted actor is found.
  health_checker(caf::actor_config& cfg, std::string backend,
                 net::prober& prober, uint64_t seed,
                 std::function<observations_actor()> observations = {});

  behavior_type make_behavior() override;
  void on_exit() override;

protected:
  std::string subject() const override { return backend_; }

private:
  struct target {
    check_target about;
    health active;
    ejection passive;
    bool vetoed = false;
    unsigned veto_successes = 0; ///< in a row
    bool probing = false;
    size_t tried = 0;    ///< addresses of its name that this probe failed at
    bool proven = false; ///< a probe has succeeded
    time_point probe_began{};
    bool assigned = true; ///< to this node, by the observers' ranking
    bool confirm = false; ///< a peer's traffic fails: one failure is enough
    /// Probes since this node's part began ended alike this many times in a
    /// row; `complete` once that was `rise` or `fall`.
    unsigned streak = 0;
    bool streak_of_successes = false;
    bool complete = false;
    /// Of the probe in flight or the `check_due` to come: anything that carries
    /// another number is late.
    uint64_t ticket = 0;
    bool opinion = false; ///< what is known is more than a guess
    std::optional<server_health> told;
    bool local_trouble = false; ///< and it has been logged
    uint64_t probes = 0;
    std::string last_probe;
    time_point last_probe_at{};
  };

  // -- messages --
  void retarget(const check_targets& message);
  void take_report(const passive_report& message);
  void take_role(const probe_role& message);
  void take_hint(const probe_now& message);
  void take_suspicion(const peer_suspects& message);
  health_list describe() const;
  void due(const check_due& message);

  std::optional<status> beginning(const target& x,
                                  const probe_role& message) const;

  // -- targets --
  target take_over(const check_target& next, const check_settings& check);
  void restart(target& x, bool readdressed, const check_settings& check);

  // -- active --
  bool may_probe(const target& x) const noexcept;
  void probe(target& x);
  void probe_address(target& x);
  bool try_next_address(target& x, const net::probe_result& result);
  void probe_ended(const std::string& server, uint64_t ticket,
                   const net::probe_result& result);
  void count(target& x, const net::probe_result& result);
  void count_for_veto(target& x, bool success);
  void count_for_peers(target& x, bool success);
  void arm(target& x, milliseconds delay);
  void arm_next(target& x);
  void arm_first(target& x);
  void arm_soon(target& x);

  // -- passive --
  void veto(target& x, unsigned failures);
  void probe_soon(target& x);
  void eject(target& x, unsigned failures);
  bool stands(const target& x) const noexcept;
  bool last_standing(const target& x) const noexcept;

  void tell(target& x);
  void settle(target& x, bool probe_succeeded);
  target* find(std::string_view server);
  time_point now() const { return clock().now(); }
  uint32_t random() noexcept;
  const check_settings& check() const { return settings_->health_check; }

  const std::string backend_;
  net::prober& prober_;
  uint64_t random_;
  const std::function<observations_actor()> observations_;
  uint64_t tickets_ = 0;
  router_actor router_;
  std::shared_ptr<const backend_settings> settings_;
  std::vector<target> targets_; ///< order of the last `check_targets`
  name_index by_name_;          ///< positions in `targets_`, for find()
};

} // namespace troupe::actors
