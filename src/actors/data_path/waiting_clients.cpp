// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/waiting_clients.hpp"

namespace troupe::actors {

namespace {

constexpr unsigned asked_max = 8;

} // namespace

void waiting_clients::enter(waiting_client& client, wait_kind kind,
                            time_point now) noexcept {
  leave(client);
  client.since_ = now;
  client.kind_ = kind;
  of(kind).push_back(client);
  here_.add();
  all_.add();
}

void waiting_clients::leave(waiting_client& client) noexcept {
  if (!client.is_waiting())
    return;
  auto& from = of(client.kind_);
  from.erase(from.iterator_to(client));
  here_.sub();
  all_.sub();
}

waiting_client* waiting_clients::longest(wait_kind kind,
                                         time_point latest) noexcept {
  unsigned asked = 0;
  for (auto& client : of(kind)) {
    if (client.since_ > latest || asked++ == asked_max)
      return nullptr;
    if (client.is_silent())
      return &client;
  }
  return nullptr;
}

} // namespace troupe::actors
