// SPDX-License-Identifier: BSD-3-Clause
#include "actors/runtime/control_scheduler.hpp"

#include "actors/events/log.hpp"
#include "actors/runtime/asio_clock.hpp"
#include "core/time.hpp"

#include <boost/asio/post.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/make_actor.hpp>
#include <caf/message_handler.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

namespace troupe::actors {

namespace {

/// Takes the place of CAF's printer thread.
class log_printer final : public caf::monitorable_actor {
public:
  explicit log_printer(caf::actor_config& cfg) : monitorable_actor(cfg) {}

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    caf::message_handler{
      [](caf::add_atom, caf::actor_id, const std::string& text) {
        log::info("{}", text);
      }}(what->content());
  }
};

class control_scheduler final : public caf::scheduler::abstract_coordinator {
public:
  control_scheduler(caf::actor_system& system, boost::asio::io_context& loop)
    : abstract_coordinator(system), loop_(loop),
      host_(system, "control",
            [this] { boost::asio::post(loop_, [this] { run(); }); }),
      clock_(loop) {}

  actor_host& host() noexcept { return host_; }
  bool detaches_utility_actors() const override { return false; }
  asio_clock& clock() noexcept override { return clock_; }

protected:
  void start() override {
    caf::actor_config cfg{&host_};
    utility_actors_[printer_id] = caf::make_actor<log_printer, caf::actor>(
      system().next_actor_id(), system().node(), &system(), cfg);
  }

  void stop() override {
    host_.abandon();
    clock_.cancel_all();
    utility_actors_[printer_id] = nullptr;
  }

  void enqueue(caf::resumable* job) override { host_.exec_later(job); }

private:
  /// Actors take turns message by message, since one may cost milliseconds, and
  /// the loop's timers and sockets have theirs after a while: a flood of
  /// questions to one actor holds up neither another nor a link.
  void run() {
    const auto end = troupe::clock::now() + turn;
    bool more = true;
    while (more && troupe::clock::now() < end)
      more = host_.run(1, 1);
    if (more)
      boost::asio::post(loop_, [this] { run(); });
  }

  static constexpr milliseconds turn{2};

  boost::asio::io_context& loop_;
  actor_host host_;
  asio_clock clock_;
};

} // namespace

void use_control_scheduler(caf::actor_system_config& config,
                           boost::asio::io_context& loop) {
  config.module_factories.emplace_back(
    [&loop](caf::actor_system& system) -> caf::actor_system::module* {
      return new control_scheduler{system, loop};
    });
}

actor_host& control_host(caf::actor_system& system) {
  return static_cast<control_scheduler&>(system.scheduler()).host();
}

} // namespace troupe::actors
