// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "actors/runtime/hosted.hpp"
#include "core/name_index.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <boost/system/result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::actors {

/// Looks up a server's configured address: all that its name stands for, at
/// least one. The callback runs on the control loop, at most once and never
/// from within the call.
using resolve_function = std::function<void(
  const std::string& address,
  std::function<void(boost::system::result<std::vector<endpoint>>)> done)>;

/// The actors that a router talks to.
struct router_links {
  /// Called at every use, so that a restarted health checker is found. It gets
  /// its targets with the next `configure_backend`.
  std::function<health_actor()> health;
  /// Unset without a cluster; called at every use, too.
  std::function<observations_actor()> observations;
  std::vector<worker_actor> workers;
  metrics_actor metrics;
  supervisor_actor supervisor;
  resolve_function resolve; ///< only asked for names; literals need no lookup
};

/// The router of one backend: puts configuration, operator's wishes, health and
/// addresses together (rule 12) and publishes the result.
///
/// It owns the operator's entries: those in `configure_backend` count only for
/// servers it does not know yet, which is all of them after its restart. An
/// override of a weight ends when the configured weight changes, an entry ends
/// with its server; the supervisor hears of either.
///
/// A name may stand for several addresses (rule 140): the first is used until a
/// probe or a connect finds that another one works and this one does not. Names
/// are looked up again every second or two, and at once when none works; a new
/// address takes the place of one that is gone.
///
/// Without an address a server is down, whatever its health. One that joins
/// others is used once a node has probed it, after a second at the latest
/// (rule 21); until then it counts as if ejected.
class router final : public hosted<router_actor::base, actor_kind::router> {
public:
  router(caf::actor_config& cfg, std::string backend, router_links links);

  behavior_type make_behavior() override;
  void on_exit() override;

protected:
  std::string subject() const override { return backend_; }

private:
  struct member {
    server_settings settings;
    std::shared_ptr<server_live> live;
    endpoint address;
    std::vector<endpoint> others; ///< of the same name
    /// The text `address` answers. Behind `settings.address` while a reload
    /// waits for the lookup of the new one: the old one serves on until then.
    std::string address_text;
    bool lookup_failed = false;            ///< and it has been logged
    bool looking_up = false;               ///< an answer is on its way
    time_point looked_up_at{};             ///< asked for, last
    std::optional<time_point> opinion_due; ///< nobody has looked at it yet
    operator_entry wish;
    server_facts facts; ///< those that others told; see `facts_of`
    effective_state state;
    /// When it came back, while it is in slow start.
    std::optional<time_point> ramp_since;
    std::optional<bool> healthy; ///< as last logged and counted
    bool awaits_first_answer() const noexcept {
      return address.empty() && !lookup_failed;
    }
    bool is_unknown() const noexcept {
      return opinion_due.has_value() || awaits_first_answer();
    }
    unsigned weight() const { return wish.weight.value_or(settings.weight); }
  };

  // -- messages --
  void configure(const configure_backend& message);
  void take_health(const server_health& message);
  void take_verdicts(const backend_verdicts& message);
  void take_address(const address_found& message);
  caf::result<backend_view> change(const operator_change& message);
  void tell_wish(const member& server, const operator_entry& before) const;
  std::string subject_of(const std::string& server) const;
  void take_wish(const operator_wish& message);
  backend_view describe();
  void pause_over();
  caf::result<bool> take_confirm();
  void confirm(bool known);
  void confirm_if_known();
  void stop_awaiting();
  void resolve_all();

  // -- configuration --
  member take_over(const configure_backend& message, size_t index);
  void inherit(member& next, const member& before);
  void forget_removed(const backend_settings& next);
  void remember(const member& server);
  void send_targets();

  // -- names --
  void look_up(member& server);
  void look_up_soon(member& server);
  void resolved(const std::string& server, const std::string& text,
                const boost::system::result<std::vector<endpoint>>& answer);
  bool use_addresses(member& server, std::vector<endpoint> answers);
  void lookup_failed(member& server, const std::string& why);
  void arm_resolve();

  // -- state --
  void update();
  void evaluate_all();
  void catch_up();
  static server_facts facts_of(const member& server);
  void note(member& server, const effective_state& next);
  void note_pool(const pool_state& pool);
  void ramp();
  void arm_ramp();
  uint32_t ramp_of(const member& server) const;
  void publish();
  snapshot_ptr make_snapshot() const;
  member* find(std::string_view server);

  const std::string backend_;
  router_links links_;
  std::shared_ptr<const backend_settings> settings_;
  std::shared_ptr<backend_live> live_;
  uint64_t generation_ = 0;
  uint64_t version_ = 0;
  std::vector<member> members_; ///< order of settings
  std::vector<caf::typed_response_promise<bool>> confirmations_;
  name_index by_name_;        ///< positions in `members_`, for find()
  bool has_majority_ = false; ///< of a cluster
  bool fail_open_ = false;
  bool panic_ = false;
  bool none_usable_ = false;
  std::optional<bool> rejects_all_; ///< as the supervisor was told
  bool paused_ = false;             ///< published less than 10 ms ago
  bool dirty_ = false;              ///< something changed during the pause
  bool stale_ = false;         ///< and the servers' states do not show it yet
  bool resolve_armed_ = false; ///< one `resolve_due` is on its way
  bool ramp_armed_ = false;    ///< one `ramp_due` is on its way
};

} // namespace troupe::actors
