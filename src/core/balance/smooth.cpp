// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/smooth.hpp"

namespace troupe::balance {

void smooth_turns::adopt(std::span<const int> origins,
                         std::span<const candidate> pool) {
  int64_t total = 0;
  for (const auto& server : pool)
    total += server.weight;
  std::vector<int64_t> fortunes(pool.size(), 0);
  for (size_t position = 0; position < pool.size(); ++position)
    if (origins[position] >= 0)
      fortunes[position] = static_cast<int64_t>(
        static_cast<double>(fortunes_[origins[position]])
        * static_cast<double>(total) / static_cast<double>(total_));
  fortunes_ = std::move(fortunes);
  total_ = total;
}

} // namespace troupe::balance
