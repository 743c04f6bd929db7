// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_socket
#include "caf_test.hpp"

#include "net/sockets.hpp"
#include "net/transport/socket_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <set>
#include <sys/stat.h>

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

/// A TCP socket somebody else has bound to a free port.
descriptor stranger(bool reuse_port, bool listening) {
  descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int on = 1;
  if (reuse_port)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  const auto any = *endpoint::parse("127.0.0.1:0");
  CAF_REQUIRE_EQUAL(::bind(fd.get(), any.data(), any.size()), 0);
  if (listening)
    CAF_REQUIRE_EQUAL(::listen(fd.get(), 1), 0);
  return fd;
}

int bind_error(const endpoint& address, unsigned count = 1,
               port_holder holder = port_holder::unknown) {
  const auto group = bind_group(address, count, holder);
  if (!group)
    return group.error().value();
  close_all(*group);
  return 0;
}

size_t open_descriptors() {
  size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{"/proc/self/fd"}) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

bool can_connect(const endpoint& address) {
  const auto attempt = start_connect(address);
  descriptor fd{attempt.fd};
  return attempt.status != connect_status::failed;
}

unsigned mode_of(const std::string& path) {
  struct stat info {};
  CAF_REQUIRE_EQUAL(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
}

int option(const descriptor& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(fd.get(), level, name, &value, &size);
  return value;
}

endpoint unix_address(const std::string& path) {
  return *endpoint::parse("unix:" + path);
}

} // namespace

