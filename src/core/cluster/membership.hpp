// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/membership_message.hpp"
#include "core/cluster/message.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

/// Membership: links to the other nodes, their heartbeats, and whether this
/// node sees a majority (rules 15, 16, 18, 19).
namespace troupe::cluster::membership {

/// Versions of the messages between nodes this program speaks, and of the rules
/// that must give the same result everywhere (verdict, ranking).
inline constexpr uint64_t protocol_oldest = 1;
/// 2: what a node sees is told in reports (observations_message.hpp).
inline constexpr uint64_t protocol_newest = 2;
inline constexpr uint64_t protocol_reports = 2;
inline constexpr uint64_t rules_newest = 1;

inline constexpr milliseconds heartbeat_interval{500};
/// A link is alive while the peer echoes a heartbeat of mine this young.
inline constexpr milliseconds echo_age_max{2'000};
inline constexpr milliseconds silence_max{3'000};
/// Where nodes hardly get to run a late echo is no sign of death. A link has
/// this many times as long as a heartbeat and its echo take on average, and
/// longer by the whole for each so many milliseconds, but the first ones, that
/// this node itself was late; never more than `slowness_max` times as long as
/// any other.
inline constexpr int silence_trips = 3;
inline constexpr milliseconds lateness_step{50};
inline constexpr int slowness_max = 4;
/// The majority counts as lost, or regained, after this time.
inline constexpr milliseconds majority_delay{3'000};
/// A node that was listed once may have a link this long, to learn what made it
/// leave; it does not count.
inline constexpr milliseconds farewell_time{3'000};
inline constexpr milliseconds dial_pause_min{100};
inline constexpr milliseconds dial_pause_max{5'000};
/// Between two dials of a node that was left behind.
inline constexpr milliseconds visit_pause{5'000};
/// Between two dials by a node that is not listed any more: a node that lists
/// it again dials it.
inline constexpr milliseconds knock_pause{60'000};

struct identity {
  std::string node;
  std::string cluster;
  uint64_t incarnation = 0; ///< random, differs between all starts
  std::string build;        ///< for people
  uint64_t seed = 0;        ///< of the jitter of dials
};

// -- inputs -------------------------------------------------------------------

/// INPUT: `cluster.nodes` in force, this node among them or not.
struct nodes_changed {
  std::vector<std::string> names;
  /// Nodes that may have recovered on a side of their own: they do not count,
  /// and are dialled now and then, so that the two sides meet.
  std::vector<std::string> left_behind = {};
  /// The name of the list, such as "generation 7 of prod"; empty: the node's
  /// file.
  std::string list = {};
};

/// INPUT: a link is up. Its peer proved that name.
struct link_opened {
  uint64_t link = 0;
  std::string peer;
  bool dialled = false;     ///< by this node
  std::string address = {}; ///< of the other end
};
struct link_closed {
  uint64_t link = 0;
  std::string reason;
};
struct dial_failed {
  std::string peer;
  std::string reason;
  std::string refusal = {}; ///< the other side's reason, if it refused
};

/// INPUT: a `link_send` of the other side.
struct received {
  uint64_t link = 0;
  std::string body;
};

/// INPUT: this process did not run for a while: what is overdue proves nothing.
struct stalled {};

/// INPUT: another node has a reason not to talk to this node.
struct refuse {
  std::string node;
  std::string text;
};

/// INPUT: this node stops.
struct leave {};

/// INPUT: time passed.
struct tick {};

using input = std::variant<nodes_changed, link_opened, link_closed, dial_failed,
                           received, stalled, refuse, leave, tick>;

// -- effects ------------------------------------------------------------------

/// EFFECT: open a link; ends in `link_opened` or `dial_failed`.
struct dial {
  std::string peer;
};
struct close_link {
  uint64_t link = 0;
  std::string reason;
};
struct link_send {
  uint64_t link = 0;
  std::string body;
  /// It may overtake what waits: a link that is busy is not a dead one.
  bool urgent = false;
};

/// EFFECT: messages of other kinds may go to this node and are taken from it,
/// or no longer.
struct joined {
  std::string peer;
  uint64_t incarnation = 0;
  uint64_t protocol = protocol_newest; ///< the newest that both speak
};
struct left {
  std::string peer;
};

/// EFFECT: that node does not talk to this one, and says why; no text: it no
/// longer says so.
struct turned_away {
  std::string peer;
  std::string text;
};

enum class node_state : uint8_t { unknown, alive, suspect, gone };

const char* to_string(node_state x) noexcept;

/// EFFECT: the view has changed.
struct view {
  std::vector<std::string> alive; ///< this node included; sorted
  std::vector<std::string> suspect;
  std::vector<std::string> gone; ///< never seen ones too
  bool has_majority = false;
  bool operator==(const view&) const = default;
};

/// EFFECT: for the log and the event list.
struct event {
  bool alarming = false;
  std::string text;
};

using effect = std::variant<dial, close_link, link_send, joined, left,
                            turned_away, view, event, wake>;
using effects = std::vector<effect>;

/// One other node, for people.
struct node_view {
  std::string name;
  node_state state = node_state::unknown;
  std::string text; ///< why it is not alive, its build if it is
};

/// The step machine.
class machine {
public:
  explicit machine(identity self);

  /// @param now Monotonic, not before that of the step before.
  effects step(const input& in, time_point now);

  /// The link messages to a joined peer take, else none.
  std::optional<uint64_t> link_to(const std::string& peer) const;

  /// The newest protocol that a joined peer and this node speak.
  uint64_t protocol_with(const std::string& peer) const;

  /// The joined peer behind a link, else empty.
  std::string peer_of(uint64_t link) const;

  const view& now_seen() const noexcept { return view_; }
  std::vector<node_view> describe() const;
  uint64_t undecodable() const noexcept { return undecodable_; }

private:
  struct link {
    std::string peer;
    bool dialled = false;
    bool greeted = false; ///< its hello was good
    bool proven = false;  ///< and it has echoed a heartbeat of mine
    uint64_t incarnation = 0;
    uint64_t sent = 0;  ///< number of my last heartbeat
    uint64_t heard = 0; ///< number of its newest
    /// When those of mine were sent that it has not echoed yet.
    std::map<uint64_t, time_point> unechoed;
    time_point echoed{};  ///< when the newest that it has echoed was sent
    milliseconds trip{0}; ///< of a heartbeat and its echo, on average
    time_point opened{};
    std::string build;
    std::string address;
    uint64_t protocol = 0; ///< the newest that both speak
  };

  struct peer {
    node_state state = node_state::unknown;
    std::optional<uint64_t> link; ///< the one that is used
    bool dialling = false; ///< until its hello, or the end of the attempt
    unsigned failures = 0; ///< in a row
    time_point next_dial{};
    std::string text;
    std::string refusal; ///< its last reason, if it refused this node
    /// No longer listed: does not count, and is turned away then.
    std::optional<time_point> leaves;
  };

  /// The last report about a node, and its time: reports must not repeat every
  /// few seconds.
  struct complaint {
    std::string text;
    time_point at{};
  };

  void take(const nodes_changed& in);
  void take(const link_opened& in);
  void take(const link_closed& in);
  void take(const dial_failed& in);
  void take(const received& in);
  void take(const stalled& in);
  void take(const refuse& in);
  void take(const leave& in);
  void take(const tick& in);

  void take_hello(uint64_t number, const hello_body& hello);
  void take_heartbeat(uint64_t number, const heartbeat_body& body);
  void take_refusal(uint64_t number, const refused_body& body);
  void take_namesake(const std::string& from, const namesake_body& body);
  bool settle_duplicate(uint64_t number);
  std::string objection(const link& from, const hello_body& hello) const;
  void use(uint64_t number);
  void turn_away(uint64_t number, const std::string& why);
  void drop(uint64_t number, const std::string& why);
  void lose(const link& used, const std::string& why);
  void note_refusal(const std::string& name, const std::string& text);
  void complain(const std::string& about, std::string text);
  std::string why_not_listed(const std::string& name) const;
  bool is_listed(const std::string& name) const;
  bool is_removed() const;
  void retry_later(peer& x);

  void note_trip(link& x, time_point sent);
  milliseconds allowed(milliseconds usual, milliseconds trip) const;
  void check_links();
  void end_farewells();
  void dial_missing();
  void visit_left_behind();
  void note_lateness();
  void beat();
  void beat(link& x, uint64_t number);
  void update_view();
  bool sees_majority() const;
  uint32_t random();
  time_point next_deadline() const;

  const identity self_;
  std::vector<std::string> names_; ///< of all nodes, sorted
  std::string list_;               ///< what lists them
  std::set<std::string> former_;   ///< that were ever listed
  std::map<std::string, peer> peers_;
  std::map<std::string, time_point> visits_; ///< to the left behind: the next
  std::map<std::string, complaint> complaints_; ///< by node
  std::set<std::string> namesakes_;             ///< addresses that were told of
  std::map<uint64_t, link> links_;
  view view_;
  std::optional<time_point> majority_differs_; ///< since when
  bool had_majority_ = false;
  bool leaving_ = false;
  time_point next_beat_{};
  milliseconds late_{0}; ///< of its own beats: the latest of the last ones
  time_point now_{};
  uint64_t randoms_ = 0;
  uint64_t undecodable_ = 0;
  effects out_;
};

} // namespace troupe::cluster::membership
