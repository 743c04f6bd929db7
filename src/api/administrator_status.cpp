// SPDX-License-Identifier: BSD-3-Clause
// The summary of the node, for which the admin actor asks all others.
#include "api/administrator.hpp"
#include "api/status_json.hpp"

#include <caf/actor_clock.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace troupe::actors {

namespace {

/// What the asked parts have answered so far, and who waits for all of it.
struct status_inquiry {
  api::status_body body;
  admin::responder reply;
  size_t awaited;

  void settle_one() {
    if (--awaited == 0)
      reply(api::ok(api::to_json(body)));
  }
};

} // namespace

api::status_body administrator::own_status() const {
  api::status_body body;
  body.node = facts_.node;
  body.version = facts_.version;
  body.uptime_s =
    static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                            clock().now() - facts_.started)
                            .count());
  body.ready = readiness_.ready;
  body.why = readiness_.ready ? std::string{} : readiness_.why;
  body.workers = directory_.workers.size();
  body.connections = open_connections();
  body.connection_limit = facts_.connection_limit;
  return body;
}

void administrator::run(const api_call& call, const api::get_status&) {
  const auto inquiry = std::make_shared<status_inquiry>(status_inquiry{
    own_status(), call.reply, directory_.config_register ? 4u : 2u});
  const auto ask = [this, inquiry]<class View>(
                     const auto& whom, auto question, const char* name,
                     std::optional<View> api::status_body::*part) {
    request(whom, answer_timeout, std::move(question))
      .then(
        [inquiry, part](const View& x) {
          inquiry->body.*part = x;
          inquiry->settle_one();
        },
        [inquiry, name](const caf::error&) {
          inquiry->body.unanswered.emplace_back(name);
          inquiry->settle_one();
        });
  };
  ask_routers(
    [inquiry](std::vector<backend_view> views, api::name_list missing) {
      inquiry->body.backends = std::move(views);
      for (auto& x : missing)
        inquiry->body.unanswered.push_back(std::move(x));
      inquiry->settle_one();
    });
  ask(directory_.config, describe_config{}, "config",
      &api::status_body::config);
  if (!directory_.config_register)
    return;
  ask(directory_.membership, describe_nodes{}, "membership",
      &api::status_body::nodes);
  ask(directory_.config_register, describe_register{}, "register",
      &api::status_body::agreed);
}

} // namespace troupe::actors
