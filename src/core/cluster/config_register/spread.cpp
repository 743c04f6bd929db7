// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"

#include <algorithm>
#include <utility>

// A record is decided by a majority of the nodes before it. It is *said* to be
// committed when a majority of its own nodes hold it on disk as committed too:
// from then on the loss of any minority of either list leaves enough of them to
// go on. Nothing is sent here; nodes behind fetch it, and their reports tell.

namespace troupe::cluster::config_register {

void engine::spread(record what, std::vector<uint64_t> requests,
                    std::vector<std::string> not_checked) {
  if (requests.empty())
    return;
  const auto where = position_of(what);
  spreads_.push_back({std::move(what),
                      std::move(requests),
                      std::move(not_checked),
                      {self_.node},
                      now_ + spread_limit});
  for (const auto& [node, x] : peers_)
    if (x.said && x.said->stored && x.at == where)
      spreads_.back().holders.insert(node);
}

/// A peer's report says what it has on disk.
void engine::holds(const std::string& node, const position& at) {
  for (auto& x : spreads_)
    if (at.mark == x.what.mark && at.at >= x.what.at)
      x.holders.insert(node);
}

void engine::run_spreads() {
  const auto done = [&](const spreading& x) {
    const auto holders = static_cast<size_t>(
      std::count_if(x.holders.begin(), x.holders.end(), [&](const auto& node) {
        return lists(x.what.nodes, node);
      }));
    const bool replaced = here().mark != x.what.mark;
    if (!replaced && holders >= rules_.holders(x.what.nodes.size())) {
      say_committed(x);
      return true;
    }
    if (!replaced && now_ < x.deadline) {
      due(x.deadline);
      return false;
    }
    for (const auto request : x.requests)
      reply(request, outcome::unknown,
            replaced ? "another side's epoch replaced the record"
                     : "decided, but only " + std::to_string(holders) + " of "
                         + std::to_string(x.what.nodes.size())
                         + " nodes of the new list hold it: start the others");
    return true;
  };
  spreads_.erase(std::remove_if(spreads_.begin(), spreads_.end(), done),
                 spreads_.end());
}

void engine::say_committed(const spreading& x) {
  for (const auto request : x.requests)
    emit(answer{request,
                outcome::committed,
                x.what.at,
                "generation " + std::to_string(x.what.at.generation)
                  + " is committed",
                {},
                x.not_checked,
                {}});
}

} // namespace troupe::cluster::config_register
