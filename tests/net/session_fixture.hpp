// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/backend_fixture.hpp"
#include "net/http1/chunk_scanner.hpp"
#include "net/made_plan.hpp"
#include "net/proxy/session.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// The length of the first whole request or response with a body of known
/// length or chunks, 0 while it is incomplete.
inline size_t message_size(std::string_view bytes) {
  const auto head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos)
    return 0;
  const auto fields = bytes.substr(0, head + 2);
  constexpr std::string_view length = "\r\nContent-Length: ";
  if (const auto at = fields.find(length); at != std::string_view::npos) {
    size_t size = 0;
    std::from_chars(fields.data() + at + length.size(),
                    fields.data() + fields.size(), size);
    size += head + 4;
    return bytes.size() >= size ? size : 0;
  }
  if (fields.find("\r\nTransfer-Encoding: chunked\r\n")
      == std::string_view::npos)
    return head + 4;
  http1::chunk_scanner scanner;
  for (auto at = head + 4; at < bytes.size();) {
    const auto step = scanner.scan(bytes.substr(at));
    at += step.consumed;
    if (step.status != http1::chunk_scanner::status::more)
      return step.status == http1::chunk_scanner::status::done ? at : 0;
  }
  return 0;
}

inline size_t count_of(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (auto at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + what.size()))
    ++count;
  return count;
}

inline std::string with_length(std::string_view start, std::string_view body) {
  return std::string{start} + "Content-Length: " + std::to_string(body.size())
       + "\r\n\r\n" + std::string{body};
}

/// A 200 with that body.
inline std::string ok(std::string_view body) {
  return with_length("HTTP/1.1 200 OK\r\n", body);
}

inline constexpr std::string_view simple_get =
  "GET / HTTP/1.1\r\nHost: t\r\n\r\n";

inline std::string simple_post(std::string_view body) {
  return with_length("POST / HTTP/1.1\r\nHost: t\r\n", body);
}

/// A connection as its server has it.
struct server_end : peer {
  using peer::peer;
  size_t answered = 0; ///< bytes of `received`
};

/// A server in a test's hands. It answers each whole request with `answer`,
/// unless there is none; then the test does what it likes with connections.
class fake_server {
public:
  const endpoint& address() const noexcept { return listening_.address(); }

  bool attend() {
    while (auto accepted = listening_.accept())
      connections.emplace_back(std::move(*accepted));
    bool moved = false;
    for (auto& one : connections) {
      moved |= one.attend();
      reply(one);
    }
    return moved;
  }

  /// Everything it got, connection after connection.
  std::string received() const {
    std::string all;
    for (const auto& one : connections)
      all += one.received;
    return all;
  }

  void stop_listening() noexcept { listening_.close(); }

  std::function<std::string(std::string_view request)> answer;
  std::deque<server_end> connections;
  size_t requests = 0; ///< answered

private:
  void reply(server_end& to) {
    while (answer && to.is_open()) {
      const auto rest = std::string_view{to.received}.substr(to.answered);
      const auto size = message_size(rest);
      if (size == 0)
        return;
      to.answered += size;
      ++requests;
      to.send(answer(rest.substr(0, size)));
    }
  }

  listening_socket listening_;
};

/// One client with its session, as a connection actor would drive it.
class served_client final : public stream_owner, public loop_client {
public:
  served_client(worker_services& services,
                const local_ptr<frontend_slot>& frontend)
    : served_client(services, frontend, tcp_pair()) {}

  ~served_client() {
    if (!session->ended())
      session->cut(reason::shutdown);
    timers_.remove(token_);
  }

  served_client(const served_client&) = delete;
  served_client& operator=(const served_client&) = delete;

  void on_stream(stream&) override { progress(); }
  void on_ready() override { progress(); }
  void on_timer() override {
    if (!session->ended())
      session->on_timer();
  }

  /// Another session for the connection that the last one gave away.
  void wake(const idle_client& rested) { start(-1, rested); }

  peer client;
  std::unique_ptr<net::session> session;

private:
  served_client(worker_services& services,
                const local_ptr<frontend_slot>& frontend, socket_pair pair)
    : client(std::move(pair.a)), services_(services), frontend_(frontend),
      timers_(services.event_loop.timers()), token_(timers_.add(*this)) {
    start(pair.b.release());
  }

