// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/policies.hpp"
#include "core/balance/sampler.hpp"

namespace troupe::balance {

namespace {

/// At random, by weight.
class random_policy final : public candidate_policy {
public:
  explicit random_policy(uint64_t seed) noexcept : sampler_(seed) {}

private:
  void adopt(std::span<const int>, size_t) override { sampler_.adopt(pool()); }

  int choose(const pick_request&) noexcept override {
    return sampler_.draw(pool());
  }

  sampler sampler_;
};

} // namespace

std::unique_ptr<policy> make_random(uint64_t seed) {
  return std::make_unique<random_policy>(seed);
}

} // namespace troupe::balance
