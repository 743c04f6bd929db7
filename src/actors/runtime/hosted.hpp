// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/runtime/actor_host.hpp"
#include "actors/runtime/failures.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/invoke_message_result.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduled_actor.hpp>

#include <cassert>
#include <exception>
#include <utility>

namespace troupe::actors {

/// Mixin: pins an event-based actor to one actor_host, lists it there, and
/// gives it quiet, logged defaults for what CAF would print.
///
/// Without a host (unit tests under CAF's test_coordinator) the actor runs on
/// CAF's scheduler, so the same class serves both.
template <class Base, actor_kind Kind>
class hosted : public Base, private actor_entry {
public:
  static constexpr actor_kind kind = Kind;

  explicit hosted(caf::actor_config& cfg)
    : Base(cfg), host_(dynamic_cast<actor_host*>(cfg.host)) {
    use_logged_defaults(*this);
  }

  actor_host* host() const noexcept { return host_; }

  const char* name() const override { return to_string(Kind).data(); }

  using Base::enqueue;

  /// Every message lands here, from any sender; any thread.
  void enqueue(caf::mailbox_element_ptr element,
               caf::execution_unit* unit) override {
    // Released here, acquired where messages are consumed or, unread, destroyed
    // with the mailbox: what that does itself, but inside libcaf, where the
    // thread sanitizer cannot see it.
    enqueued_.fetch_add(1, std::memory_order_release);
    if (host_ != nullptr)
      host_->totals(Kind).enqueued.fetch_add(1, std::memory_order_relaxed);
    caf::scheduled_actor::enqueue(std::move(element), host_ ? host_ : unit);
  }

  void launch(caf::execution_unit* unit, bool lazy, bool hide) override {
    if (host_ != nullptr && host_->on_this_thread())
      enlist();
    caf::scheduled_actor::launch(host_ ? host_ : unit, lazy, hide);
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* unit) override {
    acquire_messages();
    if (listed_) {
      listed_ = false;
      if (is_restarted && is_failure(reason))
        host_->note_failure(*this);
      host_->delist(*this);
      host_->totals(Kind).alive.sub();
    }
    return Base::cleanup(std::move(reason), unit);
  }

  /// Runs `f` as if it were a message handler: exceptions reach the exception
  /// handler, quit() takes effect at the end. For I/O events and Asio
  /// completions, on the loop's thread; never from inside a handler of this
  /// or another actor of the loop (rule 26).
  /// @returns false if the actor has ended.
  template <class F>
  bool in_actor(F&& f) {
    assert(host_ == nullptr || host_->on_this_thread());
    // Does what scheduled_actor does around a message, without a message.
    if (!this->activate(host_ ? host_ : this->context()))
      return false;
    try {
      f();
    } catch (...) {
      auto what = std::current_exception();
      if (auto error = this->call_handler(this->exception_handler_, this, what))
        this->quit(std::move(error));
    }
    return !this->finalize();
  }

  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    acquire_messages();
    if (host_ != nullptr) {
      if (!listed_)
        enlist(); // spawned by another thread: its first message is the time
      host_->totals(Kind).handled.add();
    }
    handled_.add();
    last_handled = clock::now();
    return Base::consume(element);
  }

  uint64_t handled() const noexcept { return handled_.get(); }

protected:
  /// The name of the item that this actor serves, for listings.
  virtual std::string subject() const { return {}; }

private:
  /// Those that are restarted whenever one fails.
  static constexpr bool is_restarted = Kind != actor_kind::supervisor
                                    && Kind != actor_kind::connection
                                    && Kind != actor_kind::link;

  void acquire_messages() const noexcept {
    static_cast<void>(enqueued_.load(std::memory_order_acquire));
  }

  void enlist() {
    born = last_handled = clock::now();
    host_->enlist(*this);
    host_->totals(Kind).alive.add();
    listed_ = true;
  }

  uint64_t entry_id() const noexcept override { return this->id(); }
  actor_kind entry_kind() const noexcept override { return Kind; }
  std::string entry_name() const override { return subject(); }
  uint64_t entry_handled() const noexcept override { return handled_.get(); }
  uint64_t entry_mailbox() const noexcept override {
    auto in = enqueued_.load(std::memory_order_relaxed);
    auto out = handled_.get();
    return in > out ? in - out : 0;
  }

  actor_host* host_;
  std::atomic<uint64_t> enqueued_{0};
  counter handled_;
  bool listed_ = false;
};

/// Spawns an actor of class `T` on `host`.
template <class T, class... Ts>
auto spawn_on(actor_host& host, Ts&&... xs) {
  caf::actor_config cfg{&host};
  return host.system().template spawn_class<T, caf::no_spawn_options>(
    cfg, std::forward<Ts>(xs)...);
}

} // namespace troupe::actors
