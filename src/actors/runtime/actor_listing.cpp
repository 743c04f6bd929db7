// SPDX-License-Identifier: BSD-3-Clause
#include "actors/runtime/actor_listing.hpp"

#include <algorithm>

namespace troupe::actors {

actor_list list_host(const actor_host& host) {
  const auto now = clock::now();
  actor_list rows;
  rows.reserve(host.size());
  host.for_each([&](const actor_entry& entry) {
    const auto since = [now](time_point then) {
      const auto passed = std::chrono::duration_cast<milliseconds>(now - then);
      return static_cast<uint64_t>(std::max<int64_t>(passed.count(), 0));
    };
    rows.push_back({entry.entry_id(),
                    std::string{to_string(entry.entry_kind())},
                    entry.entry_name(), host.where(), entry.entry_mailbox(),
                    entry.entry_handled(), since(entry.born),
                    since(entry.last_handled), entry.restarts});
  });
  return rows;
}

} // namespace troupe::actors
