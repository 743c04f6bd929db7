// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/machine.hpp"

#include "core/cluster/config_register/engine.hpp"

#include <utility>

namespace troupe::cluster::config_register {

namespace {

const rules the_rules;

} // namespace

machine::machine(identity self) : machine(std::move(self), the_rules) {}

machine::machine(identity self, const rules& which)
  : engine_(std::make_unique<engine>(std::move(self), which)) {}

machine::machine(machine&&) noexcept = default;
machine& machine::operator=(machine&&) noexcept = default;
machine::~machine() = default;

effects machine::step(const input& in, time_point now) {
  return engine_->step(in, now);
}

register_status machine::status() const { return engine_->status(); }

std::vector<peer_vote> machine::votes() const { return engine_->votes(); }

const record* machine::committed() const { return engine_->committed(); }

std::span<const machine::past> machine::history() const {
  return engine_->history().records();
}

const record* machine::find(uint64_t generation) const {
  return engine_->history().find(generation);
}

uint64_t machine::undecodable() const { return engine_->undecodable(); }

const char* to_string(event_kind x) {
  switch (x) {
  case event_kind::committed:
    return "committed";
  case event_kind::recovered:
    return "recovered";
  case event_kind::non_voter:
    return "non_voter";
  case event_kind::removed:
    return "removed";
  case event_kind::superseded:
    return "superseded";
  case event_kind::epoch_conflict:
    return "cluster_epoch_conflict";
  case event_kind::refused_peer:
    return "refused_peer";
  case event_kind::formation_blocked:
    return "formation_blocked";
  case event_kind::file_differs:
    return "file_differs";
  case event_kind::apply_failed:
    return "apply_failed";
  case event_kind::disk_failed:
    return "disk_failed";
  }
  return "unknown";
}

const char* to_string(outcome x) {
  switch (x) {
  case outcome::committed:
    return "committed";
  case outcome::refused:
    return "refused";
  case outcome::conflict:
    return "conflict";
  case outcome::unknown:
    return "unknown";
  case outcome::no_op:
    return "no_op";
  }
  return "unknown";
}

const char* to_string(standing x) {
  switch (x) {
  case standing::blank:
    return "blank";
  case standing::founder:
    return "founder";
  case standing::voter:
    return "voter";
  case standing::provisional:
    return "provisional";
  case standing::non_voter:
    return "non_voter";
  }
  return "unknown";
}

node_list left_behind(std::span<const machine::past> history) {
  node_list result;
  const record* before = nullptr;
  for (const auto& past : history) {
    const auto& what = past.what;
    if (past.superseded)
      continue;
    if (before && before->at.epoch < what.at.epoch)
      result.insert(result.end(), before->nodes.begin(), before->nodes.end());
    std::erase_if(result,
                  [&](const auto& x) { return lists(what.nodes, x.name); });
    before = &what;
  }
  return result;
}

} // namespace troupe::cluster::config_register
