// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/membership.hpp"

#include "core/cluster/listing.hpp"
#include "core/cluster/rhythm.hpp"
#include "core/stable_hash.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::membership {

namespace {

/// The node with the greater name leaves the first dial to the other, so that
/// pairs seldom begin with two links.
constexpr milliseconds courtesy{400};
/// The same complaint about a node is repeated after this time only.
constexpr milliseconds complaint_pause{60'000};
/// Heartbeats to remember while their echo is out.
constexpr size_t unechoed_max = 32;
/// Addresses of nodes with this one's name to remember.
constexpr size_t namesakes_max = 64;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

milliseconds whole_ms(clock::duration x) {
  return std::chrono::duration_cast<milliseconds>(x);
}

} // namespace

const char* to_string(node_state x) noexcept {
  switch (x) {
  case node_state::unknown:
    return "unknown";
  case node_state::alive:
    return "alive";
  case node_state::suspect:
    return "suspect";
  case node_state::gone:
    return "gone";
  }
  return "invalid";
}

machine::machine(identity self) : self_(std::move(self)) {}

effects machine::step(const input& in, time_point now) {
  now_ = now;
  std::visit([this](const auto& x) { take(x); }, in);
  check_links();
  end_farewells();
  dial_missing();
  visit_left_behind();
  beat();
  update_view();
  out_.push_back(wake{next_deadline()});
  return std::exchange(out_, {});
}

// -- nodes --------------------------------------------------------------------

void machine::take(const nodes_changed& in) {
  names_ = in.names;
  list_ = in.list;
  former_.insert(names_.begin(), names_.end());
  std::sort(names_.begin(), names_.end());
  for (auto& [name, x] : peers_)
    if (is_listed(name))
      x.leaves.reset();
    else if (!x.leaves) // without a link there is nothing to wait for
      x.leaves = x.link ? now_ + farewell_time : now_;
  for (const auto& name : names_)
    if (name != self_.node && !peers_.contains(name))
      peers_[name].next_dial = self_.node < name ? now_ : now_ + courtesy;
  former_.insert(in.left_behind.begin(), in.left_behind.end());
  std::map<std::string, time_point> visits;
  for (const auto& name : in.left_behind)
    if (name != self_.node && !is_listed(name))
      visits[name] = visits_.contains(name) ? visits_[name] : now_;
  visits_ = std::move(visits);
}

bool machine::is_listed(const std::string& name) const {
  return std::binary_search(names_.begin(), names_.end(), name);
}

/// Agreed without this node: it knows, and need not be told again and again.
bool machine::is_removed() const {
  return !list_.empty() && !is_listed(self_.node);
}

std::string machine::why_not_listed(const std::string& name) const {
  return not_listed(name, self_.node, list_);
}

void machine::take(const refuse& in) {
  const auto found = peers_.find(in.node);
  if (found == peers_.end() || !found->second.link)
    return;
  complain(in.node, "refuses " + in.node + ": " + in.text);
  turn_away(*found->second.link, in.text);
}

void machine::take(const leave&) {
  leaving_ = true;
  for (const auto& [number, x] : links_)
    out_.push_back(link_send{number, encode(leaving_body{})});
}

void machine::take(const tick&) {}

void machine::take(const stalled&) {
  // What should have come in meanwhile may still be in the sockets.
  for (auto& [number, x] : links_) {
    x.echoed = x.opened = now_;
    x.unechoed.clear(); // they say nothing of how slow the link is
  }
  next_beat_ = now_; // nor is it late: it stood still
  if (majority_differs_)
    majority_differs_ = now_;
}

// -- links --------------------------------------------------------------------

void machine::take(const link_opened& in) {
  const bool former = !peers_.contains(in.peer) && former_.contains(in.peer);
  if (former)
    peers_[in.peer].leaves = now_ + farewell_time;
  const auto found = peers_.find(in.peer);
  auto& x = links_[in.link];
  x.peer = in.peer;
  x.dialled = in.dialled;
  x.address = in.address;
  x.opened = x.echoed = now_;
  if (found == peers_.end()) {
    turn_away(in.link, why_not_listed(in.peer));
    return;
  }
  out_.push_back(link_send{
    in.link, encode(hello_body{self_.cluster, self_.node, self_.incarnation,
                               protocol_oldest, protocol_newest, rules_newest,
                               self_.build})});
}

void machine::take(const link_closed& in) { drop(in.link, in.reason); }

void machine::take(const dial_failed& in) {
  const auto found = peers_.find(in.peer);
  if (found == peers_.end())
    return;
  found->second.dialling = false;
  retry_later(found->second);
  if (!found->second.link)
    found->second.text = in.reason;
  note_refusal(in.peer, in.refusal);
}

/// @param text Empty: it was something else.
void machine::note_refusal(const std::string& name, const std::string& text) {
  if (!text.empty())
    complain(name, name + " refuses this node: " + text);
  if (const auto found = peers_.find(name);
      found != peers_.end()
      && std::exchange(found->second.refusal, text) != text)
    out_.push_back(turned_away{name, text});
}

/// Forgets a link that is closed, or about to be.
void machine::drop(uint64_t number, const std::string& why) {
  const auto found = links_.find(number);
  if (found == links_.end())
    return;
  const auto x = std::move(found->second);
  links_.erase(found);
  const auto about = peers_.find(x.peer);
  if (about == peers_.end())
    return;
  if (x.dialled && !x.greeted)
    about->second.dialling = false;
  if (about->second.link == number)
    lose(x, why);
  else if (!about->second.link)
    retry_later(about->second);
}

/// The link in use is no more: another takes its place, or the node is gone.
void machine::lose(const link& used, const std::string& why) {
  const auto& name = used.peer;
  auto& x = peers_.at(name);
  x.link.reset();
  // Not proven yet, perhaps, but of the same process that was heard just now.
  const auto spare =
    std::find_if(links_.begin(), links_.end(), [&](const auto& item) {
      return item.second.peer == name && item.second.greeted
          && item.second.incarnation == used.incarnation;
    });
  if (spare != links_.end()) {
    x.link = spare->first;
    return;
  }
  x.state = node_state::gone;
  x.text = why;
  x.failures = 0;
  retry_later(x);
  out_.push_back(left{name});
  if (!leaving_ && !x.leaves && !is_removed())
    out_.push_back(event{true, name + " is gone: " + why});
}

/// Closes a link for a reason its peer is told.
void machine::turn_away(uint64_t number, const std::string& why) {
  out_.push_back(link_send{number, encode(refused_body{why})});
  out_.push_back(close_link{number, why});
  const auto name = links_.at(number).peer;
  drop(number, why);
  if (const auto found = peers_.find(name); found != peers_.end()) {
    found->second.text = why;
    found->second.next_dial = now_ + dial_pause_max;
  }
}

void machine::complain(const std::string& about, std::string text) {
  auto& last = complaints_[about];
  if (last.text == text && now_ < last.at + complaint_pause)
    return;
  last = {text, now_};
  out_.push_back(event{true, std::move(text)});
}

void machine::retry_later(peer& x) {
  const int64_t factor = int64_t{1} << std::min(x.failures++, 6u);
  const milliseconds pause =
    std::min<milliseconds>(dial_pause_min * factor, dial_pause_max);
  // +-20 %: nodes that lost each other together must not return together.
  const auto spread = pause.count() * int64_t{80 + random() % 41} / 100;
  x.next_dial = std::max(
    x.next_dial, now_ + (is_removed() ? knock_pause : milliseconds{spread}));
}

uint32_t machine::random() {
  return static_cast<uint32_t>(avalanche(self_.seed + ++randoms_) >> 32);
}

/// What made a node leave is on its way to it while its link lasts.
void machine::end_farewells() {
  std::vector<std::string> over;
  for (const auto& [name, x] : peers_)
    if (x.leaves && *x.leaves <= now_)
      over.push_back(name);
  for (const auto& name : over) {
    std::vector<uint64_t> left;
    for (const auto& [number, x] : links_)
      if (x.peer == name)
        left.push_back(number);
    for (const auto number : left)
      turn_away(number, why_not_listed(name));
    peers_.erase(name);
  }
}

// -- messages -----------------------------------------------------------------

void machine::take(const received& in) {
  const auto found = links_.find(in.link);
  if (found == links_.end())
    return; // closed meanwhile
  std::visit(
    overloaded{
      [&](const hello_body& x) { take_hello(in.link, x); },
      [&](const heartbeat_body& x) { take_heartbeat(in.link, x); },
      [&](const refused_body& x) { take_refusal(in.link, x); },
      [&](const leaving_body&) {
        out_.push_back(close_link{in.link, "it stops"});
        drop(in.link, "it stopped in order");
      },
      [&](const namesake_body& x) { take_namesake(found->second.peer, x); },
      [](const unknown_body&) {},
      [&](const undecodable_body&) { ++undecodable_; },
    },
    decode(in.body));
}

void machine::take_refusal(uint64_t number, const refused_body& body) {
  const auto name = links_.at(number).peer;
  const auto why = "it refuses this node: " + body.text;
  out_.push_back(close_link{number, why});
  drop(number, why);
  if (const auto about = peers_.find(name); about != peers_.end()) {
    about->second.text = why;
    about->second.next_dial =
      now_ + (is_removed() ? knock_pause : dial_pause_max);
    note_refusal(name, body.text);
  }
}

/// The one with the name hears of the other only so: that one dials its peers.
void machine::take_namesake(const std::string& from,
                            const namesake_body& body) {
  if (namesakes_.size() >= namesakes_max
      || !namesakes_.insert(body.address).second)
    return;
  out_.push_back(
    event{true, "another node calls itself " + self_.node + ", at "
                  + body.address + ": " + from
                  + " refused it; one of the two needs another --node"});
}

void machine::take_hello(uint64_t number, const hello_body& hello) {
  auto& x = links_.at(number);
  if (x.greeted)
    return; // once is enough
  if (const auto why = objection(x, hello); !why.empty()) {
    complain(x.peer, "refuses " + x.peer + ": " + why);
    turn_away(number, why);
    return;
  }
  x.greeted = true;
  if (x.dialled)
    peers_.at(x.peer).dialling = false;
  x.incarnation = hello.incarnation;
  x.build = hello.build;
  x.protocol = std::min(protocol_newest, hello.protocol_newest);
  beat(x, number);
}

/// Why not to talk to this peer; empty if there is nothing against it.
std::string machine::objection(const link& from,
                               const hello_body& hello) const {
  if (hello.cluster != self_.cluster)
    return hello.node + " is of cluster \"" + hello.cluster + "\", "
         + self_.node + " of \"" + self_.cluster + "\"";
  if (hello.node != from.peer)
    return "it proved to be " + from.peer + " and says it is " + hello.node;
  if (hello.incarnation == self_.incarnation)
    return "it is this very process";
  if (hello.protocol_newest < protocol_oldest
      || hello.protocol_oldest > protocol_newest)
    return hello.node + " (" + hello.build + ") speaks protocols "
         + std::to_string(hello.protocol_oldest) + " to "
         + std::to_string(hello.protocol_newest) + ", " + self_.node + " ("
         + self_.build + ") " + std::to_string(protocol_oldest) + " to "
         + std::to_string(protocol_newest);
  return {};
}

/// Of two links to one process the one dialled by the smaller name stays. The
/// greater name closes the other, once it has proven that one: its peer has
/// greeted it by then and can go on without a gap. Of two processes with one
/// name the first stays while it is heard.
/// @returns whether the peer has joined by `number`.
bool machine::settle_duplicate(uint64_t number) {
  const auto& fresh = links_.at(number);
  auto& about = peers_.at(fresh.peer);
  if (!about.link)
    return true;
  const auto other = *about.link;
  if (other == number)
    return false; // took the place of one that was lost
  const auto& kept = links_.at(other);
  if (kept.incarnation != fresh.incarnation) {
    const auto name = fresh.peer;
    if (now_ - kept.echoed <= echo_age_max) {
      const auto why = "two nodes call themselves " + name
                     + ": one of them needs another --node";
      out_.push_back(link_send{other, encode(namesake_body{fresh.address})});
      complain(name, fresh.address.empty()
                       ? why
                       : why + " (the second is at " + fresh.address + ")");
      turn_away(number, why);
      return false;
    }
    out_.push_back(close_link{other, "another start of it connected"});
    drop(other, "it was restarted");
    return true;
  }
  const bool mine_first = self_.node < fresh.peer;
  const auto surplus = fresh.dialled == mine_first ? other : number;
  if (surplus == other)
    about.link = number;
  if (!mine_first) {
    out_.push_back(close_link{surplus, "one link is enough"});
    links_.erase(surplus);
  }
  return false;
}

void machine::use(uint64_t number) {
  const auto& x = links_.at(number);
  auto& about = peers_.at(x.peer);
  about.link = number;
  about.state = node_state::alive;
  about.text = x.build;
  about.failures = 0;
  out_.push_back(joined{x.peer, x.incarnation, x.protocol});
  if (!about.leaves && !is_removed())
    out_.push_back(event{false, x.peer + " has joined"});
}

void machine::take_heartbeat(uint64_t number, const heartbeat_body& body) {
  auto& x = links_.at(number);
  if (!x.greeted)
    return;
  const bool news = body.number > x.heard;
  x.heard = std::max(x.heard, body.number);
  // While this side waits for its first echo the other may, too: at once then.
  if (news && !x.proven)
    beat(x, number);
  const auto echoed = x.unechoed.upper_bound(body.echo);
  if (echoed == x.unechoed.begin())
    return;
  note_trip(x, std::prev(echoed)->second);
  x.echoed = std::max(x.echoed, std::prev(echoed)->second);
  x.unechoed.erase(x.unechoed.begin(), echoed);
  if (x.proven)
    return;
  note_trip(x, x.opened); // the greetings took as long
  x.proven = true;
  if (settle_duplicate(number))
    use(number);
}

// -- time ---------------------------------------------------------------------

/// On average: one that was long is a pause, and no slow link.
void machine::note_trip(link& x, time_point sent) {
  const auto trip = whole_ms(now_ - sent);
  x.trip = x.proven ? (7 * x.trip + trip) / 8 : trip;
}

/// @param trip Of a heartbeat and its echo.
milliseconds machine::allowed(milliseconds usual, milliseconds trip) const {
  const auto far = trip.count() * silence_trips * usual / silence_max.count();
  const auto busy =
    usual + usual * (late_ - lateness_step).count() / lateness_step.count();
  return std::clamp<milliseconds>(std::max(far, busy), usual,
                                  slowness_max * usual);
}

void machine::check_links() {
  std::vector<uint64_t> silent;
  for (const auto& [number, x] : links_) {
    const auto found = peers_.find(x.peer);
    if (found == peers_.end())
      continue;
    const auto age = now_ - x.echoed;
    if (age > allowed(silence_max, x.trip))
      silent.push_back(number);
    else if (found->second.link == number)
      found->second.state = age > allowed(echo_age_max, x.trip)
                            ? node_state::suspect
                            : node_state::alive;
  }
  for (const auto number : silent) {
    const auto& x = links_.at(number);
    const auto silence =
      std::chrono::duration_cast<std::chrono::seconds>(now_ - x.echoed);
    const auto why = x.greeted ? "nothing of this node's came back for "
                                   + std::to_string(silence.count()) + " s"
                               : std::string{"it sent no greeting"};
    out_.push_back(close_link{number, why});
    drop(number, why);
  }
}

void machine::dial_missing() {
  if (leaving_)
    return;
  for (auto& [name, x] : peers_) {
    if (x.link || x.dialling || x.leaves || now_ < x.next_dial)
      continue;
    x.dialling = true;
    out_.push_back(dial{name});
  }
}

/// The link has the farewell time: enough for both to learn of each other's
/// epoch.
void machine::visit_left_behind() {
  if (leaving_)
    return;
  for (auto& [name, next] : visits_) {
    if (now_ < next)
      continue;
    next = now_ + visit_pause;
    if (!peers_.contains(name)) // else it has come by itself
      out_.push_back(dial{name});
  }
}

/// The most of it lately. One that stood still learns nothing from that.
void machine::note_lateness() {
  const auto late =
    next_beat_ == time_point{} ? milliseconds{0} : whole_ms(now_ - next_beat_);
  late_ -= late_ / 8;
  if (late < 2 * heartbeat_interval)
    late_ = std::max(late_, std::min(late, slowness_max * lateness_step));
}

void machine::beat() {
  if (now_ < next_beat_)
    return;
  note_lateness();
  next_beat_ = next_moment(self_.node, now_, heartbeat_interval);
  for (auto& [number, x] : links_)
    if (x.greeted)
      beat(x, number);
}

void machine::beat(link& x, uint64_t number) {
  x.unechoed[++x.sent] = now_;
  if (x.unechoed.size() > unechoed_max)
    x.unechoed.erase(x.unechoed.begin());
  out_.push_back(
    link_send{number, encode(heartbeat_body{x.sent, x.heard}), true});
}

bool machine::sees_majority() const {
  if (!is_listed(self_.node))
    return false;
  size_t seen = 1;
  for (const auto& [name, x] : peers_)
    seen += x.state == node_state::alive && !x.leaves;
  return seen > names_.size() / 2;
}

void machine::update_view() {
  view next;
  next.alive.push_back(self_.node);
  for (const auto& [name, x] : peers_)
    if (!x.leaves)
      (x.state == node_state::alive     ? next.alive
       : x.state == node_state::suspect ? next.suspect
                                        : next.gone)
        .push_back(name);
  std::sort(next.alive.begin(), next.alive.end());
  next.has_majority = view_.has_majority;
  if (sees_majority() == view_.has_majority) {
    majority_differs_.reset();
  } else if (!had_majority_) {
    next.has_majority = true; // the first time there is nothing to wait for
  } else if (!majority_differs_) {
    majority_differs_ = now_;
  } else if (now_ - *majority_differs_ >= majority_delay) {
    next.has_majority = !view_.has_majority;
    majority_differs_.reset();
  }
  had_majority_ |= next.has_majority;
  if (next == view_)
    return;
  if (next.has_majority != view_.has_majority)
    out_.push_back(next.has_majority
                     ? event{false, "this node sees a majority"}
                     : event{true, "this node sees no majority: it trusts its "
                                   "own probes"});
  view_ = next;
  out_.push_back(std::move(next));
}

time_point machine::next_deadline() const {
  auto result = next_beat_;
  for (const auto& [name, x] : peers_)
    if (x.leaves)
      result = std::min(result, *x.leaves);
    else if (!x.link && !x.dialling && !leaving_)
      result = std::min(result, x.next_dial);
  for (const auto& [name, next] : visits_)
    if (!leaving_)
      result = std::min(result, next);
  return std::max(result, now_ + milliseconds{1});
}

// -- what others ask ----------------------------------------------------------

std::optional<uint64_t> machine::link_to(const std::string& name) const {
  const auto found = peers_.find(name);
  return found == peers_.end() ? std::nullopt : found->second.link;
}

uint64_t machine::protocol_with(const std::string& name) const {
  const auto link = link_to(name);
  const auto found = link ? links_.find(*link) : links_.end();
  return found == links_.end() ? protocol_oldest : found->second.protocol;
}

std::string machine::peer_of(uint64_t number) const {
  const auto found = links_.find(number);
  return found == links_.end() || !found->second.proven ? std::string{}
                                                        : found->second.peer;
}

std::vector<node_view> machine::describe() const {
  std::vector<node_view> result;
  for (const auto& [name, x] : peers_)
    if (!x.leaves)
      result.push_back({name, x.state, x.text});
  return result;
}

} // namespace troupe::cluster::membership
