// SPDX-License-Identifier: BSD-3-Clause
#include "config/sections.hpp"

namespace troupe::config {

std::optional<algorithm> read_algorithm(const map_cursor& in) {
  static constexpr auto algorithms =
    words<algorithm>({{"round_robin", algorithm::round_robin},
                      {"weighted", algorithm::weighted},
                      {"least_connections", algorithm::least_connections},
                      {"ip_hash", algorithm::ip_hash},
                      {"random", algorithm::random},
                      {"p2c", algorithm::p2c}});
  std::optional<algorithm> result;
  in.read("algorithm", result, algorithms);
  return result;
}

} // namespace troupe::config
