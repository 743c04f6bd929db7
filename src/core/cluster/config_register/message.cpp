// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/config_register/message.hpp"

#include <utility>

namespace troupe::cluster::config_register::message {

namespace {

// The place of a type in `body` plus one is its number on the wire: types are
// only ever appended there.

void put(wire_writer& out, const std::optional<founding>& x) {
  out.boolean(x.has_value());
  if (!x)
    return;
  out.string(x->hash);
  out.boolean(x->forced);
  out.u64(x->to);
}

std::optional<founding> get_founding(wire_reader& in) {
  if (!in.boolean())
    return std::nullopt;
  founding x;
  x.hash = in.string();
  x.forced = in.boolean();
  x.to = in.u64();
  return x;
}

void put(wire_writer& out, const status& x) {
  out.string(x.cluster);
  out.string(x.hash);
  out.boolean(x.stored);
  out.boolean(x.votes);
  out.boolean(x.blank);
  out.u64(x.incarnation);
  out.string(x.file_hash);
  config_register::encode(out, x.file_nodes);
  out.string(x.adopting);
}

void get(wire_reader& in, status& x) {
  x.cluster = in.string();
  x.hash = in.string();
  x.stored = in.boolean();
  x.votes = in.boolean();
  x.blank = in.boolean();
  x.incarnation = in.u64();
  x.file_hash = in.string();
  x.file_nodes = decode_nodes(in);
  x.adopting = in.string();
}

void put(wire_writer&, const fetch&) {}
void get(wire_reader&, fetch&) {}

void put(wire_writer& out, const learn& x) {
  config_register::encode(out, x.committed);
}

void get(wire_reader& in, learn& x) { x.committed = decode_record(in); }

void put(wire_writer& out, const prepare& x) {
  config_register::encode(out, x.number);
  put(out, x.first);
}

void get(wire_reader& in, prepare& x) {
  x.number = decode_ballot(in);
  x.first = get_founding(in);
}

void put(wire_writer& out, const promise& x) {
  config_register::encode(out, x.number);
  config_register::encode(out, x.mine);
  config_register::encode(out, x.storages);
  config_register::encode(out, x.accepted);
}

void get(wire_reader& in, promise& x) {
  x.number = decode_ballot(in);
  x.mine = decode_storage_id(in);
  x.storages = decode_storage_ids(in);
  x.accepted = decode_vote(in);
}

void put(wire_writer& out, const accept& x) {
  config_register::encode(out, x.number);
  config_register::encode(out, x.value);
  put(out, x.first);
}

void get(wire_reader& in, accept& x) {
  x.number = decode_ballot(in);
  x.value = decode_record(in);
  x.first = get_founding(in);
}

void put(wire_writer& out, const accepted& x) {
  config_register::encode(out, x.number);
  config_register::encode(out, x.mine);
  config_register::encode(out, x.storages);
}

void get(wire_reader& in, accepted& x) {
  x.number = decode_ballot(in);
  x.mine = decode_storage_id(in);
  x.storages = decode_storage_ids(in);
}

void put(wire_writer& out, const nack& x) {
  config_register::encode(out, x.number);
  config_register::encode(out, x.promised);
  out.boolean(x.votes);
}

void get(wire_reader& in, nack& x) {
  x.number = decode_ballot(in);
  x.promised = decode_ballot(in);
  x.votes = in.boolean();
}

void put(wire_writer& out, const recall& x) {
  config_register::encode(out, x.number);
  config_register::encode(out, x.mine);
}

void get(wire_reader& in, recall& x) {
  x.number = decode_ballot(in);
  x.mine = decode_storage_id(in);
}

void put(wire_writer& out, const recalled& x) {
  config_register::encode(out, x.number);
  config_register::encode(out, x.yours);
  out.boolean(x.ok);
  config_register::encode(out, x.promised);
  config_register::encode(out, x.known);
  config_register::encode(out, x.accepted);
}

void get(wire_reader& in, recalled& x) {
  x.number = decode_ballot(in);
  x.yours = decode_storage_id(in);
  x.ok = in.boolean();
  x.promised = decode_ballot(in);
  x.known = decode_storage_id(in);
  x.accepted = decode_vote(in);
}

void put(wire_writer& out, const check& x) {
  config_register::encode(out, x.base);
  out.string(x.hash);
  out.string(x.text);
}

void get(wire_reader& in, check& x) {
  x.base = decode_version(in);
  x.hash = in.string();
  x.text = in.string();
  if (x.text.size() > text_bytes_max)
    in.fail();
}

void put(wire_writer& out, const checked& x) {
  config_register::encode(out, x.base);
  out.string(x.hash);
  config_register::encode(out, x.problems);
}

void get(wire_reader& in, checked& x) {
  x.base = decode_version(in);
  x.hash = in.string();
  x.problems = decode_lines(in);
}

void put(wire_writer& out, const fetch_history& x) {
  out.u64(x.first);
  out.u64(x.last);
}

void get(wire_reader& in, fetch_history& x) {
  x.first = in.u64();
  x.last = in.u64();
}

void put(wire_writer& out, const past& x) {
  config_register::encode(out, x.what);
  out.boolean(x.superseded);
}

void get(wire_reader& in, past& x) {
  x.what = decode_record(in);
  x.superseded = in.boolean();
}

void put(wire_writer& out, const form& x) {
  out.string(x.author);
  out.string(x.reason);
  out.u64(x.time_ms);
}

void get(wire_reader& in, form& x) {
  x.author = in.string();
  x.reason = in.string();
  x.time_ms = in.u64();
}

/// Tries the types of `body` in order until the number fits.
template <size_t I = 0>
std::optional<body> get_body(wire_reader& in, uint64_t number) {
  if constexpr (I == std::variant_size_v<body>) {
    return std::nullopt;
  } else {
    if (number != I + 1)
      return get_body<I + 1>(in, number);
    std::variant_alternative_t<I, body> x;
    get(in, x);
    return x;
  }
}

} // namespace

std::string encode(const envelope& x) {
  wire_writer out;
  out.u64(x.content.index() + 1);
  config_register::encode(out, x.from);
  std::visit([&](const auto& content) { put(out, content); }, x.content);
  return out.take();
}

std::optional<envelope> decode(std::string_view bytes) {
  wire_reader in{bytes};
  const auto number = in.u64();
  auto from = decode_position(in);
  auto content = get_body(in, number);
  if (!content || !in.ok())
    return std::nullopt;
  return envelope{std::move(from), std::move(*content)};
}

} // namespace troupe::cluster::config_register::message
