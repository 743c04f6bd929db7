// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/observations_message.hpp"

#include "core/cluster/wire.hpp"

#include <algorithm>

namespace troupe::cluster::observations {

namespace {

/// Of one observation: numbers, name and evidence at their longest.
constexpr size_t observation_bytes_max = 64 + 256 + evidence_bytes_max;
constexpr size_t name_bytes_max = 256;

enum flag : uint64_t {
  down = 1,
  complete = 2,
  verdict_known = 4,
  verdict_down = 8,
};

uint64_t flags_of(const observation_body& x) {
  uint64_t result = 0;
  if (x.what.status == status::down)
    result |= flag::down;
  if (x.what.complete)
    result |= flag::complete;
  if (x.verdict)
    result |= flag::verdict_known;
  if (x.verdict == status::down)
    result |= flag::verdict_down;
  return result;
}

void write(wire_writer& out, const observation_body& x) {
  // Nested, so that a later version may append to it.
  wire_writer one;
  one.u64(x.target);
  one.string(x.observer);
  one.u64(x.what.incarnation);
  one.u64(x.what.sequence);
  one.u64(flags_of(x));
  one.u64(x.age_ms);
  one.string(std::string_view{x.what.evidence}.substr(
    0, std::min(x.what.evidence.size(), evidence_bytes_max)));
  out.string(one.bytes());
}

bool read(std::string_view bytes, observation_body& x) {
  wire_reader in{bytes};
  x.target = in.u64();
  x.observer = in.string();
  x.what.incarnation = in.u64();
  x.what.sequence = in.u64();
  const auto flags = in.u64();
  x.what.status = (flags & flag::down) != 0 ? status::down : status::up;
  x.what.complete = (flags & flag::complete) != 0;
  if ((flags & flag::verdict_known) != 0)
    x.verdict = (flags & flag::verdict_down) != 0 ? status::down : status::up;
  x.age_ms = in.u64();
  x.what.evidence = in.string();
  return in.ok() && x.observer.size() <= name_bytes_max
      && x.what.evidence.size() <= evidence_bytes_max;
}

} // namespace

std::vector<std::string> encode(message_type type,
                                const std::vector<observation_body>& all) {
  std::vector<std::string> result;
  size_t next = 0;
  do {
    wire_writer body;
    size_t count = 0;
    while (next < all.size()
           && body.bytes().size() + observation_bytes_max < message_bytes_max) {
      write(body, all[next++]);
      ++count;
    }
    wire_writer out;
    out.u64(static_cast<uint64_t>(type));
    out.boolean(next == all.size());
    out.u64(count);
    result.push_back(out.take() + body.bytes());
  } while (next < all.size());
  return result;
}

std::string encode_suspicion(uint64_t target, uint64_t failures) {
  wire_writer out;
  out.u64(static_cast<uint64_t>(message_type::suspicion));
  out.u64(target);
  out.u64(failures);
  return out.take();
}

std::optional<message> decode(std::string_view bytes) {
  wire_reader in{bytes};
  message result;
  const auto type = in.u64();
  if (!in.ok() || type < 1 || type > 3)
    return std::nullopt;
  result.type = static_cast<message_type>(type);
  if (result.type == message_type::suspicion) {
    result.target = in.u64();
    result.failures = in.u64();
    return in.ok() ? std::optional{std::move(result)} : std::nullopt;
  }
  result.last = in.boolean();
  // Each takes two bytes at least, so a count that lies costs nothing.
  const auto count = in.u64_up_to(bytes.size());
  for (uint64_t n = 0; n < count && in.ok(); ++n) {
    observation_body x;
    if (!read(in.string(), x))
      return std::nullopt;
    result.observations.push_back(std::move(x));
  }
  return in.ok() ? std::optional{std::move(result)} : std::nullopt;
}

} // namespace troupe::cluster::observations
