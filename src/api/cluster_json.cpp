// SPDX-License-Identifier: BSD-3-Clause
#include "api/cluster_json.hpp"

#include "api/json.hpp"
#include "api/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::actors::api {

namespace json = boost::json;
namespace config_register = cluster::config_register;

namespace {

/// Reads a body key by key; the first thing that is wrong is kept.
class body_reader {
public:
  explicit body_reader(const std::string& body) {
    json::error_code ec;
    auto value = json::parse({body.data(), body.size()}, ec);
    if (!ec && value.is_object())
      object_ = std::move(value.get_object());
    else
      wrong_ = "expected a JSON object";
  }

  std::string text(std::string_view key, bool required = false) {
    const auto* value = find(key, required);
    if (value == nullptr)
      return {};
    if (!value->is_string())
      wrong(key, "a string");
    else
      return {value->get_string().data(), value->get_string().size()};
    return {};
  }

  bool flag(std::string_view key) {
    const auto* value = find(key, false);
    if (value != nullptr && !value->is_bool())
      wrong(key, "true or false");
    return value != nullptr && value->is_bool() && value->get_bool();
  }

  std::optional<uint64_t> number(std::string_view key, bool required = false) {
    const auto* value = find(key, required);
    if (value == nullptr)
      return std::nullopt;
    json::error_code ec;
    const auto result = value->to_number<uint64_t>(ec);
    if (ec) {
      wrong(key, "a number");
      return std::nullopt;
    }
    return result;
  }

  std::vector<std::string> names(std::string_view key) {
    std::vector<std::string> result;
    const auto* value = find(key, true);
    if (value == nullptr)
      return result;
    if (!value->is_array() || value->get_array().empty())
      wrong(key, "an array of node names");
    else
      for (const auto& x : value->get_array())
        if (x.is_string())
          result.emplace_back(x.get_string().data(), x.get_string().size());
        else
          wrong(key, "an array of node names");
    return result;
  }

  /// What is wrong, an unknown key included; empty: nothing.
  std::string problem() const {
    if (!wrong_.empty())
      return wrong_;
    for (const auto& x : object_)
      if (const std::string key{x.key().data(), x.key().size()};
          !known_.contains(key))
        return fmt::format("unknown key \"{}\"; known are {}", key,
                           fmt::join(known_, ", "));
    return {};
  }

private:
  const json::value* find(std::string_view key, bool required) {
    known_.emplace(key);
    const auto* value = object_.if_contains(view(key));
    if (value == nullptr && required)
      wrong(key, "to be given");
    return value;
  }
  void wrong(std::string_view key, std::string_view expected) {
    if (wrong_.empty())
      wrong_ = fmt::format("{}: expected {}", key, expected);
  }

  json::object object_;
  std::set<std::string> known_;
  std::string wrong_;
};

template <class T>
operation checked(T result, const body_reader& body) {
  if (auto problem = body.problem(); !problem.empty())
    return refusal{400, std::move(problem)};
  return result;
}

json::object to_json(const config_register::version& x) {
  return {{"epoch", x.epoch}, {"generation", x.generation}};
}

json::object to_json(const register_view::past& past) {
  const auto& x = past.what;
  const auto time_ms = x.time_ms != 0 ? x.time_ms : past.taken_ms;
  return {{"epoch", x.at.epoch},
          {"generation", x.at.generation},
          {"hash", view(x.hash)},
          {"author", view(x.author)},
          {"node", view(x.node)},
          {"message", view(x.reason)},
          {"time_ms", time_ms},
          {"forced", to_array(x.forced)},
          {"superseded", past.superseded},
          {"text", view(x.text)}};
}

/// Null: that node has not said, or the generation does not list it.
json::value vote_of(const std::string& node,
                    const std::vector<config_register::peer_vote>& all) {
  for (const auto& x : all)
    if (x.node == node && x.votes)
      return *x.votes;
  return nullptr;
}

} // namespace

