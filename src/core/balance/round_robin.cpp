// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/candidates.hpp"
#include "core/balance/policies.hpp"

namespace troupe::balance {

namespace {

/// Each in turn; ignores weights.
class round_robin final : public candidate_policy {
public:
  explicit round_robin(uint64_t seed) noexcept : seed_(seed) {}

private:
  void adopt(std::span<const int> origins, size_t before) override {
    if (auto n = origins.size())
      cursor_ = carry_cursor(origins, before, cursor_,
                             static_cast<uint32_t>(seed_ % n));
  }

  int choose(const pick_request&) noexcept override {
    auto servers = pool();
    for (size_t tries = 0; tries < servers.size(); ++tries) {
      auto position = cursor_;
      cursor_ = position + 1 < servers.size() ? position + 1 : 0;
      if (servers[position].admissible())
        return static_cast<int>(position);
    }
    return no_server;
  }

  uint64_t seed_;
  uint32_t cursor_ = 0;
};

} // namespace

std::unique_ptr<policy> make_round_robin(uint64_t seed) {
  return std::make_unique<round_robin>(seed);
}

} // namespace troupe::balance
