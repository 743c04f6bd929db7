// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE actors_listen_sockets
#include "caf_test.hpp"
#undef allow // CAF's test kit takes the word

#include "actors/data_path/listen_sockets.hpp"
#include "actors/data_path/worker.hpp"
#include "net/sockets.hpp"

#include <optional>

using namespace troupe;
using namespace troupe::actors;
using net::connect_status;
using net::listening_socket;

namespace {

frontend_settings make_frontend(std::string name, std::string listen) {
  frontend_settings result;
  result.name = std::move(name);
  result.listen = std::move(listen);
  return result;
}

/// An address nobody holds at the moment.
std::string free_address() { return net::refusing_address().to_string(); }

bool accepts(const std::string& address) {
  const auto attempt = net::start_connect(*endpoint::parse(address));
  net::descriptor fd{attempt.fd};
  // Loopback: what is not refused at once has been queued.
  return attempt.status != connect_status::failed
      && net::connect_result(fd.get()) == 0;
}

/// By a socket that shares with nobody.
bool can_bind(const std::string& text) {
  const auto address = *endpoint::parse(text);
  const net::descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return ::bind(fd.get(), address.data(), address.size()) == 0;
}

/// A socket that lets others bind its address, until one of them listens.
net::descriptor bind_sharing(const std::string& text) {
  const auto address = *endpoint::parse(text);
  net::descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  CAF_REQUIRE_EQUAL(::bind(fd.get(), address.data(), address.size()), 0);
  return fd;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

} // namespace

CAF_TEST(each worker gets a socket that listens from then on) {
  listen_sockets sockets{3};
  const auto web = make_frontend("web", free_address());
  CAF_CHECK(sockets.bind({web}, {}, {}).empty());
  CAF_CHECK(!accepts(web.listen));
  CAF_CHECK(sockets.listen().empty());
  CAF_CHECK(accepts(web.listen));
  const auto taken = sockets.take(frontend_key(web));
  CAF_CHECK_EQUAL(taken.descriptors.size(), 3u);
  CAF_CHECK(sockets.take(frontend_key(web)).descriptors.empty());
  net::close_all(taken.descriptors);
}

CAF_TEST(every problem is told and names frontend and address) {
  listening_socket one;
  listening_socket two;
  listen_sockets sockets{2};
  const auto problems =
    sockets.bind({make_frontend("web", one.address().to_string()),
                  make_frontend("good", free_address()),
                  make_frontend("api", two.address().to_string())},
                 {}, {});
  CAF_REQUIRE_EQUAL(problems.size(), 2u);
  CAF_CHECK(problems[0].find("web") != std::string::npos);
  CAF_CHECK(problems[0].find(one.address().to_string()) != std::string::npos);
  CAF_CHECK(problems[1].find("api") != std::string::npos);
}

CAF_TEST(what is open already is not bound again) {
  listening_socket ours;
  const auto web = make_frontend("web", ours.address().to_string());
  listen_sockets sockets{2};
  CAF_CHECK(sockets.bind({web}, {frontend_key(web)}, {web.listen}).empty());
  CAF_CHECK(sockets.take(frontend_key(web)).descriptors.empty());
}

CAF_TEST(an address may pass from one frontend of this process to another) {
  listen_sockets before{2};
  const auto old = make_frontend("old", free_address());
  CAF_REQUIRE(before.bind({old}, {}, {}).empty());
  CAF_REQUIRE(before.listen().empty());
  const auto held = before.take(frontend_key(old)).descriptors;
  const auto next = make_frontend("new", old.listen);
  listen_sockets after{2};
  CAF_CHECK(!after.bind({next}, {}, {}).empty());
  CAF_CHECK(after.bind({next}, {frontend_key(old)}, {old.listen}).empty());
  const auto taken = after.take(frontend_key(next)).descriptors;
  CAF_CHECK_EQUAL(taken.size(), 2u);
  net::close_all(held);
  net::close_all(taken);
}

CAF_TEST(what nobody took is closed) {
  const auto web = make_frontend("web", free_address());
  {
    listen_sockets sockets{2};
    CAF_REQUIRE(sockets.bind({web}, {}, {}).empty());
    CAF_CHECK(!can_bind(web.listen));
  }
  CAF_CHECK(can_bind(web.listen));
}

CAF_TEST(a unix socket of one worker needs its directory as well) {
  net::scratch_directory directory;
  listen_sockets sockets{1};
  const auto lost =
    make_frontend("web", "unix:" + directory.file("no/such/web"));
  CAF_CHECK_EQUAL(sockets.bind({lost}, {}, {}).size(), 1u);
  const auto found = make_frontend("web", "unix:" + directory.file("web"));
  CAF_CHECK(sockets.bind({found}, {}, {}).empty());
  CAF_CHECK(sockets.listen().empty());
  CAF_CHECK(accepts(found.listen));
  const auto taken = sockets.take(frontend_key(found));
  CAF_CHECK_EQUAL(taken.descriptors.size(), 1u);
  net::close_all(taken.descriptors);
}

CAF_TEST(a socket file goes with its frontend whether it was taken or not ) {
  net::scratch_directory directory;
  const auto path = directory.file("web");
  const auto web = make_frontend("web", "unix:" + path);
  frontend_sockets taken;
  {
    listen_sockets sockets{2};
    CAF_REQUIRE(sockets.bind({web}, {}, {}).empty());
    CAF_CHECK(exists(path));
  }
  CAF_CHECK(!exists(path));
  {
    listen_sockets sockets{2};
    CAF_REQUIRE(sockets.bind({web}, {}, {}).empty());
    taken = sockets.take(frontend_key(web));
  }
  CAF_CHECK(exists(path));
  taken.file = {};
  CAF_CHECK(!exists(path));
  net::close_all(taken.descriptors);
}

CAF_TEST(a socket file that another process has put there stays) {
  net::scratch_directory directory;
  const auto path = directory.file("web");
  const auto web = make_frontend("web", "unix:" + path);
  std::optional<listen_sockets> ours{2};
  CAF_REQUIRE(ours->bind({web}, {}, {}).empty());
  listen_sockets theirs{1}; // ours does not listen: it looks left behind
  CAF_REQUIRE(theirs.bind({web}, {}, {}).empty());
  CAF_CHECK(theirs.listen().empty());
  ours.reset();
  CAF_CHECK(accepts(web.listen));
}

CAF_TEST(who was bound beside us cannot listen while we hold the address) {
  const auto web = make_frontend("web", free_address());
  const auto rival = bind_sharing(web.listen);
  listen_sockets sockets{2};
  CAF_REQUIRE(sockets.bind({web}, {}, {}).empty());
  CAF_CHECK_EQUAL(::listen(rival.get(), 1), -1);
  CAF_CHECK_EQUAL(errno, EADDRINUSE);
  CAF_CHECK(sockets.listen().empty());
  CAF_CHECK(accepts(web.listen));
}
