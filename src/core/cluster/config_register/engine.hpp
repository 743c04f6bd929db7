// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/message.hpp"
#include "core/cluster/config_register/rules.hpp"
#include "core/cluster/config_register/state.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::cluster::config_register {

inline constexpr auto report_interval = milliseconds{1000};
inline constexpr auto resend_interval = milliseconds{300};
inline constexpr auto resend_interval_max = milliseconds{2400};
inline constexpr auto fetch_interval = milliseconds{200};
inline constexpr auto check_limit = milliseconds{5000};
inline constexpr auto vote_limit = milliseconds{10000};
inline constexpr auto spread_limit = milliseconds{10000};
inline constexpr auto adopt_limit = milliseconds{10000};
inline constexpr auto finish_delay = milliseconds{2000};
inline constexpr auto formation_grace = milliseconds{5000};
inline constexpr auto apply_retry_min = milliseconds{1000};
inline constexpr auto apply_retry_max = milliseconds{60000};

/// A joined peer, as far as it has spoken.
struct peer {
  std::optional<message::status> said;
  position at;
};

/// One attempt of this node to get a record decided.
struct proposal {
  enum class aim {
    change, ///< of an operator or of a changed file
    finish, ///< what another left half done
    first,  ///< the cluster forms
  };
  enum class phase { checking, preparing, accepting, waiting };

  aim what{};
  phase now{};
  std::vector<uint64_t> requests; ///< to be answered
  record candidate;               ///< unless `finish`
  position base;
  node_list voters;
  size_t promises_needed = 0;
  bool forced = false;
  bool follows = false; ///< starts over when another change came first
  /// Checks asked for, and what came back.
  std::map<std::string, std::optional<std::vector<std::string>>> checks;
  ballot number;
  std::map<std::string, message::promise> promises;
  std::map<std::string, message::accepted> accepts;
  record value;           ///< what phase 2 asks for
  bool own_sent = false;  ///< `candidate` was, in some ballot
  time_point phase_end{}; ///< of checking and waiting
  time_point resend{};
  milliseconds resend_pause{}; ///< doubles: who is slow is not helped by more
  time_point deadline{};       ///< of the vote
};

/// A decided record on its way to a majority of its own nodes.
struct spreading {
  record what;
  std::vector<uint64_t> requests;
  std::vector<std::string> not_checked;
  std::set<std::string> holders;
  time_point deadline{};
};

/// A node without memory asking its way back in.
struct recalling {
  ballot number;
  storage_id mine;
  std::map<std::string, message::recalled> answers;
  time_point resend{};
};

/// A request that waits for something to come from elsewhere.
struct waiting_request {
  uint64_t request = 0;
  std::string node;
  time_point deadline{};
};

/// All that stands behind `machine`. One class, because all of it shares
/// one state; its parts stand in a file each, named in the section rules.
class engine {
public:
  engine(identity self, const rules& which);

  effects step(const input& in, time_point now);
  register_status status() const;
  std::vector<peer_vote> votes() const;
  const record* committed() const;
  const history_list& history() const { return history_; }
  uint64_t undecodable() const { return undecodable_; }

private:
  // -- engine.cpp: the frame of a step -----------------------------

  void on(const started& x);
  void on(const peer_joined& x);
  void on(const peer_gone& x);
  void on(const turned_away& x);
  void on(const received& x);
  void on(const tick&) {}
  void on(const persist_failed& x);
  void on(const applied& x);
  void on(const apply_failed& x);

  /// To be told in this order; whatever has changed goes to disk first.
  void emit(effect x);
  void tell(const std::string& to, message::body content);
  void tell_all(message::body content) { tell({}, std::move(content)); }
  void report(event_kind kind, std::string text);
  void reply(uint64_t request, outcome result, std::string text);
  void flush();
  durable_state& change();
  void load(const std::optional<durable_state>& kept, bool damaged);
  void run_timers();
  void arm();
  uint64_t wall_clock_ms() const; ///< 0: not known
  void due(time_point t);

  position here() const;
  relation stands(const position& theirs) const;
  bool listed() const;
  bool may_vote() const;
  bool joined(const std::string& node) const { return peers_.count(node) != 0; }
  size_t reachable(const node_list& nodes) const;
  /// Of this node in a list: spreads what all would do at once.
  milliseconds turn(const node_list& nodes, milliseconds step) const;
  bool another_forms() const;
  time_point another_formed() const;

  // -- catchup.cpp: who is behind, and gets it ---------------------

  void heard(const std::string& from, const position& at);
  void hear(const std::string& from, const position& at,
            const message::status& x);
  void hear(const std::string& from, const position& at,
            const message::fetch& x);
  void hear(const std::string& from, const position& at,
            const message::learn& x);
  void hear(const std::string& from, const position& at,
            const message::fetch_history& x);
  void hear(const std::string& from, const position& at,
            const message::past& x);
  message::status my_status() const;
  void fetch_from(const std::string& node);
  void advance(record x, const std::string& from);
  standing standing_after_advance() const;
  void supersede(const record& next);
  void fetch_missing(const std::string& from, uint64_t first);
  void announce(const record& x);

  // -- acceptor.cpp ------------------------------------------------

  void hear(const std::string& from, const position& at,
            const message::prepare& x);
  void hear(const std::string& from, const position& at,
            const message::accept& x);
  bool asked_here(const std::string& from, const position& at,
                  const ballot& number);
  std::optional<message::promise> try_promise(const ballot& number);
  std::optional<message::accepted> try_accept(const ballot& number,
                                              const record& value);
  void refuse_vote(const std::string& to, const ballot& number);

