// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/candidates.hpp"
#include "core/balance/policies.hpp"

namespace troupe::balance {

namespace {

/// Each in turn; ignores weights. A server in slow start lets pass so many of
/// its turns.
class round_robin final : public candidate_policy {
public:
  explicit round_robin(uint64_t seed) noexcept : seed_(seed) {}

private:
  void adopt(std::span<const int> origins, size_t before) override {
    credits_.assign(origins.size(), 0);
    if (auto n = origins.size())
      cursor_ = carry_cursor(origins, before, cursor_,
                             static_cast<uint32_t>(seed_ % n));
  }

  int choose(const pick_request&) noexcept override {
    auto position = next([this](size_t x) { return is_due(x); });
    // Nobody else has a place: who is in slow start serves.
    return position != no_server ? position : next([](size_t) { return true; });
  }

  template <class F>
  int next(F may_serve) noexcept {
    auto servers = pool();
    for (size_t tries = 0; tries < servers.size(); ++tries) {
      auto position = cursor_;
      cursor_ = position + 1 < servers.size() ? position + 1 : 0;
      if (servers[position].admissible() && may_serve(position))
        return static_cast<int>(position);
    }
    return no_server;
  }

  bool is_due(size_t position) noexcept {
    auto ramp = pool()[position].ramp;
    if (ramp >= 100)
      return true;
    credits_[position] += ramp;
    if (credits_[position] < 100)
      return false;
    credits_[position] -= 100;
    return true;
  }

  uint64_t seed_;
  uint32_t cursor_ = 0;
  std::vector<uint32_t> credits_; ///< percent of a turn saved up
};

} // namespace

std::unique_ptr<policy> make_round_robin(uint64_t seed) {
  return std::make_unique<round_robin>(seed);
}

} // namespace troupe::balance
