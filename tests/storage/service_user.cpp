// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_service_user

#include "os/service_user.hpp"

#include "caf_test.hpp"
#include "state_fixture.hpp"
#include "storage/state_dir.hpp"

#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace troupe::os;
using namespace troupe::storage;
using state_test::contents;
using state_test::put;

namespace {

namespace fs = std::filesystem;

/// Need not exist.
const service_user somebody{"somebody", 4711, 4712};
constexpr uid_t somebody_else = 4713;

/// root's directory, with one of the service user in it.
struct place {
  place() {
    fs::permissions(root.path, fs::perms{0755});
    fs::create_directory(users);
    own(users);
    put(secret, "root's");
    ::chmod(secret.c_str(), 0600);
  }

  static void own(const std::string& path, uid_t uid = somebody.uid) {
    CAF_REQUIRE_EQUAL(::lchown(path.c_str(), uid, somebody.gid), 0);
  }
  static void plant(const std::string& target, const std::string& at,
                    uid_t owner = somebody.uid) {
    fs::create_symlink(target, at);
    own(at, owner);
  }
  static uid_t owner_of(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_uid : ~uid_t{0};
  }
  void check_untouched() const {
    CAF_CHECK_EQUAL(owner_of(secret), 0u);
    CAF_CHECK_EQUAL(contents(secret), "root's");
  }

