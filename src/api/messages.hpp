// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "api/http/http_server.hpp"
#include "core/live.hpp"
#include "core/settings.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>
#include <string>
#include <vector>

/// Messages to the admin actor.
namespace troupe::actors {

/// Supervisor to admin: the actors to ask, again whenever they change.
struct admin_directory {
  struct backend {
    std::string name;
    router_actor router;
    health_actor health;
  };
  std::vector<backend> backends; ///< in the order they are to be listed
  std::vector<worker_actor> workers;
  config_actor config;
  metrics_actor metrics;
  // Only on a node of a cluster:
  membership_actor membership;
  observations_actor observations;
  register_actor config_register;
  operators_actor operators;
  std::vector<std::shared_ptr<frontend_live>> frontends;
  std::vector<std::shared_ptr<route_live>> routes;
  std::shared_ptr<const settings> running;
};

/// Supervisor to admin: what `/readyz` says.
struct readiness {
  bool ready = false;
  std::string why; ///< of a no: "starting", "stopping", a sentence
};

namespace api {
struct parsed; // admin_api.hpp
}

/// Which server a request came in by.
enum class api_door : uint8_t {
  admin,   ///< everything
  metrics, ///< `/metrics`, `/healthz`, `/readyz` only
};

/// HTTP server to admin: one request whose sender may do what it asks for.
/// A reply that is dropped unused is answered by the server.
struct api_call {
  std::shared_ptr<const admin::request> request;
  api_door door = api_door::admin;
  std::string who; ///< for the log: "uid 0", "token deploy from 10.0.0.9"
  admin::responder reply;
  token_role role = token_role::read;
  /// The operation; none: the admin actor finds out.
  std::shared_ptr<const api::parsed> wanted = {};
};

} // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::admin_directory)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::readiness)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::api_call)
