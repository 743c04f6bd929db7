// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE accept_spread
#include "caf_test.hpp"

#include "actors/data_path/accept_spread.hpp"

#include <algorithm>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::actors;

namespace {

struct fixture {
  std::shared_ptr<accept_spread> spread = std::make_shared<accept_spread>(4);
  frontend_clients clients{4};

  void open(std::array<uint64_t, 4> counts) {
    for (size_t i = 0; i < counts.size(); ++i)
      clients.by_worker[i].connections_open.set(counts[i]);
  }

  std::unique_ptr<handed_connection> hand(unsigned to, int descriptor) {
    return std::make_unique<handed_connection>(
      spread, to, descriptor, *endpoint::parse("192.0.2.1:999"));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(accept_spread_tests, fixture)

CAF_TEST(a new connection goes to a worker with fewer) {
  open({0, 0, 0, 0});
  CAF_CHECK_EQUAL(spread->best_for(2, clients), 2u);
  open({1, 1, 0, 1});
  CAF_CHECK_EQUAL(spread->best_for(0, clients), 2u);
  CAF_CHECK_EQUAL(spread->best_for(2, clients), 2u);
  open({7, 6, 6, 5});
  CAF_CHECK_EQUAL(spread->best_for(0, clients), 3u);
}

CAF_TEST(with many a small difference stays) {
  open({1'050, 1'000, 1'000, 1'000});
  CAF_CHECK_EQUAL(spread->best_for(0, clients), 0u);
  open({1'070, 1'001, 1'000, 1'001});
  CAF_CHECK_EQUAL(spread->best_for(0, clients), 2u);
}

CAF_TEST(those on their way count where they go) {
  open({2, 1, 1, 1});
  const auto first = hand(1, -1);
  const auto second = hand(2, -1);
  CAF_CHECK_EQUAL(spread->best_for(0, clients), 3u);
  CAF_CHECK(!spread->leave(1));
  CAF_CHECK(spread->leave(3));
}

CAF_TEST(those that accept in one moment choose one after another) {
  std::vector<unsigned> chosen(4);
  std::mutex mutex;
  std::vector<std::unique_ptr<reserved_place>> places;
  std::vector<std::thread> listeners;
  for (unsigned worker = 0; worker < 4; ++worker)
    listeners.emplace_back([&, worker] {
      for (int i = 0; i < 500; ++i) {
        std::unique_ptr<reserved_place> place{
          new reserved_place(spread->reserve(worker, clients))};
        const std::lock_guard lock{mutex};
        ++chosen[place->worker()];
        places.push_back(std::move(place));
      }
    });
  for (auto& x : listeners)
    x.join();
  const auto [least, most] = std::minmax_element(chosen.begin(), chosen.end());
  CAF_CHECK(*most <= *least + *least / 16 + 1);
}

CAF_TEST(one that is lost on its way is closed and not awaited) {
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  CAF_REQUIRE(descriptor >= 0);
  auto handed = hand(1, descriptor);
  CAF_CHECK(!spread->leave(1));
  handed.reset();
  CAF_CHECK(spread->leave(1));
  CAF_CHECK(::fcntl(descriptor, F_GETFD) < 0);
}

CAF_TEST(one that has arrived belongs to whoever took it) {
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  auto handed = hand(1, descriptor);
  CAF_CHECK_EQUAL(handed->take(), descriptor);
  CAF_CHECK(spread->leave(1));
  handed.reset();
  CAF_CHECK(::close(descriptor) == 0);
}

CAF_TEST(a worker that takes none is given none) {
  CAF_CHECK(!spread->hand_over(1, -1, *endpoint::parse("192.0.2.1:999")));
}

CAF_TEST(lives are brief when far more come in a second than stay) {
  accept_pace pace;
  auto now = time_point{} + milliseconds{10'000};
  for (int i = 0; i < 60; ++i)
    pace.count(now);
  CAF_CHECK(!pace.lives_are_brief(60));
  CAF_CHECK(!pace.lives_are_brief(22));
  CAF_CHECK(pace.lives_are_brief(4));
  // The last second still counts in this one, and no longer.
  pace.count(now + milliseconds{1'100});
  CAF_CHECK(pace.lives_are_brief(4));
  pace.count(now + milliseconds{5'000});
  CAF_CHECK(!pace.lives_are_brief(0));
}

CAF_TEST_FIXTURE_SCOPE_END()
