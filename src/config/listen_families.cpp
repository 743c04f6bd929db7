// SPDX-License-Identifier: BSD-3-Clause
#include "config/sections.hpp"
#include "core/endpoint.hpp"

#include <set>

namespace troupe::config {

void find_ipv4_too(settings& all) {
  std::set<uint16_t> taken;
  const auto note = [&taken](const std::string& listen) {
    if (const auto at = endpoint::parse(listen); at && at->family() == AF_INET)
      taken.insert(at->port());
  };
  note(all.admin.listen);
  note(all.metrics.listen);
  note(all.cluster.listen);
  for (const auto& frontend : all.frontends)
    note(frontend.listen);
  for (auto& frontend : all.frontends) {
    const auto at = endpoint::parse(frontend.listen);
    frontend.ipv4_too = at && at->family() == AF_INET6 && at->ip() == "::"
                     && !taken.contains(at->port());
  }
}

} // namespace troupe::config
