// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/hosted.hpp"
#include "actors/interfaces.hpp"
#include "net/session.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace troupe::actors {

/// A connection as its listener and its worker see it.
class group_member
  : public boost::intrusive::list_base_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  virtual uint64_t number() const noexcept = 0;
  virtual connection_view describe() const = 0;
  /// See session::upstream().
  virtual const net::server_connection* upstream() const noexcept = 0;
  /// Kept alive for another request, and none has begun.
  virtual bool rests() const noexcept = 0;
  virtual connection_actor handle() = 0;

protected:
  ~group_member() = default;
};

/// The connections one listener has accepted. Shared with them, so that it
/// outlives a listener that died of a bug.
struct connection_group : net::local_counted<connection_group> {
  boost::intrusive::list<group_member,
                         boost::intrusive::constant_time_size<false>>
    members;
  /// Told when the last one has gone while draining; null once it has ended.
  listener_actor listener;
  bool draining = false;
};

/// Client connections of the whole node: no more than there are descriptors
/// for (rule 35). Shared by all workers.
struct connection_limit {
  explicit connection_limit(uint64_t m) noexcept : max(m) {}
  const uint64_t max;
  std::atomic<uint64_t> open{0};
  bool reached() const noexcept {
    return open.load(std::memory_order_relaxed) >= max;
  }
};

/// What every connection of a worker may use. Owned by the worker's thread.
struct worker_context {
  worker_context(net::loop& l, unsigned index, net::access_log& log,
                 connection_limit& all, uint64_t seed)
    : services(l, index, log, seed), limit(all) {}
  net::worker_services services;
  connection_limit& limit;
  /// Actors that have ended in this turn: dropped when it is over, never while
  /// their own code is still on the stack.
  std::vector<caf::strong_actor_ptr> ended;
  uint64_t next_connection_id = 1;
};

struct connection_start {
  uint64_t id = 0;
  int descriptor = -1;
  endpoint peer;
  net::local_ptr<net::frontend_slot> frontend;
  net::local_ptr<connection_group> group;
};

/// One client connection. Its I/O events call it directly on its worker's
/// loop; messages reach it for describe, drain and close. An exception in it
/// ends it, and nothing else.
class connection final
  : public hosted<connection_actor::base, actor_kind::connection>,
    private group_member,
    private net::stream_owner,
    private net::loop_client {
public:
  connection(caf::actor_config& cfg, worker_context& worker,
             connection_start start);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  uint64_t number() const noexcept override { return id_; }
  connection_view describe() const override;
  const net::server_connection* upstream() const noexcept override {
    return session_ ? session_->upstream() : nullptr;
  }
  bool rests() const noexcept override {
    return session_ && session_->phase() == net::session_phase::idle
        && session_->requests() > 0;
  }
  connection_actor handle() override { return this; }

  void on_stream(net::stream&) override;
  void on_timer() override;
  void on_ready() override;
  /// Runs `f` on the session as actor code; ends the actor with the session.
  template <class F>
  void act(F&& f);
  void quit_if_ended();
  void cut_if_running() noexcept;

  worker_context& worker_;
  const uint64_t id_;
  net::client_token token_;
  net::local_ptr<net::held_plan> accepted_under_;
  net::local_ptr<connection_group> group_;
  const time_point accepted_at_;
  caf::strong_actor_ptr self_; ///< keeps it alive while it has a socket
  std::unique_ptr<net::session> session_;
};

} // namespace troupe::actors
