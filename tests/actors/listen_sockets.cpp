// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE actors_listen_sockets
#include "caf_test.hpp"
#undef allow // CAF's test kit takes the word

#include "actors/listen_sockets.hpp"
#include "actors/worker.hpp"
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

} // namespace

CAF_TEST(each worker gets a socket that listens from then on) {
  listen_sockets sockets{3};
  const auto web = make_frontend("web", free_address());
  CAF_CHECK(sockets.bind({web}, {}, {}).empty());
  CAF_CHECK(!accepts(web.listen));
  const auto descriptors = sockets.take(frontend_key(web));
  CAF_CHECK_EQUAL(descriptors.size(), 3u);
  CAF_CHECK(accepts(web.listen));
  CAF_CHECK(sockets.take(frontend_key(web)).empty());
  net::close_all(descriptors);
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
  CAF_CHECK(sockets.take(frontend_key(web)).empty());
}

CAF_TEST(an address may pass from one frontend of this process to another) {
  listen_sockets before{2};
  const auto old = make_frontend("old", free_address());
  CAF_REQUIRE(before.bind({old}, {}, {}).empty());
  const auto held = before.take(frontend_key(old));
  const auto next = make_frontend("new", old.listen);
  listen_sockets after{2};
  CAF_CHECK(!after.bind({next}, {}, {}).empty());
  CAF_CHECK(after.bind({next}, {frontend_key(old)}, {old.listen}).empty());
  const auto taken = after.take(frontend_key(next));
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
  const auto descriptors = sockets.take(frontend_key(found));
  CAF_CHECK_EQUAL(descriptors.size(), 1u);
  CAF_CHECK(accepts(found.listen));
  net::close_all(descriptors);
}
