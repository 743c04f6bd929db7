// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/machine.hpp"
#include "core/cluster/config_register/message.hpp"
#include "core/cluster/config_register/rules.hpp"
#include "core/cluster/config_register/state.hpp"
#include "core/cluster/wake_timer.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// A few registers on a network that a test holds in its hand: messages wait
/// until they are let through, and each disk can be looked into.
namespace register_fixture {

using namespace troupe::cluster;
using namespace troupe::cluster::config_register;
using troupe::milliseconds;
using troupe::time_point;

inline node_list nodes_named(const std::vector<std::string>& names) {
  node_list result;
  for (const auto& name : names)
    result.push_back({name, name + ":7946"});
  return result;
}

inline shared_text text_of(std::string text, node_list nodes) {
  const auto hash = "#" + text;
  return {std::move(text), hash, std::move(nodes)};
}

struct node {
  std::unique_ptr<config_register::machine> machine;
  shared_text file;
  std::optional<std::string> content;
  size_t writes = 0; ///< of content
  std::string history;
  std::vector<std::string> check_problems;
  bool answers_checks = true;
  bool applies = true;

  std::deque<effect> queue;
  bool draining = false;

  std::vector<answer> answers;
  std::vector<event> events;
  std::vector<record> published;
  std::vector<record> left_out;
  std::vector<refuse> refused;
  std::vector<check> checks;
  size_t sent = 0; ///< messages, to one or to all
  wake_timer timer;
};

struct letter {
  std::string from;
  std::string to;
  std::string body;
};

class cluster {
public:
  static const rules& sound() {
    static const rules x;
    return x;
  }

  explicit cluster(const std::vector<std::string>& names,
                   const rules& which = sound())
    : rules_(which), names_(names) {
    for (const auto& name : names)
      nodes_[name].file = text_of("a", nodes_named(names));
  }

  node& operator[](const std::string& name) { return nodes_[name]; }

  void start(const std::string& name, bool damaged = false) {
    auto& x = nodes_[name];
    x.machine = std::make_unique<config_register::machine>(
      identity{name, "prod", ++incarnations_}, rules_);
    give(name, started{x.content, damaged, x.history, x.file});
  }

  /// Ends without a trace but what is on disk; peers notice.
  void stop(const std::string& name) {
    nodes_[name].machine.reset();
    for (auto& [other, x] : nodes_)
      if (x.machine && links_.erase({other, name}) != 0)
        give(other, peer_gone{name});
    std::erase_if(links_, [&](auto& link) { return link.first == name; });
  }

  void join(const std::string& a, const std::string& b) {
    for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}})
      if (links_.insert({from, to}).second)
        give(from, peer_joined{to});
  }

  void part(const std::string& a, const std::string& b) {
    for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}})
      if (links_.erase({from, to}) != 0)
        give(from, peer_gone{to});
  }

  void join_all() {
    for (const auto& [a, x] : nodes_)
      for (const auto& [b, y] : nodes_)
        if (a < b && x.machine && y.machine)
          join(a, b);
  }

  void isolate(const std::string& name) {
    for (const auto& [other, x] : nodes_)
      part(name, other);
  }

  /// All start, meet and agree on generation 1.
  void form() {
    for (const auto& name : names_)
      start(name);
    join_all();
    run(milliseconds{3000});
  }

  void give(const std::string& name, const input& x) {
    auto& self = nodes_[name];
    for (auto& y : self.machine->step(x, now_))
      self.queue.push_back(std::move(y));
    // What an effect causes comes after what was asked for before it.
    if (std::exchange(self.draining, true))
      return;
    for (; !self.queue.empty(); self.queue.pop_front())
      carry_out(name, effect{self.queue.front()});
    self.draining = false;
  }

  uint64_t propose(const std::string& at, shared_text x,
                   std::optional<uint64_t> base = {}) {
    const auto id = ++requests_;
    give(at, config_register::propose{
               id, std::move(x), {"ada", "why not", 7}, base, false, false});
    return id;
  }

  /// A text with the nodes that are committed at this node.
  shared_text next(const std::string& at, std::string text) {
    return text_of(std::move(text), nodes_[at].machine->committed()->nodes);
  }

  /// Lets through all letters that pass the filter, until none is left; the
  /// others stay.
  template <class Filter>
  void deliver(Filter&& passes) {
    for (size_t i = 0; i < letters_.size();) {
      if (!passes(letters_[i])) {
        ++i;
        continue;
      }
      const auto x = letters_[i];
      letters_.erase(letters_.begin() + static_cast<std::ptrdiff_t>(i));
      bring(x);
      i = 0;
    }
  }

  void deliver() {
    deliver([](auto&) { return true; });
  }

  /// Time passes in steps of 50 ms, with all letters let through.
  void run(milliseconds time) {
    for (const auto end = now_ + time; now_ < end;) {
      deliver();
      now_ += milliseconds{50};
      for (auto& [name, x] : nodes_)
        if (x.machine)
          give(name, tick{});
    }
    deliver();
  }

  /// Time passes as it does for the actor: only alarms of `wake_timer` give a
  /// tick, and all letters are let through.
  void run_by_alarms(milliseconds time) {
    deliver();
    for (const auto end = now_ + time;
         !alarms_.empty() && alarms_.begin()->first <= end;) {
      const auto [at, alarm] = *alarms_.begin();
      alarms_.erase(alarms_.begin());
      now_ = std::max(now_, at);
      if (auto& x = nodes_[alarm.first]; x.machine && x.timer.due(alarm.second))
        give(alarm.first, tick{});
      deliver();
    }
  }

  /// Time passes and letters wait.
  void wait(milliseconds time) {
    now_ += time;
    for (auto& [name, x] : nodes_)
      if (x.machine)
        give(name, tick{});
  }

  void drop_letters() { letters_.clear(); }

  const answer* answer_to(const std::string& at, uint64_t id) {
    for (const auto& x : nodes_[at].answers)
      if (x.request == id)
        return &x;
    return nullptr;
  }

  outcome result_of(const std::string& at, uint64_t id) {
    const auto* x = answer_to(at, id);
    if (!x)
      CAF_FAIL("request " << id << " was not answered");
    return x->result;
  }

  std::string text_at(const std::string& name) {
    const auto* x = nodes_[name].machine->committed();
    return x ? x->text : std::string{};
  }

  uint64_t generation_at(const std::string& name) {
    return nodes_[name].machine->status().committed.generation;
  }

  bool told(const std::string& name, event_kind kind) {
    const auto& events = nodes_[name].events;
    return std::any_of(events.begin(), events.end(),
                       [&](auto& x) { return x.kind == kind; });
  }

  durable_state disk(const std::string& name) {
    return decode_state(*nodes_[name].content).value();
  }

  template <class Body>
  static const Body* as(const letter& x) {
    static std::optional<message::envelope> last;
    last = message::decode(x.body);
    return last ? std::get_if<Body>(&last->content) : nullptr;
  }

  std::deque<letter> letters_;

