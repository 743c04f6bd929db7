// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/message.hpp"
#include "world.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sim {

/// One node as its network sees it. All calls come from the world's events.
class host {
public:
  virtual ~host() = default;
  virtual const std::string& name() const = 0;

  /// Runs and answers heartbeats; not while crashed or stopped.
  virtual bool alive() const = 0;

  virtual void joined(const std::string& peer) = 0;
  virtual void gone(const std::string& peer) = 0;
  virtual void receive(const std::string& from,
                       troupe::cluster::message_kind kind,
                       const std::string& body) = 0;
};

/// How bad it is. Chances in thousandths.
struct network_faults {
  uint64_t drop = 0;
  uint64_t drops_in_a_row = UINT64_MAX; ///< at most, of one link and kind
  uint64_t duplicate = 0;
  uint64_t linger = 0; ///< takes up to `linger_max` longer than others
  duration delay_min = microseconds{100};
  duration delay_max = milliseconds{2};
  duration linger_max = seconds{3};
};

/// Carries messages between hosts and plays membership: tells each host,
/// sooner or later, whom it can reach both ways.
class network {
public:
  explicit network(world& w) : world_(w) {}

  /// @param x Outlives the network.
  void add(host& x);

  network_faults faults;

  /// Whether a message is lost besides; empty: none.
  std::function<bool(const std::string& body)> loses;

  /// To one host, or to all others when `to` is empty. Each copy has its own
  /// fate, so later ones overtake earlier ones.
  void send(const host& from, const std::string& to,
            troupe::cluster::message_kind kind, const std::string& body);

  /// Nothing passes from a to b any more, or again.
  void block(size_t from, size_t to, bool blocked);
  void heal();

  /// The first `links` of this host end; whoever had one will be told.
  void restarted(const host& x);

  /// Ends the link between the two for a while.
  void refuse(const std::string& a, const std::string& b);

  /// Looks again who can reach whom; call after `alive()` changed.
  void changed();

  size_t messages() const noexcept { return messages_; }

private:
  struct link {
    bool blocked = false;
    bool known = false;   ///< the host was told `joined`
    bool pending = false; ///< it will be told what is so by then
    time_point refused_until{};
    std::map<troupe::cluster::message_kind, uint64_t> lost; ///< in a row
  };

  size_t index(const std::string& name) const;
  link& at(size_t from, size_t to) { return links_[from * 16 + to]; }
  bool reaches(size_t from, size_t to);
  void schedule(size_t from, size_t to, duration low, duration high);
  void tell(size_t from, size_t to);
  bool drops(size_t from, size_t to, troupe::cluster::message_kind kind);
  void carry(size_t from, size_t to, troupe::cluster::message_kind kind,
             const std::string& body);

  world& world_;
  std::vector<host*> hosts_;
  std::vector<link> links_ = std::vector<link>(16 * 16);
  size_t messages_ = 0;
};

} // namespace sim