  state_test::temporary_directory root;
  std::string users = root / "users";
  std::string secret = root / "secret";
};

/// Only root can test what root must not do: elsewhere there is no place.
struct fixture {
  fixture() {
    if (::geteuid() == 0)
      at = std::make_unique<place>();
    else
      CAF_MESSAGE("skipped: needs root");
  }
  std::unique_ptr<place> at;
};

/// Why a log is not opened there, "" if it is.
std::string log_fault(const std::string& path) {
  const auto result = open_log(path, &somebody);
  return result ? "" : result.error();
}

std::string read_fault(const std::string& path) {
  std::string content;
  return read_file(path, 100, &somebody, content);
}

std::string state_fault(const std::string& path) {
  const auto result = state_dir::open(path, &somebody);
  return result ? "" : result.error();
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void make_socket(const std::string& path) {
  const owned_fd one{::socket(AF_UNIX, SOCK_STREAM, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  CAF_REQUIRE_EQUAL(
    ::bind(one.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
    0);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(service_user_tests, fixture)

CAF_TEST(a log is made the users and appended to) {
  if (!at)
    return;
  const auto log = at->users + "/access.log";
  CAF_CHECK_EQUAL(log_fault(log), "");
  CAF_CHECK_EQUAL(place::owner_of(log), somebody.uid);
  put(log, "one\n");
  auto again = open_log(log, &somebody);
  CAF_REQUIRE(again);
  CAF_CHECK_EQUAL(::write(again->get(), "two\n", 4), 4);
  CAF_CHECK_EQUAL(contents(log), "one\ntwo\n");
  const auto roots = at->root / "roots.log";
  put(roots, "");
  CAF_CHECK_EQUAL(log_fault(roots), "");
  CAF_CHECK_EQUAL(place::owner_of(roots), somebody.uid);
}

CAF_TEST(a log that leads elsewhere is refused) {
  if (!at)
    return;
  const auto log = at->users + "/access.log";
  place::plant(at->secret, log);
  CAF_CHECK(has(log_fault(log), "is a symbolic link; name the file"));
  fs::remove(log);
  place::plant(at->secret, log, 0); // whoever made it
  CAF_CHECK(has(log_fault(log), "is a symbolic link"));
  fs::remove(log);
  place::plant(at->root / "new", log); // to a file that is not there
  CAF_CHECK(has(log_fault(log), "is a symbolic link"));
  CAF_CHECK(!fs::exists(at->root / "new"));
  fs::remove(log);
  fs::create_hard_link(at->secret, log);
  CAF_CHECK(has(log_fault(log), "more than one name"));
  at->check_untouched();
}

CAF_TEST(a log of somebody else or none at all is refused) {
  if (!at)
    return;
  const auto log = at->users + "/access.log";
  put(log, "");
  place::own(log, somebody_else);
  CAF_CHECK(has(log_fault(log), "belongs to uid 4713, expected root or"));
  CAF_CHECK_EQUAL(place::owner_of(log), somebody_else);
  CAF_CHECK(has(log_fault(at->users), "directory"));
  CAF_CHECK(has(log_fault(at->users + "/no/access.log"), "No such file"));
  fs::remove(log);
  make_socket(log);
  CAF_CHECK(!log_fault(log).empty());
}

CAF_TEST(devices and pipes may be logged to and devices stay whose they are) {
  if (!at)
    return;
  CAF_CHECK_EQUAL(log_fault("/dev/null"), "");
  CAF_CHECK_EQUAL(place::owner_of("/dev/null"), 0u);
  CAF_CHECK_EQUAL(log_fault("-"), "");
  CAF_CHECK_EQUAL(log_fault("/dev/stdout"), "");
  const auto pipe = at->users + "/pipe";
  CAF_REQUIRE_EQUAL(::mkfifo(pipe.c_str(), 0600), 0);
  CAF_CHECK(has(log_fault(pipe), "No such device")); // nobody reads
  const owned_fd reader{::open(pipe.c_str(), O_RDONLY | O_NONBLOCK)};
  CAF_CHECK_EQUAL(log_fault(pipe), "");
}

CAF_TEST(root alone decides in which directory a file ends up) {
  if (!at)
    return;
  fs::create_directory(at->root / "etc");
  const auto bad = at->users + "/logs";
  for (const uid_t owner : {somebody.uid, uid_t{0}}) {
    place::plant(at->root / "etc", bad, owner);
    CAF_CHECK(has(log_fault(bad + "/access.log"), "others than root"));
    CAF_CHECK(has(check_parents(bad + "/admin.sock"), "others than root"));
    CAF_CHECK(has(state_fault(bad + "/state"), "others than root"));
    fs::remove(bad);
  }
  CAF_CHECK(fs::is_empty(at->root / "etc"));
  // As /var/run leads to /run.
  place::plant("etc", at->root / "run", 0);
  CAF_CHECK_EQUAL(log_fault(at->root / "run/access.log"), "");
  CAF_CHECK_EQUAL(check_parents(at->root / "run/../run/admin.sock"), "");
  CAF_CHECK(fs::exists(at->root / "etc/access.log"));
  // The same one, but in a directory that others may write to.
  fs::permissions(at->root.path, fs::perms{0775});
  CAF_CHECK(has(log_fault(at->root / "run/access.log"), "others than root"));
  fs::permissions(at->root.path, fs::perms{01777});
  CAF_CHECK_EQUAL(log_fault(at->root / "run/access.log"), "");
  place::plant("loop", at->root / "loop", 0);
  CAF_CHECK(has(log_fault(at->root / "loop/access.log"), "symbolic links"));
}

CAF_TEST(what is read as root is what root put there or the users own) {
  if (!at)
    return;
  CAF_CHECK_EQUAL(read_fault(at->secret), "");
  // As Let's Encrypt and Kubernetes have it.
  place::plant("secret", at->root / "live", 0);
  place::plant("live", at->root / "twice", 0);
  CAF_CHECK_EQUAL(read_fault(at->root / "twice"), "");
  const auto own = at->users + "/own";
  const auto link = at->users + "/token";
  put(own, "mine");
  place::own(own);
  place::plant("own", link);
  CAF_CHECK_EQUAL(read_fault(link), "");
  fs::remove(link);
  for (const uid_t owner : {somebody.uid, uid_t{0}}) {
    place::plant(at->secret, link, owner);
    CAF_CHECK(has(read_fault(link), "cannot be read: others than root could"));
    fs::remove(link);
  }
  CAF_REQUIRE_EQUAL(::mkfifo(link.c_str(), 0600), 0);
  CAF_CHECK_EQUAL(read_fault(link), "expected a file"); // and no hang
}

CAF_TEST(state becomes the users with all files in it and no other) {
  if (!at)
    return;
  const auto state = at->root / "lib/state";
  CAF_CHECK_EQUAL(state_fault(state), "");
  CAF_CHECK_EQUAL(place::owner_of(state), somebody.uid);
  CAF_CHECK_EQUAL(place::owner_of(state + "/lock"), somebody.uid);
  CAF_CHECK_EQUAL(place::owner_of(at->root / "lib"), 0u);
  put(state + "/register", "x");
  place::plant(at->secret, state + "/history");
  CAF_CHECK_EQUAL(state_fault(state), "");
  CAF_CHECK_EQUAL(place::owner_of(state + "/register"), somebody.uid);
  fs::create_hard_link(at->secret, state + "/operators");
  CAF_CHECK(has(state_fault(state), "holds \"operators\", which has more"));
  fs::remove(state + "/operators");
  fs::remove(state + "/lock");
  fs::create_hard_link(at->secret, state + "/lock");
  CAF_CHECK(has(state_fault(state), "more than one name"));
  at->check_untouched();
}

CAF_TEST(a directory for state that is a link or somebody elses is refused) {
  if (!at)
    return;
  fs::create_directory(at->root / "etc");
  place::plant(at->root / "etc", at->users + "/state");
  CAF_CHECK(has(state_fault(at->users + "/state"), "symbolic link"));
  CAF_CHECK_EQUAL(place::owner_of(at->root / "etc"), 0u);
  fs::create_directory(at->root / "theirs");
  place::own(at->root / "theirs", somebody_else);
  CAF_CHECK(has(state_fault(at->root / "theirs"), "belongs to uid 4713"));
  CAF_CHECK_EQUAL(place::owner_of(at->root / "theirs"), somebody_else);
}

CAF_TEST(a new state file is never a second name of another one) {
  state_test::temporary_directory own;
  auto directory = state_dir::open(own / "state");
  CAF_REQUIRE(directory);
  put(own / "other", "untouched");
  fs::create_hard_link(own / "other", own / "state/register.new");
  auto file = directory->file("register", 1);
  CAF_CHECK(!file.write("content"));
  CAF_CHECK_EQUAL(contents(own / "other"), "untouched");
}

CAF_TEST(the file of a socket is given away and nothing in its place) {
  if (!at)
    return;
  const auto path = at->users + "/admin.sock";
  make_socket(path);
  CAF_CHECK_EQUAL(give_socket(path, somebody), "");
  CAF_CHECK_EQUAL(place::owner_of(path), somebody.uid);
  fs::remove(path);
  place::plant(at->secret, path);
  CAF_CHECK(has(give_socket(path, somebody), "is not the socket"));
  fs::remove(path);
  fs::rename(at->secret, path);
  CAF_CHECK(has(give_socket(path, somebody), "is not the socket"));
  CAF_CHECK_EQUAL(place::owner_of(path), 0u);
  fs::rename(path, at->secret);
  make_socket(at->root / "other.sock");
  fs::create_hard_link(at->root / "other.sock", path);
  CAF_CHECK(has(give_socket(path, somebody), "more than one name"));
  at->check_untouched();
}

CAF_TEST(without a user to become files open as the system opens them) {
  state_test::temporary_directory own;
  put(own / "file", "x");
  fs::create_symlink("file", own / "link");
  std::string content;
  CAF_CHECK_EQUAL(read_file(own / "link", 1, nullptr, content), "");
  CAF_CHECK_EQUAL(content, "x");
  CAF_CHECK_EQUAL(read_file(own / "link", 0, nullptr, content),
                  "holds more than 0 bytes");
  CAF_CHECK(open_log(own / "link", nullptr));
  CAF_CHECK(!user_to_become(""));
}

CAF_TEST_FIXTURE_SCOPE_END()
