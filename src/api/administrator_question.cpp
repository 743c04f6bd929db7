// SPDX-License-Identifier: BSD-3-Clause
// The admin actor's questions to those of other nodes, and its answers to them.
#include "api/administrator.hpp"
#include "api/json.hpp"

#include "core/cluster/question_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe::actors {

namespace question = cluster::question;

namespace {

/// The other node gives each of its own parts two seconds.
constexpr std::chrono::seconds question_timeout{3};
constexpr size_t questions_max = 64;

bool is_there(const node_row& node) {
  return node.state == "alive" || node.state == "suspect";
}

} // namespace

/// A request with `node=NAME` is answered by that node.
void administrator::pass_on(const api_call& call, const std::string& node) {
  if (call.request->method != "GET")
    return call.reply(
      api::error(400, "node: only GET requests can be sent to another node"));
  if (alone())
    return call.reply(api::error(
      404,
      fmt::format("this node is {}, in no cluster: there is no node \"{}\"",
                  facts_.node, node)));
  if (!in_cluster(call))
    return;
  request(directory_.membership, std::chrono::seconds{2}, describe_nodes{})
    .then(
      [this, call, node](const nodes_view& nodes) {
        const auto found =
          std::find_if(nodes.nodes.begin(), nodes.nodes.end(),
                       [&](const auto& x) { return x.name == node; });
        if (found == nodes.nodes.end())
          call.reply(api::error(
            404, fmt::format("{} has no node \"{}\"", nodes.cluster, node)));
        else if (!is_there(*found))
          call.reply(api::error(
            504, fmt::format("{} is {}: {}", node, found->state, found->text)));
        else
          put_question(call, node);
      },
      failure(call, "membership"));
}

void administrator::put_question(const api_call& call,
                                 const std::string& node) {
  if (questions_.size() >= questions_max)
    return call.reply(
      api::error(503, "too many requests to other nodes are under way"));
  const auto id = ++questions_put_;
  questions_[id] = {node, call.reply};
  send(directory_.membership,
       tell_peers{{node, cluster::message_kind::questions,
                   encode(question::asked{
                     id, call.request->path,
                     api::without_node(call.request->query), call.who})}});
  delayed_send(this, question_timeout, question_overdue{id});
}

void administrator::give_up(const question_overdue& message) {
  if (auto found = questions_.extract(message.id))
    found.mapped().reply(api::error(
      504, fmt::format("{} did not answer in time", found.mapped().node)));
}

void administrator::hear(const peer_message_received& message) {
  const auto said = question::decode(message.body);
  if (const auto* asked = std::get_if<question::asked>(&said)) {
    answer_peer(message.from, *asked);
  } else if (const auto* answered = std::get_if<question::answered>(&said)) {
    const auto found = questions_.find(answered->id);
    if (found == questions_.end() || found->second.node != message.from)
      return; // too late
    const auto reply = std::move(found->second.reply);
    questions_.erase(found);
    reply({static_cast<unsigned>(answered->status), "application/json",
           answered->body});
  }
}

/// As if the question had come over this node's own socket, for reading only.
void administrator::answer_peer(const std::string& from,
                                const question::asked& asked) {
  auto request = std::make_shared<admin::request>();
  request->method = "GET";
  request->path = asked.path;
  request->query = api::without_node(asked.query);
  request->peer = from;
  auto reply = [to = from, id = asked.id,
                membership = directory_.membership](admin::response x) {
    if (x.body.size() > question::body_bytes_max)
      x = api::error(500, "the answer is too long for a link between nodes: "
                          "ask for less, or ask the node itself");
    caf::anon_send(
      membership,
      tell_peers{{to, cluster::message_kind::questions,
                  encode(question::answered{id, x.status, x.body})}});
  };
  // The rest is for the node's own doors, and may be more than one message.
  if (!asked.path.starts_with("/v1/"))
    return reply(api::error(404, "there is no " + asked.path));
  answer({std::move(request), api_door::admin,
          fmt::format("{} at {}", asked.who, from), std::move(reply),
          token_role::read});
}

} // namespace troupe::actors
