// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/membership.hpp"
#include "world.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace sim {

/// Whoever can have links.
class wired {
public:
  virtual ~wired() = default;
  virtual const std::string& name() const = 0;
  virtual bool running() const = 0;
  /// `link_opened`, `link_closed`, `dial_failed` or `received`.
  virtual void take(const troupe::cluster::membership::input& x) = 0;
};

/// Connections between hosts: what is sent on one comes whole and in order,
/// sooner or later. A cut holds it back until it is healed, as TCP does.
class wires {
public:
  explicit wires(world& w) : world_(w) {}

  /// @param x Outlives the wires.
  void add(wired& x) { hosts_[x.name()] = &x; }

  milliseconds delay_max{20};

  void dial(const std::string& from, const std::string& to);
  void send(const std::string& from, uint64_t link, const std::string& body);
  void close(const std::string& from, uint64_t link, const std::string& reason);

  /// All its links end; the other ends hear of it, unless cut off.
  void died(const std::string& host);

  void cut(const std::string& from, const std::string& to, bool cut);
  void heal() { cuts_.clear(); }
  bool is_cut(const std::string& a, const std::string& b) const;

private:
  using input = troupe::cluster::membership::input;

  struct direction {
    std::string from;
    std::string to;
    std::deque<input> held;
    bool pumping = false;
    bool over = false; ///< the receiver takes nothing more
  };
  struct wire {
    direction there;
    direction back;
  };

  direction* towards(const std::string& to, uint64_t link);
  void put(uint64_t link, direction& x, input what);
  void pump(uint64_t link, const std::string& to);

  world& world_;
  std::map<std::string, wired*> hosts_;
  std::map<uint64_t, wire> links_;
  std::set<std::pair<std::string, std::string>> cuts_;
  uint64_t made_ = 0;
};

} // namespace sim
