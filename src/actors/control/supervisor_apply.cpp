// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/supervisor.hpp"
#include "actors/data_path/accept_spread.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace troupe::actors {

namespace {

/// Routers have this long to publish what was configured, and workers to take
/// it.
constexpr milliseconds confirm_timeout{2'000};
/// A start waits for the peers so long.
constexpr milliseconds peers_time{1'000};

std::set<std::string> keys_of(const settings* from) {
  std::set<std::string> keys;
  if (from != nullptr)
    for (const auto& frontend : from->frontends)
      keys.insert(frontend_key(frontend));
  return keys;
}

std::set<std::string> addresses_of(const settings* from) {
  std::set<std::string> addresses;
  if (from != nullptr)
    for (const auto& frontend : from->frontends)
      addresses.insert(frontend.listen);
  return addresses;
}

} // namespace

template <class T>
void supervisor::tell_workers(const T& message) {
  for (const auto& worker : workers_)
    send(worker, message);
}

void supervisor::change_to(settings_ptr next, uint64_t generation,
                           std::function<void(problems)> done) {
  problems found;
  auto bound = take_held(*next);
  if (!bound)
    bound = bind(next, found);
  // Early, although nobody accepts yet: from here on nothing may fail.
  if (bound)
    found = bound->sockets.listen();
  if (!found.empty())
    return done(std::move(found));
  changing_ = true;
  auto change = std::make_shared<supervisor::change>(
    supervisor::change{std::move(next),
                       generation,
                       std::move(bound->sockets),
                       {},
                       0,
                       std::move(done)});
  prepare_plans(change);
}

/// Ten thousand routes take longer than a turn of the loop may.
void supervisor::prepare_plans(const change_ptr& change) {
  preparing_ = change;
  parts_.run_blocking([next = change->next, before = plans_,
                       workers = live_.workers(), node = parts_.facts.node,
                       self = caf::actor_cast<supervisor_actor>(this)] {
    auto made = std::make_shared<frontend_plans>();
    for (const auto& frontend : next->frontends) {
      const auto key = frontend_key(frontend);
      const auto known = before.find(key);
      made->emplace(
        key, net::prepare_plan(*next, frontend, workers,
                               known != before.end() ? known->second : nullptr,
                               node));
    }
    caf::anon_send(self, plans_prepared{std::move(made)});
  });
}

void supervisor::prepared(const plans_prepared& message) {
  const auto change = std::exchange(preparing_, nullptr);
  change->plans = std::move(*message.plans);
  configure_backends(change);
  if (cluster_ && !running_)
    await_peers_of(change);
  else
    await_routers(change);
}

/// A node that starts takes verdicts and operators' wishes from its peers
/// before it opens its listeners, if they are there (rule 21).
void supervisor::await_peers_of(const change_ptr& change) {
  change->answers_awaited = 2;
  const auto one_done = [this, change](bool) {
    if (--change->answers_awaited > 0)
      return;
    configure_all(); // routers publish what they have heard, now
    await_routers(change);
  };
  const auto failed = [this, one_done](const caf::error& error) {
    log::error("peers: {}", system().render(error));
    one_done(false);
  };
  const await_peers wait{peers_time};
  request(cluster_->observations(), confirm_timeout, wait)
    .then(one_done, failed);
  request(cluster_->operators(), confirm_timeout, wait).then(one_done, failed);
}

/// @returns nothing if there are problems.
std::unique_ptr<supervisor::held> supervisor::bind(settings_ptr next,
                                                   problems& found) {
  auto result = std::make_unique<held>(held{
    std::move(next), listen_sockets{static_cast<unsigned>(workers_.size())}});
  found =
    result->sockets.bind(result->settings->frontends, keys_of(running_.get()),
                         addresses_of(running_.get()));
  return found.empty() ? std::move(result) : nullptr;
}

/// What a check has bound for just these frontends. What it bound for others is
/// closed: it would be in the way.
std::unique_ptr<supervisor::held> supervisor::take_held(const settings& next) {
  auto result = std::exchange(held_, nullptr);
  return result && result->settings->frontends == next.frontends
         ? std::move(result)
         : nullptr;
}

void supervisor::configure_backends(const change_ptr& change) {
  generation_ = change->generation;
  for (const auto& settings : change->next->backends) {
    auto& entry = backends_[settings.name];
    entry.settings = std::make_shared<const backend_settings>(settings);
    if (!entry.router) {
      spawn_health(settings.name, entry);
      spawn_router(settings.name, entry);
      attach(settings.name, entry);
    }
    configure(settings.name, entry);
  }
}

void supervisor::attach(const std::string& name, const backend& entry) {
  tell_workers(
    attach_backend{name, caf::actor_cast<caf::strong_actor_ptr>(entry.router),
                   caf::actor_cast<caf::strong_actor_ptr>(entry.health)});
}

void supervisor::configure(const std::string& name, const backend& entry) {
  configure_backend message;
  message.settings = entry.settings;
  message.generation = generation_;
  message.live = live_.backend(name);
  message.servers.reserve(entry.settings->servers.size());
  for (const auto& server : entry.settings->servers)
    message.servers.push_back(live_.server(name, server.name));
  if (const auto wishes = wishes_.find(name); wishes != wishes_.end())
    for (const auto& server : entry.settings->servers) {
      const auto wish = wishes->second.find(server.name);
      message.operators.push_back(
        wish != wishes->second.end() ? wish->second : operator_entry{});
    }
  send(entry.router, std::move(message));
}

void supervisor::await_routers(const change_ptr& change) {
  // Each answers after it has published, so the workers have its snapshot
  // before they hear of a frontend that needs it.
  change->answers_awaited = change->next->backends.size();
  const auto one_done = [this, change] {
    if (--change->answers_awaited == 0)
      switch_frontends(change);
  };
  if (change->answers_awaited == 0)
    return switch_frontends(change);
  for (const auto& settings : change->next->backends)
    request(backends_[settings.name].router, confirm_timeout, confirm_changes{})
      .then([one_done](bool) { one_done(); },
            [this, one_done, name = settings.name](const caf::error& error) {
              log::error("router of {}: {}", name, system().render(error));
              one_done();
            });
}

void supervisor::switch_frontends(const change_ptr& change) {
  const auto before = keys_of(running_.get());
  plans_.clear();
  for (const auto& frontend : change->next->frontends) {
    const auto key = frontend_key(frontend);
    const auto plan = net::finish_plan(std::move(change->plans.at(key)), live_,
                                       change->generation);
    plans_.emplace(key, plan);
    if (before.contains(key)) {
      tell_workers(update_frontend{plan});
      if (auto problem = give_rights(socket_files_[key], frontend))
        journal::warn(event_kind::config, frontend.name, "{}", *problem);
      continue;
    }
    auto sockets = change->sockets.take(key);
    const auto count = static_cast<unsigned>(sockets.descriptors.size());
    const auto spread =
      count > 1 ? std::make_shared<accept_spread>(count) : nullptr;
    for (unsigned n = 0; n < count; ++n)
      send(workers_[n], open_frontend{plan, sockets.descriptors[n], spread});
    socket_files_[key] = std::move(sockets.file);
    journal::info(event_kind::config, frontend.name,
                  "frontend {} listens on {}", frontend.name, frontend.listen);
  }
  // New addresses are open by now: the old ones may go.
  const auto after = keys_of(change->next.get());
  for (const auto& key : before)
    if (!after.contains(key)) {
      socket_files_.erase(key); // first, so that workers empty its queue
      tell_workers(close_frontend{key, change->next->global.drain_timeout});
    }
  await_workers(change);
}

void supervisor::await_workers(const change_ptr& change) {
  if (!running_) // their threads start once this is done
    return finish_change(change);
  // A configuration is called running when the next request meets it.
  change->answers_awaited = workers_.size();
  const auto one_done = [this, change] {
    if (--change->answers_awaited == 0)
      finish_change(change);
  };
  for (const auto& worker : workers_)
    request(worker, confirm_timeout, confirm_changes{})
      .then([one_done] { one_done(); },
            [this, one_done](const caf::error& error) {
              if (!stopping_)
                log::error("a worker has not taken the configuration: {}",
                           system().render(error));
              one_done();
            });
}

void supervisor::finish_change(const change_ptr& change) {
  running_ = change->next;
  remove_backends();
  live_.prune(*running_);
  send(metrics_, frontends_changed{live_.frontends_of(*running_),
                                   live_.routes_of(*running_)});
  parts_.configured(*running_, generation_);
  if (cluster_)
    cluster_->configure({running_, generation_});
  tell_admin();
  changing_ = false;
  change->done({});
}

void supervisor::remove_backends() {
  std::set<std::string_view> kept;
  for (const auto& backend : running_->backends)
    kept.insert(backend.name);
  std::erase_if(backends_, [&](auto& item) {
    auto& [name, entry] = item;
    if (kept.contains(name))
      return false;
    tell_workers(backend_gone{name});
    send(metrics_, backend_gone{name});
    reaches(name);
    if (cluster_)
      send(cluster_->observations(), backend_gone{name});
    send_exit(entry.router, caf::exit_reason::user_shutdown);
    send_exit(entry.health, caf::exit_reason::user_shutdown);
    return true;
  });
}

void supervisor::tell_admin() {
  if (!running_)
    return;
  admin_directory directory;
  for (const auto& settings : running_->backends) {
    const auto& entry = backends_[settings.name];
    directory.backends.push_back({settings.name, entry.router, entry.health});
  }
  directory.frontends = live_.frontends_of(*running_);
  directory.routes = live_.routes_of(*running_);
  directory.running = running_;
  directory.workers = workers_;
  directory.config = config_;
  directory.metrics = metrics_;
  if (cluster_) {
    directory.membership = cluster_->membership();
    directory.observations = cluster_->observations();
    directory.config_register = cluster_->config_register();
    directory.operators = cluster_->operators();
  }
  send(admin_, std::move(directory));
}

} // namespace troupe::actors
