// SPDX-License-Identifier: BSD-3-Clause
#include "api/administrator.hpp"

#include "actors/control/explain_route.hpp"
#include "actors/events/event_stream.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "actors/runtime/actor_listing.hpp"
#include "actors/runtime/gather.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "api/events_json.hpp"
#include "api/json.hpp"
#include "api/openapi.hpp"
#include "api/traffic_json.hpp"

#include <caf/actor_clock.hpp>
#include <caf/result.hpp>
#include <caf/sec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace troupe::actors {

namespace {

/// A reload reads the file, then the supervisor has ten seconds to apply it.
constexpr std::chrono::seconds reload_timeout{15};

/// The answers that came; names of those that did not are added to `missing`.
template <class T, class Name>
std::vector<T> sift(api::answers<T> answers, api::name_list& missing,
                    Name&& name) {
  std::vector<T> result;
  for (size_t i = 0; i < answers.size(); ++i)
    if (answers[i])
      result.push_back(std::move(*answers[i]));
    else
      missing.push_back(name(i));
  return result;
}

std::string worker_name(size_t index) {
  return fmt::format("worker {}", index);
}

/// All lists as one.
template <class T>
std::vector<T> joined(std::vector<std::vector<T>> lists) {
  std::vector<T> result;
  for (auto& list : lists)
    std::move(list.begin(), list.end(), std::back_inserter(result));
  return result;
}

/// An actor's refusal in words, e.g. by a router that does not know a server.
const std::string* refusal_of(const caf::error& reason) {
  const auto& context = reason.context();
  return reason == caf::sec::invalid_argument
          && context.match_elements<std::string>()
         ? &context.get_as<std::string>(0)
         : nullptr;
}

const server_view* find_server(const backend_view& backend,
                               const std::string& name) {
  auto found = std::find_if(backend.servers.begin(), backend.servers.end(),
                            [&](auto& x) { return x.name == name; });
  return found == backend.servers.end() ? nullptr : &*found;
}

admin::response no_such_server(const std::string& backend,
                               const std::string& server) {
  return api::error(
    404, fmt::format("backend {} has no server \"{}\"", backend, server));
}

} // namespace

node_facts facts_of(std::string node, std::string version, time_point started,
                    uint64_t connection_limit) {
  return {std::move(node),
          std::move(version),
          started,
          connection_limit,
          [](log_level x) { log::set_level(x); },
          [] { return log::level(); }};
}

operator_origin origin_of(const api_call& call, std::string reason) {
  return {call.who, std::move(reason), wall_clock_ms()};
}

administrator::administrator(caf::actor_config& cfg, node_facts facts)
  : hosted(cfg), facts_(std::move(facts)) {}

administrator::behavior_type administrator::make_behavior() {
  return {
    [this](const admin_directory& x) { directory_ = x; },
    [this](const readiness& x) { readiness_ = x; },
    [this](const api_call& x) { answer(x); },
    [this](const peer_message_received& x) { hear(x); },
    [this](const question_overdue& x) { give_up(x); },
  };
}

void administrator::on_exit() {
  directory_ = {}; // the supervisor holds a handle of this actor too
  questions_.clear();
}

void administrator::answer(const api_call& call) {
  if (const auto node = api::node_of(*call.request);
      call.door == api_door::admin && node && *node != facts_.node)
    return pass_on(call, *node);
  const auto run_it = [&](const auto& x) { run(call, x); };
  if (call.wanted)
    std::visit(run_it, call.wanted->what);
  else
    std::visit(run_it, api::parse(*call.request, call.door));
}

// -- what this actor knows by itself ------------------------------------------

void administrator::run(const api_call& call, const api::refusal& x) {
  call.reply(api::error(x.status, x.text));
}

void administrator::run(const api_call& call, const api::get_version&) {
  call.reply(api::ok({{"version", facts_.version}, {"node", facts_.node}}));
}

