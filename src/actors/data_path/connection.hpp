// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/data_path/eviction.hpp"
#include "actors/data_path/parked_memory.hpp"
#include "actors/interfaces.hpp"
#include "actors/runtime/hosted.hpp"
#include "net/proxy/session.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace troupe::actors {

/// A connection as its listener and its worker see it: an actor, or, while it
/// rests, a parked_connection.
class group_member
  : public waiting_client,
    public boost::intrusive::list_base_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  using member_hook = boost::intrusive::list_base_hook<
    boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  virtual uint64_t number() const noexcept = 0;
  virtual connection_view describe() const = 0;
  /// See session::upstream().
  virtual const net::server_connection* upstream() const noexcept = 0;
  /// Kept alive for another request, and none has begun.
  virtual bool rests() const noexcept = 0;
  /// Lets it finish what is under way, then ends it. May end it at once.
  virtual void drain() = 0;
  /// Ends it. May do so at once.
  virtual void close(reason why) = 0;
  /// Its server is not to be used any more. @pre upstream() is not null.
  virtual void leave_server() = 0;

protected:
  ~group_member() = default;
};

/// The connections one listener has accepted. Shared with them, so that it
/// outlives a listener that died of a bug.
struct connection_group : net::local_counted<connection_group>,
                          evictable_group {
  using evictable_group::evictable_group;
  boost::intrusive::list<group_member,
                         boost::intrusive::base_hook<group_member::member_hook>,
                         boost::intrusive::constant_time_size<false>>
    members;
  /// Told when the last one has gone while draining; null once it has ended.
  listener_actor listener;
  bool draining = false;

  /// `visit` may end the member it is given, or wake it.
  template <class F>
  void for_each(F&& visit) {
    for (auto next = members.begin(); next != members.end();)
      visit(*next++);
  }
};

/// Resources that every connection of a worker may use. Owned by the worker's
/// thread.
struct worker_context {
  worker_context(net::loop& l, unsigned index, net::access_log& log,
                 connection_limit& all, uint64_t seed)
    : services(l, index, log, seed), limit(all), evicts(l, index, all) {}
  net::worker_services services;
  connection_limit& limit;
  eviction evicts;
  /// Actors that have ended in this turn: dropped when it is over, never while
  /// their own code is still on the stack.
  std::vector<caf::strong_actor_ptr> ended;
  uint64_t next_connection_id = 1;
  parked_memory parked;
};

/// A client connection's place on its worker and frontend, counted for as long
/// as it has a holder: the actor, or what is parked in its stead.
class connection_slot {
public:
  connection_slot(worker_context& worker,
                  net::local_ptr<net::frontend_slot> frontend,
                  net::local_ptr<connection_group> group);
  connection_slot(connection_slot&& other) noexcept;
  connection_slot& operator=(connection_slot&&) = delete;
  ~connection_slot() { leave(); }

  /// Gives it up; after the member has left its group.
  void leave() noexcept;

  worker_context& worker() const noexcept { return *worker_; }
  const net::local_ptr<net::frontend_slot>& frontend() const noexcept {
    return frontend_;
  }
  connection_group& group() const noexcept { return *group_; }
  uint64_t number() const noexcept { return number_; }
  /// Its entry in listings, whatever it does.
  connection_view describe(const endpoint& client) const;

private:
  worker_context* worker_; ///< null once given up
  net::local_ptr<net::frontend_slot> frontend_;
  net::local_ptr<net::held_plan> accepted_under_;
  net::local_ptr<connection_group> group_;
  uint64_t number_;
  time_point accepted_at_;
};

struct connection_start {
  connection_slot slot;
  int descriptor = -1;
  endpoint peer;
  /// Instead of a descriptor: one that was parked.
  std::optional<net::idle_client> idle = std::nullopt;
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
  connection(caf::actor_config& cfg, connection_start start);

  behavior_type make_behavior() override;
  void on_exit() override;

private:
  uint64_t number() const noexcept override { return slot_.number(); }
  connection_view describe() const override;
  const net::server_connection* upstream() const noexcept override {
    return session_ ? session_->upstream() : nullptr;
  }
  bool rests() const noexcept override {
    return session_ && session_->phase() == net::session_phase::idle
        && session_->requests() > 0;
  }
  void drain() override;
  void close(reason why) override;
  void leave_server() override;
  bool give_up(reason why) override;
  bool is_silent() const noexcept override {
    return session_->client_is_silent();
  }

  void on_stream(net::stream&) override;
  void on_timer() override;
  void on_ready() override;
  /// Runs `f` on the session as actor code; ends the actor with the session.
  template <class F>
  void act(F&& f);
  void quit_if_ended();
  /// Takes or leaves its place among the inactive connections.
  void note_wait() noexcept;
  void cut_if_running() noexcept;
  /// Ends the actor, not the connection, once that has been idle long enough.
  void park_if_rested();

  worker_context& worker_;
  connection_slot slot_;
  net::client_token token_;
  caf::strong_actor_ptr self_; ///< keeps it alive while it has a socket
  std::unique_ptr<net::session> session_;
  reason given_up_ = reason::ok; ///< `ok`: it is not
  bool leaves_server_ = false;
  uint64_t requests_at_rest_ = 0; ///< made when it took its place
};

} // namespace troupe::actors
