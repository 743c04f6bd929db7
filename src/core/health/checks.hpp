// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/event_ring.hpp"
#include "core/health.hpp"
#include "core/name_index.hpp"
#include "core/settings.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The health of one backend's servers as this node sees it: probes, what live
/// traffic reports, and this node's part in a cluster (rules 11, 13 to 16). A
/// step machine: no sockets, no clock, no timers inside. The health checker
/// actor and the simulation are its two drivers.
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
/// while it cannot connect.
///
/// A probe that failed for this host's own reasons counts for nothing and is
/// repeated soon.
namespace troupe::checks {

struct target {
  std::string server;
  endpoint address; ///< empty while it does not resolve: counts as a failure
  admin_state admin = admin_state::ready;
  std::vector<endpoint> others{}; ///< of the same name, tried after the first
  bool by_name = false;
};

// -- inputs -------------------------------------------------------------------

/// INPUT: what to probe from now on. Servers that were known before keep their
/// health.
struct targets_changed {
  check_settings check;
  bool initially_up = true;
  std::vector<target> targets;
  bool restated = false; ///< whoever acts on `server_health` knows nothing
};

/// INPUT: the answer to a `probe`.
struct probe_ended {
  std::string server{};
  uint64_t ticket = 0; ///< of the `probe`
  probe_outcome outcome = probe_outcome::failure;
  bool local_error = false; ///< this host's own trouble: no evidence (rule 13)
  bool connected = false;   ///< whatever came of it then
  std::string detail{};     ///< "connection refused", "status 503", ...
};

/// What live traffic says against a server.
enum class failure_kind : uint8_t {
  connect,  ///< refused, unreachable or timed out: leads to a veto
  response, ///< reset, timeout or (opt-in) 5xx: leads to an ejection
};

/// INPUT: `failures` in a row reached the threshold, of one worker or of
/// connects on all of them.
struct passive_report {
  std::string server;
  failure_kind kind = failure_kind::connect;
  unsigned failures = 0;
  bool operator==(const passive_report&) const = default;
};

/// INPUT: this node's part in watching a server.
struct probe_role {
  std::string server;
  bool probe = false;
  /// Begin anew: from this status, with no probe counted yet (rules 11, 15).
  std::optional<status> restart_from;
  /// Verdicts count no more. What this node's own evidence is against begins
  /// from down: it was not used, and must not be because of the loss (15).
  bool alone = false;
  bool operator==(const probe_role&) const = default;
};

/// INPUT: traffic of a peer fails against a server (rule 14).
struct probe_now {
  std::string server;
  /// Together with what the peer saw, one failed probe counts as `fall`.
  bool one_failure_is_enough = false;
  bool operator==(const probe_now&) const = default;
};

/// INPUT: connects of a peer fail, so fewer of this node's own are evidence
/// (rule 13).
struct suspected {
  std::string server;
  unsigned failed_connects = 0; ///< of this node in a row, now
};

/// INPUT: the time that an `arm` asked for has passed.
struct check_due {
  std::string server;
  uint64_t ticket = 0;
};

using input = std::variant<targets_changed, probe_ended, passive_report,
                           probe_role, probe_now, suspected, check_due>;

// -- effects ------------------------------------------------------------------

/// EFFECT: look at this address; ends in `probe_ended`. One that was asked for
/// earlier still ends in it; its ticket tells that it is late.
struct probe {
  std::string server;
  uint64_t ticket = 0;
  endpoint address;
};

/// EFFECT: a `check_due` after that time. Earlier ones of the server are void;
/// their tickets differ.
struct arm {
  std::string server;
  uint64_t ticket = 0;
  milliseconds delay{0};
};

/// EFFECT: a first opinion of a server (after the first probe; at once without
/// an active check), and from then on flips only.
struct server_health {
  std::string server;
  troupe::status own = status::up;
  bool vetoed = false;
  bool ejected = false;
  /// `own` is what this node's own probes found, and not a guess or what was
  /// taken over from others.
  bool probed = false;
  /// Of a server that is down initially: a probe of this node found it up.
  bool proven = false;
  bool operator==(const server_health&) const = default;
};

/// EFFECT: of the addresses of a server's name, this one can be connected to
/// and the first one cannot.
struct address_found {
  std::string server;
  endpoint address; ///< empty: none of them could
};

/// EFFECT: a probe ended and counts.
struct probed {
  std::string server;
  probe_outcome outcome = probe_outcome::failure;
  status own = status::up;
  /// `rise` or `fall` probes in a row since this node's part began.
  bool complete = false;
  std::string evidence; ///< "connection refused", "status 503", ...
};

/// EFFECT: connects of live traffic failed in a row; the peers want to know.
struct traffic_fails {
  std::string server;
  unsigned failures = 0;
};

/// EFFECT: until then fewer failed connects are evidence.
struct suspect_until {
  std::string server;
  time_point until{};
};

/// EFFECT: for the log and the event list; no level: worth a line for debugging
/// only.
struct event {
  std::optional<event_level> level;
  std::string server;
  std::string text;
};

using effect = std::variant<probe, arm, server_health, address_found, probed,
                            traffic_fails, suspect_until, event>;
using effects = std::vector<effect>;

/// One server's evidence, for `why`.
struct health_view {
  std::string server;
  health active;
  ejection passive;
  bool vetoed = false;
  std::string last_probe; ///< "success", "connection refused", ...
  int64_t last_probe_ms_ago = -1;
  uint64_t probes = 0;
};

/// The step machine.
class machine {
public:
  /// @param seed Of the jitter; differs between backends and nodes.
  /// @param clustered Others probe too: nothing is this node's part until it is
  /// told so.
  machine(uint64_t seed, bool clustered)
    : random_(seed), clustered_(clustered) {}

