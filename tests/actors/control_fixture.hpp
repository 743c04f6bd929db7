// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "caf_test.hpp"

#include "actors/messages.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_execution_unit.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::actors {

struct quiet_config : caf::actor_system_config {};

/// Tests of actors of the control loop on CAF's deterministic scheduler. The
/// scoped actor plays everybody the tested one talks to.
class control_fixture : public test_coordinator_fixture<quiet_config> {
public:
  ~control_fixture() override {
    // Actors with timers would keep the base's destructor busy for ever.
    for (auto& x : periodic_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    consume_messages();
  }

  /// Ends the actor with the test.
  template <class Handle>
  Handle periodic(Handle handle) {
    periodic_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  /// Plays the loop for a completion that calls into `handle` (rule 26).
  template <class Actor, class Handle, class F>
  void on_loop_of(const Handle& handle, F&& completion) {
    deref<Actor>(handle).context(&unit_);
    completion();
    consume_messages();
  }

  /// Lets time pass in steps, so that what one timeout arms fires as well.
  void pass(milliseconds time, milliseconds step = milliseconds{10}) {
    for (; time > milliseconds{0}; time -= step) {
      advance_time(std::min(time, step));
      consume_messages();
    }
  }

  /// The answer to a request; a failed one gives a default value and `refusal`.
  template <class T, class Handle, class Message>
  T ask(const Handle& handle, Message message) {
    T result{};
    refusal.clear();
    auto pending = self->request(handle, caf::infinite, std::move(message));
    consume_messages();
    pending.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& e) { refusal = sys.render(e); });
    return result;
  }

  std::string refusal;

private:
  caf::scoped_execution_unit unit_{&sys};
  std::vector<caf::actor> periodic_;
};

inline std::shared_ptr<server_live> make_live(const std::string& name) {
  return std::make_shared<server_live>("app", name, 1);
}

/// Backend "app" with servers a1, a2, ... on literal addresses.
inline backend_settings make_backend(size_t servers) {
  backend_settings result;
  result.name = "app";
  for (size_t i = 1; i <= servers; ++i) {
    auto& server = result.servers.emplace_back();
    server.name = "a" + std::to_string(i);
    server.address = "127.0.0.1:" + std::to_string(8000 + i);
  }
  return result;
}

} // namespace troupe::actors
