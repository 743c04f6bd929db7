// SPDX-License-Identifier: BSD-3-Clause
#include "actors/runtime/asio_clock.hpp"

#include <boost/asio/dispatch.hpp>

#include <caf/abstract_actor.hpp>
#include <caf/group.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <stdexcept>

namespace troupe::actors {

void asio_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self,
                                      caf::atom_value type, uint64_t id) {
  cancel_ordinary_timeout(self, type);
  set_multi_timeout(t, self, type, id);
}

void asio_clock::set_multi_timeout(time_point t, caf::abstract_actor* self,
                                   caf::atom_value type, uint64_t id) {
  entry what;
  what.kind = kind::timeout;
  what.owner = self->id();
  what.type = type;
  what.timeout_id = id;
  what.receiver = caf::strong_actor_ptr{self->ctrl()};
  add(t, std::move(what));
}

void asio_clock::set_request_timeout(time_point t, caf::abstract_actor* self,
                                     caf::message_id id) {
  entry what;
  what.kind = kind::request;
  what.owner = self->id();
  what.request = id;
  what.receiver = caf::strong_actor_ptr{self->ctrl()};
  add(t, std::move(what));
}

void asio_clock::cancel_ordinary_timeout(caf::abstract_actor* self,
                                         caf::atom_value type) {
  cancel_if(self->id(), [type](const entry& e) {
    return e.kind == kind::timeout && e.type == type;
  });
}

void asio_clock::cancel_request_timeout(caf::abstract_actor* self,
                                        caf::message_id id) {
  cancel_if(self->id(), [id](const entry& e) {
    return e.kind == kind::request && e.request == id;
  });
}

void asio_clock::cancel_timeouts(caf::abstract_actor* self) {
  cancel_if(self->id(), [](const entry&) { return true; });
}

void asio_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver,
                                  caf::mailbox_element_ptr content) {
  entry what;
  what.receiver = std::move(receiver);
  what.content = std::move(content);
  add(t, std::move(what));
}

void asio_clock::schedule_message(time_point, caf::group, caf::strong_actor_ptr,
                                  caf::message) {
  throw std::logic_error{"delayed messages to groups are not used here"};
}

void asio_clock::cancel_all() {
  schedule gone; // released outside of the lock
  std::lock_guard guard{mutex_};
  gone.swap(schedule_);
  owned_.clear();
  for (auto& count : pending_)
    count.store(0, std::memory_order_relaxed);
}

/// What is due at nearly the same time is delivered at once: one wake of the
/// loop less.
void asio_clock::add(time_point exact, entry what) {
  const auto t =
    exact == time_point::max()
      ? exact
      : time_point{std::chrono::ceil<milliseconds>(exact.time_since_epoch())};
  bool earlier = false;
  {
    std::lock_guard guard{mutex_};
    const auto owner = what.owner;
    const auto where = schedule_.emplace(t, std::move(what));
    if (owner != 0) {
      owned_.emplace(owner, where);
      pending_of(owner).fetch_add(1, std::memory_order_relaxed);
    }
    earlier = t < armed_for_;
    if (earlier)
      armed_for_ = t;
  }
  if (earlier)
    boost::asio::dispatch(loop_, [this] { arm(); });
}

void asio_clock::cancel_if(caf::actor_id owner,
                           const std::function<bool(const entry&)>& matches) {
  if (pending_of(owner).load(std::memory_order_relaxed) == 0)
    return;
  std::vector<entry> gone; // released outside of the lock
  std::lock_guard guard{mutex_};
  auto [next, end] = owned_.equal_range(owner);
  while (next != end) {
    const auto current = next++;
    if (!matches(current->second->second))
      continue;
    gone.push_back(std::move(current->second->second));
    schedule_.erase(current->second);
    owned_.erase(current);
    pending_of(owner).fetch_sub(1, std::memory_order_relaxed);
  }
}

void asio_clock::forget_owner(schedule::iterator which) {
  const auto owner = which->second.owner;
  if (owner == 0)
    return;
  auto [next, end] = owned_.equal_range(owner);
  while (next != end && next->second != which)
    ++next;
  if (next != end) {
    owned_.erase(next);
    pending_of(owner).fetch_sub(1, std::memory_order_relaxed);
  }
}

void asio_clock::arm() {
  time_point next;
  {
    std::lock_guard guard{mutex_};
    if (schedule_.empty()) {
      armed_for_ = time_point::max();
      return;
    }
    next = armed_for_ = schedule_.begin()->first;
  }
  timer_.expires_at(next);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error)
      fire();
  });
}

void asio_clock::fire() {
  std::vector<entry> due;
  {
    std::lock_guard guard{mutex_};
    const auto end = schedule_.upper_bound(now());
    for (auto i = schedule_.begin(); i != end; ++i) {
      forget_owner(i);
      due.push_back(std::move(i->second));
    }
    schedule_.erase(schedule_.begin(), end);
  }
  for (auto& what : due)
    deliver(what);
  arm();
}

void asio_clock::deliver(entry& what) {
  auto* receiver = what.receiver->get();
  switch (what.kind) {
  case kind::timeout:
    receiver->eq_impl(caf::make_message_id(), what.receiver, nullptr,
                      caf::timeout_msg{what.type, what.timeout_id});
    break;
  case kind::request:
    receiver->eq_impl(what.request, what.receiver, nullptr,
                      caf::sec::request_timeout);
    break;
  case kind::message:
    what.receiver->enqueue(std::move(what.content), nullptr);
    break;
  }
}

} // namespace troupe::actors
