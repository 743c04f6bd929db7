// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/worker.hpp"

#include "actors/events/log.hpp"
#include "actors/runtime/actor_listing.hpp"
#include "net/transport/socket.hpp"

#include <algorithm>
#include <cstdlib>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace troupe::actors {

std::string frontend_key(const frontend_settings& settings) {
  return settings.name + "@" + settings.listen
       + (settings.ipv4_too ? " with IPv4" : "");
}

namespace {

bool is_left(const backend_snapshot& now, const server_route& before,
             const server_route& after) {
  const bool down = !after.state.usable
                 && ((before.state.healthy && !after.state.healthy)
                     || (before.admin != admin_state::maint
                         && after.admin == admin_state::maint));
  const bool rests = before.state.usable
                  && (after.state.rule == state_rule::backup_idle
                      || after.state.rule == state_rule::backup_spare);
  return (down && now.on_down == down_action::close)
      || (rests && now.on_up == up_action::close_backups);
}

/// Its listener has closed and ended, and so have its connections.
bool has_drained(const worker_state::frontend& frontend) {
  const auto& group = *frontend.group;
  return group.draining && group.members.empty() && !group.listener;
}

} // namespace

worker_state::~worker_state() {
  ending = true;
  // No actor is left; what is parked would never end by itself.
  for (auto& [key, frontend] : frontends)
    frontend.group->for_each(
      [](auto& member) { member.close(reason::shutdown); });
}

void worker_state::report_failure(const std::string& backend,
                                  const std::string& server, bool on_connect,
                                  unsigned failures) {
  const auto found = backends.find(backend);
  if (found != backends.end())
    caf::anon_send(found->second.health,
                   passive_report{server,
                                  on_connect ? failure_kind::connect
                                             : failure_kind::response,
                                  failures});
}

void worker_state::report_address(const std::string& backend,
                                  const std::string& server,
                                  const endpoint& address) {
  const auto found = backends.find(backend);
  if (found != backends.end())
    caf::anon_send(found->second.router, address_found{server, address});
}

void worker_state::retire(const std::string& backend, snapshot_ptr snapshot) {
  if (ending)
    return;
  const auto found = backends.find(backend);
  if (found != backends.end())
    caf::anon_send(found->second.router, retired_snapshot{std::move(snapshot)});
}

worker::worker(caf::actor_config& cfg, worker_state& state,
               supervisor_actor supervisor)
  : hosted(cfg), state_(state), supervisor_(std::move(supervisor)),
    timer_(state.context.services.event_loop.timers().add(*this)) {
  state.context.services.event_loop.watch_buffers(timer_);
}

worker_actor::behavior_type worker::make_behavior() {
  set_down_handler([this](caf::down_msg& down) { listener_died(down); });
  for (const auto& [key, frontend] : state_.frontends)
    monitor(frontend.listener); // of the worker that died before this one
  return {
    [this](const attach_backend& message) { attach(message); },
    [this](const publish_snapshot& message) { publish(message); },
    [this](const backend_gone& message) { forget(message); },
    [this](const open_frontend& message) { open(message); },
    [this](const update_frontend& message) { update(message); },
    [this](const close_frontend& message) { close(message); },
    [this](const listener_ended& message) { ended(message); },
    [](const confirm_changes&) {},
    [this](const stop_worker& message) { stop(message); },
    [this](const list_connections& message) { return connections(message); },
    [this](const list_actors&) { return actors(); },
    [this](const close_connection& message) { close_one(message); },
  };
}

void worker::on_exit() {
  state_.context.services.event_loop.timers().remove(timer_);
  supervisor_ = nullptr;
}

void worker::attach(const attach_backend& message) {
  const auto& services = state_.context.services;
  auto& backend = state_.backends[message.name];
  if (!backend.slot) // two workers never begin at the same one of two servers
    backend.slot =
      new net::backend_slot{message.name, services.event_loop, services.index,
                            state_, stable_hash(message.name) + services.index};
  backend.router = caf::actor_cast<router_actor>(message.router);
  backend.health = caf::actor_cast<health_actor>(message.health);
}

