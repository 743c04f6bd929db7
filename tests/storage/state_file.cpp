// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_state_file

#include "storage/state_file.hpp"

#include "caf_test.hpp"

#include "state_fixture.hpp"
#include "storage/state_format.hpp"

#include <sys/stat.h>

using namespace troupe;
using namespace troupe::storage;
using namespace state_test;

namespace {

constexpr uint32_t format = 3;

/// One file of its own in a directory of its own.
struct fixture {
  temporary_directory dir;
  const std::string path = dir / "register";
  state_file file{path, format};

  template <class T>
  T read_as() {
    auto result = file.read();
    if (auto* wanted = std::get_if<T>(&result))
      return std::move(*wanted);
    CAF_FAIL("reading came to " << result.index());
  }

  std::string read_content() { return read_as<state_content>().content; }

  void write(std::string_view content) {
    CAF_REQUIRE(!file.write(content).failed());
  }

  size_t files() const {
    const std::filesystem::directory_iterator all{dir.path};
    return static_cast<size_t>(std::distance(begin(all), end(all)));
  }
};

std::string sample_file() {
  const auto tests =
    std::filesystem::path{__FILE__}.parent_path().parent_path();
  return (tests / "data" / "wire" / "state-file-1.bin").string();
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(state_file_tests, fixture)

CAF_TEST(what was written is read back and replaces what was there) {
  for (const auto& content :
       {std::string{}, std::string{"first"}, std::string(300'000, 'x'),
        std::string{"\0\n\xFF", 3}}) {
    write(content);
    const auto read = read_as<state_content>();
    CAF_CHECK(read.content == content);
    CAF_CHECK_EQUAL(read.format, format);
  }
  CAF_CHECK_EQUAL(files(), 1u);
}

CAF_TEST(nobody else may read the file) {
  write("secret");
  struct stat found {};
  CAF_REQUIRE_EQUAL(::stat(path.c_str(), &found), 0);
  CAF_CHECK_EQUAL(found.st_mode & 0777u, 0600u);
}

CAF_TEST(a file that never was differs from one that was set aside) {
  CAF_CHECK(!read_as<state_missing>().set_aside);
  put(path, "garbage");
  read_as<state_damaged>();
  CAF_CHECK(read_as<state_missing>().set_aside);
}

CAF_TEST(a file cut off at any byte is noticed and kept) {
  write("some content");
  const auto whole = contents(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto torn = whole.substr(0, size);
    put(path, torn);
    const auto damaged = read_as<state_damaged>();
    CAF_CHECK(!damaged.reason.empty());
    CAF_CHECK_EQUAL(damaged.kept_as,
                    path + ".damaged-" + std::to_string(size + 1));
    CAF_CHECK(contents(damaged.kept_as) == torn);
    CAF_CHECK(!std::filesystem::exists(path));
  }
}

CAF_TEST(any flipped bit and any added byte is noticed) {
  write("some content");
  const auto whole = contents(path);
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    put(path, flipped);
    const auto damaged = read_as<state_damaged>();
    CAF_REQUIRE(std::filesystem::remove(damaged.kept_as));
  }
  put(path, whole + '\0');
  CAF_CHECK_EQUAL(read_as<state_damaged>().reason, "too long: 13 of 12 bytes");
}

CAF_TEST(a newer format is refused and left alone) {
  state_file newer{path, format + 1};
  CAF_REQUIRE(!newer.write("from the future").failed());
  const auto before = contents(path);
  CAF_CHECK_EQUAL(read_as<state_newer>().format, format + 1);
  CAF_CHECK(contents(path) == before);
}

CAF_TEST(an older format is read and says so) {
  state_file older{path, format - 1};
  CAF_REQUIRE(!older.write("from the past").failed());
  CAF_CHECK_EQUAL(read_as<state_content>().format, format - 1);
}

CAF_TEST(a file that was written long ago still reads) {
  state_file sample{sample_file(), 1};
  const auto read = sample.read();
  CAF_REQUIRE(std::holds_alternative<state_content>(read));
  CAF_CHECK(std::get<state_content>(read).content
            == "the first content of all\n");
  CAF_CHECK_EQUAL(crc32c("12345678", "9"), 0xE3069283u);
}

CAF_TEST(each step that fails is an error and leaves old or new content) {
  failing_disk good;
  CAF_REQUIRE(!state_file(path, format, good).write("old").failed());
  const auto steps = good.calls().size();
  const std::vector<std::string> expected_calls = {"open",  "write", "write",
                                                   "fsync", "close", "rename",
                                                   "open",  "fsync", "close"};
  CAF_CHECK(good.calls() == expected_calls);
  size_t renamed = 0;
  // The last step closes the directory, which was synced by then.
  for (size_t step = 0; step + 1 < steps; ++step) {
    write("old");
    failing_disk bad{step};
    CAF_CHECK_EQUAL(state_file(path, format, bad).write("new").value(), ENOSPC);
    const auto found = read_content();
    CAF_CHECK(found == "old" || found == "new");
    renamed += found == "new" ? 1 : 0;
    CAF_CHECK_EQUAL(files(), 1u);
  }
  CAF_CHECK_EQUAL(renamed, 2u); // only the directory was not synced
}

CAF_TEST(what a crash left of a write does not matter) {
  write("old");
  put(path + ".new", "half of a fi");
  CAF_CHECK_EQUAL(read_content(), "old");
  write("new");
  CAF_CHECK_EQUAL(read_content(), "new");
}

CAF_TEST(a disk that cannot be read says nothing about the file) {
  write("content");
  failing_disk unopened{0, EACCES}, unread{1, EIO};
  for (auto* on : {&unopened, &unread}) {
    const auto result = state_file{path, format, *on}.read();
    CAF_REQUIRE(std::holds_alternative<state_unreadable>(result));
    CAF_CHECK_EQUAL(std::get<state_unreadable>(result).error.value(),
                    on == &unopened ? EACCES : EIO);
  }
  CAF_CHECK_EQUAL(read_content(), "content");
}

CAF_TEST(short transfers and interruptions are carried on) {
  slow_disk slow;
  state_file there{path, format, slow};
  CAF_REQUIRE(!there.write("a content of more than seven bytes").failed());
  CAF_CHECK_EQUAL(read_content(), "a content of more than seven bytes");
  CAF_CHECK(std::holds_alternative<state_content>(there.read()));
}

CAF_TEST(content beyond the limit is refused in both directions) {
  const std::string large(state_size_max + 1, 'x');
  CAF_CHECK_EQUAL(file.write(large).value(), EFBIG);
  put(path, state_header(format, large) + large);
  CAF_CHECK_EQUAL(read_as<state_damaged>().reason,
                  "longer than the 64MiB that a state file may have");
}

CAF_TEST_FIXTURE_SCOPE_END()
