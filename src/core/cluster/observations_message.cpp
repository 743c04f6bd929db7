// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/observations_message.hpp"

#include "core/cluster/wire.hpp"
#include "core/stable_hash.hpp"

#include <algorithm>
#include <utility>

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

enum report_flag : uint64_t { whole = 1, muted = 2 };

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
  if (x.since != 0)
    one.u64(x.since);
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
  if (!in.at_end())
    x.since = in.u64();
  return in.ok() && x.observer.size() <= name_bytes_max
      && x.what.evidence.size() <= evidence_bytes_max;
}

void write(wire_writer& out, const report& x) {
  wire_writer one;
  one.string(x.observer);
  one.u64(x.incarnation);
  one.u64(x.number);
  one.u64(x.fingerprint);
  uint64_t flags = 0;
  if (x.whole)
    flags |= report_flag::whole;
  if (x.muted)
    flags |= report_flag::muted;
  one.u64(flags);
  one.u64(x.items.size());
  for (const auto& item : x.items)
    write(one, item);
  one.u64(x.gone.size());
  for (const auto& key : x.gone) {
    one.u64(key.target);
    one.boolean(key.complete);
  }
  one.u64(x.ages_ms.size());
  for (const auto age : x.ages_ms)
    one.u64(age);
  out.string(one.bytes());
}

bool read(std::string_view bytes, report& x) {
  wire_reader in{bytes};
  x.observer = in.string();
  x.incarnation = in.u64();
  x.number = in.u64();
  x.fingerprint = in.u64();
  const auto flags = in.u64();
  x.whole = (flags & report_flag::whole) != 0;
  x.muted = (flags & report_flag::muted) != 0;
  // Each of what is counted takes a byte at least, so a count that lies costs
  // nothing.
  const auto items = in.u64_up_to(bytes.size());
  for (uint64_t n = 0; n < items && in.ok(); ++n)
    if (!read(in.string(), x.items.emplace_back()))
      return false;
  const auto gone = in.u64_up_to(bytes.size());
  for (uint64_t n = 0; n < gone && in.ok(); ++n) {
    auto& key = x.gone.emplace_back();
    key.target = in.u64();
    key.complete = in.boolean();
  }
  const auto ages = in.u64_up_to(bytes.size());
  x.ages_ms.reserve(ages);
  for (uint64_t n = 0; n < ages && in.ok(); ++n)
    x.ages_ms.push_back(in.u64());
  return in.ok() && x.observer.size() <= name_bytes_max;
}

void write(wire_writer& out, const known_report& x) {
  wire_writer one;
  one.string(x.observer);
  one.u64(x.incarnation);
  one.u64(x.number);
  one.u64(x.fingerprint);
  out.string(one.bytes());
}

bool read(std::string_view bytes, known_report& x) {
  wire_reader in{bytes};
  x.observer = in.string();
  x.incarnation = in.u64();
  x.number = in.u64();
  x.fingerprint = in.u64();
  return in.ok() && x.observer.size() <= name_bytes_max;
}

template <class T>
bool read_all(wire_reader& in, size_t bytes, std::vector<T>& all) {
  const auto count = in.u64_up_to(bytes);
  for (uint64_t n = 0; n < count && in.ok(); ++n)
    if (!read(in.string(), all.emplace_back()))
      return false;
  return in.ok();
}

/// Pieces that fit in a message each; the first begins anew.
std::vector<report> pieces_of(report x) {
  constexpr size_t items_max = message_bytes_max / (2 * observation_bytes_max);
  std::vector<report> result;
  auto items = std::exchange(x.items, {});
  size_t next = 0;
  do {
    auto& piece = result.emplace_back(x);
    const auto count = std::min(items.size() - next, items_max);
    piece.items.assign(
      std::make_move_iterator(items.begin() + static_cast<ptrdiff_t>(next)),
      std::make_move_iterator(items.begin()
                              + static_cast<ptrdiff_t>(next + count)));
    next += count;
    x.whole = false;
  } while (next < items.size());
  return result;
}

} // namespace

uint64_t fingerprint_of(const report_items& items) {
  uint64_t result = 0;
  for (const auto& [key, since] : items)
    result += avalanche(avalanche(key.target + (key.complete ? 1 : 0)) ^ since);
  return result;
}

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

std::string encode_report(report x) {
  size_t bytes = 0;
  for (const auto& item : x.items)
    bytes += 64 + item.observer.size() + item.what.evidence.size();
  if (bytes > message_bytes_max / 2)
    x.items.clear();
  wire_writer out;
  out.u64(static_cast<uint64_t>(message_type::report));
  write(out, x);
  return out.take();
}

std::string encode_question(const std::vector<known_report>& known) {
  wire_writer out;
  out.u64(static_cast<uint64_t>(message_type::question));
  out.u64(known.size());
  for (const auto& x : known)
    write(out, x);
  return out.take();
}

std::vector<std::string> encode_answer(std::vector<report> reports) {
  std::vector<report> pieces;
  for (auto& x : reports)
    for (auto& piece : pieces_of(std::move(x)))
      pieces.push_back(std::move(piece));
  std::vector<std::string> result;
  size_t next = 0;
  do {
    wire_writer body;
    size_t count = 0;
    while (next < pieces.size()
           && body.bytes().size() < message_bytes_max / 2) {
      write(body, pieces[next++]);
      ++count;
    }
    wire_writer out;
    out.u64(static_cast<uint64_t>(message_type::answer));
    out.boolean(next == pieces.size());
    out.u64(count);
    result.push_back(out.take() + body.bytes());
  } while (next < pieces.size());
  return result;
}

std::optional<message> decode(std::string_view bytes) {
  wire_reader in{bytes};
  message result;
  const auto type = in.u64();
  if (!in.ok() || type < 1 || type > 6)
    return std::nullopt;
  result.type = static_cast<message_type>(type);
  if (result.type == message_type::report)
    return read(in.string(), result.reports.emplace_back())
           ? std::optional{std::move(result)}
           : std::nullopt;
  if (result.type == message_type::question)
    return read_all(in, bytes.size(), result.known)
           ? std::optional{std::move(result)}
           : std::nullopt;
  if (result.type == message_type::suspicion) {
    result.target = in.u64();
    result.failures = in.u64();
    return in.ok() ? std::optional{std::move(result)} : std::nullopt;
  }
  result.last = in.boolean();
  const bool good = result.type == message_type::answer
                    ? read_all(in, bytes.size(), result.reports)
                    : read_all(in, bytes.size(), result.observations);
  return good ? std::optional{std::move(result)} : std::nullopt;
}

} // namespace troupe::cluster::observations
