// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_live

#include "caf_test.hpp"

#include "core/live.hpp"
#include "core/retry_budget.hpp"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

using namespace troupe;

namespace {

size_t bucket_of(uint64_t us) {
  duration_histogram x;
  x.observe(us);
  for (size_t i = 0; i < x.buckets.size(); ++i)
    if (x.buckets[i].get() == 1)
      return i;
  return x.buckets.size();
}

size_t bucket_by_search(uint64_t us) {
  size_t i = 0;
  while (i < duration_bounds.size()
         && us > static_cast<uint64_t>(std::llround(duration_bounds[i] * 1e6)))
    ++i;
  return i;
}

} // namespace

CAF_TEST(a duration goes to the first bucket whose bound is not below it) {
  for (auto bound : duration_bounds) {
    auto us = static_cast<uint64_t>(std::llround(bound * 1e6));
    for (auto x : {us - 1, us, us + 1})
      CAF_CHECK_EQUAL(bucket_of(x), bucket_by_search(x));
  }
  for (unsigned bits = 0; bits < 64; ++bits)
    for (auto x : {(uint64_t{1} << bits) - 1, uint64_t{1} << bits})
      CAF_CHECK_EQUAL(bucket_of(x), bucket_by_search(x));
  CAF_CHECK_EQUAL(bucket_of(UINT64_MAX), duration_bounds.size());
}

CAF_TEST(a histogram sums what it observed) {
  duration_histogram x;
  x.observe(400);
  x.observe(500);
  x.observe(20'000'000);
  CAF_CHECK_EQUAL(x.buckets[0].get(), 2u);
  CAF_CHECK_EQUAL(x.buckets.back().get(), 1u);
  CAF_CHECK_EQUAL(x.sum_us.get(), 20'000'900u);
}

CAF_TEST(a counter adds and subtracts and is set) {
  counter x;
  x.add();
  x.add(10);
  x.sub(4);
  CAF_CHECK_EQUAL(x.get(), 7u);
  x.set(3);
  CAF_CHECK_EQUAL(x.get(), 3u);
}

CAF_TEST(a lease counts once however it ends) {
  server_live server{"app", "a1", 1};
  {
    lease first{server};
    CAF_CHECK_EQUAL(server.in_flight.load(), 1u);
    lease second{std::move(first)};
    CAF_CHECK(!first);
    CAF_CHECK_EQUAL(server.in_flight.load(), 1u);
    second.release();
    second.release();
    CAF_CHECK_EQUAL(server.in_flight.load(), 0u);
    second = lease{server};
    CAF_CHECK(second);
  }
  CAF_CHECK_EQUAL(server.in_flight.load(), 0u);
}

CAF_TEST(an assigned lease lets go of its old server) {
  server_live a{"app", "a", 1};
  server_live b{"app", "b", 1};
  lease x{a};
  x = lease{b};
  CAF_CHECK_EQUAL(a.in_flight.load(), 0u);
  CAF_CHECK_EQUAL(b.in_flight.load(), 1u);
  auto& same = x;
  x = std::move(same);
  CAF_CHECK(x);
  CAF_CHECK_EQUAL(b.in_flight.load(), 1u);
}

CAF_TEST(a slot is not taken when all are) {
  server_live server{"app", "a1", 1};
  auto first = lease::try_take(server, 2);
  auto second = lease::try_take(server, 2);
  CAF_CHECK(first && second);
  CAF_CHECK(!lease::try_take(server, 2));
  CAF_CHECK_EQUAL(server.in_flight.load(), 2u);
  first.release();
  CAF_CHECK(lease::try_take(server, 2));
  CAF_CHECK_EQUAL(server.in_flight.load(), 1u);
}

CAF_TEST(zero slots means no limit) {
  server_live server{"app", "a1", 1};
  std::vector<lease> all;
  for (auto i = 0; i < 100; ++i)
    all.push_back(lease::try_take(server, 0));
  CAF_CHECK_EQUAL(server.in_flight.load(), 100u);
  all.clear();
  CAF_CHECK_EQUAL(server.in_flight.load(), 0u);
}

CAF_TEST(threads never hold more slots than there are) {
  server_live server{"app", "a1", 2};
  std::atomic<uint32_t> most{0};
  auto work = [&] {
    for (auto i = 0; i < 20'000; ++i)
      if (auto x = lease::try_take(server, 1)) {
        auto seen = server.in_flight.load();
        if (seen > most)
          most = seen;
      }
  };
  std::thread other{work};
  work();
  other.join();
  CAF_CHECK_EQUAL(most.load(), 1u);
  CAF_CHECK_EQUAL(server.in_flight.load(), 0u);
}

CAF_TEST(every server block has cache lines of its own) {
  server_live server{"app", "a1", 4};
  CAF_CHECK_EQUAL(server.by_worker.size(), 4u);
  for (const auto& block : server.by_worker)
    CAF_CHECK_EQUAL(reinterpret_cast<uintptr_t>(&block) % 64, 0u);
  CAF_CHECK_EQUAL(reinterpret_cast<uintptr_t>(&server.in_flight) % 64, 0u);
}

CAF_TEST(a full budget grants 200 retries and five requests earn one) {
  retry_budget budget;
  for (auto i = 0; i < 200; ++i)
    CAF_CHECK(budget.try_spend());
  CAF_CHECK(!budget.try_spend());
  for (auto i = 0; i < 4; ++i)
    budget.on_request();
  CAF_CHECK(!budget.try_spend());
  budget.on_request();
  CAF_CHECK(budget.try_spend());
  CAF_CHECK(!budget.try_spend());
}

CAF_TEST(a budget never holds more than 200) {
  retry_budget budget;
  for (auto i = 0; i < 10'000; ++i)
    budget.on_request();
  auto spent = 0;
  while (budget.try_spend())
    ++spent;
  CAF_CHECK_EQUAL(spent, 200);
}
