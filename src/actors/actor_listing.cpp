// SPDX-License-Identifier: BSD-3-Clause
#include "actors/actor_listing.hpp"

namespace troupe::actors {

actor_list list_host(const actor_host& host) {
  const auto now = clock::now();
  actor_list rows;
  rows.reserve(host.size());
  host.for_each([&](const actor_entry& entry) {
    const auto age = std::chrono::duration_cast<milliseconds>(now - entry.born);
    rows.push_back({entry.entry_id(),
                    std::string{to_string(entry.entry_kind())},
                    entry.entry_name(), host.where(), entry.entry_mailbox(),
                    entry.entry_handled(), static_cast<uint64_t>(age.count())});
  });
  return rows;
}

} // namespace troupe::actors
