// SPDX-License-Identifier: BSD-3-Clause
#include "observations_run.hpp"

// What goes wrong in a run.

namespace sim {

namespace {

/// A node that was cut off from servers too needs as long to see them again:
/// the interval of a down server and `rise` probes, and a digest.
constexpr seconds exempt_for{12};

} // namespace

void observations_run::go_wrong() {
  if (faults_over())
    return;
  // One at a time: what is isolated stays a minority.
  if (land_.isolated.empty()) {
    const auto which = world_.chance.below(6);
    if (which == 0 && plan_.partitions)
      partition();
    else if (which == 1 && plan_.partitions)
      one_way();
    else if (which == 2 && plan_.isolations)
      isolate();
    else if (which == 3 && plan_.crashes)
      crash_one();
    else if (which == 4 && plan_.pauses && !plan_.isolations)
      pause_one();
    else if (which == 5 && plan_.suspicion)
      any_host().fail_traffic("s" + std::to_string(world_.chance.below(6) + 1));
  }
  world_.after(world_.any(milliseconds{100}, seconds{4}),
               [this] { go_wrong(); });
}

void observations_run::cut(size_t a, size_t b, bool cut) {
  network_.block(a, b, cut);
  wires_.cut(hosts_[a]->name(), hosts_[b]->name(), cut);
}

void observations_run::heal() {
  for (const auto& name : land_.isolated)
    checker_.exempt(name, world_.now() + exempt_for);
  network_.heal();
  wires_.heal();
  land_.isolated.clear();
}

/// Any two groups, for a while.
void observations_run::partition() {
  const auto side = world_.chance.next();
  if (world_.traced())
    world_.trace("", "partition " + std::to_string(side % 256));
  for (size_t a = 0; a < hosts_.size(); ++a)
    for (size_t b = 0; b < hosts_.size(); ++b)
      cut(a, b, ((side >> a) & 1) != ((side >> b) & 1));
  world_.after(world_.any(milliseconds{200}, seconds{20}), [this] {
    if (!faults_over())
      heal();
  });
}

void observations_run::one_way() {
  const auto a = world_.chance.below(hosts_.size());
  const auto b = world_.chance.below(hosts_.size());
  if (a == b)
    return;
  world_.trace(hosts_[a]->name(), "is not heard by " + hosts_[b]->name());
  cut(a, b, true);
  world_.after(world_.any(milliseconds{200}, seconds{12}), [this, a, b] {
    if (!faults_over())
      cut(a, b, false);
  });
}

/// A minority loses the others and the servers at once, as when a switch fails.
void observations_run::isolate() {
  const auto most = (hosts_.size() - 1) / 2;
  const auto count = 1 + world_.chance.below(most);
  while (land_.isolated.size() < count)
    land_.isolated.insert(any_host().name());
  for (size_t a = 0; a < hosts_.size(); ++a)
    for (size_t b = 0; b < hosts_.size(); ++b)
      cut(a, b,
          land_.isolated.contains(hosts_[a]->name())
            != land_.isolated.contains(hosts_[b]->name()));
  for (const auto& name : land_.isolated)
    world_.trace(name, "is isolated");
  // Long enough to be noticed: what two see until then is what two see.
  world_.after(world_.any(seconds{4}, seconds{25}), [this] {
    if (faults_over())
      return;
    world_.trace("", "nobody is isolated");
    heal();
  });
}

void observations_run::crash_one() {
  auto& x = any_host();
  if (plan_.clocks && world_.chance.per_mille(500))
    x.set_clock_back();
  if (plan_.wipes && world_.chance.per_mille(500))
    x.wipe();
  crash(x);
}

/// Until it is started again.
void observations_run::crash(observations_host& x) {
  x.crash();
  world_.after(world_.any(milliseconds{10}, seconds{15}), [this, &x] {
    if (!faults_over())
      x.start();
  });
}

void observations_run::pause_one() {
  auto& x = any_host();
  x.pause();
  world_.after(world_.any(milliseconds{200}, seconds{18}),
               [&x] { x.resume(); });
}

/// The fourth server changes for all.
void observations_run::change_server() {
  if (faults_over())
    return;
  set_for_all(land_.servers[3].name, world_.chance.per_mille(500));
  world_.after(world_.any(milliseconds{500}, seconds{15}),
               [this] { change_server(); });
}

void observations_run::set_for_all(const std::string& server, bool answers) {
  const auto before = land_.unreachable;
  for (const auto& node : land_.nodes)
    if (answers)
      land_.unreachable.erase({node, server});
    else
      land_.unreachable.insert({node, server});
  if (land_.unreachable == before)
    return;
  world_.trace(server, answers ? "answers" : "fails");
  checker_.changed(server);
}

/// An operator drains, weighs, or takes it back. Some nodes crash before what
/// they were asked is on disk.
void observations_run::ask() {
  if (faults_over())
    return;
  const auto server = "s" + std::to_string(world_.chance.below(6) + 1);
  auto& x = any_host();
  x.ask(++requests_, server, world_.chance.next());
  if (plan_.crashes && world_.elapsed() > seconds{20}
      && world_.chance.per_mille(50))
    world_.after(world_.any({}, milliseconds{80}), [this, &x] {
      if (!faults_over())
        crash(x);
    });
  world_.after(world_.any(milliseconds{20}, seconds{6}), [this] { ask(); });
}

/// A minority, at most.
void observations_run::die_for_good() {
  const auto count = 1 + world_.chance.below((hosts_.size() - 1) / 2);
  while (dead_.size() < count) {
    auto& x = any_host();
    dead_.insert(x.name());
    x.crash();
  }
}

/// Two that still see a majority.
void observations_run::keep_bridge() {
  const auto a = world_.chance.below(hosts_.size());
  const auto b = (a + 1) % hosts_.size();
  cut(a, b, true);
  cut(b, a, true);
  bridge_ = {hosts_[a]->name(), hosts_[b]->name()};
}

} // namespace sim
