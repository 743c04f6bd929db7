// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "caf_test.hpp"

#include "core/stable_hash.hpp"
#include "net/backend/backend_slot.hpp"
#include "net/loop_fixture.hpp"
#include "net/sockets.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::net {

/// What a worker would have passed on.
struct recording_reporter final : backend_reporter {
  void report_address(const std::string&, const std::string& server,
                      const endpoint& address) override {
    addresses.push_back(server + " " + address.to_string());
  }
  std::vector<std::string> addresses;

  struct failure {
    std::string server;
    bool on_connect = false;
    unsigned count = 0;
  };
  void report_failure(const std::string&, const std::string& server,
                      bool on_connect, unsigned failures) override {
    reported.push_back({server, on_connect, failures});
  }
  void retire(const std::string&, snapshot_ptr snapshot) override {
    retired.push_back(std::move(snapshot));
  }
  std::vector<failure> reported;
  std::vector<snapshot_ptr> retired;
};

/// A backend of one worker: what its router would publish, and where failures
/// go. After every test nothing may be in flight and no buffer in use.
struct backend_fixture : loop_fixture {
  explicit backend_fixture(uint64_t buffers_max = 64u << 20,
                           descriptor_share share = {})
    : loop_fixture(buffers_max, share),
      backend(new backend_slot{"app", event_loop, 0, reporter, 0}) {
    next.name = "app";
    next.live = std::make_shared<backend_live>("app", 1);
  }

  ~backend_fixture() override {
    for (const auto& server : known)
      CAF_CHECK_EQUAL(server->in_flight.load(), 0u);
    CAF_CHECK_EQUAL(event_loop.buffers().in_use().get(), 0u);
  }

  /// Adds a server to what is published next.
  server_route& add_server(const endpoint& address) {
    auto& route = next.servers.emplace_back();
    route.name = "a" + std::to_string(next.servers.size());
    route.address = address;
    route.name_hash = stable_hash(route.name);
    route.live = std::make_shared<server_live>("app", route.name, 1);
    route.state.usable = route.state.healthy = true;
    next.usable.push_back(static_cast<uint32_t>(next.servers.size() - 1));
    known.push_back(route.live);
    return route;
  }

  snapshot_ptr publish() {
    ++next.version;
    auto snapshot = std::make_shared<const backend_snapshot>(next);
    backend->adopt(snapshot);
    return snapshot;
  }

  recording_reporter reporter;
  local_ptr<backend_slot> backend;
  backend_snapshot next;
  std::vector<std::shared_ptr<server_live>> known;
};

} // namespace troupe::net
