// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/membership_keeper.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "core/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace troupe::actors {

namespace membership = cluster::membership;
using cluster::message_kind;

namespace {

/// Of bodies of all kinds (rule 18).
constexpr uint16_t message_version = 1;

} // namespace

membership_keeper::membership_keeper(caf::actor_config& cfg,
                                     membership_parts parts)
  : hosted(cfg), parts_(std::move(parts)), machine_(parts_.self),
    effects_([this](membership::effect& effect) {
      return std::visit([this](auto& x) { return perform(x); }, effect);
    }) {}

membership_keeper::behavior_type membership_keeper::make_behavior() {
  links_ = parts_.make_links(*this);
  for (const auto& problem : links_->listen())
    log::error("cluster: {}", problem);
  return {
    [this](const cluster_nodes& x) { take(x); },
    [this](const tell_peers& x) { tell(x); },
    [this](const refuse_peer& x) {
      step(membership::refuse{x.node, x.text});
    },
    [this](const introduce_peers&) { introduce(); },
    [this](const reload_certificates&) { links_->reload_certificates(); },
    [this](const leave_cluster&) { step(membership::leave{}); },
    [this](const describe_nodes&) { return describe(); },
    [this](const step_due& x) {
      if (timer_.due(x.ticket))
        step(membership::tick{});
    },
  };
}

void membership_keeper::on_exit() {
  effects_.clear();
  if (links_)
    links_->stop(); // no event follows
  links_.reset();
  parts_ = {}; // the others hold handles of this actor too
}

void membership_keeper::step(const membership::input& in) {
  const auto now = clock().now();
  if (const auto lasted = stall_.note(now)) {
    journal::warn(event_kind::cluster, "",
                  "cluster: this process did not run for {} ms, so what it "
                  "knows may be outdated",
                  lasted->count());
    effects_.add(machine_.step(membership::stalled{}, now));
  }
  effects_.add(machine_.step(in, now));
}

void membership_keeper::take(const cluster_nodes& message) {
  membership::nodes_changed change;
  addresses_.clear();
  const auto note = [this](const auto& nodes, std::vector<std::string>& names) {
    for (const auto& node : nodes) {
      names.push_back(node.name);
      addresses_[node.name] = node.address;
    }
    known_.insert(names.begin(), names.end());
  };
  note(message.left_behind, change.left_behind);
  note(message.nodes, change.names);
  change.list = message.list;
  links_->set_known({known_.begin(), known_.end()}, message.list);
  step(std::move(change));
}

void membership_keeper::tell(const tell_peers& message) {
  const auto& [to, kind, body] = message.what;
  const auto send_one = [&](const std::string& peer) {
    if (const auto link = machine_.link_to(peer))
      links_->send(*link, static_cast<uint16_t>(kind), message_version, body);
  };
  if (!to.empty())
    send_one(to);
  else
    for (const auto& peer : joined_)
      send_one(peer);
}

/// Those who knew it already learn nothing new.
void membership_keeper::introduce() {
  for (const auto& peer : joined_)
    tell_all(peer_joined{peer, machine_.protocol_with(peer)});
  for (const auto& [peer, text] : refusals_)
    send(parts_.config_register(), peer_refuses{peer, text});
  tell_view(machine_.now_seen());
}

