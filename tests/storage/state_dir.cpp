// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_state_dir

#include "storage/state_dir.hpp"

#include "caf_test.hpp"

#include "state_fixture.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe::storage;
using namespace state_test;

namespace {

/// The message when opening fails, "" when it does not.
std::string error_of(const std::string& path) {
  const auto result = state_dir::open(path);
  return result ? "" : result.error();
}

unsigned mode_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777u : 0u;
}

} // namespace

CAF_TEST(a missing directory is made for this user alone) {
  const temporary_directory base;
  const auto path = base / "deep/er/state";
  CAF_CHECK_EQUAL(error_of(path), "");
  CAF_CHECK_EQUAL(mode_of(path), 0700u);
  CAF_CHECK_EQUAL(mode_of(path + "/lock"), 0600u);
}

CAF_TEST(files in it survive its closing) {
  const temporary_directory base;
  for (int round = 0; round < 2; ++round) {
    auto dir = state_dir::open(base / "state");
    CAF_REQUIRE(dir.has_value());
    auto file = dir->file("register", 1);
    CAF_CHECK_EQUAL(file.path(), base / "state/register");
    if (round == 0)
      CAF_CHECK(!file.write("kept").failed());
    const auto read = file.read();
    CAF_REQUIRE(std::holds_alternative<state_content>(read));
    CAF_CHECK_EQUAL(std::get<state_content>(read).content, "kept");
  }
}

CAF_TEST(a second process is told who holds the directory) {
  const temporary_directory base;
  const auto path = base / "state";
  auto held = state_dir::open(path);
  CAF_REQUIRE(held.has_value());
  // A lock belongs to the open file, so a child that opens it anew is as good
  // as a stranger.
  int answers[2];
  CAF_REQUIRE_EQUAL(::pipe(answers), 0);
  const auto child = ::fork();
  if (child == 0) {
    const auto text = error_of(path);
    const auto size = ::write(answers[1], text.data(), text.size());
    ::_exit(size == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(answers[1]);
  std::string text(512, '\0');
  text.resize(static_cast<size_t>(
    std::max<ssize_t>(::read(answers[0], text.data(), text.size()), 0)));
  ::close(answers[0]);
  int status = 0;
  CAF_REQUIRE_EQUAL(::waitpid(child, &status, 0), child);
  CAF_CHECK_EQUAL(text, "state_dir " + path + " is in use by pid "
                          + std::to_string(::getpid())
                          + ": two nodes cannot share it; stop that process, "
                            "or give this one another global.state_dir");
}

CAF_TEST(the lock goes with its holder) {
  const temporary_directory base;
  auto first = state_dir::open(base / "state");
  CAF_REQUIRE(first.has_value());
  auto moved = std::move(*first);
  CAF_CHECK(!error_of(base / "state").empty());
  { const auto last = std::move(moved); }
  CAF_CHECK_EQUAL(error_of(base / "state"), "");
}

CAF_TEST(a path that is no directory of ours is refused with the reason) {
  const temporary_directory base;
  put(base / "file", "");
  CAF_CHECK_EQUAL(error_of(base / "file"),
                  "state_dir " + base.path + "/file is not a directory");
  CAF_CHECK_EQUAL(error_of(base / "file/below"),
                  "state_dir " + base.path
                    + "/file/below cannot be made: Not a directory");
  CAF_REQUIRE_EQUAL(::mkdir((base / "open").c_str(), 0700), 0);
  CAF_REQUIRE_EQUAL(::chmod((base / "open").c_str(), 0777), 0);
  CAF_CHECK_EQUAL(error_of(base / "open"),
                  "state_dir " + base.path
                    + "/open can be written to by all users; `chmod 700` it");
}

CAF_TEST(a lock that names nobody is still a lock) {
  const temporary_directory base;
  auto held = state_dir::open(base / "state");
  CAF_REQUIRE(held.has_value());
  put(base / "state/lock", "");
  CAF_CHECK(error_of(base / "state").find(" is in use by another process: ")
            != std::string::npos);
}
