// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/data_path/connection.hpp"

namespace troupe::actors {

/// A client connection between two requests without its actor and its session,
/// which cost eight times as much memory. The next byte creates them again.
class parked_connection final : private group_member,
                                private net::io_sink,
                                private net::loop_client {
public:
  /// Owns itself until the connection wakes or ends.
  static void park(actor_host& host, connection_slot slot, const endpoint& peer,
                   const net::idle_client& idle);

  /// For the allocator.
  parked_connection(actor_host& host, connection_slot slot,
                    const endpoint& peer, const net::idle_client& idle);
  ~parked_connection();

private:
  // -- group_member --
  uint64_t number() const noexcept override { return slot_.number(); }
  connection_view describe() const override;
  const net::server_connection* upstream() const noexcept override {
    return nullptr;
  }
  bool rests() const noexcept override { return true; }
  void drain() override;
  void close(reason why) override;
  void leave_server() override {}
  bool give_up(reason why) override;
  bool is_silent() const noexcept override;

  // -- the loop --
  void on_io(uint32_t events) override;
  void on_timer() override;
  void on_ready() override {}

  net::loop& event_loop() const noexcept { return worker_.services.event_loop; }
  /// An actor takes over.
  void wake();
  /// Closes the connection.
  void end();
  void destroy();

  actor_host& host_;
  worker_context& worker_;
  connection_slot slot_;
  const endpoint peer_;
  net::idle_client rested_;
  const net::client_token token_;
};

} // namespace troupe::actors
