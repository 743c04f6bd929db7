// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster_messages.hpp"

#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <map>
#include <utility>

namespace troupe::actors {

/// The requests that wait for news of the peers, for actors that answer
/// `await_peers`.
class peers_awaited {
public:
  using promise = caf::typed_response_promise<bool>;

  /// @returns what the actor sends to itself after the time it was given.
  peers_overdue add(promise x) {
    waiting_.emplace(++last_, std::move(x));
    return {last_};
  }

  /// The news are here, or will never be.
  void answer(bool heard) {
    for (auto& [number, x] : std::exchange(waiting_, {}))
      x.deliver(heard);
  }

  void overdue(const peers_overdue& x) {
    if (auto found = waiting_.extract(x.number))
      found.mapped().deliver(false);
  }

  bool empty() const noexcept { return waiting_.empty(); }

private:
  std::map<uint64_t, promise> waiting_;
  uint64_t last_ = 0;
};

} // namespace troupe::actors
