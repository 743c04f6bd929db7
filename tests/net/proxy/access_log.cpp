// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_access_log
#include "caf_test.hpp"

#include "net/proxy/access_log.hpp"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

struct fixture {
  fixture() {
    char name[] = "/tmp/troupe-log-XXXXXX";
    directory = ::mkdtemp(name);
  }
  ~fixture() { std::filesystem::remove_all(directory); }

  std::string path(const std::string& name) const { return directory / name; }

  static std::string read(const std::string& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  /// Waits, at most five seconds, for something to appear in the file.
  static std::string await_text(const std::string& path) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    std::string text;
    while (text.empty() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
      text = read(path);
    }
    return text;
  }

  static access_record sample() {
    access_record x;
    x.client = "10.0.0.9:5123";
    x.frontend = "web";
    x.route = "api";
    x.backend = "app";
    x.server = "a1";
    x.method = "GET";
    x.path = "/x?a=1";
    x.host = "example.org";
    x.request_id = "r-1";
    x.status = 200;
    x.bytes_received = 120;
    x.bytes_sent = 18446744073709551615u;
    x.connect_us = 7;
    x.first_byte_us = 1'234'567;
    x.total_us = -1;
    x.retries = 1;
    x.generation = 3;
    return x;
  }

  static std::string format(const access_record& x, log_format style) {
    const auto now = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 3h
                   + 4min + 5s + 6ms + 999us;
    std::string line = "left over";
    format_record(x, style, now, line);
    return line;
  }

  std::filesystem::path directory;
};

size_t lines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(access_log_tests, fixture)

CAF_TEST(a JSON line has every field and null for what never happened) {
  CAF_CHECK_EQUAL(
    format(sample(), log_format::json),
    "{\"time\":\"2026-01-02T03:04:05.006Z\",\"client\":\"10.0.0.9:5123\","
    "\"frontend\":\"web\",\"route\":\"api\",\"backend\":\"app\",\"server\":"
    "\"a1\","
    "\"method\":\"GET\",\"path\":\"/x?a=1\",\"host\":\"example.org\","
    "\"status\":200,\"bytes_in\":120,\"bytes_out\":18446744073709551615,"
    "\"connect_ms\":0.007,\"first_byte_ms\":1234.567,\"total_ms\":null,"
    "\"retries\":1,\"reason\":\"ok\",\"request_id\":\"r-1\","
    "\"generation\":3}\n");
}

CAF_TEST(a text line quotes what is not one plain word) {
  auto x = sample();
  x.server = "";
  x.host = "two words";
  x.reason = reason::no_healthy_backend;
  CAF_CHECK_EQUAL(
    format(x, log_format::text),
    "time=2026-01-02T03:04:05.006Z client=10.0.0.9:5123 frontend=web "
    "route=api backend=app server=\"\" method=GET path=\"/x?a=1\" host=\"two "
    "words\" "
    "status=200 bytes_in=120 bytes_out=18446744073709551615 connect_ms=0.007 "
    "first_byte_ms=1234.567 total_ms=- retries=1 reason=no_healthy_backend "
    "request_id=r-1 generation=3\n");
}

CAF_TEST(bytes of a client never break out of their field) {
  auto x = sample();
  x.path = std::string_view{"/\"\\\n\r\0\x7f\xc3\xa9\xff", 10};
  const std::string escaped =
    "\"/\\\"\\\\\\u000a\\u000d\\u0000\\u007f\\u00c3\\u00a9\\u00ff\"";
  const auto json = format(x, log_format::json);
  CAF_CHECK(json.find("\"path\":" + escaped + ",") != std::string::npos);
  CAF_CHECK_EQUAL(lines(json), 1u);
  const auto text = format(x, log_format::text);
  CAF_CHECK(text.find(" path=" + escaped + " ") != std::string::npos);
  CAF_CHECK_EQUAL(lines(text), 1u);
}

CAF_TEST(a long path is cut at 2048 bytes) {
  auto x = sample();
  const std::string path(5000, 'p');
  x.path = path;
  const auto line = format(x, log_format::json);
  CAF_CHECK(line.find("\"" + std::string(2048, 'p') + "\"")
            != std::string::npos);
}

CAF_TEST(a ring gives back whole lines across its end) {
  log_ring ring;
  std::string out;
  const std::string line = std::string(999, 'x') + "\n";
  for (int round = 0; round < 1000; ++round) {
    CAF_REQUIRE(ring.push(line));
    CAF_REQUIRE(ring.push("y\n"));
    out.clear();
    ring.drain(out);
    CAF_REQUIRE_EQUAL(out, line + "y\n");
    CAF_REQUIRE(ring.empty());
  }
}

