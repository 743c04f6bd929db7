// SPDX-License-Identifier: BSD-3-Clause
#include "net/proxy/exchange.hpp"

namespace troupe::net {

namespace {

/// 1xx to 5xx as an index; what never got a status counts as a server error.
size_t class_of(unsigned status) noexcept {
  return status >= 100 && status < 600 ? status / 100 - 1 : 4;
}

/// Whether the balancer itself turned the request away.
bool is_refusal(reason why) noexcept {
  return why != reason::ok && why != reason::client_abort;
}

} // namespace

void exchange::account(reason why) {
  const auto worker = services.index;
  const auto& by = route->plan;
  if (status != 0) {
    const auto took = times.since_start(services.event_loop.now());
    auto& frontend = by.live->by_worker[worker];
    auto& requests = by.named_live ? by.named_live->by_worker[worker].requests
                                   : frontend.requests;
    requests[class_of(status)].add();
    frontend.duration.observe(static_cast<uint64_t>(took));
  }
  if (is_refusal(why))
    counters().refused[static_cast<size_t>(why)].add();
  if (auto* live = dial.server(); live != nullptr) {
    auto& counts = live->by_worker[worker];
    if (head_done)
      counts.requests[class_of(status)].add();
    counts.bytes_sent.add(bytes_received);
    counts.bytes_received.add(bytes_from_server);
  }
  if (dial.retries() > 0 && dial.has_snapshot())
    count_retry(why == reason::ok ? &backend_counters::retries_success
                                  : &backend_counters::retries_failure);
  if (services.log.enabled())
    write_log(why);
}

void exchange::write_log(reason why) {
  access_record record;
  const auto named = named_client ? named_client->name() : std::string{};
  record.client = named_client ? named : client_->name();
  describe(record, why);
  record.method = method;
  record.path = path;
  record.host = host;
  record.request_id = request_id;
  record.status = status;
  record.bytes_received = bytes_received;
  record.bytes_sent = bytes_sent;
  services.log.write(services.index, record);
}

} // namespace troupe::net
