// SPDX-License-Identifier: BSD-3-Clause
#include "net/backend/backend_slot.hpp"

#include <algorithm>

namespace troupe::net {

namespace {

constexpr milliseconds report_pause{100};

} // namespace

held_snapshot::held_snapshot(snapshot_ptr s, backend_reporter& r)
  : snapshot(std::move(s)), reporter(r) {}

held_snapshot::~held_snapshot() {
  const auto& name = snapshot->name; // lives on in what is handed over
  reporter.retire(name, std::move(snapshot));
}

backend_slot::backend_slot(std::string name, loop& l, unsigned worker,
                           backend_reporter& reporter, uint64_t seed)
  : name_(std::move(name)), loop_(l), worker_(worker), reporter_(reporter),
    seed_(seed), pool_(l), queue_(l, worker) {}

bool backend_slot::adopt(snapshot_ptr snapshot) {
  const bool moved =
    pool_.adopt(*snapshot, current_ ? current_->snapshot.get() : nullptr);
  current_ = new held_snapshot{std::move(snapshot), reporter_};
  queue_.adopt(current_->snapshot->live);
  return moved;
}

void backend_slot::close() {
  closed_ = true;
  pool_.close();
  queue_.wake_all();
}

policy& backend_slot::balance(algorithm kind) {
  auto& result = policies_[kind];
  if (!result)
    result = make_policy(kind, seed_);
  return *result;
}

server_counters&
backend_slot::counters(const server_live& server) const noexcept {
  return const_cast<server_live&>(server).by_worker[worker_];
}

backend_counters* backend_slot::counters() const noexcept {
  return current_ ? &current_->snapshot->live->by_worker[worker_] : nullptr;
}

void backend_slot::count_failure(server_live& server, reason why) noexcept {
  const auto index = fault_index(why);
  if (index < server_faults.size())
    server.by_worker[worker_].failures[index].add();
}

void backend_slot::note_failure(server_live& server, bool on_connect) {
  const auto now = loop_.now();
  auto& counts = server.by_worker[worker_];
  auto limit = current_ ? current_->snapshot->passive.failures : 0;
  auto in_row = ++counts.failures_in_row;
  if (on_connect) {
    counts.connect_failures.add();
    in_row = std::max(in_row, server.failed_connects.add());
    limit = server.failed_connects.enough(limit, now);
  }
  if (in_row < limit || limit == 0)
    return;
  // At the threshold always; beyond it a storm is one message per 100 ms.
  if (in_row > limit && now < counts.quiet_until)
    return;
  counts.quiet_until = now + report_pause;
  reporter_.report_failure(name_, server.name, on_connect, in_row);
}

void backend_slot::note_address(server_live& server, const endpoint& address) {
  auto& quiet_until = server.by_worker[worker_].addresses_quiet_until;
  if (loop_.now() < quiet_until)
    return;
  quiet_until = loop_.now() + report_pause;
  reporter_.report_address(name_, server.name, address);
}

void backend_slot::note_connected(server_live& server) noexcept {
  server.failed_connects.end();
}

void backend_slot::note_success(server_live& server) noexcept {
  server.by_worker[worker_].failures_in_row = 0;
  note_connected(server);
}

} // namespace troupe::net