nodes_view membership_keeper::describe() const {
  const auto& self = parts_.self;
  nodes_view result{
    self.cluster, self.node, machine_.now_seen().has_majority, {}};
  const auto address = [this](const std::string& name) {
    const auto found = addresses_.find(name);
    return found == addresses_.end() ? std::string{} : found->second;
  };
  result.nodes.push_back({self.node, address(self.node), "self", self.build});
  for (const auto& x : machine_.describe())
    result.nodes.push_back(
      {x.name, address(x.name), membership::to_string(x.state), x.text});
  std::sort(result.nodes.begin(), result.nodes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return result;
}

// -- links --------------------------------------------------------------------

void membership_keeper::link_opened(uint64_t link, const std::string& peer,
                                    bool dialled_by_self,
                                    const std::string& remote) {
  log::debug("cluster: link {} with {} at {} is open", link, peer, remote);
  const auto address = endpoint::parse(remote);
  in_actor([&] {
    step(membership::link_opened{link, peer, dialled_by_self,
                                 address ? address->ip() : remote});
  });
}

void membership_keeper::link_closed(uint64_t link, const std::string& reason) {
  log::debug("cluster: link {} is closed: {}", link, reason);
  in_actor([&] { step(membership::link_closed{link, reason}); });
}

void membership_keeper::link_received(uint64_t link, uint16_t kind, uint16_t,
                                      std::string body) {
  in_actor([&] {
    if (kind == static_cast<uint16_t>(message_kind::membership))
      step(membership::received{link, std::move(body)});
    else if (auto from = machine_.peer_of(link); !from.empty())
      pass_on(std::move(from), kind, std::move(body));
  });
}

void membership_keeper::dial_failed(const std::string& peer,
                                    const std::string& reason,
                                    const std::string& refusal) {
  log::debug("cluster: dial of {} failed: {}", peer, reason);
  in_actor([&] { step(membership::dial_failed{peer, reason, refusal}); });
}

void membership_keeper::pass_on(std::string from, uint16_t kind,
                                std::string body) {
  peer_message_received message{std::move(from), std::move(body)};
  switch (static_cast<message_kind>(kind)) {
  case message_kind::observations:
    return send(parts_.observations(), std::move(message));
  case message_kind::config_register:
    return send(parts_.config_register(), std::move(message));
  case message_kind::operators:
    return send(parts_.operators(), std::move(message));
  case message_kind::questions:
    return send(parts_.admin(), std::move(message));
  default:
    ++unknown_kinds_; // of a later version
  }
}

// -- effects ------------------------------------------------------------------

template <class T>
void membership_keeper::tell_all(const T& message) {
  send(parts_.observations(), message);
  send(parts_.config_register(), message);
  send(parts_.operators(), message);
}

bool membership_keeper::perform(membership::dial& x) {
  links_->dial(x.peer, addresses_[x.peer]);
  return true;
}

bool membership_keeper::perform(membership::close_link& x) {
  links_->close(x.link, x.reason);
  return true;
}

bool membership_keeper::perform(membership::link_send& x) {
  links_->send(x.link, static_cast<uint16_t>(message_kind::membership),
               message_version, std::move(x.body), x.urgent);
  return true;
}

bool membership_keeper::perform(membership::joined& x) {
  joined_.push_back(x.peer);
  tell_all(peer_joined{x.peer, x.protocol});
  return true;
}

bool membership_keeper::perform(membership::left& x) {
  std::erase(joined_, x.peer);
  tell_all(peer_left{x.peer});
  return true;
}

bool membership_keeper::perform(membership::turned_away& x) {
  refusals_[x.peer] = x.text;
  send(parts_.config_register(),
       peer_refuses{std::move(x.peer), std::move(x.text)});
  return true;
}

void membership_keeper::tell_view(const membership::view& x) {
  send(parts_.observations(), cluster_view{x.alive, x.has_majority});
  send(parts_.metrics(), membership_changed{x.alive.size(), x.suspect.size(),
                                            x.gone.size(), x.has_majority});
}

bool membership_keeper::perform(membership::view& x) {
  tell_view(x);
  return true;
}

bool membership_keeper::perform(membership::event& x) {
  if (x.alarming)
    journal::warn(event_kind::cluster, "", "cluster: {}", x.text);
  else
    journal::info(event_kind::cluster, "", "cluster: {}", x.text);
  return true;
}

bool membership_keeper::perform(cluster::wake& x) {
  if (auto next = timer_.arm(x.at, clock().now()))
    delayed_send(this, next->delay, step_due{next->ticket});
  return true;
}

} // namespace troupe::actors