  // -- requests.cpp: what is asked for, before anything is voted on -

  void on(const propose& x);
  void on(const file_changed& x);
  std::optional<std::string> why_not_now() const;
  std::optional<std::string> why_too_few_vote() const;
  std::optional<std::string> why_not(const shared_text& x,
                                     const asker& by) const;
  /// The own file as it is now says the same as this record.
  void read_as(const version& at);
  bool same_already(uint64_t request, const std::string& hash);
  bool busy(uint64_t request);
  record next_record(const shared_text& x, const asker& by) const;

  // -- checks.cpp: check before vote (rule 5) ----------------------

  void on(const checked& x);
  void hear(const std::string& from, const position& at,
            const message::check& x);
  void hear(const std::string& from, const position& at,
            const message::checked& x);
  void start_checks();
  void ask_driver(const version& base, const std::string& hash,
                  const std::string& text, const std::string& from);
  void take_check(const std::string& node, const version& base,
                  const std::string& hash,
                  const std::vector<std::string>& problems);
  void end_checks();
  std::vector<refusal> refusals() const;
  std::vector<std::string> not_checked() const;

  // -- proposer.cpp: the vote --------------------------------------

  void hear(const std::string& from, const position& at,
            const message::promise& x);
  void hear(const std::string& from, const position& at,
            const message::accepted& x);
  void hear(const std::string& from, const position& at,
            const message::nack& x);
  void start_change(record candidate, std::vector<uint64_t> requests,
                    bool forced, bool follows);
  void start_vote();
  void prepare();
  void resend_later();
  void ask_for_promises();
  void take_promise(const std::string& from, const message::promise& x);
  void start_accepts();
  void ask_for_accepts();
  void take_accepted(const std::string& from, const message::accepted& x);
  void step_back();
  void run_proposal();
  void give_up();
  void overtaken(const record& by);
  void settle(outcome result, std::string text, const record* other = nullptr);
  std::optional<message::founding> founding_for(const std::string& node) const;
  void finish_leftover();

  // -- spread.cpp: decided, and not yet said to be committed -------

  void spread(record what, std::vector<uint64_t> requests,
              std::vector<std::string> not_checked);
  void holds(const std::string& node, const position& at);
  void run_spreads();
  void say_committed(const spreading& x);

  // -- recovery.cpp: a node that lost its disk (rule 2) ------------

  void hear(const std::string& from, const position& at,
            const message::recall& x);
  void hear(const std::string& from, const position& at,
            const message::recalled& x);
  void run_recall();
  void ask_recall();
  void end_recall();

  // -- formation.cpp: the first record (rule 3) --------------------

  void on(const form& x);
  void hear(const std::string& from, const position& at,
            const message::form& x);
  bool may_found(const message::founding& x) const;
  void run_formation();
  void complain();
  std::string find_obstacle() const;
  std::string find_refusal() const;
  void start_forming(std::vector<uint64_t> requests, bool forced, asker by);
  void form_from_here(uint64_t request, const asker& by);
  void run_waiting();

  // -- epochs.cpp: lost majorities and two sides (rule 4) ----------

  void on(const recover& x);
  void on(const adopt& x);
  std::string why_no_vote() const;
  std::string way_out() const;
  std::optional<std::string> why_not_recover(const recover& x) const;
  std::optional<std::string> why_never_enough(const node_list& survivors) const;
  bool says_it_votes(const std::string& node) const;
  bool apart(const std::string& from, const position& at,
             const message::body& content);
  void end_conflicts();
  void take_side(const std::string& from, const record& x);

  identity self_;
  const rules& rules_;
  durable_state state_;
  history_list history_;
  shared_text file_;
  std::map<std::string, peer> peers_;

  std::optional<proposal> proposal_;
  std::vector<spreading> spreads_;
  std::optional<recalling> recall_;
  std::optional<waiting_request> forming_elsewhere_;
  std::optional<waiting_request> adopting_;
  /// Checks the driver is busy with, and which peers want to know.
  std::map<std::string, std::set<std::string>> check_askers_;

  uint64_t round_heard_ = 0;
  uint64_t epoch_heard_ = 0;
  time_point accepted_since_{}; ///< last sign of someone driving it
  bool disk_failed_ = false;

  version applied_;
  std::optional<time_point> apply_again_;
  milliseconds apply_delay_ = apply_retry_min;

  std::string obstacle_;
  time_point obstacle_since_{};
  std::optional<time_point> may_form_since_;
  bool obstacle_told_ = false;
  std::map<std::string, std::string> conflicts_;   ///< by node
  std::map<std::string, std::string> turned_away_; ///< why, by node
  std::map<std::string, std::string> refused_; ///< what was reported, by node

  uint64_t undecodable_ = 0;
  time_point report_at_{};
  std::optional<time_point> fetched_; ///< the last `fetch` to anyone
  register_status status_told_;

  time_point now_{};
  time_point started_{};
  uint64_t wall_clock_ms_ = 0; ///< at `started_`
  time_point wake_at_{};
  bool running_ = false; ///< `started` was given
  bool dirty_ = false;
  bool history_dirty_ = false;
  bool must_report_ = false; ///< tell all peers at the end of the step
  effects out_;
};

} // namespace troupe::cluster::config_register