void worker::publish(const publish_snapshot& message) {
  const auto found = state_.backends.find(message.snapshot->name);
  if (found == state_.backends.end())
    return; // it has gone in the meantime
  auto& slot = *found->second.slot;
  const auto before = slot.current();
  const bool moved = slot.adopt(message.snapshot);
  if (!before)
    return;
  if (moved) // most snapshots only change a state
    note_removed(before->snapshot->servers, slot);
  leave_servers(*before->snapshot, *message.snapshot);
}

/// The streams of a server that went down, by `on_down`, and of backups that
/// are needed no more, by `on_up`.
void worker::leave_servers(const backend_snapshot& before,
                           const backend_snapshot& now) {
  if (now.on_down == down_action::finish && now.on_up == up_action::keep)
    return;
  std::unordered_map<const server_live*, const server_route*> known;
  for (const auto& server : before.servers)
    known.emplace(server.live.get(), &server);
  std::unordered_set<const server_live*> left;
  for (const auto& server : now.servers)
    if (const auto old = known.find(server.live.get());
        old != known.end() && is_left(now, *old->second, server))
      left.insert(server.live.get());
  if (left.empty())
    return;
  for_each_connection([&](group_member& member) {
    const auto* upstream = member.upstream();
    if (upstream != nullptr && left.contains(upstream->server))
      member.leave_server();
  });
}

void worker::forget(const backend_gone& message) {
  // Taken out before it ends: its last snapshot looks its backend up then.
  const auto gone = state_.backends.extract(message.name);
  if (gone.empty())
    return;
  auto& slot = *gone.mapped().slot;
  slot.close();
  if (const auto last = slot.current())
    note_removed(last->snapshot->servers, slot);
}

net::local_ptr<net::held_plan> worker::hold(const plan_ptr& plan) const {
  std::string missing;
  auto result = net::hold_plan(
    plan,
    [this](const std::string& name) {
      const auto found = state_.backends.find(name);
      return found != state_.backends.end()
             ? found->second.slot
             : net::local_ptr<net::backend_slot>{};
    },
    missing);
  if (!result)
    log::error("frontend {}: backend {} is not known to worker {}",
               plan->settings.name, missing, state_.context.services.index);
  return result;
}

void worker::open(const open_frontend& message) {
  const auto& plan = *message.plan;
  auto held = hold(message.plan);
  if (!held || stopping_) { // a reload may be overtaken by the stop
    net::close_all({message.descriptor});
    return;
  }
  state_.drain_timeout = plan.drain_timeout;
  auto& frontend = state_.frontends[frontend_key(plan.settings)];
  frontend.slot =
    new net::frontend_slot{std::move(held), state_.context.services.index};
  frontend.group = new connection_group{state_.context.evicts,
                                        plan.settings.name, plan.clients};
  frontend.descriptor = message.descriptor;
  frontend.spread = message.spread;
  start_listener(frontend);
}

void worker::start_listener(worker_state::frontend& frontend) {
  frontend.listener = spawn_on<listener>(
    *host(), state_.context,
    listener_start{frontend.slot, frontend.group, frontend.descriptor,
                   frontend.spread, worker_actor{this}});
  monitor(frontend.listener);
}

void worker::listener_died(const caf::down_msg& down) {
  const auto found = std::find_if(
    state_.frontends.begin(), state_.frontends.end(), [&](const auto& entry) {
      return entry.second.listener.address() == down.source;
    });
  if (found == state_.frontends.end())
    return; // it had nothing left to do
  if (has_drained(found->second)) {
    state_.frontends.erase(found);
    return stopped_if_done();
  }
  if (!restarts_.allow(clock::now())) {
    log::critical("listeners fail faster than restarts help: giving up");
    std::_Exit(EXIT_FAILURE);
  }
  log::error("frontend {}: its listener failed ({}) and is restarted",
             found->first, system().render(down.reason));
  start_listener(found->second);
  if (found->second.draining)
    drain(found->second, *found->second.draining);
}

/// From here on the listener owns the socket: one that takes its place must
/// not touch what the number stands for by then.
void worker::drain(worker_state::frontend& frontend,
                   const drain_listener& message) {
  frontend.draining = message;
  frontend.descriptor = -1;
  send(frontend.listener, message);
}

