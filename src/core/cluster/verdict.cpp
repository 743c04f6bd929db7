// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/verdict.hpp"

#include "core/cluster/observers.hpp"

#include <algorithm>

namespace troupe::cluster::watch {

namespace {

/// Down servers are probed this seldom (core/health.cpp).
constexpr milliseconds interval_down{5'000};

milliseconds interval_of(const observation& x, const pace& p) {
  return x.status == status::down ? std::max(p.interval, interval_down)
                                  : p.interval;
}

bool votes_within(const observation_map& seen, const std::string& node,
                  milliseconds (*limit)(const observation&, const pace&),
                  const pace& p, time_point now) {
  const auto found = seen.find(node);
  return found != seen.end() && found->second.what.complete
      && now - found->second.made <= limit(found->second.what, p);
}

} // namespace

std::strong_ordering newer(const observation& a, const observation& b) {
  if (const auto order = b.incarnation <=> a.incarnation; order != 0)
    return order;
  return b.sequence <=> a.sequence;
}

const held_observation& merge(const held_observation& a,
                              const held_observation& b) {
  const auto order = newer(a.what, b.what);
  if (order != 0)
    return order < 0 ? a : b;
  // The same one by two ways: it is as old as the longer way says at least.
  return a.made <= b.made ? a : b;
}

milliseconds fresh_for(const observation& x, const pace& p) {
  return 3 * interval_of(x, p) + p.timeout;
}

milliseconds kept_for(const observation& x, const pace& p) {
  return fresh_for(x, p) + p.fall * p.interval + p.timeout;
}

std::vector<std::string> electorate(std::span<const std::string> ranking,
                                    std::span<const std::string> alive,
                                    const observation_map& seen, const pace& p,
                                    time_point now) {
  // Those whose part it is, and whether each has its vote.
  size_t parts = 0;
  bool awaited = false;
  for (const auto& node : ranking) {
    if (parts == observers_max)
      break;
    if (!std::binary_search(alive.begin(), alive.end(), node))
      continue;
    ++parts;
    awaited |= !votes_within(seen, node, fresh_for, p, now);
  }
  std::vector<std::string> result;
  for (const auto& node : ranking) {
    if (result.size() == observers_max)
      break;
    if (votes_within(seen, node, fresh_for, p, now)
        || (awaited && votes_within(seen, node, kept_for, p, now)))
      result.push_back(node);
  }
  return result;
}

std::string verdict::rule() const {
  if (counted == 0)
    return "nobody has a fresh opinion: the last verdict stands";
  return std::to_string(downs) + " of " + std::to_string(counted) + " say down";
}

verdict decide(std::span<const std::string> counted,
               const observation_map& seen,
               std::optional<troupe::status> last) {
  verdict result;
  result.counted = counted.size();
  for (const auto& node : counted)
    result.downs += seen.at(node).what.status == status::down;
  if (counted.empty())
    result.status = last.value_or(status::up);
  else
    result.status =
      2 * result.downs > result.counted ? status::down : status::up;
  return result;
}

} // namespace troupe::cluster::watch
