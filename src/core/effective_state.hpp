// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/health.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Rule 12: how admin state, verdict, veto, ejection, minority, fail-open,
/// panic and backup combine into what the picker uses. One pure function, which
/// also names the rule that decided.
namespace troupe {

/// The facts about one server on this node.
struct server_facts {
  admin_state admin = admin_state::ready;
  status own = status::up;     ///< this node's active probes
  bool probed = false;         ///< `own` is evidence, not what was taken over
  status verdict = status::up; ///< the cluster's; ignored without a majority
  bool vetoed = false;  ///< this node's own connect evidence is against it
  bool ejected = false; ///< passive ejection on this node
  bool backup = false;
  /// No probe has found it up yet, and until then it counts as down
  /// (`initial`).
  bool unproven = false;
  bool resolved = true; ///< it has an address
  bool unknown = false; ///< new, and nobody has looked yet: as if ejected
  bool operator==(const server_facts&) const = default;
};

enum class state_rule : uint8_t {
  admin_drain,
  admin_maint,
  own_down, ///< alone or in a minority: own status stands for the verdict
  verdict_down,
  vetoed,
  ejected,
  up,
  fail_open,    ///< own evidence alone would have emptied the pool
  panic,        ///< below panic_threshold: used although not healthy
  backup_idle,  ///< a healthy backup while a primary is usable
  backup_spare, ///< a healthy backup while the first one is there to serve
  unproven,     ///< down until its first probe succeeds (`initial: down`)
  unresolved,   ///< its name has no address
};

std::string_view to_string(state_rule x) noexcept;

struct effective_state {
  bool usable = false;  ///< the picker may choose it
  bool healthy = false; ///< `server_up`: effective health, never admin state
  state_rule rule = state_rule::up;
  /// What health alone says: `rule` without admin state and pool.
  state_rule evidence = state_rule::up;
  bool disputed = false; ///< not what the verdict says
  bool operator==(const effective_state&) const = default;
};

struct pool_rules {
  bool has_majority = false; ///< false without a cluster
  /// Percent of the ready servers (admin state) that must be usable.
  unsigned panic_threshold = 0;
  bool one_backup = false; ///< only the first healthy backup serves
};

struct pool_state {
  std::vector<effective_state> servers; ///< same order as the facts
  bool fail_open = false;
  bool panic = false;
  bool on_backup = false; ///< a backup is usable
  /// This node's own evidence is against all that the verdict calls up.
  bool rejects_all = false;
};

/// What counts as the verdict: the cluster's, or without a majority this node's
/// own status.
constexpr status verdict_on(const server_facts& x, bool has_majority) noexcept {
  return has_majority ? x.verdict : x.own;
}

/// Verdicts are about to count no more: until own probes say otherwise, what is
/// so stays so (rule 15).
constexpr status own_without_majority(const server_facts& x) noexcept {
  return rejects(x.own, x.probed, x.vetoed) ? status::down : x.verdict;
}

/// Applies rule 12 to one backend. Same facts, same result, on every node.
///
/// One server at a time, the first that applies: admin state; an address that
/// is missing; without a majority its own status, else the verdict, then the
/// veto, which is also what completed probes of this node found; ejection; up.
/// Then the pool, of which nothing is used without an address:
/// - fail-open: nothing is usable (backups included), so vetoed and ejected
///   servers are. They stay unhealthy.
/// - panic: fewer than `panic_threshold` percent of the ready servers are
///   usable, so all ready ones are.
/// - backup: backups idle while a primary is usable. One that is so only by
///   panic does not count: a healthy backup must not idle beside primaries that
///   are all down.
/// With `one_backup` the other backups are out before any of these: the one is
/// the first that is ready and that the verdict calls up (without a majority:
/// that is usable), whatever this node's own evidence, because all nodes must
/// come to the same. A server that ends up not usable shows the rule that
/// applied to it alone, `backup_idle` or `backup_spare`.
pool_state evaluate(std::span<const server_facts> servers,
                    const pool_rules& rules);

} // namespace troupe
