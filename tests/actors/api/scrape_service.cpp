// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE scrape_service
#include "caf_test.hpp"

#include "api/scrape_service.hpp"

#include <ctime>
#include <string>
#include <vector>

namespace troupe::actors {

namespace {

/// Uses so much processor time for each of two slices.
class costly_source final : public admin::text_source {
public:
  costly_source(std::string text, milliseconds cost)
    : text_(std::move(text)), cost_(cost) {}

  bool write_some(admin::chunked_text& to) override {
    const auto end = now() + cost_;
    while (now() < end) {
    }
    to.append(text_);
    return ++slices_ < 2;
  }

private:
  static std::chrono::nanoseconds now() {
    timespec x{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &x);
    return std::chrono::seconds{x.tv_sec} + std::chrono::nanoseconds{x.tv_nsec};
  }

  const std::string text_;
  const milliseconds cost_;
  int slices_ = 0;
};

struct fixture {
  ~fixture() {
    desk->close();
    loop.restart();
    loop.poll();
  }

  /// One more scrape; its answer goes to `got`.
  void scrape() {
    desk->scrape([this](admin::response x) { got.push_back(std::move(x)); },
                 [this](admin::responder to) {
                   ++asked;
                   if (silent)
                     return;
                   if (held)
                     return waiting.push_back(std::move(to));
                   give(to);
                 });
  }

  void give(const admin::responder& to) {
    admin::response x;
    x.source = std::make_shared<costly_source>(
      "text " + std::to_string(asked) + "\n", cost);
    to(std::move(x));
  }

  void run(milliseconds time = milliseconds{0}) {
    loop.restart();
    time > milliseconds{0} ? loop.run_for(time) : loop.poll();
  }

  std::string text(size_t n) {
    CAF_REQUIRE(n < got.size());
    std::string result;
    if (got[n].text)
      for (size_t i = 0; const auto piece = got[n].text->at(i); ++i)
        result += piece->text();
    return result;
  }

  boost::asio::io_context loop{1};
  std::shared_ptr<scrape_service> desk = std::make_shared<scrape_service>(loop);
  milliseconds cost{0};
  bool held = false;
  bool silent = false;
  std::vector<admin::responder> waiting;
  std::vector<admin::response> got;
  int asked = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(scrape_desk_tests, fixture)

CAF_TEST(a scrape gets its text) {
  scrape();
  run();
  CAF_REQUIRE_EQUAL(got.size(), 1u);
  CAF_CHECK_EQUAL(got[0].status, 200u);
  CAF_CHECK_EQUAL(got[0].content_type,
                  "text/plain; version=0.0.4; charset=utf-8");
  CAF_CHECK_EQUAL(text(0), "text 1\ntext 1\n");
}

CAF_TEST(a cheap text is never older than the question) {
  scrape();
  run();
  scrape();
  run();
  CAF_CHECK_EQUAL(text(1), "text 2\ntext 2\n");
  // Who asks while one is made gets the next, together with all others.
  held = true;
  for (int n = 0; n < 3; ++n)
    scrape();
  CAF_CHECK_EQUAL(asked, 3);
  give(std::exchange(waiting, {}).front());
  held = false;
  run();
  CAF_CHECK_EQUAL(asked, 4);
  CAF_CHECK_EQUAL(text(2), "text 3\ntext 3\n");
  CAF_CHECK_EQUAL(text(3), "text 4\ntext 4\n");
  CAF_CHECK(got[3].text == got[4].text);
}

CAF_TEST(a costly text is shared by all of a second) {
  cost = scrape_service::worth_sharing;
  scrape();
  scrape();
  run();
  scrape();
  CAF_REQUIRE_EQUAL(got.size(), 3u);
  CAF_CHECK_EQUAL(asked, 1);
  CAF_CHECK(got[0].text == got[1].text);
  CAF_CHECK(got[0].text == got[2].text);
  run(scrape_service::shared_for + milliseconds{100});
  scrape();
  run();
  CAF_CHECK_EQUAL(asked, 2);
  CAF_CHECK_EQUAL(text(3), "text 2\ntext 2\n");
}

CAF_TEST(a question that nobody answers is a 503 and not the end) {
  silent = true;
  scrape();
  run();
  CAF_REQUIRE_EQUAL(got.size(), 1u);
  CAF_CHECK_EQUAL(got[0].status, 503u);
  silent = false;
  scrape();
  run();
  CAF_CHECK_EQUAL(got.back().status, 200u);
}

CAF_TEST(slow readers keep no more than a few old texts) {
  cost = milliseconds{0};
  const std::string half(10 << 20, 'x');
  for (int n = 0; n < 4; ++n) {
    desk->scrape([this](admin::response x) { got.push_back(std::move(x)); },
                 [&](const admin::responder& to) {
                   admin::response x;
                   x.source = std::make_shared<costly_source>(half, cost);
                   to(std::move(x));
                 });
    run();
    desk->close(); // or the next would share it
  }
  CAF_CHECK(got[0].text->withdrawn());
  CAF_CHECK(got[1].text->withdrawn());
  CAF_CHECK(!got[2].text->withdrawn());
  CAF_CHECK(!got[3].text->withdrawn());
}

CAF_TEST_FIXTURE_SCOPE_END()

} // namespace troupe::actors
