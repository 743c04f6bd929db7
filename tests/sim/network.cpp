// SPDX-License-Identifier: BSD-3-Clause
#include "network.hpp"

#include <algorithm>
#include <cassert>

namespace sim {

void network::add(host& x) {
  hosts_.push_back(&x);
  assert(hosts_.size() <= 16);
}

size_t network::index(const std::string& name) const {
  const auto i = std::find_if(hosts_.begin(), hosts_.end(),
                              [&](auto* x) { return x->name() == name; });
  return static_cast<size_t>(i - hosts_.begin());
}

void network::send(const host& from, const std::string& to,
                   troupe::cluster::message_kind kind,
                   const std::string& body) {
  const auto sender = index(from.name());
  for (size_t i = 0; i < hosts_.size(); ++i)
    if (i != sender && (to.empty() || hosts_[i]->name() == to))
      carry(sender, i, kind, body);
}

bool network::drops(size_t from, size_t to,
                    troupe::cluster::message_kind kind) {
  auto& lost = at(from, to).lost[kind];
  const bool dropped =
    world_.chance.per_mille(faults.drop) && lost < faults.drops_in_a_row;
  lost = dropped ? lost + 1 : 0;
  return dropped;
}

void network::carry(size_t from, size_t to, troupe::cluster::message_kind kind,
                    const std::string& body) {
  auto& chance = world_.chance;
  ++messages_;
  if (drops(from, to, kind) || (loses && loses(body)))
    return;
  const int copies = chance.per_mille(faults.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    auto delay = world_.any(faults.delay_min, faults.delay_max);
    if (chance.per_mille(faults.linger))
      delay += world_.any({}, faults.linger_max);
    world_.after(delay, [this, from, to, kind, body] {
      if (!at(from, to).blocked)
        hosts_[to]->receive(hosts_[from]->name(), kind, body);
    });
  }
}

void network::block(size_t from, size_t to, bool blocked) {
  at(from, to).blocked = blocked;
}

void network::heal() {
  for (auto& x : links_)
    x.blocked = false;
}

bool network::reaches(size_t from, size_t to) {
  return hosts_[from]->alive() && hosts_[to]->alive() && !at(from, to).blocked
      && !at(to, from).blocked && world_.now() >= at(from, to).refused_until;
}

void network::changed() {
  for (size_t a = 0; a < hosts_.size(); ++a)
    for (size_t b = 0; b < hosts_.size(); ++b) {
      if (a == b || at(a, b).pending || reaches(a, b) == at(a, b).known)
        continue;
      if (at(a, b).known)
        schedule(a, b, milliseconds{500}, milliseconds{3000});
      else
        schedule(a, b, milliseconds{20}, milliseconds{1200});
    }
}

void network::schedule(size_t from, size_t to, duration low, duration high) {
  at(from, to).pending = true;
  world_.after(world_.any(low, high), [this, from, to] {
    at(from, to).pending = false;
    tell(from, to);
  });
}

void network::tell(size_t from, size_t to) {
  const bool reached = reaches(from, to);
  if (reached == at(from, to).known)
    return;
  at(from, to).known = reached;
  if (reached)
    hosts_[from]->joined(hosts_[to]->name());
  else
    hosts_[from]->gone(hosts_[to]->name());
}

void network::restarted(const host& x) {
  const auto self = index(x.name());
  for (size_t i = 0; i < hosts_.size(); ++i) {
    at(self, i).known = false;
    if (at(i, self).known) {
      at(i, self).known = false;
      hosts_[i]->gone(x.name());
    }
  }
  changed();
}

void network::refuse(const std::string& a, const std::string& b) {
  const auto first = index(a);
  const auto second = index(b);
  const auto until = world_.now() + seconds{1};
  for (auto [from, to] : {std::pair{first, second}, std::pair{second, first}}) {
    at(from, to).refused_until = until;
    if (!at(from, to).pending)
      schedule(from, to, microseconds{100}, milliseconds{50});
  }
  world_.at(until, [this] { changed(); });
}

} // namespace sim
