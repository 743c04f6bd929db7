// SPDX-License-Identifier: BSD-3-Clause
#include "register_host.hpp"

#include <utility>

namespace sim {

using namespace troupe::cluster;
using namespace troupe::cluster::config_register;

namespace {

const char* const cluster_name = "prod";

bool is_about_votes(const std::string& body) {
  // The type comes first.
  const auto type = static_cast<size_t>(body.front()) - 1;
  return type >= message::body{message::learn{}}.index()
      && type <= message::body{message::recalled{}}.index();
}

std::string brief(const record& x) {
  std::string nodes;
  for (const auto& node : x.nodes)
    nodes += " " + node.name;
  return std::to_string(x.at.epoch) + "." + std::to_string(x.at.generation)
       + " " + x.hash + " {" + nodes.substr(1) + "}";
}

} // namespace

register_host::register_host(world& w, network& n, register_checker& c,
                             const flaw& broken, std::string name,
                             shared_text file)
  : world_(w), network_(n), checker_(c), broken_(broken),
    name_(std::move(name)), file_(std::move(file)) {}

// -- what happens to it -------------------------------------------------------

void register_host::start() {
  if (running())
    return;
  ++starts_;
  timer_ = {};
  auto& chance = world_.chance;
  clock_offset_ = seconds{chance.between(0, 100000)};
  clock_per_mille_ = chance.between(950, 1050);
  machine_ = std::make_unique<config_register::machine>(
    identity{name_, cluster_name, chance.next()}, *broken_.rules);
  world_.trace(name_, content_ ? "starts" : "starts without a disk");
  network_.restarted(*this);
  step(started{content_, junk_, history_, file_});
}

void register_host::crash() {
  if (!running())
    return;
  world_.trace(name_, "crashes");
  if (writing_ && world_.chance.per_mille(500))
    land(*writing_);
  if (world_.chance.per_mille(300))
    history_.resize(history_.size() / 2);
  machine_.reset();
  queue_.clear();
  backlog_.clear();
  writing_.reset();
  paused_ = false;
  checker_.crashed(name_);
  network_.changed();
}

void register_host::wipe(bool leaves_junk) {
  crash();
  world_.trace(name_, "loses its disk");
  content_.reset();
  history_.clear();
  junk_ = leaves_junk;
  checker_.wiped(name_);
}

void register_host::pause() {
  if (!running() || paused_)
    return;
  world_.trace(name_, "stalls");
  paused_ = true;
  // A stall is noticed like a crash; a short one not at all.
  world_.after(milliseconds{1500}, [this] { network_.changed(); });
}

void register_host::resume() {
  if (!paused_)
    return;
  world_.trace(name_, "goes on");
  paused_ = false;
  for (auto& what : std::exchange(backlog_, {}))
    now_or_resumed(std::move(what));
  network_.changed();
}

void register_host::give(const input& x) {
  if (running())
    now_or_resumed([this, x] { step(x); });
}

// -- what is so ---------------------------------------------------------------

const record* register_host::committed() const {
  return machine_ ? machine_->committed() : nullptr;
}

register_status register_host::status() const {
  return machine_ ? machine_->status() : register_status{};
}

std::optional<durable_state> register_host::disk() const {
  return content_ ? decode_state(*content_) : std::nullopt;
}

time_point register_host::local_now() const {
  return time_point{clock_offset_ + world_.elapsed() / 1000 * clock_per_mille_};
}

// -- host ---------------------------------------------------------------------

void register_host::joined(const std::string& peer) { give(peer_joined{peer}); }

void register_host::gone(const std::string& peer) { give(peer_gone{peer}); }

void register_host::receive(const std::string& from, message_kind,
                            const std::string& body) {
  if (!running())
    return;
  now_or_resumed([this, from, body] {
    checker_.received(name_, from, body);
    step(config_register::received{from, body});
  });
}

// -- the driver ---------------------------------------------------------------

void register_host::now_or_resumed(world::action what) {
  if (paused_)
    backlog_.push_back(std::move(what));
  else
    what();
}

void register_host::later(duration delay, world::action what) {
  world_.after(delay, [this, born = starts_, what = std::move(what)]() mutable {
    if (running() && born == starts_)
      now_or_resumed(std::move(what));
  });
}

void register_host::step(const input& x) {
  // A backlog may outlive the process that was to see it.
  if (!running())
    return;
  for (auto& y : machine_->step(x, local_now()))
    queue_.push_back(std::move(y));
  pump();
}

/// What follows a persist waits for it.
void register_host::pump() {
  while (!writing_ && !queue_.empty()) {
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    if (const auto* x = std::get_if<persist>(&next))
      write(x->content);
    else
      carry_out(next);
  }
}

void register_host::write(const std::string& content) {
  const bool slow = world_.chance.per_mille(faults.slow_write);
  const auto delay =
    world_.any(microseconds{100}, slow ? milliseconds{300} : milliseconds{10});
  if (broken_.driver == driver_flaw::votes_before_fsync) {
    later(delay, [this, content] { land(content); });
    return;
  }
  writing_ = content;
  if (world_.chance.per_mille(faults.failed_write)) {
    later(delay, [this] { fail_write(); });
    return;
  }
  later(delay, [this] {
    land(*std::exchange(writing_, std::nullopt));
    pump();
  });
}

void register_host::land(const std::string& content) {
  junk_ = false;
  content_ = content;
  auto state = decode_state(content);
  if (!state)
    return checker_.fail(name_ + " wrote what it cannot read");
  if (broken_.driver == driver_flaw::forgets_promise) {
    state->promised = state->accepted ? state->accepted->number : ballot{};
    content_ = encode(*state);
  }
  checker_.stored(name_, *state);
}

void register_host::fail_write() {
  world_.trace(name_, "cannot write its disk");
  writing_.reset();
  for (auto& x : std::exchange(queue_, {}))
    if (auto* y = std::get_if<answer>(&x)) {
      y->result = outcome::unknown;
      carry_out(x);
    }
  step(persist_failed{content_});
  later(world_.any(seconds{2}, seconds{6}), [this] {
    crash();
    start();
  });
}

void register_host::carry_out(const effect& x) {
  if (const auto* y = std::get_if<send>(&x)) {
    checker_.sent(name_, y->body);
    network_.send(*this, y->to, y->kind, y->body);
    if (voting && is_about_votes(y->body))
      voting(*this);
  } else if (const auto* y = std::get_if<wake>(&x)) {
    arm(y->at);
  } else if (const auto* y = std::get_if<keep_history>(&x)) {
    history_ = y->content;
  } else if (const auto* y = std::get_if<check>(&x)) {
    answer_check(*y);
  } else if (const auto* y = std::get_if<publish>(&x)) {
    apply(y->committed);
  } else if (const auto* y = std::get_if<answer>(&x)) {
    world_.trace(name_, std::string{"answers "} + std::to_string(y->request)
                          + ": " + to_string(y->result) + ", " + y->text);
    checker_.answered(name_, *y);
  } else if (const auto* y = std::get_if<event>(&x)) {
    world_.trace(name_, y->text);
  } else if (const auto* y = std::get_if<config_register::refuse>(&x)) {
    world_.trace(name_, "refuses: " + y->text);
    network_.refuse(name_, y->node);
  }
}

void register_host::answer_check(const check& x) {
  if (world_.chance.per_mille(faults.check_unanswered))
    return;
  checked result{x.base, x.hash, {}};
  if (world_.chance.per_mille(faults.check_refused))
    result.problems.push_back("address already in use");
  later(world_.any(milliseconds{1}, milliseconds{60}),
        [this, result] { step(result); });
}

void register_host::apply(const record& x) {
  if (world_.traced())
    world_.trace(name_, "publishes " + brief(x));
  checker_.published(name_, x);
  if (watcher)
    watcher(*this, x);
  const auto at = x.at;
  if (world_.chance.per_mille(faults.apply_failed))
    later(milliseconds{5}, [this, at] {
      step(apply_failed{at, "no such file"});
    });
  else
    later(milliseconds{5}, [this, at] { step(applied{at}); });
}

void register_host::arm(time_point local) {
  const auto alarm = timer_.arm(local, local_now());
  if (!alarm)
    return;
  const duration left = alarm->delay;
  later(left / clock_per_mille_ * 1000 + microseconds{1},
        [this, ticket = alarm->ticket] {
          if (timer_.due(ticket))
            step(tick{});
        });
}

} // namespace sim
