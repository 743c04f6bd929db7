// SPDX-License-Identifier: BSD-3-Clause
#include "wires.hpp"

namespace sim {

using namespace troupe::cluster::membership;

namespace {

/// While a cut lasts, the kernel tries again this often.
constexpr milliseconds retry_max{400};

} // namespace

bool wires::is_cut(const std::string& a, const std::string& b) const {
  return cuts_.contains({a, b}) || cuts_.contains({b, a});
}

void wires::cut(const std::string& from, const std::string& to, bool cut) {
  if (cut)
    cuts_.insert({from, to});
  else
    cuts_.erase({from, to});
}

void wires::dial(const std::string& from, const std::string& to) {
  const bool cut = is_cut(from, to);
  const auto delay = cut ? world_.any(seconds{1}, seconds{3})
                         : world_.any(milliseconds{1}, delay_max);
  if (cut || !hosts_.at(to)->running()) {
    world_.after(delay, [this, from, to] {
      if (hosts_.at(from)->running())
        hosts_.at(from)->take(dial_failed{to, "no answer"});
    });
    return;
  }
  const auto number = ++made_;
  auto& x = links_[number];
  x.there = {from, to, {}, false, false};
  x.back = {to, from, {}, false, false};
  put(number, x.back, link_opened{number, to, true});
  put(number, x.there, link_opened{number, from, false});
}

wires::direction* wires::towards(const std::string& to, uint64_t link) {
  const auto found = links_.find(link);
  if (found == links_.end())
    return nullptr;
  auto& [there, back] = found->second;
  return there.to == to ? &there : back.to == to ? &back : nullptr;
}

void wires::put(uint64_t link, direction& x, input what) {
  if (x.over)
    return;
  x.held.push_back(std::move(what));
  if (std::exchange(x.pumping, true))
    return;
  world_.after(world_.any(milliseconds{1}, delay_max),
               [this, link, to = x.to] { pump(link, to); });
}

void wires::pump(uint64_t link, const std::string& to) {
  auto* x = towards(to, link);
  if (!x || x->over)
    return;
  if (cuts_.contains({x->from, x->to})) {
    world_.after(world_.any(milliseconds{1}, retry_max),
                 [this, link, to] { pump(link, to); });
    return;
  }
  x->pumping = false;
  auto all = std::exchange(x->held, {});
  for (auto& what : all) {
    const bool last = std::holds_alternative<link_closed>(what);
    hosts_.at(to)->take(what);
    x = towards(to, link); // it may have closed the link, or died
    if (!x || x->over)
      return;
    x->over = last;
  }
}

void wires::send(const std::string& from, uint64_t link,
                 const std::string& body) {
  const auto found = links_.find(link);
  if (found == links_.end())
    return;
  auto& [there, back] = found->second;
  put(link, there.from == from ? there : back, received{link, body});
}

void wires::close(const std::string& from, uint64_t link,
                  const std::string& reason) {
  const auto found = links_.find(link);
  if (found == links_.end())
    return;
  auto& [there, back] = found->second;
  auto& away = there.from == from ? there : back;
  auto& here = there.from == from ? back : there;
  here.over = true;
  put(link, away, link_closed{link, reason});
}

void wires::died(const std::string& host) {
  for (auto& [number, x] : links_)
    if (x.there.to == host || x.back.to == host)
      close(host, number, "reset by peer");
}

} // namespace sim
