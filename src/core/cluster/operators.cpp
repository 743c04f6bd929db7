// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/operators.hpp"

#include "core/cluster/wire.hpp"
#include "core/stable_hash.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster::wishes {

namespace {

enum class type : uint64_t {
  state = 1,  ///< all of the sender's, or what has just changed
  digest = 2, ///< a fingerprint: say all if yours differs
  ack = 3,    ///< a version that is in force at the sender
};

std::string with_type(type x, std::string_view rest) {
  wire_writer out;
  out.u64(static_cast<uint64_t>(x));
  return out.take().append(rest);
}

std::string encode_version(const version& x) {
  wire_writer out;
  out.u64(x.counter);
  out.string(x.node);
  return out.take();
}

void write(wire_writer& out, const server_key& of, const entry& x) {
  wire_writer one;
  one.string(of.backend);
  one.string(of.server);
  one.u64(x.at.counter);
  one.string(x.at.node);
  one.u64(static_cast<uint64_t>(x.admin));
  one.u64(x.weight ? *x.weight + 1 : 0);
  one.u64(x.weight_base);
  one.u64(x.introduced);
  one.string(x.author);
  one.string(x.reason);
  one.u64(x.time_ms);
  out.string(one.bytes());
}

bool read(std::string_view bytes, server_key& of, entry& x) {
  wire_reader in{bytes};
  of.backend = in.string();
  of.server = in.string();
  x.at.counter = in.u64();
  x.at.node = in.string();
  x.admin = static_cast<admin_state>(in.u64_up_to(2));
  if (const auto weight = in.u64_up_to(1001); weight > 0)
    x.weight = weight - 1;
  x.weight_base = in.u64();
  x.introduced = in.u64();
  x.author = in.string();
  x.reason = in.string();
  x.time_ms = in.u64();
  return in.ok();
}

} // namespace

std::string encode(const snapshot& x) {
  wire_writer out;
  out.u64(x.counter);
  out.u64(x.entries.size());
  for (const auto& [of, what] : x.entries)
    write(out, of, what);
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
  snapshot result;
  result.counter = in.u64();
  const auto entries = in.u64_up_to(bytes.size());
  for (uint64_t n = 0; n < entries && in.ok(); ++n) {
    server_key of;
    entry x;
    if (!read(in.string(), of, x))
      return std::nullopt;
    result.entries.emplace(std::move(of), std::move(x));
  }
  const auto introduced = in.u64_up_to(bytes.size());
  for (uint64_t n = 0; n < introduced && in.ok(); ++n) {
    server_key of;
    of.backend = in.string();
    of.server = in.string();
    result.introduced.emplace(std::move(of), in.u64());
  }
  return in.ok() ? std::optional{std::move(result)} : std::nullopt;
}

// -- steps --------------------------------------------------------------------

effects machine::step(const input& in, time_point now) {
  now_ = now;
  std::visit([this](const auto& x) { take(x); }, in);
  answer_due();
  if (now_ >= next_digest_) {
    next_digest_ = now_ + digest_interval;
    wire_writer out;
    out.u64(fingerprint());
    send_to({}, with_type(type::digest, out.bytes()));
  }
  auto next = next_digest_;
  for (const auto& [request, x] : pending_)
    next = std::min(next, x.until);
  out_.push_back(wake{next});
  return std::exchange(out_, {});
}

void machine::take(const tick&) {}

void machine::take(const started& in) {
  if (in.content)
    if (auto left = decode_snapshot(*in.content))
      state_ = *std::move(left);
  for (const auto& [of, x] : state_.entries)
    express(of);
}

void machine::take(const servers_changed& in) {
  // Which generation brought a server is known only to who saw the one before
  // it; the others hear it from their peers.
  const bool next = configured_ && in.generation == generation_ + 1;
  for (const auto& [of, weight] : in.weights)
    if (next && !weights_.contains(of))
      state_.introduced[of] = in.generation;
  generation_ = in.generation;
  configured_ = true;
  weights_ = in.weights;
  std::erase_if(state_.introduced, [&](const auto& item) {
    return !weights_.contains(item.first);
  });
  drop_outlived();
  for (auto& [of, x] : state_.entries) {
    if (x.weight && x.weight_base != weights_.at(of))
      x.weight.reset(); // the configuration spoke last
    express(of);
  }
  out_.push_back(persist{encode(state_)});
}

