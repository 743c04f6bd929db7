// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/message.hpp"
#include "core/cluster/observations_message.hpp"
#include "core/cluster/verdict.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

/// What every node saw of every server, who probes what, and the verdict (rules
/// 8 to 11, 14 to 16).
namespace troupe::cluster::observations {

/// At most one suspicion to the peers, and one hint to the checker, per target.
inline constexpr milliseconds suspicion_pause{250};
/// Connect failures of a peer that, with one failed probe, count as `fall`, and
/// that lower how many failures of this node's own are evidence.
inline constexpr uint64_t suspicion_failures_min = 2;
/// Steps are at most `digest_interval` apart: after a longer pause this process
/// did not run.
inline constexpr milliseconds pause_max{3'000};
/// A node to which all that it observes is down, and that reaches another
/// server, looks again whether it still does.
inline constexpr milliseconds look_pause{30'000};
/// A node that starts takes the others for alive this long, if it does not see
/// them yet: it probes what would be its part then.
inline constexpr milliseconds start_time{3'000};
/// An observer that was not heard for longer is asked about elsewhere.
inline constexpr milliseconds report_age_max{2'000};

struct target_spec {
  uint64_t id = 0;
  std::string server;
  pace probes;
  bool probed = true; ///< false: no active check, so nobody observes it
  bool operator==(const target_spec&) const = default;
};

// -- inputs -------------------------------------------------------------------

/// INPUT: the servers of a backend, from now on; none: the backend is no more.
struct targets_changed {
  std::string backend;
  std::vector<target_spec> targets;
  bool restated = false; ///< whoever probes wants to hear its parts again
};

/// INPUT: `cluster.nodes` in force.
struct nodes_changed {
  std::vector<std::string> names;
};

/// INPUT: whom this node sees.
struct view_changed {
  std::vector<std::string> alive; ///< this node included
  bool has_majority = false;
};

/// INPUT: a probe of this node ended.
struct probed {
  std::string backend;
  std::string server;
  troupe::status status = troupe::status::up;
  bool complete = false;
  std::string evidence;
};

/// INPUT: this node's traffic fails to connect.
struct traffic_fails {
  std::string backend;
  std::string server;
  uint64_t failures = 0;
};

struct joined {
  std::string peer;
  /// False: it is of an earlier version, and is told everything each time.
  bool takes_reports = true;
};
struct received {
  std::string from;
  std::string body;
};

/// INPUT: at the start, what the cluster said was down before. A verdict as any
/// other, until somebody says otherwise (rule 21).
struct remembered {
  std::set<uint64_t> downs; ///< target ids
};

/// INPUT: this process did not run for a while, so all it holds is old. Told by
/// the driver as soon as it knows; a pause of steps beyond `pause_max` is taken
/// for one, too.
struct stalled {};
struct tick {};

using input =
  std::variant<targets_changed, nodes_changed, view_changed, probed,
               traffic_fails, joined, received, remembered, stalled, tick>;

// -- effects ------------------------------------------------------------------

/// EFFECT: this node's part in a target. `restart_from`: begin anew from this
/// status, with no probe counted. `alone`: the majority was lost; from down
/// where this node's own evidence is against the server.
struct part {
  std::string backend;
  std::string server;
  bool probe = false;
  std::optional<troupe::status> restart_from;
  bool alone = false;
};

/// EFFECT: connects of a peer fail; fewer of this node's are evidence now.
struct suspected {
  std::string backend;
  std::string server;
};

/// EFFECT: probe now; with `one_is_enough` one failure counts as `fall`.
struct hint {
  std::string backend;
  std::string server;
  bool one_is_enough = false;
};

/// EFFECT: see `verdicts` of this backend, or whether there is a majority.
struct verdicts_changed {
  std::string backend;
};

struct event {
  std::string text;
};

using effect =
  std::variant<send, part, suspected, hint, verdicts_changed, event, wake>;
using effects = std::vector<effect>;

/// For `why`: one observer of a target.
struct observer_view {
  std::string node;
  observation what;
  milliseconds age{0};
  bool fresh = false;
  bool counted = false;
};

struct target_view {
  std::optional<verdict> now;           ///< none: not decided yet
  std::vector<observer_view> observers; ///< by rank; each with its newest
};

struct identity {
  std::string node;
  /// Greater than that of every earlier start of this node. One that is smaller
  /// (a clock set back) costs it its votes for `fresh_for`, not for ever.
  uint64_t incarnation = 0;
};

/// The step machine.
class machine {
public:
  /// @param by Outlives the machine.
  explicit machine(identity self, const rules& by = as_written())
    : self_(std::move(self)), by_(by) {}

  effects step(const input& in, time_point now);

  /// Whether verdicts count: a majority is seen and its digests are merged.
  bool settled() const noexcept { return settled_; }

  /// Of the servers that have one.
  std::vector<std::pair<std::string, troupe::status>>
  verdicts(const std::string& backend) const;

  /// Backend and server of every target, by backend.
  std::vector<std::pair<std::string, std::string>> targets() const;

  /// Ids of the targets that are down.
  std::set<uint64_t> downs() const;

  std::optional<target_view> describe(const std::string& backend,
                                      const std::string& server,
                                      time_point now) const;

  uint64_t undecodable() const noexcept { return undecodable_; }

private:
  struct target {
    std::string backend;
    target_spec spec;
    std::vector<std::string> ranking;
    /// Newest complete ones. Apart from those that are still incomplete, so
    /// that an observer which begins anew keeps its old vote until it is too
    /// old or there is a new one (rule 11).
    observation_map votes;
    observation_map looks; ///< newest incomplete ones; for `why`
    /// Whose part it is, and since when; `heard` of them are enough.
    std::map<std::string, time_point> parts;
    size_t considered = 0; ///< so many of `ranking` decide whose
    std::optional<verdict> now;
    /// When votes last changed its status; never: it is what the disk or this
    /// node alone remembers.
    time_point decided{};
    bool probing = false;             ///< this node's part, as last told
    std::optional<time_point> told;   ///< the peers, of failing traffic
    std::optional<time_point> hinted; ///< the checker
  };

  /// What another node says of its own, as far as this one knows it.
  struct held_report {
    uint64_t incarnation = 0;
    uint64_t number = 0; ///< of the newest that `items` agree with; 0: of none
    report_items items;
    bool muted = false;
    time_point heard{}; ///< that one
  };

  /// A search for a server that this node does reach.
  struct looking {
    time_point since{};
    std::optional<time_point> found; ///< one; until then it probes all
  };

  void take(const targets_changed& in);
  void take(const nodes_changed& in);
  void take(const view_changed& in);
  void take(const probed& in);
  void take(const traffic_fails& in);
  void take(const joined& in);
  void take(const received& in);
  void take(const remembered& in);
  void take(const stalled& in);
  void take(const tick& in);

  bool take_told(const observation_body& x);
  bool is_listed(const std::string& node) const;
  void forget_old();
  void take_suspicion(const message& told);
  void settle(const std::string& from);
  void lose_majority();
  bool sees_majority() const;
  void stop_voting();
  void vote_again();
  void keep_own_view(target& x) const;
  void keep_newer(observation_map& all, const std::string& observer,
                  const held_observation& x, const pace& p) const;
  void look_again();
  void look_again_after(const std::vector<std::string>& before);
  void assign_all();
  void assign(target& x, bool restart, bool alone = false);
  bool is_mine(const target& x) const;
  bool is_starting() const;
  void look_around();
  void deal(target& x);
  bool is_silent(const target& x, const std::string& node,
                 time_point since) const;
  std::vector<std::string> heard(const target& x) const;
  void judge(target& x);
  void decide_on(target& x);
  void tell_all_backends();
  void send_digest(const std::string& to);
  observation_body told(const target& x, const std::string& observer,
                        const held_observation& held) const;

  // -- observations_reports.cpp
  bool spreads() const;
  bool is_told(const target& x, report_key key) const;
  uint64_t said_since(report_key key, const std::string& observer,
                      const held_observation& x) const;
  report_items own_items() const;
  void send_report();
  report short_report(const std::string& observer, const held_report& x) const;
  report whole_report(const std::string& observer, const held_report& x) const;
  report earlier_life(const std::string& observer, uint64_t incarnation) const;
  void take_reports(const std::string& from, const message& said,
                    std::set<uint64_t>& touched);
  bool take_report(const std::string& from, const report& said,
                   std::set<uint64_t>& touched);
  bool renew(held_report& held, const report& said);
  void note_muted(const report& said, held_report& held);
  void note_told(const std::string& from, const observation_body& x);
  void answer(const std::string& to, const message& question);
  std::optional<report> answer_about(const std::string& from,
                                     const known_report& known) const;
  void ask(const std::string& to, const std::set<std::string>& about);
  std::set<std::string> not_heard() const;
  std::set<std::string> wanted_from(const std::string& peer) const;
  void ask_for_missing();
  void look_new(uint64_t target);
  held_observation* held(report_key key, const std::string& observer);
  const held_observation* held(report_key key,
                               const std::string& observer) const;

  target* find(const std::string& backend, const std::string& server);

  const identity self_;
  const rules& by_;
  std::vector<std::string> names_; ///< of `cluster.nodes`
  std::vector<std::string> alive_; ///< sorted
  std::map<uint64_t, target> targets_;
  std::set<uint64_t> downs_before_;
  std::map<std::string, std::vector<uint64_t>> backends_; ///< in their order
  /// Of each backend's servers.
  std::map<std::string, std::unordered_map<std::string, uint64_t>> ids_;
  /// Of one target, while its parts are dealt.
  std::vector<std::pair<const std::string*, time_point>> dealt_;
  /// Backends of which all that is this node's part is down to it.
  std::map<std::string, looking> looks_around_;
  bool has_majority_ = false;
  bool settled_ = false;
  bool was_settled_ = false; ///< once, since it began
  /// It was settled and then saw no majority: until it has begun anew among
  /// the others, what it sees has no vote.
  bool cut_off_ = false;
  std::set<std::string> digests_; ///< whose came since the majority returned
  std::map<std::string, held_report> reports_; ///< by observer
  held_report own_;                            ///< as it was told last
  /// What is not as it was in the report before that: by which number.
  std::map<report_key, uint64_t> changed_;
  uint64_t told_before_ = 0;     ///< number of the report before that
  std::set<std::string> of_old_; ///< peers that take no reports
  size_t turn_ = 0;              ///< whom to ask next
  uint64_t sequence_ = 0;
  std::optional<time_point> began_;
  std::optional<time_point> woke_; ///< from the last stall
  time_point next_digest_{};
  time_point now_{};
  uint64_t undecodable_ = 0;
  effects out_;
};

} // namespace troupe::cluster::observations
