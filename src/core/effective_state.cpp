// SPDX-License-Identifier: BSD-3-Clause
#include "core/effective_state.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

/// Rules (2) to (6): what health alone says.
state_rule health_rule(const server_facts& x, bool has_majority) noexcept {
  if (!x.resolved)
    return state_rule::unresolved;
  if (x.unproven)
    return state_rule::unproven;
  if (verdict_on(x, has_majority) == status::down)
    return has_majority ? state_rule::verdict_down : state_rule::own_down;
  if (has_majority && rejects(x.own, x.probed, x.vetoed))
    return state_rule::vetoed;
  return x.ejected || x.unknown ? state_rule::ejected : state_rule::up;
}

effective_state alone(const server_facts& x, bool has_majority) noexcept {
  const auto evidence = health_rule(x, has_majority);
  const auto healthy = evidence == state_rule::up;
  const auto ready = x.admin == admin_state::ready;
  const auto rule = ready                         ? evidence
                  : x.admin == admin_state::drain ? state_rule::admin_drain
                                                  : state_rule::admin_maint;
  const auto disputed = has_majority && healthy != (x.verdict == status::up);
  return {ready && healthy, healthy, rule, evidence, disputed};
}

/// The backup that serves, with `one_backup`: what all nodes agree on names it.
/// @returns the number of servers if there is none.
size_t find_one_backup(const pool_state& pool,
                       std::span<const server_facts> facts,
                       bool has_majority) noexcept {
  auto first = facts.size();
  for (size_t i = 0; i < facts.size(); ++i) {
    const auto& x = facts[i];
    if (!x.backup || x.admin != admin_state::ready)
      continue;
    first = std::min(first, i);
    const bool agreed = !x.unproven && x.verdict == status::up;
    if (has_majority ? agreed : pool.servers[i].usable)
      return i;
  }
  return first; // for fail-open and panic
}

/// Takes the other backups out of all that follows.
/// @returns the servers that may still be used.
std::vector<bool> spare_backups(pool_state& pool,
                                std::span<const server_facts> facts,
                                const pool_rules& rules) {
  std::vector<bool> candidates(facts.size(), true);
  if (!rules.one_backup)
    return candidates;
  const auto one = find_one_backup(pool, facts, rules.has_majority);
  for (size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i].backup || i == one)
      continue;
    candidates[i] = false;
    auto& server = pool.servers[i];
    if (std::exchange(server.usable, false))
      server.rule = state_rule::backup_spare;
  }
  return candidates;
}

bool own_evidence(state_rule x) noexcept {
  return x == state_rule::vetoed || x == state_rule::ejected;
}

bool any_usable(const pool_state& pool) noexcept {
  return std::any_of(pool.servers.begin(), pool.servers.end(),
                     [](auto& x) { return x.usable; });
}

void fail_open(pool_state& pool, const std::vector<bool>& candidates) noexcept {
  if (any_usable(pool))
    return;
  for (size_t i = 0; i < candidates.size(); ++i) {
    auto& server = pool.servers[i];
    if (!candidates[i] || !own_evidence(server.rule))
      continue;
    server.usable = true;
    server.rule = state_rule::fail_open;
    pool.fail_open = true;
  }
}

void panic(pool_state& pool, std::span<const server_facts> facts,
           const std::vector<bool>& candidates, unsigned threshold) noexcept {
  uint64_t ready = 0;
  uint64_t usable = 0;
  for (size_t i = 0; i < facts.size(); ++i) {
    ready += candidates[i] && facts[i].admin == admin_state::ready;
    usable += pool.servers[i].usable;
  }
  if (usable * 100 >= ready * threshold)
    return;
  pool.panic = true;
  for (size_t i = 0; i < facts.size(); ++i) {
    auto& server = pool.servers[i];
    if (!candidates[i] || facts[i].admin != admin_state::ready || server.usable
        || !facts[i].resolved)
      continue;
    server.usable = true;
    server.rule = state_rule::panic;
  }
}

void rest_backups(pool_state& pool, std::span<const server_facts> facts,
                  bool has_majority) noexcept {
  auto primary = false;
  for (size_t i = 0; i < facts.size(); ++i)
    primary |= !facts[i].backup && pool.servers[i].usable
            && pool.servers[i].rule != state_rule::panic;
  for (size_t i = 0; i < facts.size(); ++i) {
    auto& server = pool.servers[i];
    if (!facts[i].backup || !server.usable)
      continue;
    if (!primary) {
      pool.on_backup = true;
      continue;
    }
    server = alone(facts[i], has_majority);
    server.usable = false;
    if (server.healthy)
      server.rule = state_rule::backup_idle;
  }
}

/// What nobody has looked at yet is not rejected.
bool rejects_all(const pool_state& pool, std::span<const server_facts> facts,
                 bool has_majority) noexcept {
  bool result = false;
  for (size_t i = 0; i < facts.size(); ++i) {
    const auto& x = facts[i];
    if (x.admin != admin_state::ready || x.verdict == status::down)
      continue;
    if (!has_majority || pool.servers[i].healthy || x.unknown || x.unproven)
      return false;
    result = true;
  }
  return result;
}

} // namespace

std::string_view to_string(state_rule x) noexcept {
  switch (x) {
  case state_rule::admin_drain:
    return "admin_drain";
  case state_rule::admin_maint:
    return "admin_maint";
  case state_rule::own_down:
    return "own_down";
  case state_rule::verdict_down:
    return "verdict_down";
  case state_rule::vetoed:
    return "vetoed";
  case state_rule::ejected:
    return "ejected";
  case state_rule::up:
    return "up";
  case state_rule::fail_open:
    return "fail_open";
  case state_rule::panic:
    return "panic";
  case state_rule::backup_idle:
    return "backup_idle";
  case state_rule::backup_spare:
    return "backup_spare";
  case state_rule::unproven:
    return "unproven";
  case state_rule::unresolved:
    return "unresolved";
  }
  return "invalid";
}

pool_state evaluate(std::span<const server_facts> servers,
                    const pool_rules& rules) {
  pool_state pool;
  pool.servers.reserve(servers.size());
  for (const auto& facts : servers)
    pool.servers.push_back(alone(facts, rules.has_majority));
  const auto candidates = spare_backups(pool, servers, rules);
  fail_open(pool, candidates);
  panic(pool, servers, candidates, rules.panic_threshold);
  rest_backups(pool, servers, rules.has_majority);
  pool.rejects_all = rejects_all(pool, servers, rules.has_majority);
  return pool;
}

} // namespace troupe
