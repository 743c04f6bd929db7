// SPDX-License-Identifier: BSD-3-Clause
#include "observations_checker.hpp"

#include "core/cluster/observations_message.hpp"
#include "core/cluster/operators_message.hpp"

#include <algorithm>

namespace sim {

using namespace troupe::cluster;
using troupe::status;

namespace {

/// Rule 15: 2 s until a link counts as dead, half a second more until the next
/// heartbeat says so, 3 s of hysteresis; and what a loaded loop adds.
constexpr milliseconds unsettled_within{8'000};
/// Whoever starts may not have heard everybody yet.
constexpr milliseconds warm_up{20'000};
/// A node that knows nothing must have looked once.
constexpr milliseconds start_within{5'000};
/// A veto without a reason is lifted by `rise` probes, 500 ms apart.
constexpr milliseconds doubt_within{5'000};
/// The interval of a down server and `rise` probes.
constexpr milliseconds noticed_within{8'000};
/// 3 s of hysteresis, a lost digest or two, and own probes that begin anew and
/// have a vote after `fall` of them.
constexpr milliseconds returned_within{15'000};

/// What the verdict rests on.
std::string explained(const observations::machine& x, const std::string& server,
                      time_point local) {
  const auto view = x.describe("app", server, local);
  if (!view || !view->now)
    return {};
  auto result = ": " + view->now->rule();
  for (const auto& seen : view->observers)
    result += "; " + seen.node + " " + std::string{to_string(seen.what.status)}
            + (seen.counted         ? " counted"
               : seen.what.complete ? " not counted"
                                    : " incomplete");
  return result;
}

} // namespace

void observations_checker::fail(std::string text) {
  if (!failure_.empty())
    return;
  world_.trace("", "FAILURE: " + text);
  failure_ = std::move(text);
}

void observations_checker::stepped(const std::string& node,
                                   const observations::machine& x,
                                   time_point local) {
  if (!x.settled())
    return;
  const auto lost = no_majority_since_.find(node);
  if (lost != no_majority_since_.end()
      && world_.now() - lost->second > unsettled_within)
    fail(node + " trusts verdicts and has seen no majority for long");
  check_verdicts(node, x, local);
  if (++steps_ % 8 == 0)
    check_order(node, x, local);
}

void observations_checker::majority(const std::string& node, bool seen) {
  if (seen && no_majority_since_.erase(node) > 0)
    returned_[node] = world_.now();
  if (seen)
    return;
  if (no_majority_since_.try_emplace(node, world_.now()).second)
    forget_votes(node);
}

void observations_checker::resumed(const std::string& node) {
  resumed_[node] = world_.now();
  if (const auto x = no_majority_since_.find(node);
      x != no_majority_since_.end())
    x->second = world_.now();
  if (const auto x = returned_.find(node); x != returned_.end())
    x->second = world_.now(); // that time did not pass for it
  if (const auto x = started_.find(node); x != started_.end())
    x->second = world_.now();
  for (auto& [what, when] : doubted_)
    if (what.first == node)
      when = world_.now();
  forget_votes(node);
}

/// It may have dropped them all, and take older ones from others now.
void observations_checker::forget_votes(const std::string& node) {
  std::erase_if(
    newest_, [&](const auto& item) { return std::get<0>(item.first) == node; });
}

void observations_checker::crashed(const std::string& node) {
  no_majority_since_.erase(node);
  has_majority(node);
  std::erase_if(
    newest_, [&](const auto& item) { return std::get<0>(item.first) == node; });
  for (auto& [id, x] : requests_)
    if (x.node == node && !x.answered)
      x.void_ = true;
}

bool observations_checker::is_exempt(const std::string& node) const {
  const auto until = exempt_.find(node);
  return land_.isolated.contains(node)
      || (until != exempt_.end() && world_.now() < until->second)
      || world_.elapsed() < warm_up;
}

/// Rules 12, 15: with a majority and without, a server that is the same to all
/// is used all the time or never.
void observations_checker::concluded(const std::string& node,
                                     const std::string& server, bool used) {
  if (is_exempt(node))
    return;
  check_kept(node, server, used);
  const auto x =
    std::ranges::find(land_.servers, server, &landscape::server::name);
  if (!x->always || lately(started_, node, start_within)
      || lately(doubted_, std::pair{node, server}, doubt_within))
    return;
  const bool reached = land_.reaches(node, server);
  if (used && !reached && *x->always == status::down)
    fail(node + " uses " + server + ", which is down for all");
  if (!used && reached && *x->always == status::up)
    fail(node + " does not use " + server + ", which is up for it");
}

/// Rule 15: the loss of a majority changes nothing, own probes may.
void observations_checker::check_kept(const std::string& node,
                                      const std::string& server, bool used) {
  const auto kept = kept_.find({node, server});
  if (kept != kept_.end() && used != kept->second
      && used != land_.reaches(node, server)
      && !lately(changed_, server, noticed_within)
      && !lately(resumed_, node, noticed_within))
    fail(node + (used ? " uses " : " does not use ") + server
         + ", without a majority and without a reason");
}

void observations_checker::has_majority(const std::string& node) {
  std::erase_if(kept_, [&](const auto& x) { return x.first.first == node; });
}

/// Rule 11: no verdict flips because of what happens to nodes only.
void observations_checker::check_verdicts(const std::string& node,
                                          const observations::machine& x,
                                          time_point local) {
  const bool exempt = is_exempt(node);
  const auto verdicts = x.verdicts("app");
  size_t n = 0;
  for (const auto& server : land_.servers) {
    if (n == verdicts.size() || verdicts[n].first != server.name)
      continue;
    const auto now = verdicts[n++].second;
    auto [last, is_new] = said_.try_emplace({node, server.name}, now);
    if (!is_new && last->second != now) {
      ++flips_;
      world_.trace(node, server.name + " is " + std::string{to_string(now)});
      last->second = now;
    }
    // When all were cut off nobody has a vote at first, and each goes on as it
    // was.
    const auto back = returned_.find(node);
    const auto own =
      land_.reaches(node, server.name) ? status::up : status::down;
    if (back != returned_.end() && own == now
        && world_.now() - back->second < returned_within)
      continue;
    if (!exempt && server.always && *server.always != now)
      fail(node + " says " + server.name + " is " + std::string{to_string(now)}
           + ", which none of the servers' changes explains"
           + explained(x, server.name, local));
  }
}

/// Rule 8: of one observer nothing older replaces what is newer and still
/// speaks.
void observations_checker::check_order(const std::string& node,
                                       const observations::machine& x,
                                       time_point local) {
  for (const auto& server : land_.servers) {
    const auto view = x.describe("app", server.name, local);
    if (!view)
      continue;
    for (const auto& seen : view->observers) {
      if (!seen.what.complete)
        continue;
      auto [held, is_new] = newest_.try_emplace(
        {node, server.name, seen.node},
        observations::held_observation{seen.what, world_.now() - seen.age});
      if (is_new)
        continue;
      const auto& before = held->second;
      // The same one by a slow way proves to be older; clocks differ in speed.
      const auto keeps =
        observations::fresh_for(before.what, observations::pace{}) - seconds{4};
      if (observations::newer(before.what, seen.what) < 0
          && world_.now() - before.made < keeps)
        fail(node + " holds of " + seen.node
             + " what is older than what it held");
      held->second = {seen.what, world_.now() - seen.age};
    }
  }
}

/// What a node sees without a majority stays with it.
void observations_checker::told_observations(const std::string& node,
                                             const std::string& body) {
  const auto said = observations::decode(body);
  if (!said)
    return fail(node + " says what nobody can read");
  bool any = !said->observations.empty();
  for (const auto& x : said->reports)
    any |= !x.items.empty() || !x.ages_ms.empty();
  if (any && no_majority_since_.contains(node))
    fail(node + " tells what it sees without a majority");
}

// -- wishes -------------------------------------------------------------------

/// Rule 17: a counter is on disk before anybody hears of it, so one version
/// never names two wishes.
void observations_checker::told(const std::string& node,
                                const std::string& body) {
  const auto said = operators::decode(body);
  const auto* state = std::get_if<operators::state_body>(&said);
  if (!state || wiped_)
    return;
  for (const auto& [of, x] : state->part.entries) {
    const auto [known, is_new] = versions_.try_emplace(x.at, x);
    if (!is_new && known->second != x)
      fail(node + " tells another wish of the same version");
  }
}

void observations_checker::commanded(const std::string& node, uint64_t id,
                                     const operators::server_key& of,
                                     operators::version at) {
  auto& x = requests_[id];
  x.node = node;
  x.of = of;
  x.at = std::move(at);
}

void observations_checker::answered(const std::string& node,
                                    const operators::answer& x) {
  const auto found = requests_.find(x.request);
  if (found == requests_.end() || found->second.answered)
    return fail(node + " answers what it was not asked");
  found->second.answered = true;
  found->second.in_force = x.in_force;
}

void observations_checker::end(const std::string& node,
                               const operators::snapshot& x,
                               const std::set<std::string>& dead) {
  for (const auto& [id, asked] : requests_) {
    if (!asked.answered && !asked.void_)
      fail(asked.node + " never answered");
    const auto held = x.entries.find(asked.of);
    const bool survives =
      std::any_of(asked.in_force.begin(), asked.in_force.end(),
                  [&](const auto& holder) { return !dead.contains(holder); });
    if (survives && !wiped_
        && (held == x.entries.end() || held->second.at < asked.at))
      fail(node + " lacks a wish that was said to hold");
  }
}

} // namespace sim
