// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/record.hpp"

#include <algorithm>

namespace troupe::cluster::config_register {

namespace {

constexpr size_t lines_max = 1024;

/// A count of things that each take at least one byte, so that what is claimed
/// can be reserved at most `max` times.
size_t decode_count(wire_reader& in, size_t max) {
  return static_cast<size_t>(in.u64_up_to(max));
}

std::string decode_string(wire_reader& in, size_t bytes_max) {
  const auto x = in.string();
  if (x.size() <= bytes_max)
    return std::string{x};
  in.fail();
  return {};
}

} // namespace

position position_of(const record& x) { return {x.at, x.mark}; }

relation compare(const position& mine, const position& theirs) {
  if (mine.at.epoch == theirs.at.epoch && mine.mark != theirs.mark)
    return relation::apart;
  if (mine.at == theirs.at)
    return relation::same;
  return mine.at < theirs.at ? relation::behind : relation::ahead;
}

const node_entry* find(const node_list& nodes, std::string_view name) {
  const auto i = std::find_if(nodes.begin(), nodes.end(),
                              [&](auto& node) { return node.name == name; });
  return i == nodes.end() ? nullptr : &*i;
}

bool lists(const node_list& nodes, std::string_view name) {
  return find(nodes, name) != nullptr;
}

size_t changes_between(const node_list& before, const node_list& after) {
  size_t result = 0;
  for (const auto& node : before) {
    const auto* other = find(after, node.name);
    if (!other || other->address != node.address)
      ++result;
  }
  for (const auto& node : after)
    if (!lists(before, node.name))
      ++result;
  return result;
}

void encode(wire_writer& out, const version& x) {
  out.u64(x.epoch);
  out.u64(x.generation);
}

version decode_version(wire_reader& in) {
  const auto epoch = in.u64();
  return {epoch, in.u64()};
}

void encode(wire_writer& out, const position& x) {
  encode(out, x.at);
  out.string(x.mark);
}

position decode_position(wire_reader& in) {
  auto at = decode_version(in);
  return {at, decode_string(in, reason_bytes_max)};
}

void encode(wire_writer& out, const ballot& x) {
  out.u64(x.round);
  out.string(x.node);
}

ballot decode_ballot(wire_reader& in) {
  const auto round = in.u64();
  return {round, decode_string(in, reason_bytes_max)};
}

void encode(wire_writer& out, const storage_id& x) {
  out.u64(x.count);
  out.u64(x.nonce);
}

storage_id decode_storage_id(wire_reader& in) {
  const auto count = in.u64();
  return {count, in.u64()};
}

void encode(wire_writer& out, const storage_ids& x) {
  out.u64(x.size());
  for (const auto& [node, lived] : x) {
    out.string(node);
    encode(out, lived);
  }
}

storage_ids decode_storage_ids(wire_reader& in) {
  storage_ids result;
  for (auto n = decode_count(in, nodes_max); n > 0 && in.ok(); --n) {
    auto name = decode_string(in, reason_bytes_max);
    result[std::move(name)] = decode_storage_id(in);
  }
  return result;
}

void encode(wire_writer& out, const node_list& x) {
  out.u64(x.size());
  for (const auto& node : x) {
    out.string(node.name);
    out.string(node.address);
  }
}

node_list decode_nodes(wire_reader& in) {
  node_list result;
  for (auto n = decode_count(in, nodes_max); n > 0 && in.ok(); --n) {
    auto name = decode_string(in, reason_bytes_max);
    result.push_back({std::move(name), decode_string(in, reason_bytes_max)});
  }
  return result;
}

void encode(wire_writer& out, const std::vector<std::string>& x) {
  const auto n = std::min(x.size(), lines_max);
  out.u64(n);
  for (size_t i = 0; i < n; ++i)
    out.string(x[i]);
}

std::vector<std::string> decode_lines(wire_reader& in) {
  std::vector<std::string> result;
  for (auto n = decode_count(in, lines_max); n > 0 && in.ok(); --n)
    result.emplace_back(in.string());
  return result;
}

// A record is a string of its own inside of what carries it, so that fields can
// be appended to records too.
void encode(wire_writer& out, const record& x) {
  wire_writer inner;
  encode(inner, x.at);
  inner.string(x.mark);
  inner.u64(x.since);
  inner.string(x.text);
  inner.string(x.hash);
  encode(inner, x.nodes);
  inner.string(x.author);
  inner.string(x.node);
  inner.string(x.reason);
  inner.u64(x.time_ms);
  encode(inner, x.forced);
  out.string(inner.bytes());
}

record decode_record(wire_reader& outer) {
  wire_reader in{outer.string()};
  record x;
  x.at = decode_version(in);
  x.mark = decode_string(in, reason_bytes_max);
  x.since = in.u64();
  x.text = decode_string(in, text_bytes_max);
  x.hash = decode_string(in, reason_bytes_max);
  x.nodes = decode_nodes(in);
  x.author = decode_string(in, reason_bytes_max);
  x.node = decode_string(in, reason_bytes_max);
  x.reason = decode_string(in, reason_bytes_max);
  x.time_ms = in.u64();
  x.forced = decode_lines(in);
  // Nothing of the kind is ever written: no epoch, no generation, no voter.
  if (!in.ok() || x.at.epoch == 0 || x.at.generation == 0 || x.nodes.empty())
    outer.fail();
  return x;
}

void encode(wire_writer& out, const std::optional<vote>& x) {
  out.boolean(x.has_value());
  if (!x)
    return;
  encode(out, x->number);
  encode(out, x->value);
}

std::optional<vote> decode_vote(wire_reader& in) {
  if (!in.boolean())
    return std::nullopt;
  auto number = decode_ballot(in);
  return vote{std::move(number), decode_record(in)};
}

} // namespace troupe::cluster::config_register