CAF_TEST(a full ring drops the line whole and counts it) {
  log_ring ring;
  CAF_CHECK(!ring.push(std::string(log_ring::capacity + 1, 'x')));
  CAF_CHECK(ring.push(std::string(log_ring::capacity - 1, 'x')));
  CAF_CHECK(!ring.push("ab"));
  CAF_CHECK(ring.push("\n"));
  CAF_CHECK_EQUAL(ring.dropped.get(), 2u);
  std::string out;
  ring.drain(out);
  CAF_CHECK_EQUAL(out.size(), log_ring::capacity);
  CAF_CHECK(ring.push("ab"));
}

CAF_TEST(a ring keeps the order between two threads) {
  log_ring ring;
  constexpr unsigned count = 100'000;
  std::thread producer{[&ring] {
    for (unsigned i = 0; i < count;) {
      if (ring.push(std::to_string(i) + "\n"))
        ++i;
      else
        std::this_thread::yield();
    }
  }};
  std::string out;
  while (lines(out) < count) {
    const auto before = out.size();
    ring.drain(out);
    CAF_REQUIRE(out.size() == before || out.back() == '\n');
    if (out.size() == before)
      std::this_thread::yield();
  }
  producer.join();
  std::istringstream input{out};
  unsigned value = 0;
  for (unsigned i = 0; i < count; ++i) {
    input >> value;
    CAF_REQUIRE_EQUAL(value, i);
  }
}

CAF_TEST(without a path nothing is opened and nothing is counted) {
  access_log log{{}, 2};
  CAF_CHECK(!log.enabled());
  log.write(1, sample());
  log.reopen();
  CAF_CHECK_EQUAL(log.dropped(), 0u);
}

CAF_TEST(a path that cannot be opened is an error that names it) {
  const auto bad = path("missing/access.log");
  try {
    access_log log{{bad, log_format::json}, 1};
    CAF_ERROR("no exception");
  } catch (const std::runtime_error& e) {
    CAF_CHECK_EQUAL(e.what(), "cannot open the access log " + bad
                                + ": No such file or directory");
  }
}

CAF_TEST(a sleeping log is woken by the first line) {
  access_log log{{path("a.log"), log_format::json}, 1};
  log.write(0, sample());
  CAF_CHECK_EQUAL(lines(await_text(path("a.log"))), 1u);
}

CAF_TEST(every line is written or counted when several workers write) {
  constexpr unsigned workers = 3, count = 20'000;
  uint64_t dropped = 0;
  {
    access_log log{{path("a.log"), log_format::text}, workers};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < workers; ++i)
      threads.emplace_back([&log, i] {
        for (unsigned n = 0; n < count; ++n)
          log.write(i, sample());
      });
    for (auto& x : threads)
      x.join();
    dropped = log.dropped();
  }
  const auto text = read(path("a.log"));
  CAF_CHECK_EQUAL(lines(text) + dropped, workers * count);
  CAF_CHECK(text.starts_with("time=") && text.ends_with("generation=3\n"));
}

CAF_TEST(reopening follows a rotation) {
  access_log log{{path("a.log"), log_format::json}, 1};
  log.write(0, sample());
  CAF_CHECK(!await_text(path("a.log")).empty());
  std::filesystem::rename(path("a.log"), path("a.log.1"));
  log.reopen();
  log.write(0, sample());
  CAF_CHECK_EQUAL(lines(await_text(path("a.log"))), 1u);
  CAF_CHECK_EQUAL(lines(read(path("a.log.1"))), 1u);
}

CAF_TEST(what cannot be opened again is told and the old file kept) {
  const auto directory = path("rotated");
  std::filesystem::create_directory(directory);
  const auto file = directory + "/a.log";
  std::promise<std::string> told;
  access_log log{{file, log_format::json},
                 1,
                 std::nullopt,
                 [&](const std::string& why) { told.set_value(why); }};
  std::filesystem::rename(directory, path("moved"));
  log.reopen();
  auto why = told.get_future();
  CAF_REQUIRE(why.wait_for(5s) == std::future_status::ready);
  CAF_CHECK_EQUAL(why.get(), "cannot open the access log " + file
                               + " again: No such file or directory; lines "
                                 "continue to go to the open file");
  log.write(0, sample());
  CAF_CHECK_EQUAL(lines(await_text(path("moved/a.log"))), 1u);
}

CAF_TEST(a full disk costs lines and not the process) {
  access_log log{{"/dev/full", log_format::json}, 1};
  for (int i = 0; i < 3; ++i)
    log.write(0, sample());
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (log.dropped() < 3 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  CAF_CHECK_EQUAL(log.dropped(), 3u);
}

CAF_TEST(a pipe that nobody reads does not hold up the end) {
  const auto pipe = path("pipe");
  CAF_REQUIRE_EQUAL(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  CAF_REQUIRE(reader >= 0);
  const auto start = std::chrono::steady_clock::now();
  {
    access_log log{{pipe, log_format::json}, 1};
    for (int i = 0; i < 2000; ++i)
      log.write(0, sample());
  }
  CAF_CHECK(std::chrono::steady_clock::now() - start < 5s);
  ::close(reader);
}

CAF_TEST_FIXTURE_SCOPE_END()