CAF_TEST(a group has one socket for each worker on one port) {
  const auto group = bind_group(*endpoint::parse("127.0.0.1:0"), 3);
  CAF_REQUIRE(group.has_value());
  CAF_REQUIRE_EQUAL(group->size(), 3u);
  std::set<uint16_t> ports;
  for (const int fd : *group) {
    ports.insert(local_endpoint(fd).port());
    CAF_CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CAF_CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CAF_CHECK_EQUAL(ports.size(), 1u);
  CAF_CHECK(*ports.begin() != 0);
  CAF_CHECK(!listen_group(*group));
  CAF_CHECK(can_connect(local_endpoint(group->front())));
  close_all(*group);
}

CAF_TEST(a bound group does not accept before it is told to listen) {
  const auto group = bind_group(*endpoint::parse("127.0.0.1:0"), 2);
  CAF_REQUIRE(group.has_value());
  const auto attempt = start_connect(local_endpoint(group->front()));
  descriptor fd{attempt.fd};
  CAF_CHECK(attempt.status == connect_status::failed
            || connect_result(fd.get()) == ECONNREFUSED);
  close_all(*group);
}

CAF_TEST(a port that another socket holds is refused) {
  const auto other = stranger(false, true);
  CAF_CHECK_EQUAL(bind_error(local_endpoint(other.get())), EADDRINUSE);
}

CAF_TEST(a port held by a stranger that allows sharing is refused as well) {
  // SO_REUSEPORT would let two processes of one user share it unnoticed.
  const auto other = stranger(true, true);
  const auto address = local_endpoint(other.get());
  CAF_CHECK_EQUAL(bind_error(address, 2), EADDRINUSE);
  const auto quiet = stranger(true, false);
  CAF_CHECK_EQUAL(bind_error(local_endpoint(quiet.get()), 2), EADDRINUSE);
}

CAF_TEST(a port of this process may pass to another of its frontends) {
  const auto group = bind_group(*endpoint::parse("127.0.0.1:0"), 2);
  CAF_REQUIRE(group.has_value());
  CAF_REQUIRE(!listen_group(*group));
  const auto address = local_endpoint(group->front());
  CAF_CHECK_EQUAL(bind_error(address, 2), EADDRINUSE);
  CAF_CHECK_EQUAL(bind_error(address, 2, port_holder::this_process), 0);
  close_all(*group);
}

CAF_TEST(a group that cannot be had whole leaves nothing open) {
  const auto other = stranger(false, true);
  const auto before = open_descriptors();
  CAF_CHECK_EQUAL(bind_error(local_endpoint(other.get()), 3), EADDRINUSE);
  CAF_CHECK_EQUAL(
    bind_error(local_endpoint(other.get()), 3, port_holder::this_process),
    EADDRINUSE);
  CAF_CHECK_EQUAL(bind_error(*endpoint::parse("192.0.2.1:1")), EADDRNOTAVAIL);
  CAF_CHECK_EQUAL(open_descriptors(), before);
}

CAF_TEST(a port is free again once its group is closed) {
  const auto group = bind_group(*endpoint::parse("127.0.0.1:0"), 2);
  CAF_REQUIRE(group.has_value());
  const auto address = local_endpoint(group->front());
  close_all(*group);
  CAF_CHECK_EQUAL(bind_error(address), 0);
}

CAF_TEST(workers share one unix socket) {
  scratch_directory directory;
  const auto address = unix_address(directory.file("web"));
  const auto group = bind_group(address, 3);
  CAF_REQUIRE(group.has_value());
  CAF_REQUIRE_EQUAL(group->size(), 3u);
  CAF_REQUIRE(!listen_group(*group));
  // A connection waits in one queue that each of them can accept from.
  const auto attempt = start_connect(address);
  descriptor client{attempt.fd};
  CAF_CHECK(attempt.status == connect_status::connected);
  descriptor accepted{::accept(group->back(), nullptr, nullptr)};
  CAF_CHECK(accepted.get() >= 0);
  close_all(*group);
}

CAF_TEST(a unix path somebody listens on is refused and kept) {
  scratch_directory directory;
  const auto address = unix_address(directory.file("web"));
  const auto group = bind_group(address, 1);
  CAF_REQUIRE(group.has_value());
  CAF_REQUIRE(!listen_group(*group));
  CAF_CHECK_EQUAL(bind_error(address), EADDRINUSE);
  CAF_CHECK(can_connect(address));
  close_all(*group);
}

CAF_TEST(a stale unix path is taken over) {
  scratch_directory directory;
  const auto address = unix_address(directory.file("web"));
  const auto first = bind_group(address, 2);
  CAF_REQUIRE(first.has_value());
  close_all(*first); // as a killed process leaves it
  CAF_REQUIRE(std::filesystem::exists(directory.file("web")));
  const auto group = bind_group(address, 2);
  CAF_REQUIRE(group.has_value());
  CAF_REQUIRE(!listen_group(*group));
  CAF_CHECK(can_connect(address));
  close_all(*group);
}

CAF_TEST(a unix path that is a file is refused and kept) {
  scratch_directory directory;
  const auto path = directory.file("notes");
  std::ofstream{path} << "precious";
  CAF_CHECK_EQUAL(bind_error(unix_address(path)), EADDRINUSE);
  CAF_CHECK_EQUAL(std::filesystem::file_size(path), 8u);
  const auto link = directory.file("link");
  std::filesystem::create_symlink(path, link);
  CAF_CHECK_EQUAL(bind_error(unix_address(link)), EADDRINUSE);
  CAF_CHECK(std::filesystem::is_symlink(link));
}

CAF_TEST(the file of a unix socket is for nobody else until it is given) {
  scratch_directory directory;
  const auto path = directory.file("web");
  const auto umask_before = ::umask(0);
  const auto group = bind_group(unix_address(path), 1);
  ::umask(umask_before);
  CAF_REQUIRE(group.has_value());
  const socket_file file{unix_address(path)};
  CAF_CHECK_EQUAL(mode_of(path), 0600u);
  CAF_CHECK(!file.give({}, 0666));
  CAF_CHECK_EQUAL(mode_of(path), 0666u);
  CAF_CHECK(!file.give({::geteuid(), ::getegid()}, 0640));
  CAF_CHECK_EQUAL(mode_of(path), 0640u);
  close_all(*group);
}

CAF_TEST(what has taken the name of a unix socket is not given away) {
  scratch_directory directory;
  const auto path = directory.file("web");
  const auto group = bind_group(unix_address(path), 1);
  CAF_REQUIRE(group.has_value());
  const socket_file file{unix_address(path)};
  std::filesystem::remove(path);
  std::ofstream{directory.file("precious")} << "secret";
  ::chmod(directory.file("precious").c_str(), 0600);
  std::filesystem::create_symlink(directory.file("precious"), path);
  CAF_CHECK(file.give({}, 0666).failed());
  std::filesystem::remove(path);
  std::filesystem::copy(directory.file("precious"), path);
  CAF_CHECK(file.give({}, 0666).failed());
  CAF_CHECK_EQUAL(mode_of(directory.file("precious")), 0600u);
  close_all(*group);
}

CAF_TEST(owners are found by name and by number) {
  std::string problem;
  // CAF_CHECK_EQUAL keeps references: what it compares has to outlive it.
  const auto root = find_owner({0660, "root", "root"}, problem);
  CAF_CHECK_EQUAL(root->user, 0u);
  const auto numbered = find_owner({0660, "", "4242"}, problem);
  CAF_CHECK_EQUAL(numbered->group, 4242u);
  const auto nobody = find_owner({}, problem);
  CAF_CHECK_EQUAL(nobody->user, static_cast<uid_t>(-1));
  CAF_CHECK(!find_owner({0660, "no such user", ""}, problem));
  CAF_CHECK_EQUAL(problem, "there is no user \"no such user\"");
  CAF_CHECK(!find_owner({0660, "", "no such group"}, problem));
  CAF_CHECK_EQUAL(problem, "there is no group \"no such group\"");
}

CAF_TEST(what is accepted is kept alive as its listener says) {
  const auto group = bind_group(*endpoint::parse("127.0.0.1:0"), 1);
  CAF_REQUIRE(group.has_value());
  CAF_REQUIRE(!listen_group(*group));
  keep_alive(group->front(), 60s);
  const auto address = local_endpoint(group->front());
  const descriptor client{start_connect(address).fd};
  const descriptor accepted{::accept(group->front(), nullptr, nullptr)};
  CAF_REQUIRE(accepted.get() >= 0);
  CAF_CHECK_EQUAL(option(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
  CAF_CHECK_EQUAL(option(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 30);
  CAF_CHECK_EQUAL(option(accepted, IPPROTO_TCP, TCP_KEEPINTVL), 10);
  CAF_CHECK_EQUAL(option(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT), 60'000);
  keep_alive(group->front(), 0s);
  const descriptor second{start_connect(address).fd};
  const descriptor later{::accept(group->front(), nullptr, nullptr)};
  CAF_CHECK_EQUAL(option(later, SOL_SOCKET, SO_KEEPALIVE), 0);
  CAF_CHECK_EQUAL(option(later, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
  close_all(*group);
}

CAF_TEST(the unspecified IPv6 address takes IPv4 too unless it is taken) {
  const auto any = *endpoint::parse("[::]:0");
  const auto group = bind_group(any, 2, port_holder::unknown, true);
  if (!group)
    return; // a host without IPv6
  CAF_REQUIRE(!listen_group(*group));
  auto ipv4 = *endpoint::parse("127.0.0.1:0");
  ipv4.port(local_endpoint(group->front()).port());
  CAF_CHECK(!is_ipv6_only(group->front()));
  CAF_CHECK(can_connect(ipv4));
  close_all(*group);
  const auto other = stranger(false, true);
  auto same_port = any;
  same_port.port(local_endpoint(other.get()).port());
  const auto only = bind_group(same_port, 2, port_holder::unknown, true);
  CAF_REQUIRE(only.has_value());
  CAF_CHECK(is_ipv6_only(only->front()));
  close_all(*only);
}

CAF_TEST(a unix path in a directory that is not there is an error) {
  scratch_directory directory;
  CAF_CHECK_EQUAL(bind_error(unix_address(directory.file("no/web"))), ENOENT);
}

CAF_TEST(errors of this host are told from those of a server) {
  for (const int error : {EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, EACCES,
                          ENETDOWN, ENOMEM, EAGAIN})
    CAF_CHECK(is_local_error(error, AF_INET));
  for (const int error : {0, ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH,
                          ENETUNREACH, EPIPE, ENOENT})
    CAF_CHECK(!is_local_error(error, AF_INET6));
}

CAF_TEST(a unix server that may not be reached or is full is at fault itself) {
  for (const int error : {EACCES, EPERM, EAGAIN, ENOENT, ECONNREFUSED})
    CAF_CHECK(!is_local_error(error, AF_UNIX));
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM})
    CAF_CHECK(is_local_error(error, AF_UNIX));
}

CAF_TEST(out of descriptors is the same for every server and a port is not) {
  CAF_CHECK(is_out_of_resources(EMFILE));
  CAF_CHECK(is_out_of_resources(ENOMEM));
  CAF_CHECK(!is_out_of_resources(EADDRNOTAVAIL));
  CAF_CHECK(!is_out_of_resources(EACCES));
}

CAF_TEST(a socket is quiet until its peer sends or ends) {
  auto pair = tcp_pair();
  CAF_CHECK(is_quiet(pair.a.get()));
  CAF_REQUIRE_EQUAL(::send(pair.b.get(), "x", 1, 0), 1);
  CAF_CHECK(!is_quiet(pair.a.get()));
  char byte = 0;
  CAF_CHECK_EQUAL(::recv(pair.a.get(), &byte, 1, 0),
                  1); // it was only peeked at
  CAF_CHECK(is_quiet(pair.a.get()));
  pair.b.close();
  CAF_CHECK(!is_quiet(pair.a.get()));
}

CAF_TEST(a socket is at its end when nothing is left to read) {
  auto pair = tcp_pair();
  CAF_CHECK(!is_at_end(pair.a.get()));
  CAF_REQUIRE_EQUAL(::send(pair.b.get(), "x", 1, 0), 1);
  pair.b.close();
  CAF_CHECK(!is_at_end(pair.a.get())); // it has sent before it left
  char byte = 0;
  CAF_REQUIRE_EQUAL(::recv(pair.a.get(), &byte, 1, 0), 1);
  CAF_CHECK(is_at_end(pair.a.get()));
}