void administrator::run(const api_call& call, const api::get_access&) {
  const bool operates = call.role == token_role::operate;
  call.reply(
    api::ok({{"role", operates ? "operator" : "read"}, {"who", call.who}}));
}

void administrator::run(const api_call& call, const api::get_openapi&) {
  call.reply({200, "application/json", std::string{api::openapi_document()}});
}

void administrator::run(const api_call& call, const api::get_log_level&) {
  auto level = api::to_string(facts_.log_level_now());
  call.reply(api::ok({{"level", std::string{level}}}));
}

void administrator::run(const api_call& call, const api::set_log_level& x) {
  auto tell = [&] {
    journal::warn(event_kind::daemon, "", "log level set to {} by {}",
                  api::to_string(x.level), call.who);
  };
  // Told at the more talkative of the two levels.
  bool quieter = x.level > facts_.log_level_now();
  if (quieter)
    tell();
  facts_.set_log_level(x.level);
  if (!quieter)
    tell();
  run(call, api::get_log_level{});
}

void administrator::run(const api_call& call, const api::get_events& x) {
  auto& events = journal::events();
  if (!x.stream) {
    const auto found = x.after ? events.after(*x.after, x.limit, x.kind)
                               : events.newest(x.limit, x.kind);
    call.reply(api::ok(api::events_body(found, facts_.node)));
    return;
  }
  auto stream = event_stream::open(events, facts_.node,
                                   x.after.value_or(events.last()), x.kind);
  if (!stream)
    call.reply(api::error(
      503, fmt::format("{} streams of events are open already, and that is "
                       "the limit",
                       event_stream::streams_max)));
  else
    call.reply({200, "text/event-stream", "retry: 1000\n\n", {}, stream});
}

void administrator::run(const api_call& call, const api::get_explain& x) {
  if (!directory_.running)
    return call.reply(api::error(503, "this node is starting"));
  std::string problem;
  const auto* frontend =
    frontend_for(*directory_.running, x.frontend, x.what, problem);
  if (frontend == nullptr)
    return call.reply(api::error(404, problem));
  auto what = x.what;
  what.node = facts_.node;
  auto route = explain_route(*directory_.running, *frontend, what);
  const auto name = route.plan.backend;
  if (name.empty() || route.ambiguous)
    return call.reply(
      api::ok(explain(*frontend, route, nullptr, what, call.role)));
  const auto* backend = find_backend(name, call);
  if (backend == nullptr)
    return;
  request(backend->router, answer_timeout, describe_snapshot{})
    .then(
      [reply = call.reply, role = call.role, what = std::move(what),
       running = directory_.running, frontend,
       route = std::move(route)](const publish_snapshot& now) {
        reply(
          api::ok(explain(*frontend, route, now.snapshot.get(), what, role)));
      },
      failure(call, "router " + name));
}

void administrator::run(const api_call& call, const api::get_health&) {
  call.reply(api::plain(200, "ok\n"));
}

void administrator::run(const api_call& call, const api::get_ready&) {
  call.reply(readiness_.ready ? api::plain(200, "ready\n")
                              : api::plain(503, readiness_.why + "\n"));
}

// -- backends -----------------------------------------------------------------

void administrator::ask_routers(
  std::function<void(std::vector<backend_view>, api::name_list)> done) {
  std::vector<router_actor> routers;
  api::name_list names;
  for (const auto& x : directory_.backends) {
    routers.push_back(x.router);
    names.push_back("router " + x.name);
  }
  gather<backend_view>(*this, routers, answer_timeout, describe_backend{},
                       [done = std::move(done), names = std::move(names)](
                         api::answers<backend_view> answers) {
                         api::name_list missing;
                         auto views = sift(std::move(answers), missing,
                                           [&](size_t i) { return names[i]; });
                         done(std::move(views), std::move(missing));
                       });
}

