// SPDX-License-Identifier: BSD-3-Clause
// The admin actor's operations that concern the cluster.
#include "actors/cluster/cluster_of_one.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "api/administrator.hpp"
#include "api/cluster_json.hpp"
#include "api/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace troupe::actors {

namespace config_register = cluster::config_register;

namespace {

constexpr std::chrono::seconds reading_timeout{10};
/// Checks have 5 s, votes follow; an answer of any kind comes in this time.
constexpr std::chrono::seconds decision_timeout{40};

config_register::asker asker_of(const api_call& call, std::string message) {
  auto by = origin_of(call, std::move(message));
  return {std::move(by.author), std::move(by.reason), by.time_ms};
}

/// A change that the register was asked for. Whoever waits hears its outcome;
/// if this node ends or the register is silent, that the outcome is unknown:
/// never an error, which would read as "not done" (rule 1).
class open_decision {
public:
  explicit open_decision(admin::responder reply) : reply_(std::move(reply)) {}
  // Only a lack of memory throws here, and ends the process.
  ~open_decision() { // NOLINT(bugprone-exception-escape)
    unknown("this node stops before the outcome is known");
  }
  open_decision(const open_decision&) = delete;
  open_decision& operator=(const open_decision&) = delete;

  void settle(const config_register::answer& x) {
    if (const auto reply = std::exchange(reply_, {}))
      reply(api::answer_response(x));
  }

  /// It was not even asked.
  void starting() {
    if (const auto reply = std::exchange(reply_, {}))
      reply(api::error(503, "this node is starting"));
  }

  void unknown(std::string why) {
    config_register::answer x;
    x.result = config_register::outcome::unknown;
    x.text = std::move(why);
    settle(x);
  }

private:
  admin::responder reply_;
};

} // namespace

bool administrator::in_cluster(const api_call& call) const {
  if (directory_.config_register)
    return true;
  if (!directory_.config) { // the register comes with it
    call.reply(api::error(503, "this node is starting"));
    return false;
  }
  call.reply(api::error(
    409, "this node belongs to no cluster: there is no \"cluster\" section in "
         "its configuration; edit the file and reload"));
  return false;
}

/// A node without a cluster answers as a cluster of one.
bool administrator::alone() const {
  return directory_.config && !directory_.config_register;
}

template <class Show>
void administrator::show_one(const api_call& call, Show show) {
  request(directory_.config, answer_timeout, describe_config{})
    .then(
      [reply = call.reply, show,
       node = facts_.node](const config_view& running) {
        reply(
          api::ok(show(nodes_of_one(node), register_of_one(node, running))));
      },
      failure(call, "config"));
}

void administrator::run(const api_call& call, const api::get_nodes&) {
  if (alone())
    return show_one(call, [](const auto& nodes, const auto& agreed) {
      return api::to_json(nodes, agreed);
    });
  if (!in_cluster(call))
    return;
  request(directory_.membership, answer_timeout, describe_nodes{})
    .then(
      [this, call](const nodes_view& nodes) {
        request(directory_.config_register, answer_timeout, describe_register{})
          .then(
            [reply = call.reply, nodes](const register_view& agreed) {
              reply(api::ok(api::to_json(nodes, agreed)));
            },
            failure(call, "register"));
      },
      failure(call, "membership"));
}

void administrator::run(const api_call& call, const api::get_observations&) {
  if (!in_cluster(call))
    return;
  request(directory_.observations, answer_timeout, describe_all_targets{})
    .then(
      [reply = call.reply](const target_list& all) {
        reply(api::ok(api::observations_body(all)));
      },
      failure(call, "observations"));
}

void administrator::run(const api_call& call, const api::get_history&) {
  if (alone())
    return show_one(call, [](const auto&, const auto& agreed) {
      return api::history_body(agreed);
    });
  if (!in_cluster(call))
    return;
  request(directory_.config_register, answer_timeout, describe_register{})
    .then(
      [reply = call.reply](const register_view& view) {
        reply(api::ok(api::history_body(view)));
      },
      failure(call, "register"));
}

template <class T>
void administrator::ask_register(const api_call& call, T message) {
  const auto decision = std::make_shared<open_decision>(call.reply);
  request(directory_.config_register, decision_timeout, std::move(message))
    .then(
      [decision, who = call.who](const config_register::answer& x) {
        journal::info(event_kind::cluster, "", "cluster: asked by {}: {}: {}",
                      who, config_register::to_string(x.result), x.text);
        decision->settle(x);
      },
      [this, decision, who = call.who](const caf::error& reason) {
        if (is_still_starting(reason))
          return decision->starting();
        log::warn("admin: the outcome of a request of {} to the register is "
                  "unknown: {}",
                  who, system().render(reason));
        decision->unknown("the register gave no answer: "
                          + system().render(reason));
      });
}

void administrator::run(const api_call& call, const api::apply_config& x) {
  if (!in_cluster(call))
    return;
  // It may take its time: on the helper thread, which the config actor has.
  request(directory_.config, reading_timeout, read_shared{x.text})
    .then(
      [this, call, x](shared_reading& reading) {
        if (!reading.problems.empty())
          return call.reply(api::error(
            422, fmt::format("{}", fmt::join(reading.problems, "; "))));
        ask_register(call, propose_config{std::move(reading.shared),
                                          asker_of(call, x.message), x.base,
                                          x.force, x.rebase});
      },
      failure(call, "config"));
}

void administrator::run(const api_call& call, const api::roll_back_config& x) {
  if (in_cluster(call))
    ask_register(call, roll_back{x.generation, asker_of(call, x.message)});
}

void administrator::run(const api_call& call, const api::cluster_order& x) {
  if (in_cluster(call))
    ask_register(call,
                 cluster_command{x.verb, x.nodes, asker_of(call, x.message)});
}

/// Who of the cluster saw what, beside this node's own evidence.
void administrator::show_observers(const admin::responder& reply,
                                   boost::json::object body,
                                   describe_target target) {
  request(directory_.observations, answer_timeout, std::move(target))
    .then(
      [reply, body](const target_view& view) mutable {
        body["cluster"] = api::to_json(view);
        reply(api::ok(body));
      },
      [reply, body](const caf::error&) { reply(api::ok(body)); });
}

/// A change that holds on every node; the answer says where already.
void administrator::change_everywhere(const api_call& call,
                                      const api::change_server& x) {
  request(directory_.operators, answer_timeout * 2,
          operator_command{x.backend, x.change, asker_of(call, x.message)})
    .then(
      [this, call, backend = x.backend,
       server = x.change.server](const operator_outcome& outcome) {
        show_absent(outcome, [reply = call.reply, backend,
                              server](const operator_outcome& all) {
          auto body = api::to_json(all);
          body["backend"] = backend;
          body["server"] = server;
          reply(api::ok(body));
        });
      },
      failure(call, "operators"));
}

/// Nodes without a link were not asked to confirm; whoever asked for a change
/// wants to know that it does not hold there yet.
void administrator::show_absent(
  operator_outcome outcome, std::function<void(const operator_outcome&)> show) {
  request(directory_.membership, answer_timeout, describe_nodes{})
    .then(
      [outcome, show](const nodes_view& nodes) {
        auto all = outcome;
        for (const auto& x : nodes.nodes)
          if (std::ranges::find(all.in_force, x.name) == all.in_force.end()
              && std::ranges::find(all.missing, x.name) == all.missing.end())
            all.missing.push_back(x.name);
        show(all);
      },
      [outcome, show](const caf::error&) { show(outcome); });
}

} // namespace troupe::actors
