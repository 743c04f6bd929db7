// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "net/loop/buffer_pool.hpp"

#include <boost/intrusive/list.hpp>

namespace troupe::net {

/// A client whose request head has begun and is not complete. It holds buffers
/// without having been let in by anything yet.
class half_head
  : public boost::intrusive::list_base_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  virtual time_point began() const noexcept = 0;
  /// Gives its buffer back at once, and answers and ends soon. It is no member
  /// any more.
  virtual void evict() = 0;

protected:
  ~half_head() = default;
};

/// Those of one worker, the oldest first: the slowest clients are closed when
/// buffers get scarce, so that they cannot keep whole requests out.
class half_heads {
public:
  /// The time that a head may take while buffers are scarce, but not used up.
  static constexpr milliseconds grace{1'000};

  /// One whose head begins now.
  void add(half_head& x) { members_.push_back(x); }

  /// Evicts the oldest until there are buffers again: above 80 % of the bound
  /// those older than `grace`, at 100 % whichever there are.
  void relieve(const buffer_pool& buffers, time_point now) {
    for (auto level = buffers.pressure();
         level != buffer_pool::level::normal && !members_.empty();
         level = buffers.pressure()) {
      auto& oldest = members_.front();
      if (level == buffer_pool::level::high && now - oldest.began() < grace)
        return;
      members_.pop_front();
      oldest.evict();
    }
  }

private:
  boost::intrusive::list<half_head, boost::intrusive::constant_time_size<false>>
    members_;
};

} // namespace troupe::net
