// SPDX-License-Identifier: BSD-3-Clause
#include "actors/runtime/actor_host.hpp"
#include "actors/events/journal.hpp"

#include <caf/actor_system.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <fmt/format.h>

#include <utility>

namespace troupe::actors {

namespace {

thread_local actor_host* current_host = nullptr;

void tell_restart(const actor_entry& entry, uint32_t times) {
  const auto name = entry.entry_name();
  const auto who = fmt::format("{}{}{}", to_string(entry.entry_kind()),
                               name.empty() ? "" : " ", name);
  journal::error(event_kind::actor, who,
                 "the {} failed and was restarted, for the {}{} time", who,
                 times,
                 times == 1   ? "st"
                 : times == 2 ? "nd"
                 : times == 3 ? "rd"
                              : "th");
}

void end(caf::resumable* job) {
  caf::scheduler::abstract_coordinator::cleanup_and_release(job);
}

} // namespace

std::string_view to_string(actor_kind x) noexcept {
  constexpr std::array<std::string_view, actor_kind_count> names{
    "supervisor",     "config",   "metrics",   "admin",      "router",
    "health_checker", "worker",   "listener",  "connection", "membership",
    "observations",   "register", "operators", "link"};
  return names[static_cast<size_t>(x)];
}

uint64_t actor_host::kind_totals::backlog() const noexcept {
  auto in = enqueued.load(std::memory_order_relaxed);
  auto out = handled.get();
  return in > out ? in - out : 0;
}

actor_host::actor_host(caf::actor_system& system, std::string where,
                       std::function<void()> wake)
  : caf::execution_unit(&system), where_(std::move(where)),
    wake_(std::move(wake)) {}

actor_host::~actor_host() { abandon(); }

void actor_host::bind_thread() noexcept { current_host = this; }

actor_host* actor_host::current() noexcept { return current_host; }

void actor_host::exec_later(caf::resumable* job) {
  if (on_this_thread()) {
    local_.push_back(job);
    if (!running_ && !std::exchange(wake_pending_, true))
      wake_();
    return;
  }
  bool wake = false;
  {
    std::lock_guard guard{mutex_};
    if (!closed_) {
      wake = remote_.empty();
      remote_.push_back(std::exchange(job, nullptr));
      remote_waiting_.store(true, std::memory_order_release);
    }
  }
  if (job != nullptr)
    end(job);
  else if (wake)
    wake_();
}

bool actor_host::run(size_t jobs_max, size_t messages_max) {
  running_ = true;
  wake_pending_ = false;
  if (remote_waiting_.load(std::memory_order_acquire))
    fetch_remote();
  for (size_t n = 0; n < jobs_max && !local_.empty(); ++n) {
    auto* job = local_.front();
    local_.pop_front();
    resume(job, messages_max);
  }
  running_ = false;
  return has_jobs();
}

void actor_host::fetch_remote() {
  {
    std::lock_guard guard{mutex_};
    taken_.swap(remote_);
    remote_waiting_.store(false, std::memory_order_relaxed);
  }
  local_.insert(local_.end(), taken_.begin(), taken_.end());
  taken_.clear();
}

void actor_host::resume(caf::resumable* job, size_t messages_max) {
  switch (job->resume(this, messages_max)) {
  case caf::resumable::resume_later:
    local_.push_back(job);
    break;
  case caf::resumable::awaiting_message:
  case caf::resumable::done:
  case caf::resumable::shutdown_execution_unit:
    caf::intrusive_ptr_release(job);
    break;
  }
}

void actor_host::abandon() {
  {
    std::lock_guard guard{mutex_};
    closed_ = true;
    taken_.swap(remote_);
  }
  for (auto* job : std::exchange(taken_, {}))
    end(job);
  while (!local_.empty()) {
    auto* job = local_.front();
    local_.pop_front();
    end(job);
  }
}

void actor_host::enlist(actor_entry& entry) {
  if (!failures_.empty()) {
    const auto found = failures_.find({entry.entry_kind(), entry.entry_name()});
    if (found != failures_.end()) {
      auto& [failed, restarted] = found->second;
      if (restarted < failed) {
        ++restarted;
        totals(entry.entry_kind()).restarted.add();
        tell_restart(entry, restarted);
      }
      entry.restarts = restarted;
    }
  }
  entry.next = first_;
  if (first_ != nullptr)
    first_->previous = &entry;
  first_ = &entry;
  ++size_;
}

void actor_host::note_failure(const actor_entry& entry) {
  ++failures_[{entry.entry_kind(), entry.entry_name()}].failed;
}

void actor_host::delist(actor_entry& entry) noexcept {
  if (entry.previous != nullptr)
    entry.previous->next = entry.next;
  else
    first_ = entry.next;
  if (entry.next != nullptr)
    entry.next->previous = entry.previous;
  entry.previous = entry.next = nullptr;
  --size_;
}

} // namespace troupe::actors