operation make_apply_config(const admin::request& request) {
  body_reader body{request.body};
  apply_config x;
  x.text = body.text("text", true);
  x.message = body.text("message");
  x.base = body.number("base");
  x.force = body.flag("force");
  x.rebase = body.flag("rebase");
  return checked(std::move(x), body);
}

operation make_roll_back(const admin::request& request) {
  body_reader body{request.body};
  roll_back_config x;
  x.generation = body.number("generation", true).value_or(0);
  x.message = body.text("message");
  return checked(std::move(x), body);
}

operation make_cluster_order(const admin::request& request, cluster_verb verb) {
  body_reader body{request.body};
  cluster_order x;
  x.verb = verb;
  if (verb == cluster_verb::recover)
    x.nodes = body.names("nodes");
  else
    x.nodes = {body.text("node", true)};
  x.message = body.text("message");
  return checked(std::move(x), body);
}

json::object to_json(const nodes_view& nodes, const register_view& agreed) {
  json::array rows;
  for (const auto& x : nodes.nodes)
    rows.push_back(json::object{{"name", view(x.name)},
                                {"address", view(x.address)},
                                {"state", view(x.state)},
                                {"votes", vote_of(x.name, agreed.peers)},
                                {"text", view(x.text)}});
  const auto& status = agreed.status;
  return {{"cluster", view(nodes.cluster)},
          {"node", view(nodes.self)},
          {"has_majority", nodes.has_majority},
          {"committed", to_json(status.committed)},
          {"applied", to_json(status.applied)},
          {"standing", config_register::to_string(status.as)},
          {"votes", status.votes},
          {"no_vote", view(status.no_vote)},
          {"way_out", view(status.way_out)},
          {"proposing", status.proposing},
          {"obstacle", view(status.obstacle)},
          {"conflict", view(status.conflict)},
          {"nodes", std::move(rows)}};
}

json::object to_json(const target_view& x) {
  json::array observers;
  for (const auto& o : x.observers)
    observers.push_back(json::object{{"node", view(o.node)},
                                     {"status", view(to_string(o.status))},
                                     {"age_ms", o.age_ms},
                                     {"evidence", view(o.evidence)},
                                     {"fresh", o.fresh},
                                     {"counted", o.counted}});
  return {{"verdict", view(to_string(x.verdict))},
          {"in_force", x.settled},
          {"rule", view(x.rule)},
          {"observers", std::move(observers)}};
}

json::object observations_body(const target_list& all) {
  json::array rows;
  for (const auto& x : all) {
    auto row = to_json(x.seen);
    row["backend"] = view(x.backend);
    row["server"] = view(x.server);
    rows.push_back(std::move(row));
  }
  return {{"observations", std::move(rows)}};
}

json::object history_body(const register_view& x) {
  json::array rows;
  for (const auto& past : x.history)
    rows.push_back(to_json(past));
  return {{"committed", to_json(x.status.committed)},
          {"history", std::move(rows)}};
}

json::object to_json(const operator_outcome& x) {
  return {{"in_force", to_array(x.in_force)}, {"missing", to_array(x.missing)}};
}

admin::response answer_response(const answer& x) {
  json::array refusals;
  for (const auto& node : x.refusals)
    refusals.push_back(json::object{{"node", view(node.node)},
                                    {"problems", to_array(node.problems)}});
  json::object body{{"outcome", config_register::to_string(x.result)},
                    {"epoch", x.at.epoch},
                    {"generation", x.at.generation},
                    {"text", view(x.text)},
                    {"refusals", std::move(refusals)},
                    {"not_checked", to_array(x.not_checked)},
                    {"other", nullptr}};
  if (x.other)
    body["other"] = to_json(register_view::past{*x.other});
  auto response = ok(body);
  switch (x.result) {
  case config_register::outcome::committed:
  case config_register::outcome::no_op:
    break;
  case config_register::outcome::unknown:
    response.status = 202;
    break;
  case config_register::outcome::refused:
  case config_register::outcome::conflict:
    response.status = 409;
  }
  return response;
}

} // namespace troupe::actors::api
