// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/engine.hpp"

#include <algorithm>

// The side that votes. A node votes on the record after g only while g is what
// it has: lower, it fetches g first; higher, it answers with its record.

namespace troupe::cluster::config_register {

void engine::refuse_vote(const std::string& to, const ballot& number) {
  tell(to, message::nack{number, state_.promised, may_vote()});
}

/// Whether this node may vote on what a peer at `at` asks; if not, whatever
/// helps the peer is said.
bool engine::asked_here(const std::string& from, const position& at,
                        const ballot& number) {
  round_heard_ = std::max(round_heard_, number.round);
  if (!state_.committed)
    return false;
  if (!rules_.votes_after(at, here())) {
    if (stands(at) == relation::ahead)
      tell(from, message::learn{*state_.committed});
    return false;
  }
  if (may_vote())
    return true;
  refuse_vote(from, number);
  return false;
}

std::optional<message::promise> engine::try_promise(const ballot& number) {
  if (!rules_.may_follow(number, state_.promised))
    return std::nullopt;
  if (number != state_.promised)
    change().promised = number;
  accepted_since_ = now_;
  return message::promise{number, state_.mine, state_.storages,
                          state_.accepted};
}

std::optional<message::accepted> engine::try_accept(const ballot& number,
                                                    const record& value) {
  if (!rules_.may_follow(number, state_.promised))
    return std::nullopt;
  accepted_since_ = now_;
  const vote wanted{number, value};
  // Asked again, because the answer was late or lost: it is on disk already.
  if (state_.promised != number || state_.accepted != wanted) {
    auto& state = change();
    state.promised = number;
    state.accepted = wanted;
  }
  return message::accepted{number, state_.mine, state_.storages};
}

void engine::hear(const std::string& from, const position& at,
                  const message::prepare& x) {
  if (x.first && !state_.committed) {
    round_heard_ = std::max(round_heard_, x.number.round);
    if (!may_found(*x.first)
        || (!x.first->forced && x.first->hash != file_.hash))
      return;
    change().as = standing::founder;
  } else if (!asked_here(from, at, x.number)) {
    return;
  }
  if (auto promise = try_promise(x.number))
    tell(from, std::move(*promise));
  else
    refuse_vote(from, x.number);
}

void engine::hear(const std::string& from, const position& at,
                  const message::accept& x) {
  if (x.first && !state_.committed) {
    round_heard_ = std::max(round_heard_, x.number.round);
    if (!may_found(*x.first) || x.value.at != version{1, 1})
      return;
    change().as = standing::founder;
  } else if (!asked_here(from, at, x.number)
             || x.value.at != version{at.at.epoch, at.at.generation + 1}
             || x.value.mark != at.mark) {
    return;
  }
  if (auto accepted = try_accept(x.number, x.value))
    tell(from, std::move(*accepted));
  else
    refuse_vote(from, x.number);
}

} // namespace troupe::cluster::config_register
