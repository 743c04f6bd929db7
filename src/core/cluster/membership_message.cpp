// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/membership_message.hpp"

#include "core/cluster/wire.hpp"

namespace troupe::cluster::membership {

namespace {

/// Names and reasons for people: more is nonsense.
constexpr size_t text_bytes_max = 4096;

enum type : uint64_t {
  hello = 1,
  heartbeat = 2,
  leaving = 3,
  refused = 4,
  namesake = 5
};

wire_writer begin(type x) {
  wire_writer out;
  out.u64(x);
  return out;
}

std::string text_from(wire_reader& in) {
  const auto text = in.string();
  if (text.size() > text_bytes_max)
    in.fail();
  return std::string{in.ok() ? text : std::string_view{}};
}

message read_hello(wire_reader& in) {
  hello_body x;
  x.cluster = text_from(in);
  x.node = text_from(in);
  x.incarnation = in.u64();
  x.protocol_oldest = in.u64();
  x.protocol_newest = in.u64();
  x.rules_newest = in.u64();
  x.build = text_from(in);
  return x;
}

message read(wire_reader& in) {
  switch (in.u64()) {
  case hello:
    return read_hello(in);
  case heartbeat: {
    heartbeat_body x;
    x.number = in.u64();
    x.echo = in.u64();
    return x;
  }
  case leaving:
    return leaving_body{};
  case refused:
    return refused_body{text_from(in)};
  case namesake:
    return namesake_body{text_from(in)};
  default:
    return unknown_body{};
  }
}

} // namespace

std::string encode(const hello_body& x) {
  auto out = begin(hello);
  out.string(x.cluster);
  out.string(x.node);
  out.u64(x.incarnation);
  out.u64(x.protocol_oldest);
  out.u64(x.protocol_newest);
  out.u64(x.rules_newest);
  out.string(x.build);
  return out.take();
}

std::string encode(const heartbeat_body& x) {
  auto out = begin(heartbeat);
  out.u64(x.number);
  out.u64(x.echo);
  return out.take();
}

std::string encode(const leaving_body&) { return begin(leaving).take(); }

std::string encode(const refused_body& x) {
  auto out = begin(refused);
  out.string(x.text);
  return out.take();
}

std::string encode(const namesake_body& x) {
  auto out = begin(namesake);
  out.string(x.address);
  return out.take();
}

message decode(std::string_view bytes) {
  wire_reader in{bytes};
  auto result = read(in);
  return in.ok() ? std::move(result) : message{undecodable_body{}};
}

} // namespace troupe::cluster::membership