void administrator::run(const api_call& call, const api::get_backends&) {
  ask_routers([reply = call.reply](const std::vector<backend_view>& views,
                                   const api::name_list& missing) {
    reply(api::ok(api::backends_body(views, missing)));
  });
}

void administrator::run(const api_call& call, const api::get_traffic&) {
  ask_routers([this, reply = call.reply](std::vector<backend_view> views,
                                         const api::name_list& missing) {
    const api::traffic_body body{clock().now() - facts_.started,
                                 directory_.frontends, directory_.routes,
                                 std::move(views), missing};
    reply(api::ok(api::to_json(body)));
  });
}

void administrator::run(const api_call& call, const api::get_backend& x) {
  const auto* backend = find_backend(x.name, call);
  if (backend == nullptr)
    return;
  request(backend->router, answer_timeout, describe_backend{})
    .then([reply = call.reply](
            const backend_view& view) { reply(api::ok(api::to_json(view))); },
          failure(call, "router " + x.name));
}

void administrator::run(const api_call& call, const api::get_why& x) {
  const auto* backend = find_backend(x.backend, call);
  if (backend == nullptr)
    return;
  request(backend->router, answer_timeout, describe_backend{})
    .then(
      [this, reply = call.reply, ref = *backend,
       name = x.server](const backend_view& view) {
        if (const auto* server = find_server(view, name))
          show_evidence(reply, ref, *server);
        else
          reply(no_such_server(view.name, name));
      },
      failure(call, "router " + x.backend));
}

void administrator::show_evidence(const admin::responder& reply,
                                  const backend_ref& backend,
                                  const server_view& server) {
  auto show = [this, reply, name = backend.name,
               server](const std::optional<health_view>& evidence) {
    auto body = api::why_body(name, server, evidence, clock().now());
    if (directory_.observations)
      show_observers(reply, std::move(body), {name, server.name});
    else
      reply(api::ok(body));
  };
  request(backend.health, answer_timeout, describe_health{})
    .then(
      [show, name = server.name](const health_list& all) {
        auto found = std::find_if(all.begin(), all.end(),
                                  [&](auto& x) { return x.server == name; });
        show(found == all.end() ? std::nullopt : std::optional{*found});
      },
      [show](const caf::error&) { show(std::nullopt); });
}

void administrator::run(const api_call& call, const api::change_server& x) {
  const auto* backend = find_backend(x.backend, call);
  if (backend == nullptr)
    return;
  if (directory_.operators) {
    request(backend->router, answer_timeout, describe_backend{})
      .then(
        [this, call, x](const backend_view& view) {
          if (find_server(view, x.change.server) == nullptr)
            call.reply(no_such_server(view.name, x.change.server));
          else
            change_everywhere(call, x);
        },
        failure(call, "router " + x.backend));
    return;
  }
  auto change = x.change;
  change.by = origin_of(call, x.message);
  request(backend->router, answer_timeout, std::move(change))
    .then(
      [reply = call.reply, name = x.change.server](const backend_view& view) {
        const auto* server = find_server(view, name);
        if (server == nullptr)
          reply(no_such_server(view.name, name));
        else
          reply(api::ok(
            {{"backend", view.name}, {"server", api::to_json(*server)}}));
      },
      failure(call, "router " + x.backend));
}

// -- all loops ----------------------------------------------------------------

void administrator::run(const api_call& call, const api::get_actors& x) {
  gather<actor_list>(
    *this, directory_.workers, answer_timeout, list_actors{},
    [this, reply = call.reply, x](api::answers<actor_list> answers) {
      api::name_list missing;
      auto lists = sift(std::move(answers), missing, worker_name);
      lists.insert(lists.begin(), own_actors());
      reply(api::ok(
        api::actors_body(joined(std::move(lists)), x.connections, missing)));
    });
}

