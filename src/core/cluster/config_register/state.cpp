// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/state.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::config_register {

std::string encode(const durable_state& x) {
  wire_writer out;
  out.string(x.cluster);
  out.u64(static_cast<uint64_t>(x.as));
  out.boolean(x.committed.has_value());
  if (x.committed)
    encode(out, *x.committed);
  encode(out, x.promised);
  encode(out, x.accepted);
  encode(out, x.mine);
  encode(out, x.storages);
  out.string(x.base_hash);
  encode(out, x.base);
  return out.take();
}

std::optional<durable_state> decode_state(std::string_view bytes) {
  wire_reader in{bytes};
  durable_state x;
  x.cluster = in.string();
  x.as = static_cast<standing>(
    in.u64_up_to(static_cast<uint64_t>(standing::non_voter)));
  if (in.boolean())
    x.committed = decode_record(in);
  x.promised = decode_ballot(in);
  x.accepted = decode_vote(in);
  x.mine = decode_storage_id(in);
  x.storages = decode_storage_ids(in);
  x.base_hash = in.string();
  x.base = decode_version(in);
  if (!in.ok())
    return std::nullopt;
  return x;
}

void history_list::add(record what, bool superseded, uint64_t taken_ms) {
  const auto known = [&](const auto& x) { return x.what == what; };
  if (std::any_of(records_.begin(), records_.end(), known))
    return;
  const auto place = std::find_if(records_.begin(), records_.end(),
                                  [&](auto& x) { return what.at < x.what.at; });
  records_.insert(place, {std::move(what), superseded, taken_ms});
  if (records_.size() > records_max)
    records_.erase(records_.begin());
}

size_t history_list::supersede_below(uint64_t epoch, uint64_t since) {
  size_t result = 0;
  for (auto& x : records_)
    if (x.what.at.epoch < epoch && x.what.at.generation >= since)
      result += std::exchange(x.superseded, true) ? 0 : 1;
  return result;
}

void history_list::supersede_side(std::string_view mark) {
  for (auto& x : records_)
    if (x.what.mark == mark)
      x.superseded = true;
}

const record* history_list::find(uint64_t generation) const {
  for (auto i = records_.rbegin(); i != records_.rend(); ++i)
    if (i->what.at.generation == generation && !i->superseded)
      return &i->what;
  return nullptr;
}

const record* history_list::newest_with(std::string_view node) const {
  for (auto i = records_.rbegin(); i != records_.rend(); ++i)
    if (lists(i->what.nodes, node) && !i->superseded)
      return &i->what;
  return nullptr;
}

namespace {

/// Follows the records. To who does not know it, and to decode_record(), it is
/// a record of no epoch: the end of what can be read.
std::string encode_times(const history_list& x) {
  wire_writer out;
  out.u64(0);
  for (const auto& past : x.records())
    out.u64(past.taken_ms);
  return out.take();
}

/// @returns one for each record, or none.
std::vector<uint64_t> decode_times(wire_reader in, size_t records) {
  std::vector<uint64_t> result;
  wire_reader times{in.string()};
  if (!in.ok() || times.u64() != 0)
    return {};
  while (!times.at_end() && result.size() < records)
    result.push_back(times.u64());
  return times.ok() && result.size() == records ? result
                                                : std::vector<uint64_t>{};
}

} // namespace

std::string encode(const history_list& x) {
  wire_writer out;
  for (const auto& past : x.records()) {
    encode(out, past.what);
    out.boolean(past.superseded);
  }
  out.string(encode_times(x));
  return out.take();
}

history_list decode_history(std::string_view bytes) {
  std::vector<machine::past> read;
  wire_reader in{bytes};
  auto rest = in;
  while (!in.at_end()) {
    rest = in;
    auto what = decode_record(in);
    const auto superseded = in.boolean();
    if (in.ok())
      read.push_back({std::move(what), superseded, 0});
  }
  const auto times = decode_times(rest, read.size());
  history_list result;
  for (size_t n = 0; n < read.size(); ++n)
    result.add(std::move(read[n].what), read[n].superseded,
               times.empty() ? 0 : times[n]);
  return result;
}

} // namespace troupe::cluster::config_register
