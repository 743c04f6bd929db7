// SPDX-License-Identifier: BSD-3-Clause
#include "actors/runtime/failures.hpp"
#include "actors/events/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/scheduled_actor.hpp>

#include <exception>

namespace troupe::actors {

namespace {

caf::result<caf::message> on_unexpected(caf::scheduled_actor* self,
                                        caf::message_view&) {
  log::warn("{} {} dropped a message it does not know", self->name(),
            self->id());
  return caf::sec::unexpected_message;
}

void on_error(caf::scheduled_actor* self, caf::error& reason) {
  log::warn("{} {}: {}", self->name(), self->id(),
            self->system().render(reason));
}

void on_down(caf::scheduled_actor* self, caf::down_msg& down) {
  log::warn("{} {}: an actor it watched ended: {}", self->name(), self->id(),
            self->system().render(down.reason));
}

caf::error on_exception(caf::scheduled_actor* self, std::exception_ptr& what) {
  try {
    std::rethrow_exception(what);
  } catch (const std::exception& e) {
    log::error("{} {} ended by an exception: {}", self->name(), self->id(),
               e.what());
  } catch (...) {
    log::error("{} {} ended by an unknown exception", self->name(), self->id());
  }
  return caf::sec::runtime_error;
}

} // namespace

void use_logged_defaults(caf::scheduled_actor& self) {
  self.set_default_handler(on_unexpected);
  self.set_error_handler(on_error);
  self.set_down_handler(on_down);
  self.set_exception_handler(on_exception);
}

bool is_failure(const caf::error& reason) noexcept {
  return reason && reason != caf::exit_reason::normal
      && reason != caf::exit_reason::user_shutdown;
}

} // namespace troupe::actors
