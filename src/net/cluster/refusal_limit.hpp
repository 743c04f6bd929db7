// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace troupe::net::cluster {

/// Refusals are reported once per minute and source, so that no peer fills a
/// log by knocking. Sources beyond a thousand share one entry.
class refusal_limit {
public:
  /// One more refusal. @returns how many went untold since the last that was
  /// told, or nothing if this one is not to be told.
  std::optional<uint64_t> note(const std::string& source, time_point now) {
    if (sources_.size() >= sources_max)
      forget(now);
    const auto& key = sources_.size() >= sources_max && !sources_.count(source)
                      ? others_
                      : source;
    const auto [at, is_new] = sources_.try_emplace(key, entry{now, 0});
    auto& [told, untold] = at->second;
    if (!is_new && now - told < period) {
      ++untold;
      return std::nullopt;
    }
    told = now;
    return std::exchange(untold, 0);
  }

  size_t size() const noexcept { return sources_.size(); }

  static constexpr std::chrono::minutes period{1};
  static constexpr size_t sources_max = 1'000;

private:
  struct entry {
    time_point told;
    uint64_t untold = 0;
  };

  /// One that went untold stays for its count to be told.
  void forget(time_point now) {
    std::erase_if(sources_, [&](const auto& x) {
      return now - x.second.told >= period && x.second.untold == 0;
    });
  }

  const std::string others_ = "others";
  std::map<std::string, entry> sources_;
};

} // namespace troupe::net::cluster
