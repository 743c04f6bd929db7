// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/frontend/head_changes.hpp"
#include "net/http1/head.hpp"
#include "net/loop/loop.hpp"
#include "net/proxy/access_log.hpp"
#include "net/proxy/half_heads.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::net {

struct http_exchange;

/// The objects that all sessions of one worker share. They live as long as the
/// worker.
struct worker_services {
  worker_services(loop& l, unsigned i, access_log& a, uint64_t seed) noexcept;
  ~worker_services();
  worker_services(const worker_services&) = delete;
  worker_services& operator=(const worker_services&) = delete;

  loop& event_loop;
  const unsigned index;
  access_log& log;
  /// xorshift64*: for request ids, not for secrets.
  uint64_t random() noexcept {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1DULL;
  }
  uint64_t random_state;

  // Reused by every session of the worker: large, and of no use between calls.
  http1::request_head request_head;
  http1::response_head response_head;
  std::vector<char> head_out;
  std::string routing_host;
  changed_request request_changes;
  changed_values response_values;

  net::half_heads half_heads;

  std::unique_ptr<http_exchange> take_exchange();
  void give_exchange(std::unique_ptr<http_exchange> done);
  std::vector<std::unique_ptr<http_exchange>> spare_exchanges;
};

} // namespace troupe::net
