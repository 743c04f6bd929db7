// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/supervisor.hpp"

#include "actors/control/health_checker.hpp"
#include "actors/events/log.hpp"
#include "actors/runtime/failures.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "core/stable_hash.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

namespace troupe::actors {

namespace {

constexpr milliseconds signalled_reload_timeout{30'000};
/// A commit follows its check within this time, or checks again.
constexpr milliseconds hold_time{15'000};

} // namespace

supervisor::supervisor(caf::actor_config& cfg, node_parts parts)
  : hosted(cfg), parts_(std::move(parts)),
    live_(static_cast<unsigned>(parts_.workers.size())),
    hash_(parts_.initial_hash) {}

supervisor_actor::behavior_type supervisor::make_behavior() {
  set_down_handler([this](caf::down_msg& down) { child_died(down); });
  start_node();
  return {
    [this](const apply_settings& message) { return apply(message); },
    [this](const check_settings_fit& message) { return check(message); },
    [this](const operator_state& message) { remember(message); },
    [this](const operator_wish& message) { take_wish(message); },
    [this](const own_evidence& message) { take_evidence(message); },
    [this](const reload_config& message) { reload(message); },
    [this](const stop_node& message) { stop(message); },
    [this](const worker_stopped& message) { worker_ended(message); },
    [this](const plans_prepared& message) { prepared(message); },
    [this](const held_too_long& message) {
      if (held_ && held_->ticket == message.ticket)
        held_.reset();
    },
    [this](const stop_step& message) {
      stop_workers(milliseconds{message.drain_ms});
    },
  };
}

void supervisor::on_exit() {
  backends_.clear();
  workers_.clear();
  metrics_ = nullptr;
  config_ = nullptr;
  admin_ = nullptr;
  cluster_.reset();
  parts_.started = nullptr;
  parts_.stopped = nullptr;
}

void supervisor::start_node() {
  workers_.resize(parts_.workers.size());
  workers_left_ = workers_.size();
  generation_ = 1;
  history_ = followed_by(
    nullptr, {generation_, wall_clock_ms(), "the start", parts_.initial_text});
  if (parts_.cluster) {
    const auto& record = parts_.cluster->running.record;
    generation_ = record ? record->at.generation : 0;
  }
  spawn_metrics();
  for (size_t n = 0; n < workers_.size(); ++n)
    spawn_worker_actor(n);
  spawn_admin();
  if (parts_.cluster)
    spawn_cluster();
  change_to(parts_.initial, generation_, [this](problems found) {
    if (found.empty()) {
      serving_ = true;
      spawn_config();
      if (cluster_)
        cluster_->serve();
      tell_admin();
      tell_readiness();
    }
    parts_.started(std::move(found));
  });
}

caf::result<apply_result> supervisor::apply(const apply_settings& message) {
  auto promise = make_response_promise<apply_result>();
  if (stopping_ || changing_) {
    promise.deliver(apply_result{
      {stopping_ ? "this node is stopping" : "a change is under way"}});
    return promise;
  }
  change_to(message.next, message.generation,
            [this, promise, history = message.history](problems found) mutable {
              if (found.empty())
                history_ = std::move(history);
              promise.deliver(apply_result{std::move(found)});
            });
  return promise;
}

apply_result supervisor::check(const check_settings_fit& message) {
  if (stopping_)
    return {{"this node is stopping"}};
  problems found;
  held_.reset(); // one at a time: the newest candidate
  held_ = bind(message.next, found);
  if (!held_)
    return {std::move(found)};
  held_->ticket = ++tickets_;
  delayed_send(this, hold_time, held_too_long{held_->ticket});
  return {};
}

void supervisor::remember(const operator_state& message) {
  wishes_[message.backend][message.server] = message.entry;
}

void supervisor::take_evidence(const own_evidence& message) {
  if (!message.rejects_all || !backends_.contains(message.backend))
    return reaches(message.backend);
  out_of_reach_.insert(message.backend);
  tell_readiness();
}

void supervisor::reaches(const std::string& backend) {
  if (out_of_reach_.erase(backend) > 0)
    tell_readiness();
}

/// A node that reaches no server of a backend which others do reach is a bad
/// place to send traffic to (rule 12).
void supervisor::tell_readiness() {
  readiness now{false, ""};
  if (stopping_)
    now.why = "stopping";
  else if (!serving_)
    now.why = "starting";
  else if (!out_of_reach_.empty())
    now.why = fmt::format("this node reaches no server of backend {}, which "
                          "the cluster says are up",
                          fmt::join(out_of_reach_, ", "));
  else
    now.ready = true;
  parts_.servers.tell(now);
  send(admin_, std::move(now));
}

void supervisor::take_wish(const operator_wish& message) {
  wishes_[message.backend][message.server] = message.entry;
  const auto found = backends_.find(message.backend);
  if (found != backends_.end())
    send(found->second.router, message);
}

void supervisor::reload(const reload_config& message) {
  if (!config_ || stopping_)
    return;
  if (cluster_)
    send(cluster_->membership(), reload_certificates{});
  // The config actor logs what comes of it.
  request(config_, signalled_reload_timeout, message)
    .then([](const reload_result&) {},
          [this](const caf::error& error) {
            log::error("reload: {}", system().render(error));
          });
}

void supervisor::child_died(const caf::down_msg& down) {
  if (stopping_ || !is_failure(down.reason) || !replace(down.source))
    return;
  log::error("an actor failed and was restarted: {}",
             system().render(down.reason));
  if (!restarts_.allow(clock::now())) {
    log::critical("actors fail faster than restarts help: giving up");
    std::_Exit(EXIT_FAILURE);
  }
}

bool supervisor::replace(const caf::actor_addr& dead) {
  for (auto& [name, entry] : backends_) {
    if (entry.router.address() == dead)
      spawn_router(name, entry);
    else if (entry.health.address() == dead)
      spawn_health(name, entry);
    else
      continue;
    attach(name, entry);
    configure(name, entry);
    tell_admin();
    return true;
  }
  for (size_t n = 0; n < workers_.size(); ++n)
    if (workers_[n].address() == dead) {
      spawn_worker_actor(n);
      respawn_routers();
      return true;
    }
  if (cluster_ && cluster_->replace(dead)) {
    configure_all();
    return true;
  }
  if (metrics_.address() == dead) {
    spawn_metrics();
    respawn_routers();
    send_exit(config_, caf::exit_reason::user_shutdown);
    spawn_config();
    if (cluster_)
      send(cluster_->membership(), introduce_peers{});
  } else if (config_.address() == dead) {
    spawn_config();
  } else if (admin_.address() == dead) {
    spawn_admin();
    tell_readiness();
  } else {
    return false;
  }
  tell_admin();
  return true;
}

void supervisor::spawn_worker_actor(size_t index) {
  workers_[index] = parts_.workers[index]->spawn(supervisor_actor{this});
  monitor(workers_[index]);
}

void supervisor::spawn_metrics() {
  parts_.metrics.generation = generation_;
  metrics_ = spawn_on<metrics_collector>(*host(), parts_.metrics);
  monitor(metrics_);
}

void supervisor::spawn_cluster() {
  // What asks for an actor may run until its own end, after this one's.
  const supervisor_actor self{this};
  cluster_ = std::make_shared<cluster_actors>(
    *host(), *parts_.cluster, self, [this, self] { return metrics_; },
    [this, self] { return config_; }, [this, self] { return admin_; });
  cluster_->start({parts_.initial, generation_},
                  [this](const auto& actor) { monitor(actor); });
}

/// Whoever was replaced hears again what everybody watches and follows.
void supervisor::configure_all() {
  for (auto& [name, entry] : backends_)
    configure(name, entry);
}

void supervisor::spawn_config() {
  if (cluster_) {
    config_ = cluster_->spawn_config(metrics_);
    monitor(config_);
    return;
  }
  config_ = spawn_on<config_keeper>(
    *host(), parts_.config, supervisor_actor{this}, metrics_,
    running_config{running_, std::exchange(hash_, 0), generation_, history_});
  monitor(config_);
}

void supervisor::spawn_admin() {
  admin_ = spawn_on<administrator>(*host(), parts_.facts);
  monitor(admin_);
  admin_directory only_metrics; // all there is while the node starts
  only_metrics.metrics = metrics_;
  send(admin_, std::move(only_metrics));
  parts_.servers.serve(admin_);
}

void supervisor::spawn_health(const std::string& name, backend& entry) {
  const auto seed = stable_hash(name, stable_hash(parts_.facts.node));
  std::function<observations_actor()> observations;
  if (cluster_)
    observations = [of = cluster_] { return of->observations(); };
  entry.health = spawn_on<health_checker>(*host(), name, parts_.prober, seed,
                                          std::move(observations));
  monitor(entry.health);
}

void supervisor::spawn_router(const std::string& name, backend& entry) {
  entry.router = spawn_on<router>(*host(), name, links_for(name));
  monitor(entry.router);
}

void supervisor::respawn_routers() {
  for (auto& [name, entry] : backends_) {
    send_exit(entry.router, caf::exit_reason::user_shutdown);
    spawn_router(name, entry);
    attach(name, entry);
    configure(name, entry);
  }
}

router_links supervisor::links_for(const std::string& name) {
  router_links links;
  links.health = [this, name] {
    const auto found = backends_.find(name);
    return found != backends_.end() ? found->second.health : health_actor{};
  };
  if (cluster_)
    links.observations = [of = cluster_] { return of->observations(); };
  links.workers = workers_;
  links.metrics = metrics_;
  links.supervisor = supervisor_actor{this};
  links.resolve = parts_.resolve;
  return links;
}

} // namespace troupe::actors
