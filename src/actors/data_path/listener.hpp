// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/data_path/accept_spread.hpp"
#include "actors/data_path/connection.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe::actors {

struct listener_start {
  net::local_ptr<net::frontend_slot> frontend;
  net::local_ptr<connection_group> group;
  int descriptor = -1;                   ///< belongs to the worker (rule 33)
  std::shared_ptr<accept_spread> spread; ///< null where one worker serves
  worker_actor worker;
};

/// Accepts for one frontend on one worker, and drains when told to. When there
/// is no place for one more client, by `max_connections` or by descriptors, it
/// asks for that of an inactive connection; without one, it refuses
/// by the first, and pauses by the others.
class listener final
  : public hosted<listener_actor::base, actor_kind::listener>,
    private net::io_sink,
    private net::loop_client {
public:
  listener(caf::actor_config& cfg, worker_context& worker,
           listener_start start);

  behavior_type make_behavior() override;
  void on_exit() override;

protected:
  std::string subject() const override { return name_; }

private:
  enum class accepted : uint8_t {
    one,
    none,
    later,            ///< a place is being made
    out_of_resources, ///< none can be made
  };

  void on_io(uint32_t events) override;
  void on_timer() override;
  void on_ready() override {}

  void watch();
  void unwatch() noexcept;
  accepted accept_one();
  accepted accept_waiting();
  bool is_full() const noexcept;
  /// There is no place, and one may be made.
  bool may_evict() const noexcept;
  /// Decides what to do with a client for which there is no place.
  accepted await_place(place found);
  /// Serves it, or hands it to a worker with fewer connections.
  void welcome(int descriptor, const endpoint& peer);
  /// Whether to look for such a worker is worth it.
  bool may_give_away() const;
  const frontend_clients& clients() const;
  void adopt(const adopt_connection& message);
  void serve(int descriptor, const endpoint& peer);
  bool refuse_if_full(int descriptor, const endpoint& peer);
  /// @returns bytes sent.
  std::string refusal(const endpoint& peer, std::string_view request_id) const;
  uint64_t send_refusal(int descriptor, const endpoint& peer,
                        std::string_view request_id);
  void log_refusal(const endpoint& peer, net::access_record& record);
  void pause(milliseconds time);
  void pause_accepting();
  void drain(const drain_listener& message);
  void end_if_done();

  worker_context& worker_;
  const std::string name_;
  net::local_ptr<net::frontend_slot> frontend_;
  net::local_ptr<connection_group> group_;
  int descriptor_;
  const std::shared_ptr<accept_spread> spread_;
  accept_pace pace_; ///< of those served here
  worker_actor owner_;
  net::io_token io_token_;
  net::client_token timer_token_;
  reason cut_reason_ = reason::drained;
  time_point quiet_until_{};
  bool watching_ = false;
  /// Out of descriptors since the last accept: counted once.
  bool starved_ = false;
  uint64_t turn_accepted_ = 0;
  /// Since then other workers are asked for a place.
  std::optional<time_point> asks_since_;
  time_point hopeless_until_{}; ///< none of them has any
  bool paused_ = false;         ///< tries again when the timer says
};

} // namespace troupe::actors
