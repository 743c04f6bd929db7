// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_young_connections
#include "caf_test.hpp"

#include "net/backend/young_connections.hpp"
#include "net/loop_fixture.hpp"
#include "net/sockets.hpp"
#include "net/stream_inspector.hpp"

#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>

using namespace troupe;
using namespace troupe::net;

namespace {

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

struct fixture : loop_fixture, stream_owner {
  std::unique_ptr<server_connection> open(young_connections& young) {
    auto pair = tcp_pair();
    far_ends.push_back(std::move(pair.b));
    auto result = std::make_unique<server_connection>(event_loop, *this);
    result->io.open(pair.a.release(), true, false);
    young.add(*result);
    return result;
  }

  bool kept_alive(const server_connection& x) {
    return option(fd_of(x.io), SOL_SOCKET, SO_KEEPALIVE) == 1;
  }

  void on_stream(stream&) override {}

  std::vector<descriptor> far_ends;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(young_connections_tests, fixture)

CAF_TEST(a connection that stays gets keep - alive
         and one that ends costs nothing) {
  young_connections young{event_loop};
  young.keepalive(milliseconds{6'000});
  const auto first = open(young);
  open(young).reset();
  const auto last = open(young);
  CAF_CHECK(!kept_alive(*first));
  CAF_CHECK(run_until([&] { return kept_alive(*last); }));
  CAF_CHECK(kept_alive(*first));
  CAF_CHECK_EQUAL(option(fd_of(first->io), IPPROTO_TCP, TCP_KEEPIDLE), 3);
  CAF_CHECK_EQUAL(option(fd_of(first->io), IPPROTO_TCP, TCP_KEEPINTVL), 1);
  CAF_CHECK_EQUAL(option(fd_of(first->io), IPPROTO_TCP, TCP_USER_TIMEOUT),
                  6'000);
}

CAF_TEST(connections may outlive their list and need none without a time) {
  std::unique_ptr<server_connection> left;
  {
    young_connections young{event_loop};
    young.keepalive(milliseconds{6'000});
    left = open(young);
    young.keepalive(milliseconds{0});
    const auto untouched = open(young);
    CAF_CHECK(!static_cast<young_hook&>(*untouched).is_linked());
  }
  CAF_CHECK(!static_cast<young_hook&>(*left).is_linked());
}

CAF_TEST_FIXTURE_SCOPE_END()
