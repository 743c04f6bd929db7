// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "../control_fixture.hpp"

#include "actors/cluster/durable_state.hpp"
#include "actors/interfaces.hpp"

#include <caf/scoped_actor.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace troupe::actors {

/// The file of one machine and the helper thread, both run by the test.
struct held_disk {
  std::optional<std::string> content; ///< durable
  std::string history;
  bool held = false;  ///< nothing is read or written until it is not
  bool fails = false; ///< writes do
  size_t writes = 0;

  durable_state state() {
    return {
      [this] {
        return state_read{content, false, history};
      },
      [this](const std::string& next) {
        ++writes;
        if (fails)
          return state_written{false, content};
        content = next;
        return state_written{true, {}};
      },
      [this](const std::string& next) { history = next; },
      [this](std::function<void()> job) { jobs.push_back(std::move(job)); }};
  }

  /// @returns false if there was nothing to do.
  bool work() {
    if (held || jobs.empty())
      return false;
    auto job = std::move(jobs.front());
    jobs.pop_front();
    job();
    return true;
  }

  bool is_busy() const { return !jobs.empty(); }

private:
  std::deque<std::function<void()>> jobs;
};

/// Two nodes lb1 and lb2, of which the tested actors are real and a scoped
/// actor each plays everybody else. `Node` has `name`, `disk`, `handle` and
/// `hear()`, which moves what the actor said into `said` and more.
template <class Node>
class two_nodes : public control_fixture {
public:
  /// Until nobody has anything to do; messages pass while `linked`.
  void run() {
    for (bool moved = true; moved;) {
      consume_messages();
      moved = lb1->hear();
      moved |= lb2->hear();
      moved |= carry(*lb1, *lb2);
      moved |= carry(*lb2, *lb1);
      moved |= lb1->disk.work();
      moved |= lb2->disk.work();
    }
  }

  void settle(milliseconds time) {
    for (run(); time > milliseconds{0}; time -= milliseconds{50}) {
      advance_time(milliseconds{50});
      run();
    }
  }

  void link() {
    linked = true;
    tell(*lb1, peer_joined{"lb2"});
    tell(*lb2, peer_joined{"lb1"});
    run();
  }

  void cut() {
    linked = false;
    tell(*lb1, peer_left{"lb2"});
    tell(*lb2, peer_left{"lb1"});
    run();
  }

  template <class T>
  void tell(Node& to, T message) {
    to.world->send(to.handle, std::move(message));
  }

  bool answered() { return !self->mailbox().empty(); }

  /// What a request came to; it must have been answered.
  template <class T, class Pending>
  T result(Pending& pending) {
    CAF_REQUIRE(answered());
    T result{};
    pending.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }

  std::optional<Node> lb1;
  std::optional<Node> lb2;
  bool linked = false;

private:
  bool carry(Node& from, Node& to) {
    const bool any = !from.said.empty();
    for (auto& x : std::exchange(from.said, {}))
      if (linked && (x.to.empty() || x.to == to.name))
        to.world->send(to.handle,
                       peer_message_received{from.name, std::move(x.body)});
    return any;
  }
};

/// A handle behind which the scoped actor stands.
template <class Handle>
Handle played_by(const caf::scoped_actor& world) {
  return caf::actor_cast<Handle>(
    caf::actor_cast<caf::strong_actor_ptr>(world.ptr()));
}

} // namespace troupe::actors
