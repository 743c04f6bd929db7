// SPDX-License-Identifier: BSD-3-Clause
#include "core/balance/policies.hpp"
#include "core/balance/sampler.hpp"

namespace troupe::balance {

namespace {

/// The power of two choices (Mitzenmacher 2001): two different servers drawn by
/// weight; the one with fewer in flight per weight, or the first of equals.
class p2c final : public candidate_policy {
public:
  explicit p2c(uint64_t seed) noexcept : sampler_(seed) {}

private:
  void adopt(std::span<const int>, size_t) override { sampler_.adopt(pool()); }

  int choose(const pick_request&) noexcept override {
    auto servers = pool();
    auto first = sampler_.draw(servers);
    if (first == no_server)
      return no_server;
    auto second = sampler_.draw(servers, first);
    if (second == no_server)
      return first;
    const auto& a = servers[first];
    const auto& b = servers[second];
    return less_loaded(b.load(), b.weight, a.load(), a.weight) ? second : first;
  }

  sampler sampler_;
};

} // namespace

std::unique_ptr<policy> make_p2c(uint64_t seed) {
  return std::make_unique<p2c>(seed);
}

} // namespace troupe::balance
