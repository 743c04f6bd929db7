// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/operators_message.hpp"

#include "core/cluster/wire.hpp"
#include "core/stable_hash.hpp"

#include <utility>

namespace troupe::cluster::operators {

namespace {

enum type : uint64_t { state = 1, digest = 2, acks = 3 };

constexpr uint64_t weight_max = 1000;

void write(wire_writer& out, const version& x) {
  out.u64(x.counter);
  out.string(x.node);
}

version read_version(wire_reader& in) {
  version x;
  x.counter = in.u64();
  x.node = in.string();
  return x;
}

std::string content_of(const server_key& of, const entry& x) {
  wire_writer out;
  out.string(of.backend);
  out.string(of.server);
  write(out, x.at);
  out.u64(static_cast<uint64_t>(x.admin));
  out.u64(x.weight ? *x.weight + 1 : 0);
  out.u64(x.weight_base);
  out.u64(x.generation);
  out.string(x.author);
  out.string(x.reason);
  out.u64(x.time_ms);
  return out.take();
}

/// A peer must not make this node hold more than people write.
bool is_short(const server_key& of, const entry& x) {
  return of.backend.size() <= name_bytes_max
      && of.server.size() <= name_bytes_max
      && x.at.node.size() <= name_bytes_max && x.author.size() <= name_bytes_max
      && x.reason.size() <= reason_bytes_max;
}

bool read(std::string_view bytes, server_key& of, entry& x) {
  wire_reader in{bytes};
  of.backend = in.string();
  of.server = in.string();
  x.at = read_version(in);
  x.admin = static_cast<admin_state>(in.u64_up_to(2));
  if (const auto weight = in.u64_up_to(weight_max + 1); weight > 0)
    x.weight = weight - 1;
  x.weight_base = in.u64();
  x.generation = in.u64();
  x.author = in.string();
  x.reason = in.string();
  x.time_ms = in.u64();
  return in.ok() && is_short(of, x);
}

std::string with_type(type x, std::string_view rest) {
  wire_writer out;
  out.u64(x);
  return out.take().append(rest);
}

snapshot read_snapshot(wire_reader& in, size_t size) {
  snapshot result;
  result.counter = in.u64();
  // Each takes a byte at least, so a count that lies costs nothing.
  const auto entries = in.u64_up_to(size);
  for (uint64_t n = 0; n < entries && in.ok(); ++n) {
    server_key of;
    entry x;
    if (!read(in.string(), of, x))
      in.fail();
    result.entries.insert_or_assign(std::move(of), std::move(x));
  }
  const auto introduced = in.u64_up_to(size);
  for (uint64_t n = 0; n < introduced && in.ok(); ++n) {
    server_key of;
    of.backend = in.string();
    of.server = in.string();
    result.introduced[std::move(of)] = in.u64();
  }
  return result;
}

acks_body read_acks(wire_reader& in, size_t size) {
  acks_body result;
  const auto count = in.u64_up_to(size);
  for (uint64_t n = 0; n < count && in.ok(); ++n)
    result.versions.push_back(read_version(in));
  return result;
}

message read(wire_reader& in, size_t size) {
  switch (in.u64()) {
  case state:
    return state_body{read_snapshot(in, size)};
  case digest:
    return digest_body{in.u64()};
  case acks:
    return read_acks(in, size);
  default:
    return undecodable{};
  }
}

} // namespace

std::string encode(const snapshot& x) {
  wire_writer out;
  out.u64(x.counter);
  out.u64(x.entries.size());
  for (const auto& [of, what] : x.entries)
    out.string(content_of(of, what));
  out.u64(x.introduced.size());
  for (const auto& [of, generation] : x.introduced) {
    out.string(of.backend);
    out.string(of.server);
    out.u64(generation);
  }
  return out.take();
}

std::optional<snapshot> decode_snapshot(std::string_view bytes) {
  wire_reader in{bytes};
  auto result = read_snapshot(in, bytes.size());
  return in.ok() ? std::optional{std::move(result)} : std::nullopt;
}

std::vector<std::string> encode_state(const snapshot& x) {
  constexpr size_t overhead = 64; // type, counter, counts, lengths
  std::vector<std::string> result;
  snapshot part{x.counter, {}, {}};
  size_t bytes = overhead;
  const auto finish = [&] {
    result.push_back(with_type(state, encode(part)));
    part = {x.counter, {}, {}};
    bytes = overhead;
  };
  const auto make_room = [&](size_t more) {
    if (bytes + more > message_bytes_max)
      finish();
    bytes += more;
  };
  for (const auto& item : x.entries) {
    make_room(content_of(item.first, item.second).size() + overhead);
    part.entries.insert(item);
  }
  for (const auto& item : x.introduced) {
    make_room(item.first.backend.size() + item.first.server.size() + overhead);
    part.introduced.insert(item);
  }
  finish();
  return result;
}

std::string encode(const digest_body& x) {
  wire_writer out;
  out.u64(x.fingerprint);
  return with_type(digest, out.bytes());
}

std::string encode(const acks_body& x) {
  wire_writer out;
  out.u64(x.versions.size());
  for (const auto& at : x.versions)
    write(out, at);
  return with_type(acks, out.bytes());
}

message decode(std::string_view bytes) {
  wire_reader in{bytes};
  auto result = read(in, bytes.size());
  return in.ok() ? std::move(result) : message{undecodable{}};
}

/// The counter is left out: it rises with every word that is heard.
uint64_t fingerprint(const snapshot& x) {
  return stable_hash(encode(snapshot{0, x.entries, x.introduced}));
}

} // namespace troupe::cluster::operators
