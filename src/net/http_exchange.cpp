// SPDX-License-Identifier: BSD-3-Clause
#include "net/http_exchange.hpp"

namespace troupe::net {

void http_exchange::recycle() {
  static_cast<exchange_facts&>(*this) = {};
  dial.reset();
  request_body.reset();
  response_body.reset();
  route = nullptr;
  plan.reset();
  client.reset();
  request_scanner.reset();
  response_scanner.reset();
  head.reset();
  body_waiting.reset();
  response_head.reset();
  if (response_changes.is_filled)
    response_changes.clear();
  for (auto* text : {&method, &path, &host, &accept, &request_id})
    text->clear();
}

} // namespace troupe::net