  /// @param now Monotonic, not before that of the step before.
  effects step(const input& in, time_point now);

  /// In the order of the targets.
  std::vector<health_view> describe(time_point now) const;

private:
  struct server {
    target about;
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

    /// Whether the status is this node's own evidence. A status from before it
    /// lost its part is none, nor is one that only some probes stand behind.
    bool is_probed() const noexcept { return assigned && complete; }
    /// Nothing is counted for the cluster yet.
    void begin_anew() noexcept { streak = 0, complete = false; }
  };

  // -- checks.cpp
  void take(const targets_changed& in);
  void take(const probe_role& in);
  server take_over(const target& next, const check_settings& check);
  void restart(server& x, bool readdressed, const check_settings& check) const;
  void tell(server& x);
  void tell_event(const server& x, event_level level, std::string text);
  server* find(std::string_view name);

  // -- probes.cpp
  void take(const check_due& in);
  void take(const probe_ended& in);
  void take(const probe_now& in);
  bool may_probe(const server& x) const noexcept;
  void probe_first_address(server& x);
  void probe_address(server& x);
  bool try_next_address(server& x, const probe_ended& in);
  void excuse(server& x, const std::string& why);
  void count(server& x, probe_outcome outcome, const std::string& detail);
  void count_for_veto(server& x, bool success);
  void count_for_peers(server& x, bool success);
  void probe_soon(server& x);
  void arm_in(server& x, milliseconds delay);
  void arm_next(server& x);
  void arm_first(server& x);
  void arm_soon(server& x);
  uint32_t random() noexcept;

  // -- traffic.cpp
  void take(const passive_report& in);
  void take(const suspected& in);
  void veto(server& x, unsigned failures);
  void eject(server& x, unsigned failures);
  bool last_standing(const server& x) const noexcept;
  void settle(server& x, bool probe_succeeded);

  uint64_t random_;
  const bool clustered_;
  check_settings check_;
  bool initially_up_ = true;
  std::vector<server> servers_; ///< order of the last `targets_changed`
  name_index by_name_;          ///< positions in `servers_`, for find()
  uint64_t tickets_ = 0;
  time_point now_{};
  effects out_;
};

} // namespace troupe::checks