private:
  void bring(const letter& x) {
    if (nodes_[x.to].machine)
      give(x.to, config_register::received{x.from, x.body});
  }

  void carry_out(const std::string& name, const effect& x) {
    auto& self = nodes_[name];
    if (const auto* y = std::get_if<troupe::cluster::send>(&x))
      post(name, *y);
    else if (const auto* y = std::get_if<persist>(&x)) {
      self.content = y->content;
      ++self.writes;
    } else if (const auto* y = std::get_if<keep_history>(&x))
      self.history = y->content;
    else if (const auto* y = std::get_if<answer>(&x))
      self.answers.push_back(*y);
    else if (const auto* y = std::get_if<event>(&x))
      self.events.push_back(*y);
    else if (const auto* y = std::get_if<refuse>(&x))
      self.refused.push_back(*y);
    else if (const auto* y = std::get_if<check>(&x))
      check_it(name, *y);
    else if (const auto* y = std::get_if<publish>(&x))
      apply(name, y->committed);
    else if (const auto* y = std::get_if<config_register::left_out>(&x))
      self.left_out.push_back(y->committed);
    else if (const auto* y = std::get_if<wake>(&x))
      arm(name, y->at);
  }

  void arm(const std::string& name, time_point at) {
    if (const auto alarm = nodes_[name].timer.arm(at, now_))
      alarms_.insert({now_ + alarm->delay, {name, alarm->ticket}});
  }

  void post(const std::string& from, const troupe::cluster::send& x) {
    ++nodes_[from].sent;
    for (const auto& [a, b] : links_)
      if (a == from && (x.to.empty() || b == x.to))
        letters_.push_back({from, b, x.body});
  }

  void check_it(const std::string& name, const check& x) {
    auto& self = nodes_[name];
    self.checks.push_back(x);
    if (self.answers_checks)
      give(name, checked{x.base, x.hash, self.check_problems});
  }

  void apply(const std::string& name, const record& x) {
    auto& self = nodes_[name];
    self.published.push_back(x);
    if (self.applies)
      give(name, applied{x.at});
    else
      give(name, apply_failed{x.at, "no such file"});
  }

  const rules& rules_;
  std::vector<std::string> names_;
  std::map<std::string, node> nodes_;
  std::set<std::pair<std::string, std::string>> links_;
  std::multimap<time_point, std::pair<std::string, uint64_t>> alarms_;
  time_point now_ = time_point{} + milliseconds{1000};
  uint64_t incarnations_ = 0;
  uint64_t requests_ = 0;
};

} // namespace register_fixture
