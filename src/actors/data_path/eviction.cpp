// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/eviction.hpp"

#include "actors/events/journal.hpp"

#include <utility>

namespace troupe::actors {

namespace {

/// For what has just connected: its request is on its way.
constexpr milliseconds head_time_min{100};

constexpr milliseconds log_pause{10'000};

constexpr wait_kind in_order[] = {wait_kind::parked, wait_kind::resting,
                                  wait_kind::head};

eviction_inbox& open_inbox(connection_limit& limit) {
  return *limit.inboxes.emplace_back(std::make_unique<eviction_inbox>());
}

} // namespace

evictable_group::evictable_group(eviction& evicts, std::string frontend,
                                 std::shared_ptr<frontend_clients> clients)
  : frontend_(std::move(frontend)), clients_(std::move(clients)),
    counters_(clients_->by_worker[evicts.worker_]),
    waiting(counters_.waiting, evicts.inbox_.waiting) {
  evicts.groups_.push_back(*this);
}

eviction::eviction(net::loop& event_loop, unsigned worker,
                   connection_limit& limit)
  : loop_(event_loop), worker_(worker), limit_(limit),
    inbox_(open_inbox(limit)), token_(loop_.timers().add(*this)),
    asked_last_(worker) {
  inbox_.source = &loop_;
  inbox_.client = to_number(token_);
}

eviction::~eviction() {
  inbox_.source = nullptr;
  loop_.timers().remove(token_);
}

place eviction::make_place() {
  if (const auto here = give_up_one(reason::local_resource);
      here != place::none)
    return here;
  auto result = place::none;
  for (size_t n = 0; n < limit_.inboxes.size(); ++n) {
    auto& inbox = next_inbox();
    if (&inbox == &inbox_ || inbox.waiting.get() == 0)
      continue;
    result = place::later;
    if (ask(inbox.wanted, inbox))
      break;
  }
  return result;
}

place eviction::make_place(evictable_group& group) {
  if (const auto here = give_up_one(group, reason::frontend_limit);
      here != place::none)
    return here;
  auto& workers = group.clients_->by_worker;
  auto result = place::none;
  for (size_t n = 0; n < limit_.inboxes.size(); ++n) {
    auto& inbox = next_inbox();
    if (&inbox == &inbox_ || workers[asked_last_].waiting.get() == 0)
      continue;
    result = place::later;
    if (ask(workers[asked_last_].places_wanted, inbox))
      break;
  }
  return result;
}

/// Each in turn, so that not all places come from one.
eviction_inbox& eviction::next_inbox() noexcept {
  asked_last_ = (asked_last_ + 1) % limit_.inboxes.size();
  return *limit_.inboxes[asked_last_];
}

/// @returns false if that worker has been asked and has had no turn yet.
bool eviction::ask(std::atomic<uint32_t>& wanted, eviction_inbox& inbox) {
  if (wanted.exchange(1, std::memory_order_relaxed) > 0)
    return false;
  inbox.source->request_turn(inbox.client);
  return true;
}

/// Another worker has clients and nobody here to give up for them.
void eviction::on_ready() {
  if (inbox_.wanted.exchange(0, std::memory_order_relaxed) > 0)
    give_up_one(reason::local_resource);
  for (auto& group : groups_)
    if (group.counters_.places_wanted.exchange(0, std::memory_order_relaxed)
        > 0)
      give_up_one(group, reason::frontend_limit);
}

waiting_client* eviction::longest(evictable_group& group, wait_kind kind) {
  const auto now = loop_.now();
  return group.waiting.longest(
    kind, kind == wait_kind::head ? now - head_time_min : now);
}

evictable_group* eviction::oldest_group(wait_kind kind) {
  evictable_group* result = nullptr;
  auto oldest = time_point::max();
  for (auto& group : groups_)
    if (const auto* client = group.waiting.first(kind);
        client != nullptr && waiting_clients::since(*client) < oldest) {
      oldest = waiting_clients::since(*client);
      result = &group;
    }
  return result;
}

place eviction::give_up_one(reason why) {
  for (const auto kind : in_order) {
    auto* group = oldest_group(kind);
    if (group == nullptr)
      continue;
    if (auto* client = longest(*group, kind))
      return give_up(*client, *group, why);
    // Those have something to do: whoever else waits.
    for (auto& other : groups_)
      if (auto* client = longest(other, kind))
        return give_up(*client, other, why);
  }
  return place::none;
}

place eviction::give_up_one(evictable_group& group, reason why) {
  for (const auto kind : in_order)
    if (auto* client = longest(group, kind))
      return give_up(*client, group, why);
  return place::none;
}

place eviction::give_up(waiting_client& client, evictable_group& group,
                        reason why) {
  group.counters_.evicted[static_cast<size_t>(why)].add();
  if (loop_.now() >= quiet_until_) {
    quiet_until_ = loop_.now() + log_pause;
    journal::warn(event_kind::daemon, group.frontend_,
                  "frontend {}: {}: inactive connections are closed, the "
                  "longest idle first",
                  group.frontend_,
                  why == reason::memory ? "global.buffers_max is nearly reached"
                  : why == reason::frontend_limit
                    ? "max_connections is reached"
                    : "this node has no descriptor left for a client");
  }
  group.waiting.leave(client); // not to be found twice
  return client.give_up(why) ? place::free : place::soon;
}

} // namespace troupe::actors
