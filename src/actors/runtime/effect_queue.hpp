// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <deque>
#include <functional>
#include <utility>

namespace troupe::actors {

/// Carries out the effects of a step machine in order. One that takes time (a
/// write to disk) holds up all that follow, those of later steps included, so
/// nothing is sent before what it rests on is durable (rule 42).
template <class Effect>
class effect_queue {
public:
  /// Carries one out. @returns false if it has only begun: `resume` follows.
  using perform_function = std::function<bool(Effect&)>;

  explicit effect_queue(perform_function perform)
    : perform_(std::move(perform)) {}

  /// A step that an effect causes may add more: they come last.
  template <class Effects>
  void add(Effects&& effects) {
    for (auto& x : effects)
      waiting_.push_back(std::move(x));
    if (!busy_)
      run();
  }

  /// The effect that took time is done.
  void resume() { run(); }

  /// Forgets what has not been carried out. @returns it.
  std::deque<Effect> clear() { return std::exchange(waiting_, {}); }

  /// Nothing is under way: all that was added has been carried out.
  bool idle() const noexcept { return !busy_; }

private:
  void run() {
    busy_ = true;
    while (!waiting_.empty()) {
      auto next = std::move(waiting_.front());
      waiting_.pop_front();
      if (!perform_(next))
        return; // busy until resume()
    }
    busy_ = false;
  }

  perform_function perform_;
  std::deque<Effect> waiting_;
  bool busy_ = false;
};

} // namespace troupe::actors
