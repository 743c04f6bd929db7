// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/cluster/config_register/message.hpp"
#include "core/cluster/config_register/state.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sim {

/// Sees all disks, messages and answers of a run and says what must not be.
class register_checker {
public:
  using record = troupe::cluster::config_register::record;
  using position = troupe::cluster::config_register::position;
  using version = troupe::cluster::config_register::version;

  /// What an operator asked for; `hash` of the text that would be committed.
  struct request {
    uint64_t id = 0;
    std::string node;
    std::string hash;
    /// Decided by vote, as against by an operator alone.
    bool voted = false;
    bool answered = false;
    bool lost = false; ///< the node that would answer crashed
    troupe::cluster::config_register::outcome result{};
  };

  void asked(request x);
  void answered(const std::string& node,
                const troupe::cluster::config_register::answer& x);

  /// All that this node was asked and has not answered yet is void.
  void crashed(const std::string& node);

  /// On that node's disk from here on.
  void stored(const std::string& node,
              const troupe::cluster::config_register::durable_state& x);

  /// Its disk is empty from here on.
  void wiped(const std::string& node);

  void published(const std::string& node, const record& x);

  /// Before the network takes it.
  void sent(const std::string& node, const std::string& body);

  /// After the network brought it.
  void received(const std::string& node, const std::string& from,
                const std::string& body);

  /// An operator gives up this side of an epoch.
  void gave_up(const std::string& mark) { given_up_.insert(mark); }

  /// Nothing goes on any more: what was answered must be so.
  void end();

  /// First thing that went wrong; empty if nothing did.
  const std::string& failure() const noexcept { return failure_; }

  void fail(std::string text);

  size_t committed_count() const noexcept { return records_.size(); }
  size_t answers(troupe::cluster::config_register::outcome x) const;

private:
  using side = std::pair<std::string, version>; // mark, version

  struct disk {
    troupe::cluster::config_register::durable_state now;
    bool must_ask = false; ///< lost since it last voted
    /// Who said what to its recall since the loss, in order.
    std::vector<std::pair<std::string,
                          troupe::cluster::config_register::message::recalled>>
      heard;
  };

  void check_vote(const std::string& node, const position& at,
                  const troupe::cluster::config_register::ballot& number);
  void check_holders(const troupe::cluster::config_register::answer& x,
                     const record& said);
  void check_return(const std::string& node, disk& x);
  void check_nothing_lost();
  bool held(const std::string& node, const record& x) const;
  const record* find(const std::string& node, const version& at,
                     const std::string& hash) const;
  const record* before(const record& x) const;

  std::map<uint64_t, request> requests_;
  std::map<side, record> records_;
  std::map<std::string, disk> disks_;
  /// How far each node's disk ever was, by side.
  std::map<std::pair<std::string, std::string>, version> furthest_;
  /// Who ever accepted what, by hash.
  std::map<std::pair<side, std::string>, std::set<std::string>> accepted_;
  std::map<std::string, version> said_; ///< the newest, by side
  std::set<std::string> given_up_;
  std::string failure_;
};

} // namespace sim
