// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/runtime/hosted.hpp"
#include "api/messages.hpp"
#include "api/operations.hpp"
#include "api/status_json.hpp"
#include "core/cluster/question_message.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe::actors {

/// Facts about a node that are known from its start on.
struct node_facts {
  std::string node;
  std::string version;
  time_point started;            ///< of the actors' clock
  uint64_t connection_limit = 0; ///< from the limit of descriptors; 0 is none
  /// Makes a level of the daemon's log take effect, and reads it.
  std::function<void(log_level)> set_log_level;
  std::function<log_level()> log_level_now;
};

/// The facts, with the daemon's log.
node_facts facts_of(std::string node, std::string version, time_point started,
                    uint64_t connection_limit);

/// The caller, the reason and the current time.
operator_origin origin_of(const api_call& call, std::string reason);

/// The admin actor: answers API requests by asking the actors that own the
/// facts, each for at most two seconds. One that does not answer is named under
/// "unanswered", or turns into a 504 where the answer depends on it alone.
class administrator final
  : public hosted<admin_actor::base, actor_kind::admin> {
public:
  administrator(caf::actor_config& cfg, node_facts facts);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  using backend_ref = admin_directory::backend;

  static constexpr std::chrono::seconds answer_timeout{2};

  void answer(const api_call& call);

  // -- one for each operation --
  void run(const api_call& call, const api::refusal& x);
  void run(const api_call& call, const api::get_version& x);
  void run(const api_call& call, const api::get_openapi& x);
  void run(const api_call& call, const api::get_access& x);
  void run(const api_call& call, const api::get_status& x);
  void run(const api_call& call, const api::get_backends& x);
  void run(const api_call& call, const api::get_backend& x);
  void run(const api_call& call, const api::get_why& x);
  void run(const api_call& call, const api::get_actors& x);
  void run(const api_call& call, const api::get_connections& x);
  void run(const api_call& call, const api::get_config& x);
  void run(const api_call& call, const api::get_log_level& x);
  void run(const api_call& call, const api::get_traffic& x);
  void run(const api_call& call, const api::get_events& x);
  void run(const api_call& call, const api::get_explain& x);
  void run(const api_call& call, const api::get_metrics& x);
  void run(const api_call& call, const api::get_health& x);
  void run(const api_call& call, const api::get_ready& x);
  void run(const api_call& call, const api::change_server& x);
  void run(const api_call& call, const api::reload& x);
  void run(const api_call& call, const api::close_one& x);
  void run(const api_call& call, const api::set_log_level& x);

  // -- administrator_cluster.cpp --
  void run(const api_call& call, const api::get_nodes& x);
  void run(const api_call& call, const api::get_observations& x);
  void run(const api_call& call, const api::get_history& x);
  void run(const api_call& call, const api::apply_config& x);
  void run(const api_call& call, const api::roll_back_config& x);
  void run(const api_call& call, const api::cluster_order& x);
  bool in_cluster(const api_call& call) const;
  bool alone() const;
  template <class Show>
  void show_one(const api_call& call, Show show);
  template <class T>
  void ask_register(const api_call& call, T message);
  void change_everywhere(const api_call& call, const api::change_server& x);
  void show_absent(operator_outcome outcome,
                   std::function<void(const operator_outcome&)> show);

  // -- administrator_question.cpp --
  void pass_on(const api_call& call, const std::string& node);
  void put_question(const api_call& call, const std::string& node);
  void give_up(const question_overdue& message);
  void hear(const peer_message_received& message);
  void answer_peer(const std::string& from,
                   const cluster::question::asked& asked);

  // -- parts of them --
  /// Asks every router; `done` gets those views that came, and the names of the
  /// routers that did not answer.
  void ask_routers(
    std::function<void(std::vector<backend_view>, api::name_list)> done);
  void show_config(const api_call& call);
  api::status_body own_status() const;
  void show_observers(const admin::responder& reply, boost::json::object body,
                      describe_target target);
  void show_evidence(const admin::responder& reply, const backend_ref& backend,
                     const server_view& server);
  actor_list own_actors() const;
  uint64_t open_connections() const;
  const backend_ref* find_backend(const std::string& name,
                                  const api_call& call) const;
  /// Turns an actor's error into a response.
  std::function<void(const caf::error&)> failure(const api_call& call,
                                                 std::string whom);

  const node_facts facts_;
  admin_directory directory_;
  readiness readiness_{false, "starting"};

  /// Put to another node and not answered yet.
  struct open_question {
    std::string node;
    admin::responder reply;
  };
  std::map<uint64_t, open_question> questions_;
  uint64_t questions_put_ = 0;
};

} // namespace troupe::actors