void worker::update(const update_frontend& message) {
  const auto& settings = message.plan->settings;
  const auto found = state_.frontends.find(frontend_key(settings));
  if (found == state_.frontends.end())
    return;
  auto held = hold(message.plan);
  if (!held)
    return;
  state_.drain_timeout = message.plan->drain_timeout;
  // For whom it accepts from now on.
  net::keep_alive(found->second.descriptor, settings.tcp_keepalive);
  net::defer_accept(found->second.descriptor, settings.defer_accept);
  found->second.slot->current = std::move(held);
}

void worker::close(const close_frontend& message) {
  auto closing = state_.frontends.extract(message.name);
  if (closing.empty())
    return;
  drain(closing.mapped(),
        drain_listener{message.drain_timeout, reason::drained});
  // The next configuration may bring it back before this one has drained.
  closing.key() += " (closed " + std::to_string(++state_.closed) + ")";
  state_.frontends.insert(std::move(closing));
}

void worker::ended(const listener_ended& message) {
  log::debug("frontend {} has drained", message.name);
  std::erase_if(state_.frontends,
                [](const auto& entry) { return has_drained(entry.second); });
  stopped_if_done();
}

void worker::stop(const stop_worker& message) {
  stopping_ = true;
  for (auto& [name, frontend] : state_.frontends)
    drain(frontend, drain_listener{message.drain_timeout, reason::shutdown});
  stopped_if_done();
}

void worker::stopped_if_done() {
  if (!stopping_ || !state_.frontends.empty())
    return;
  send(supervisor_, worker_stopped{state_.context.services.index});
  quit();
}

template <class F>
void worker::for_each_connection(F&& visit) const {
  for (const auto& [name, frontend] : state_.frontends)
    frontend.group->for_each(visit);
}

connection_list worker::connections(const list_connections& message) const {
  connection_list list;
  for_each_connection([&](group_member& member) {
    if (list.size() < message.limit)
      list.push_back(member.describe());
  });
  return list;
}

actor_list worker::actors() const {
  return host() != nullptr ? list_host(*host()) : actor_list{};
}

void worker::close_one(const close_connection& message) {
  for_each_connection([&](group_member& member) {
    if (member.number() == message.id)
      member.close(message.why);
  });
}

void worker::note_removed(const std::vector<server_route>& before,
                          const net::backend_slot& slot) {
  const auto deadline =
    state_.context.services.event_loop.now() + state_.drain_timeout;
  const auto& now = slot.current()->snapshot->servers;
  for (size_t i = 0; i < before.size(); ++i) {
    const auto& [live, address] = std::tie(before[i].live, before[i].address);
    // What stands where it stood need not be looked up.
    const bool in_place = !slot.is_closed() && i < now.size()
                       && now[i].live == live && has_address(now[i], address);
    if (!in_place && !slot.serves(*live, address))
      state_.removed.push_back({live, address, deadline});
  }
  std::erase_if(state_.removed, [&](const auto& removed) { // it is back
    return slot.serves(*removed.server, removed.address);
  });
  await_removed();
}

void worker::await_removed() {
  const auto next = std::min_element(
    state_.removed.begin(), state_.removed.end(),
    [](const auto& x, const auto& y) { return x.deadline < y.deadline; });
  if (next != state_.removed.end())
    state_.context.services.event_loop.timers().arm(timer_, next->deadline);
}

void worker::on_timer() {
  in_actor([this] {
    const auto now = state_.context.services.event_loop.now();
    const auto overdue = std::partition(
      state_.removed.begin(), state_.removed.end(),
      [&](const auto& removed) { return removed.deadline > now; });
    std::unordered_multimap<const server_live*, endpoint> ends;
    for (auto removed = overdue; removed != state_.removed.end(); ++removed)
      ends.emplace(removed->server.get(), removed->address);
    const auto has_ended = [&](const net::server_connection& x) {
      const auto [first, last] = ends.equal_range(x.server);
      return std::any_of(first, last, [&](const auto& entry) {
        return entry.second == x.address;
      });
    };
    if (!ends.empty())
      for_each_connection([&](group_member& member) {
        const auto* upstream = member.upstream();
        if (upstream != nullptr && has_ended(*upstream))
          member.close(reason::drained);
      });
    state_.removed.erase(overdue, state_.removed.end());
    await_removed();
  });
}

void worker::on_ready() {
  in_actor([this] {
    for_each_connection([this](group_member& member) {
      if (member.rests())
        member.drain();
    });
  });
}

} // namespace troupe::actors
