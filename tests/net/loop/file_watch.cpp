// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_file_watch
#include "caf_test.hpp"

#include "net/loop/file_watch.hpp"

#include <boost/system/system_error.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;
namespace fs = std::filesystem;

namespace {

struct fixture {
  fixture() {
    char name[] = "/tmp/troupe-watch-XXXXXX";
    directory = ::mkdtemp(name);
    fs::create_directory(directory / "etc");
    file = directory / "etc" / "troupe.yaml";
    write(file, "one");
  }
  ~fixture() {
    subject.reset();
    fs::remove_all(directory);
  }

  static void write(const fs::path& path, const std::string& text) {
    std::ofstream{path} << text;
  }

  void watch(milliseconds settle = 20ms) {
    subject = std::make_unique<file_watch>(
      loop, file.string(), [this] { ++calls; }, settle);
  }

  /// Runs the loop until the next call, or for five seconds.
  bool called() {
    const auto deadline = clock::now() + 5s;
    const auto before = calls;
    loop.restart();
    while (calls == before && clock::now() < deadline)
      loop.run_one_for(10ms);
    return calls == before + 1;
  }

  /// Runs the loop for several times the settling time.
  bool quiet() {
    const auto before = calls;
    loop.restart();
    loop.run_for(100ms);
    return calls == before;
  }

  boost::asio::io_context loop{1};
  fs::path directory;
  fs::path file;
  unsigned calls = 0;
  std::unique_ptr<file_watch> subject;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(file_watch_tests, fixture)

CAF_TEST(a write is told once and an untouched file never) {
  watch();
  CAF_CHECK(quiet());
  write(file, "two");
  CAF_CHECK(called());
  CAF_CHECK(quiet());
  write(file, "three");
  CAF_CHECK(called());
}

CAF_TEST(several writes are told once when they have come to rest) {
  watch(60ms);
  const auto start = clock::now();
  for (int i = 0; i < 5; ++i) {
    write(file, "text " + std::string(i + 1, 'x'));
    loop.restart();
    loop.run_for(20ms);
  }
  CAF_CHECK(called());
  CAF_CHECK(clock::now() - start >= 140ms);
  CAF_CHECK(quiet());
}

CAF_TEST(a file that is replaced by renaming is seen) {
  watch();
  write(directory / "etc" / "new", "two");
  fs::rename(directory / "etc" / "new", file);
  CAF_CHECK(called());
  write(file, "three");
  CAF_CHECK(called());
}

CAF_TEST(a file that is removed is told of when it is back) {
  watch();
  fs::remove(file);
  CAF_CHECK(quiet());
  write(file, "two");
  CAF_CHECK(called());
}

CAF_TEST(other files of the directory do not matter) {
  watch();
  write(directory / "etc" / "other.yaml", "x");
  fs::remove(directory / "etc" / "other.yaml");
  CAF_CHECK(quiet());
}

CAF_TEST(other files that change all the time do not put a change off) {
  watch(50ms);
  write(file, "two");
  const auto deadline = clock::now() + 5s;
  loop.restart();
  while (calls == 0 && clock::now() < deadline) {
    write(directory / "etc" / "noise", "x");
    loop.run_one_for(5ms);
  }
  CAF_CHECK_EQUAL(calls, 1u);
}

CAF_TEST(a link that is swapped and a target that is written are seen) {
  const auto other = directory / "other";
  fs::create_directory(other);
  write(other / "a.yaml", "a");
  write(other / "b.yaml", "b");
  fs::remove(file);
  fs::create_symlink(other / "a.yaml", file);
  watch();
  write(other / "a.yaml", "aa");
  CAF_CHECK(called());
  fs::create_symlink(other / "b.yaml", directory / "etc" / "link");
  fs::rename(directory / "etc" / "link", file);
  CAF_CHECK(called());
  write(other / "b.yaml", "bb");
  CAF_CHECK(called());
}

CAF_TEST(the swap of a data directory as Kubernetes does it is seen) {
  const auto etc = directory / "etc";
  fs::remove(file);
  for (const auto* name : {"..1", "..2"}) {
    fs::create_directory(etc / name);
    write(etc / name / "troupe.yaml", name);
  }
  fs::create_directory_symlink("..1", etc / "..data");
  fs::create_symlink("..data/troupe.yaml", file);
  watch();
  fs::create_directory_symlink("..2", etc / "..data_tmp");
  fs::rename(etc / "..data_tmp", etc / "..data");
  fs::remove_all(etc / "..1");
  CAF_CHECK(called());
  CAF_CHECK(quiet());
  write(etc / "..2" / "troupe.yaml", "three");
  CAF_CHECK(called());
}

CAF_TEST(a directory that is made anew is found again) {
  watch();
  fs::remove_all(directory / "etc");
  CAF_CHECK(quiet());
  fs::create_directory(directory / "etc");
  write(file, "two");
  CAF_CHECK(called());
  write(file, "three");
  CAF_CHECK(called());
}

CAF_TEST(a directory that is moved away is not followed) {
  watch();
  fs::rename(directory / "etc", directory / "old");
  fs::create_directory(directory / "etc");
  write(file, "two");
  CAF_CHECK(called());
  write(directory / "old" / "troupe.yaml", "three");
  CAF_CHECK(quiet());
}

CAF_TEST(nothing is told after a stop) {
  watch();
  write(file, "two");
  loop.poll();
  subject->stop();
  CAF_CHECK(quiet());
  subject->stop();
}

CAF_TEST(a callback may destroy its watch) {
  subject = std::make_unique<file_watch>(
    loop, file.string(),
    [this] {
      ++calls;
      subject.reset();
    },
    10ms);
  write(file, "two");
  CAF_CHECK(called());
  write(file, "three");
  CAF_CHECK(quiet());
}

CAF_TEST(a directory that does not exist is an error) {
  file = directory / "missing" / "troupe.yaml";
  try {
    watch();
    CAF_ERROR("no exception");
  } catch (const boost::system::system_error& e) {
    CAF_CHECK_EQUAL(e.code(), boost::system::errc::no_such_file_or_directory);
    CAF_CHECK(std::string{e.what()}.find(file.string()) != std::string::npos);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