void machine::take(const command& in) {
  auto& x = state_.entries[in.of];
  x.at = {++state_.counter, self_};
  x.admin = in.admin.value_or(x.admin);
  if (in.weight || in.reset_weight)
    x.weight = in.weight;
  if (const auto found = weights_.find(in.of); found != weights_.end())
    x.weight_base = found->second;
  if (const auto found = state_.introduced.find(in.of);
      found != state_.introduced.end())
    x.introduced = found->second;
  x.author = in.author;
  x.reason = in.reason.substr(0, reason_bytes_max);
  x.time_ms = in.time_ms;
  // On disk before anybody hears of it: a counter must not be used twice.
  out_.push_back(persist{encode(state_)});
  express(in.of);
  send_to({}, with_type(type::state,
                        encode(snapshot{state_.counter, {{in.of, x}}, {}})));
  pending_[in.request] = {x.at, {self_}, peers_, now_ + answer_timeout};
}

void machine::take(const joined& in) {
  peers_.insert(in.peer);
  send_to(in.peer, with_type(type::state, encode(state_)));
}

void machine::take(const left& in) { peers_.erase(in.peer); }

void machine::take(const received& in) {
  wire_reader head{in.body};
  const auto kind = head.u64();
  wire_writer prefix;
  prefix.u64(kind);
  const auto rest = std::string_view{in.body}.substr(
    std::min(prefix.bytes().size(), in.body.size()));
  wire_reader body{rest};
  if (kind == static_cast<uint64_t>(type::state)) {
    const auto told = decode_snapshot(rest);
    if (!told) {
      ++undecodable_;
      return;
    }
    if (merge(*told))
      out_.push_back(persist{encode(state_)});
    for (const auto& [of, x] : told->entries)
      send_to(in.from, with_type(type::ack, encode_version(x.at)));
  } else if (kind == static_cast<uint64_t>(type::digest)) {
    if (const auto print = body.u64(); body.ok() && print != fingerprint())
      send_to(in.from, with_type(type::state, encode(state_)));
  } else if (kind == static_cast<uint64_t>(type::ack)) {
    version at;
    at.counter = body.u64();
    at.node = body.string();
    if (body.ok())
      confirm(in.from, at);
  } else {
    ++undecodable_;
  }
}

// -- merging ------------------------------------------------------------------

bool machine::merge(const snapshot& told) {
  bool changed = false;
  for (const auto& [of, generation] : told.introduced) {
    if (generation > generation_ || !weights_.contains(of))
      continue;
    auto& mine = state_.introduced[of];
    changed |= mine < generation;
    mine = std::max(mine, generation);
  }
  for (const auto& [of, x] : told.entries)
    changed |= merge_entry(of, x);
  changed |= drop_outlived();
  return changed;
}

bool machine::merge_entry(const server_key& of, const entry& told) {
  state_.counter = std::max(state_.counter, told.at.counter);
  // Of servers this node does not know only those it will hear of.
  if (configured_ && !weights_.contains(of) && told.introduced <= generation_)
    return false;
  const auto found = state_.entries.find(of);
  if (found != state_.entries.end() && found->second.at >= told.at)
    return false;
  state_.entries[of] = told;
  express(of);
  return true;
}

/// An entry ends with its server, also when another of that name has come.
bool machine::drop_outlived() {
  if (!configured_)
    return false;
  return std::erase_if(state_.entries,
                       [this](const auto& item) {
                         const auto& [of, x] = item;
                         if (!weights_.contains(of))
                           return x.introduced <= generation_;
                         const auto found = state_.introduced.find(of);
                         return found != state_.introduced.end()
                             && x.introduced < found->second;
                       })
       > 0;
}

void machine::express(const server_key& of) {
  const auto found = state_.entries.find(of);
  if (found == state_.entries.end())
    return;
  auto weight = found->second.weight;
  const auto configured = weights_.find(of);
  if (configured != weights_.end()
      && configured->second != found->second.weight_base)
    weight.reset();
  out_.push_back(wish{of, found->second.admin, weight});
}

// -- answers ------------------------------------------------------------------

void machine::confirm(const std::string& node, const version& at) {
  for (auto& [request, x] : pending_)
    if (x.at <= at && x.missing.erase(node) > 0)
      x.in_force.push_back(node);
}

void machine::answer_due() {
  for (auto next = pending_.begin(); next != pending_.end();) {
    auto& [request, x] = *next;
    if (!x.missing.empty() && now_ < x.until) {
      ++next;
      continue;
    }
    out_.push_back(
      answer{request, x.in_force, {x.missing.begin(), x.missing.end()}});
    next = pending_.erase(next);
  }
}

void machine::send_to(const std::string& to, std::string body) {
  out_.push_back(send{to, message_kind::operators, std::move(body)});
}

/// Of what nodes must agree on.
uint64_t machine::fingerprint() const {
  wire_writer all;
  for (const auto& [of, x] : state_.entries) {
    all.string(of.backend);
    all.string(of.server);
    all.u64(x.at.counter);
    all.string(x.at.node);
  }
  return stable_hash(all.bytes());
}

} // namespace troupe::cluster::wishes
