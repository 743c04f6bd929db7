// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/node.hpp"

#include "actors/control/supervisor.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "actors/runtime/control_scheduler.hpp"
#include "api/http_servers.hpp"
#include "core/descriptor_budget.hpp"
#include "daemon/admin_thread.hpp"
#include "daemon/cluster_start.hpp"
#include "daemon/limits.hpp"
#include "daemon/log.hpp"
#include "daemon/privileges.hpp"
#include "daemon/service_notices.hpp"
#include "daemon/watchdog.hpp"
#include "net/loop/file_watch.hpp"
#include "net/loop/stall_watch.hpp"
#include "net/probe/resolver.hpp"
#include "os/service_user.hpp"
#include "os/signals.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <csignal>
#include <optional>
#include <random>

namespace troupe::daemon {

namespace {

/// How long a stop may take beyond its own delays.
constexpr milliseconds stop_margin{3'000};
constexpr std::string_view unix_prefix = "unix:";

/// One running node. Members are in the order of their making; they end in
/// the reverse order, after run() has brought every actor to its end.
class node {
public:
  node(const arguments& args, const config::loaded& loaded,
       const credentials& proofs);
  int run();

private:
  using settings_ptr = std::shared_ptr<const settings>;

  actors::node_parts parts();
  std::optional<actors::cluster_parts> cluster_parts();
  std::shared_ptr<actors::peer_links>
  make_links(actors::link_events& events,
             std::function<void(std::function<void()>)> run_blocking);
  std::function<void(std::function<void()>)> run_blocking();
  actors::config_source config_source();
  actors::reload_watch reload_watch();
  void configured(const settings& running, uint64_t generation);
  actors::metrics_sources metrics_sources();
  void make_workers();
  void check_sockets() const;
  void started(const std::vector<std::string>& problems);
  void become_user();
  os::user_ptr user() const noexcept { return user_ ? &*user_ : nullptr; }
  void await_signal();
  void on_signal(int number);
  void reload(std::string why);
  void stop();
  std::string leftovers() const;

  const arguments& args_;
  const credentials& proofs_;
  const std::optional<os::service_user> user_; ///< to become after binding
  std::unique_ptr<cluster_start> cluster_;     ///< none: this node is alone
  settings_ptr settings_;
  const uint64_t hash_;
  std::string shared_text_; ///< of a node alone, until its supervisor has it
  const descriptor_budget descriptors_;
  actors::connection_limit connection_limit_;
  milliseconds stop_delays_{0}; ///< what the running configuration allows
  int exit_code_ = 0;
  bool stopped_ = false;
  boost::asio::io_context loop_{1};
  net::stall_watch stall_watch_{loop_};
  admin_thread admin_;
  service_notices notices_{loop_};
  boost::asio::thread_pool helper_{1}; ///< for what blocks (rule 20)
  net::access_log access_log_;
  caf::actor_system_config system_config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<std::unique_ptr<actors::worker_thread>> workers_;
  std::unique_ptr<net::prober> prober_;
  net::resolver resolver_;
  std::unique_ptr<actors::admin_servers> servers_;
  std::weak_ptr<actors::peer_links> links_; ///< for their figures
  bool made_links_ = false;
  std::unique_ptr<net::file_watch> watch_;
  boost::asio::signal_set signals_;
  actors::supervisor_actor supervisor_;
  watchdog watchdog_;
};

double seconds_of(const counter& us) noexcept {
  return static_cast<double>(us.get()) / 1e6;
}

unsigned worker_count(const settings& settings) {
  return settings.global.workers > 0 ? settings.global.workers
                                     : usable_processors();
}

std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& config,
                                               boost::asio::io_context& loop,
                                               bool links) {
  actors::use_control_scheduler(config, loop);
  if (links)
    actors::use_peer_links(config);
  return std::make_unique<caf::actor_system>(config);
}

node::node(const arguments& args, const config::loaded& loaded,
           const credentials& proofs)
  : args_(args), proofs_(proofs),
    user_(os::user_to_become(loaded.settings.global.user)),
    cluster_(loaded.settings.cluster.enabled()
               ? std::make_unique<cluster_start>(args, loaded, user())
               : nullptr),
    settings_(cluster_ ? cluster_->initial()
                       : std::make_shared<const settings>(loaded.settings)),
    hash_(loaded.hash),
    shared_text_(cluster_ ? std::string{} : actors::shared_text_in(loaded)),
    descriptors_(share_descriptors(raise_descriptor_limit(),
                                   worker_count(*settings_),
                                   settings_->frontends.size())),
    connection_limit_(descriptors_.connections),
    access_log_(settings_->global.access_log, worker_count(*settings_), user_,
                [](const std::string& why) { log::error("{}", why); }),
    system_(make_system(system_config_, loop_, cluster_ != nullptr)),
    prober_(net::make_prober(loop_)), resolver_(loop_),
    signals_(loop_, SIGHUP, SIGTERM, SIGINT) {
  signals_.add(SIGUSR1);
  actors::control_host(*system_).bind_thread();
  make_workers();
  check_sockets();
  servers_ = actors::open_admin_servers(
    admin_.loop(), *settings_, [this] { return stall_watch_.silence(); });
}

void node::make_workers() {
  const auto count = worker_count(*settings_);
  const auto share = settings_->global.buffers_max / count;
  std::random_device random;
  for (unsigned n = 0; n < count; ++n) {
    const auto seed = uint64_t{random()} << 32 | random();
    workers_.push_back(std::make_unique<actors::worker_thread>(
      *system_, n, share, access_log_, connection_limit_, seed,
      descriptors_.worker));
  }
}

int node::run() {
  await_signal();
  admin_.start();
  supervisor_ = actors::spawn_on<actors::supervisor>(
    actors::control_host(*system_), parts());
  const auto keep_running = boost::asio::make_work_guard(loop_);
  while (!stopped_)
    loop_.run_one();
  // Nobody is served any more: control actors end, then what they stand on.
  notices_.stopped();
  stall_watch_.stop();
  if (watch_)
    watch_->stop();
  boost::asio::post(admin_.loop(), [this] { servers_->stop(); });
  supervisor_ = nullptr;
  while (actors::control_host(*system_).size() > 0)
    loop_.run_one();
  for (auto& worker : workers_)
    worker->join();
  helper_.join();
  loop_.poll();
  admin_.join([this] { servers_.reset(); });
  prober_.reset();
  system_.reset();
  // A further SIGTERM must not kill what has ended in order: the handlers go
  // with the node. No other thread takes signals any more.
  os::block_signals();
  log::info("stopped");
  return exit_code_;
}

std::optional<actors::cluster_parts> node::cluster_parts() {
  if (!cluster_)
    return std::nullopt;
  auto result = cluster_->parts(run_blocking(), [this](auto& events) {
    return make_links(events, run_blocking());
  });
  result.source.watch = reload_watch();
  return result;
}

std::shared_ptr<actors::peer_links>
node::make_links(actors::link_events& events,
                 std::function<void(std::function<void()>)> run_blocking) {
  const auto& cluster = settings_->cluster;
  std::shared_ptr<actors::peer_links> made =
    actors::make_peer_links(*system_, loop_, actors::control_host(*system_),
                            {args_.node,
                             cluster.name,
                             cluster.listen,
                             proofs_.links.value(),
                             {},
                             std::move(run_blocking)},
                            events);
  // Made anew after a failure: the files may be newer than the start.
  if (std::exchange(made_links_, true))
    made->reload_certificates();
  links_ = made;
  return made;
}

std::function<void(std::function<void()>)> node::run_blocking() {
  return [this](std::function<void()> work) {
    boost::asio::post(helper_, std::move(work));
  };
}

actors::config_source node::config_source() {
  auto result =
    actors::file_source(args_.config_file, args_.node, run_blocking());
  result.watch = reload_watch();
  return result;
}

actors::reload_watch node::reload_watch() {
  return {[this] { notices_.reload_began(); },
          [this](const auto& result) { notices_.reload_ended(result); }};
}

void node::configured(const settings& running, uint64_t generation) {
  set_log(running.global.log, args_.log_level);
  stop_delays_ = running.global.stop_delay + running.global.drain_timeout;
  notices_.configured(running, generation);
}

actors::node_parts node::parts() {
  auto facts = actors::facts_of(args_.node, TROUPE_VERSION,
                                system_->clock().now(), connection_limit_.max);
  return actors::node_parts{
    .workers = workers_,
    .prober = *prober_,
    .resolve =
      [this](const auto& address, auto done) {
        resolver_.resolve(address, std::move(done));
      },
    .servers = *servers_,
    .metrics = metrics_sources(),
    .config = config_source(),
    .run_blocking = run_blocking(),
    .facts = std::move(facts),
    .initial = settings_,
    .initial_hash = hash_,
    .initial_text = std::exchange(shared_text_, {}),
    .cluster = cluster_parts(),
    .configured =
      [this](const auto& running, uint64_t generation) {
        configured(running, generation);
      },
    .started = [this](auto problems) { started(problems); },
    .stopped = [this] { stopped_ = true; },
  };
}

actors::metrics_sources node::metrics_sources() {
  actors::metrics_sources sources;
  sources.hosts.push_back(&actors::control_host(*system_));
  for (const auto& worker : workers_)
    sources.hosts.push_back(&worker->host());
  sources.log_dropped = [this] { return access_log_.dropped(); };
  sources.buffer_bytes = [this] {
    uint64_t bytes = 0;
    for (const auto& worker : workers_)
      bytes += worker->loop().buffers().in_use().get();
    return bytes;
  };
  sources.loop_stalls = [this] {
    std::vector<actors::loop_stall> stalls;
    stalls.push_back({"control", seconds_of(stall_watch_.stall_us())});
    stalls.push_back({"admin", seconds_of(admin_.stalls().stall_us())});
    for (const auto& worker : workers_)
      stalls.push_back(
        {worker->host().where(), seconds_of(worker->loop().stall_us())});
    return stalls;
  };
  sources.links = [this](actors::cluster_figures& to) {
    if (const auto links = links_.lock()) {
      to.links = links->counters();
      to.certificate_expires = links->certificate_expires();
    }
  };
  sources.version = TROUPE_VERSION;
  sources.started = std::chrono::system_clock::now();
  return sources;
}

void node::started(const std::vector<std::string>& problems) {
  for (const auto& problem : problems)
    complain(problem);
  if (!problems.empty()) {
    exit_code_ = EXIT_FAILURE;
  } else {
    try {
      become_user();
    } catch (const std::exception& e) {
      complain(e.what());
      exit_code_ = EXIT_FAILURE;
    }
  }
  for (auto& worker : workers_)
    worker->start();
  if (exit_code_ != 0)
    return stop();
  watch_ = std::make_unique<net::file_watch>(
    loop_, args_.config_file, [this] { reload("file changed"); });
  journal::info(event_kind::daemon, args_.node,
                "trouped {} is ready: node {}, {} workers, at most {} "
                "connections",
                TROUPE_VERSION, args_.node, workers_.size(),
                connection_limit_.max);
  notices_.ready();
}

/// Root makes the files of sockets where configuration says, not where a link
/// of the user leads.
void node::check_sockets() const {
  const auto check = [](const std::string& key, const std::string& path) {
    if (const auto fault = os::check_parents(path); !fault.empty())
      throw std::runtime_error{key + ": " + path + ": " + fault};
  };
  if (!user_)
    return;
  if (!settings_->admin.socket.empty())
    check("admin.socket", settings_->admin.socket);
  for (const auto& frontend : settings_->frontends)
    if (frontend.listen.starts_with(unix_prefix))
      check("frontend " + frontend.name,
            frontend.listen.substr(unix_prefix.size()));
}

void node::become_user() {
  if (!user_)
    return warn_about_root();
  const auto& path = settings_->admin.socket;
  if (const auto fault = path.empty() ? "" : os::give_socket(path, *user_);
      !fault.empty())
    throw std::runtime_error{"admin.socket: " + path + ": " + fault};
  become(*user_);
  allow_core_dumps(settings_->global.core_dumps);
}

void node::await_signal() {
  signals_.async_wait([this](const auto& error, int number) {
    if (error)
      return;
    on_signal(number);
    await_signal();
  });
}

void node::on_signal(int number) {
  switch (number) {
  case SIGHUP:
    return reload("SIGHUP");
  case SIGUSR1:
    return access_log_.reopen();
  default:
    return stop();
  }
}

void node::reload(std::string why) {
  caf::anon_send(supervisor_, actors::reload_config{std::move(why)});
}

void node::stop() {
  notices_.stopping(stop_delays_);
  watchdog_.start(stop_delays_ + stop_margin, [this] { return leftovers(); });
  caf::anon_send(supervisor_, actors::stop_node{});
}

std::string node::leftovers() const {
  std::string text;
  const auto count = [&](const actors::actor_host& host) {
    for (size_t n = 0; n < actors::actor_kind_count; ++n) {
      const auto kind = static_cast<actors::actor_kind>(n);
      if (const auto alive = host.totals(kind).alive.get())
        text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", alive,
                            actors::to_string(kind), host.where());
    }
  };
  count(actors::control_host(*system_));
  for (const auto& worker : workers_)
    count(worker->host());
  return text.empty() ? "no actor" : text;
}

} // namespace

int run_node(const arguments& args, const config::loaded& loaded,
             const credentials& proofs) {
  try {
    return node{args, loaded, proofs}.run();
  } catch (const std::exception& e) {
    complain(e.what());
    return EXIT_FAILURE;
  }
}

} // namespace troupe::daemon