  void start(int descriptor, std::optional<idle_client> rested = {}) {
    const auto address = local_endpoint(client.fd());
    session_start start{services_,  frontend_, *this, token_,
                        descriptor, address,   rested};
    const auto kind = frontend_->current->plan->settings.protocol;
    session = kind == protocol::http ? make_http_session(std::move(start))
                                     : make_tcp_session(std::move(start));
    progress();
  }

  void progress() {
    if (!session->ended())
      session->progress();
  }

  worker_services& services_;
  const local_ptr<frontend_slot> frontend_;
  timer_wheel& timers_;
  client_token token_;
};

/// A frontend of one worker before a backend of some servers; clients come and
/// go as the test says.
struct session_fixture : backend_fixture {
  explicit session_fixture(uint64_t buffers_max = 64u << 20)
    : backend_fixture(buffers_max), log({}, 1),
      services(event_loop, 0, log, 1) {
    settings.name = "web";
    settings.backend = "app";
  }

  ~session_fixture() override { served_clients.clear(); }

  /// A server that answers "<name> <body of the request>".
  fake_server& serve() {
    auto& server = servers.emplace_back();
    const auto name = add_server(server.address()).name;
    server.answer = [name](std::string_view request) {
      const auto body = request.find("\r\n\r\n") + 4;
      return ok(name + " " + std::string{request.substr(body)});
    };
    return server;
  }

  /// A server that answers nothing by itself.
  fake_server& serve_by_hand() {
    auto& server = serve();
    server.answer = nullptr;
    return server;
  }

  /// Makes the frontend from `settings` and publishes the servers so far.
  void start() {
    publish();
    live = counters.frontend(settings.name, settings.backend);
    plan = plan_of(1);
    frontend = new frontend_slot{hold(plan, backend), 0};
  }

  /// The plan of `settings`.
  plan_ptr plan_of(uint64_t generation) {
    troupe::settings all;
    all.frontends = {settings};
    return make_plan(all, settings, counters, generation);
  }

  /// All its routes lead to that backend.
  static local_ptr<held_plan> hold(const plan_ptr& x,
                                   const local_ptr<backend_slot>& to) {
    std::string missing;
    return hold_plan(
      x, [&](const std::string&) { return to; }, missing);
  }

  /// A client that has connected.
  served_client& connect() {
    return *served_clients.emplace_back(
      std::make_unique<served_client>(services, frontend));
  }

  /// Waits until the client has got so many whole responses.
  bool answered(served_client& one, size_t count = 1) {
    return run_until([&] {
      std::string_view rest = one.client.received;
      size_t found = 0;
      for (auto size = message_size(rest); size > 0;
           size = message_size(rest)) {
        rest.remove_prefix(size);
        ++found;
      }
      return found >= count;
    });
  }

  /// Waits until the session and its client's connection are over.
  bool over(served_client& one) {
    return run_until(
      [&] { return one.session->ended() && one.client.is_over(); });
  }

  /// Waits until a server by hand has got a whole request on its connection.
  bool got_request(fake_server& server, size_t connection = 0) {
    return run_until([&] {
      return server.connections.size() > connection
          && message_size(server.connections[connection].received) > 0;
    });
  }

  uint64_t refused(reason why) const {
    return live->clients->by_worker[0].refused[static_cast<size_t>(why)].get();
  }

  /// Tries that failed at a server.
  uint64_t failures(size_t server, reason why) const {
    return known[server]->by_worker[0].failures[fault_index(why)].get();
  }

  /// Requests by the hundreds of their status.
  uint64_t counted(unsigned hundreds) const {
    return live->by_worker[0].requests[hundreds - 1].get();
  }

  const backend_counters& retries() const { return next.live->by_worker[0]; }

  bool attend() override {
    bool moved = false;
    for (auto& server : servers)
      moved |= server.attend();
    for (auto& one : served_clients)
      moved |= one->client.attend();
    return moved;
  }

  access_log log;
  worker_services services;
  frontend_settings settings;
  live_registry counters{1};
  std::shared_ptr<frontend_live> live;
  plan_ptr plan;
  local_ptr<frontend_slot> frontend;
  std::deque<fake_server> servers;
  std::vector<std::unique_ptr<served_client>> served_clients;
};

} // namespace troupe::net