void administrator::run(const api_call& call, const api::get_connections& x) {
  // One more than wanted tells whether there are more.
  gather<connection_list>(
    *this, directory_.workers, answer_timeout, list_connections{x.limit + 1},
    [reply = call.reply,
     limit = x.limit](api::answers<connection_list> answers) {
      api::name_list missing;
      auto all = joined(sift(std::move(answers), missing, worker_name));
      bool truncated = all.size() > limit;
      if (truncated)
        all.resize(limit);
      reply(api::ok(api::connections_body(all, truncated, missing)));
    });
}

void administrator::run(const api_call& call, const api::close_one& x) {
  journal::info(event_kind::operation,
                fmt::format("connection {}", x.connection),
                "connection {} closed by {}", x.connection, call.who);
  close_connection message;
  message.id = x.connection;
  for (const auto& worker : directory_.workers)
    send(worker, message);
  call.reply(
    {202, "application/json", fmt::format("{{\"id\":{}}}\n", x.connection)});
}

actor_list administrator::own_actors() const {
  return host() == nullptr ? actor_list{} : list_host(*host());
}

// -- the node -----------------------------------------------------------------

uint64_t administrator::open_connections() const {
  uint64_t result = 0;
  const frontend_clients* last = nullptr; // those of one frontend are adjacent
  for (const auto& x : directory_.frontends)
    if (const auto* clients = x->clients.get();
        std::exchange(last, clients) != clients)
      result += clients->open.load(std::memory_order_relaxed);
  return result;
}

/// In a cluster the register says which generation counts: until it has read
/// that, any number would be wrong.
void administrator::run(const api_call& call, const api::get_config&) {
  if (!directory_.config)
    return call.reply(api::error(503, "this node is starting"));
  if (!directory_.config_register)
    return show_config(call);
  request(directory_.config_register, answer_timeout, has_register_started{})
    .then(
      [this, call](bool started) {
        if (started)
          show_config(call);
        else
          call.reply(api::error(503, "this node is starting"));
      },
      failure(call, "register"));
}

void administrator::show_config(const api_call& call) {
  request(directory_.config, answer_timeout, describe_config{})
    .then([reply = call.reply](
            const config_view& view) { reply(api::ok(api::to_json(view))); },
          failure(call, "config"));
}

void administrator::run(const api_call& call, const api::reload&) {
  request(directory_.config, reload_timeout,
          reload_config{call.who + " over the admin API"})
    .then(
      [reply = call.reply](const reload_result& result) {
        reply(api::reload_response(result));
      },
      failure(call, "config"));
}

void administrator::run(const api_call& call, const api::get_metrics&) {
  request(directory_.metrics, answer_timeout, scrape{})
    .then(
      [reply = call.reply](const scrape_view& view) {
        admin::response result;
        result.source = view.text;
        reply(std::move(result));
      },
      failure(call, "metrics"));
}

// -- parts --------------------------------------------------------------------

const administrator::backend_ref*
administrator::find_backend(const std::string& name,
                            const api_call& call) const {
  const auto& all = directory_.backends;
  auto found = std::find_if(all.begin(), all.end(),
                            [&](auto& x) { return x.name == name; });
  if (found != all.end())
    return &*found;
  call.reply(api::error(404, fmt::format("there is no backend \"{}\"", name)));
  return nullptr;
}

std::function<void(const caf::error&)>
administrator::failure(const api_call& call, std::string whom) {
  return [this, reply = call.reply,
          whom = std::move(whom)](const caf::error& reason) {
    if (is_still_starting(reason)) {
      reply(api::error(503, "this node is starting"));
      return;
    }
    if (const auto* refusal = refusal_of(reason)) {
      reply(api::error(404, *refusal));
      return;
    }
    auto text =
      reason == caf::sec::request_timeout
        ? whom + " did not answer in time"
        : fmt::format("{} cannot answer: {}", whom, system().render(reason));
    log::warn("admin: {}", text);
    reply(api::error(504, text));
  };
}

} // namespace troupe::actors
