// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/register.hpp"

#include "core/cluster/register_engine.hpp"

#include <utility>

namespace troupe::cluster::registry {

namespace {

const rules the_rules;

} // namespace

config_register::config_register(identity self)
  : config_register(std::move(self), the_rules) {}

config_register::config_register(identity self, const rules& which)
  : engine_(std::make_unique<engine>(std::move(self), which)) {}

config_register::config_register(config_register&&) noexcept = default;
config_register&
config_register::operator=(config_register&&) noexcept = default;
config_register::~config_register() = default;

effects config_register::step(const input& in, time_point now) {
  return engine_->step(in, now);
}

register_status config_register::status() const { return engine_->status(); }

std::vector<peer_vote> config_register::votes() const {
  return engine_->votes();
}

const record* config_register::committed() const {
  return engine_->committed();
}

std::span<const config_register::past> config_register::history() const {
  return engine_->history().records();
}

const record* config_register::find(uint64_t generation) const {
  return engine_->history().find(generation);
}

uint64_t config_register::undecodable() const { return engine_->undecodable(); }

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

node_list left_behind(std::span<const config_register::past> history) {
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

} // namespace troupe::cluster::registry
