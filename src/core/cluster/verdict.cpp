// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/verdict.hpp"

#include "core/cluster/observers.hpp"

#include <algorithm>

namespace troupe::cluster::observations {

namespace {

/// Down servers are probed this seldom (core/health.cpp).
constexpr milliseconds interval_down{5'000};

milliseconds interval_of(const observation& x, const pace& p) {
  return x.status == status::down ? std::max(p.interval, interval_down)
                                  : p.interval;
}

bool votes_within(const observation_map& seen, const std::string& node,
                  milliseconds (*limit)(const observation&, const pace&),
                  const pace& p, time_point now, const rules& by) {
  const auto found = seen.find(node);
  return found != seen.end() && found->second.what.complete
      && by.is_within(std::chrono::ceil<milliseconds>(now - found->second.made),
                      limit(found->second.what, p));
}

} // namespace

const rules& as_written() {
  static const rules all;
  return all;
}

size_t rules::watchers() const { return observers_max; }

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
  return 3 * std::max(interval_of(x, p), digest_interval) + p.timeout;
}

milliseconds kept_for(const observation& x, const pace& p) {
  return fresh_for(x, p) + p.fall * p.interval + p.timeout;
}

electorate elect(std::span<const std::string> ranking,
                 std::span<const std::string> alive,
                 const observation_map& seen, const pace& p, time_point now,
                 const rules& by) {
  const auto is_alive = [alive](const std::string& node) {
    return std::binary_search(alive.begin(), alive.end(), node);
  };
  electorate result;
  for (const auto& node : ranking) {
    if (result.parts == observers_max)
      break;
    if (!is_alive(node))
      continue;
    ++result.parts;
    result.awaited |= !votes_within(seen, node, fresh_for, p, now, by);
  }
  for (const auto& node : ranking) {
    if (result.counted.size() == observers_max)
      break;
    if (!by.counts(is_alive(node)))
      continue;
    if (votes_within(seen, node, fresh_for, p, now, by)
        || (result.awaited && votes_within(seen, node, kept_for, p, now, by)))
      result.counted.push_back(node);
  }
  return result;
}

std::string verdict::rule() const {
  if (counted == 0)
    return "no node has a fresh vote: the last verdict stands";
  return std::to_string(downs) + " of " + std::to_string(counted) + " say down";
}

verdict decide(const electorate& who, const observation_map& seen,
               std::optional<troupe::status> last, const rules& by) {
  verdict result;
  result.counted = who.counted.size();
  for (const auto& node : who.counted)
    result.downs += seen.at(node).what.status == status::down;
  // What those who are awaited will say may still turn it over.
  const auto all =
    who.awaited ? std::max(result.counted, who.parts) : result.counted;
  const auto downs_possible = result.downs + (all - result.counted);
  if (result.counted > 0 && by.is_down(result.downs, all))
    result.status = status::down;
  else if (result.counted > 0 && !by.is_down(downs_possible, all))
    result.status = status::up;
  else
    result.status = last.value_or(status::up);
  return result;
}

} // namespace troupe::cluster::observations
