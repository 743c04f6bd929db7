// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/verdict_memory.hpp"

#include "core/cluster/wire.hpp"

namespace troupe::cluster::observations {

std::string encode_downs(const std::set<uint64_t>& targets) {
  wire_writer to;
  to.u64(targets.size());
  for (const auto id : targets)
    to.u64(id);
  return to.take();
}

std::optional<std::set<uint64_t>> decode_downs(std::string_view bytes) {
  wire_reader from{bytes};
  const auto count = from.u64_up_to(bytes.size());
  std::set<uint64_t> result;
  for (uint64_t n = 0; n < count && from.ok(); ++n)
    result.insert(from.u64());
  if (!from.ok())
    return std::nullopt;
  return result;
}

} // namespace troupe::cluster::observations
