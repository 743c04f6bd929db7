// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <caf/actor_clock.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace troupe::actors {

/// CAF's clock (delayed messages, request timeouts) on one Asio timer of the
/// control loop. Any thread may use it.
///
/// Every actor cancels its timeouts as it ends. Connections never have any, so
/// a small table of counts by actor id spares them the lock (rule 27).
class asio_clock final : public caf::actor_clock {
public:
  explicit asio_clock(boost::asio::io_context& loop)
    : loop_(loop), timer_(loop) {}

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self,
                            caf::atom_value type, uint64_t id) override;
  void set_multi_timeout(time_point t, caf::abstract_actor* self,
                         caf::atom_value type, uint64_t id) override;
  void set_request_timeout(time_point t, caf::abstract_actor* self,
                           caf::message_id id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* self,
                               caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* self,
                              caf::message_id id) override;
  void cancel_timeouts(caf::abstract_actor* self) override;
  void schedule_message(time_point t, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;
  void schedule_message(time_point t, caf::group target,
                        caf::strong_actor_ptr sender,
                        caf::message content) override;
  void cancel_all() override;

private:
  enum class kind : uint8_t { timeout, request, message };

  struct entry {
    asio_clock::kind kind = kind::message;
    caf::actor_id owner = 0; ///< 0: no actor can cancel it
    caf::atom_value type{};
    uint64_t timeout_id = 0;
    caf::message_id request;
    caf::strong_actor_ptr receiver;
    caf::mailbox_element_ptr content;
  };
  using schedule = std::multimap<time_point, entry>;

  void add(time_point exact, entry what);
  void cancel_if(caf::actor_id owner,
                 const std::function<bool(const entry&)>& matches);
  void forget_owner(schedule::iterator which);
  void arm();
  void fire();
  static void deliver(entry& what);
  std::atomic<uint32_t>& pending_of(caf::actor_id owner) noexcept {
    return pending_[owner % pending_.size()];
  }

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_; // loop thread
  std::array<std::atomic<uint32_t>, 1024> pending_{};
  std::mutex mutex_;
  schedule schedule_;                                                // guarded
  std::unordered_multimap<caf::actor_id, schedule::iterator> owned_; // guarded
  time_point armed_for_ = time_point::max();                         // guarded
};

} // namespace troupe::actors
