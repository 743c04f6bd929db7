// SPDX-License-Identifier: BSD-3-Clause
#include "net/http_session.hpp"

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

void http_session::account(reason why) {
  auto& x = *exchange_;
  const auto worker = services_.index;
  const auto& route = x.route->plan;
  if (x.status != 0) {
    const auto took = x.times.since_start(services_.event_loop.now());
    auto& frontend = route.live->by_worker[worker];
    auto& requests = route.named_live
                     ? route.named_live->by_worker[worker].requests
                     : frontend.requests;
    requests[class_of(x.status)].add();
    frontend.duration.observe(static_cast<uint64_t>(took));
  }
  if (is_refusal(why))
    frontend_->counters().refused[static_cast<size_t>(why)].add();
  if (auto* server = x.dial.server(); server != nullptr) {
    auto& counts = server->by_worker[worker];
    if (x.head_done)
      counts.requests[class_of(x.status)].add();
    counts.bytes_sent.add(x.bytes_received);
    counts.bytes_received.add(x.bytes_from_server);
  }
  if (x.dial.retries() > 0 && x.dial.has_snapshot())
    count_retry(why == reason::ok ? &backend_counters::retries_success
                                  : &backend_counters::retries_failure);
  if (services_.log.enabled())
    write_log(why);
}

void http_session::write_log(reason why) {
  const auto& x = *exchange_;
  if (peer_name_.empty())
    peer_name_ = peer_.to_string();
  access_record record;
  const auto forwarded = x.client ? x.client->name() : std::string{};
  record.client = x.client ? forwarded : peer_name_;
  record.frontend = x.plan->plan->settings.name;
  record.route = x.route->plan.name;
  record.backend = x.route->plan.backend;
  record.server = server();
  record.method = x.method;
  record.path = x.path;
  record.host = x.host;
  record.request_id = x.request_id;
  record.status = x.status;
  record.bytes_received = x.bytes_received;
  record.bytes_sent = x.bytes_sent;
  record.connect_us = x.times.since_start(x.times.connected);
  record.first_byte_us = x.times.since_start(x.times.first_byte);
  record.total_us = x.times.since_start(services_.event_loop.now());
  record.retries = x.dial.retries();
  record.reason = why;
  record.generation = x.plan->plan->generation;
  services_.log.write(services_.index, record);
}

} // namespace troupe::net
