// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_resolver
#include "caf_test.hpp"

#include "net/probe/resolver.hpp"

#include <boost/asio/error.hpp>

using namespace troupe;
using namespace troupe::net;
using boost::system::result;

namespace {

struct fixture {
  using answer_type = result<resolver::answers>;

  answer_type resolve(const std::string& address) {
    std::optional<answer_type> answer;
    subject.resolve(address, [&](answer_type x) {
      CAF_CHECK(!answer);
      answer = std::move(x);
    });
    CAF_CHECK(!answer);
    loop.restart();
    loop.run();
    CAF_REQUIRE(answer);
    return *answer;
  }

  boost::asio::io_context loop{1};
  resolver subject{loop};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(resolver_tests, fixture)

CAF_TEST(literals need no lookup) {
  CAF_CHECK_EQUAL(resolver::literal("10.1.2.3:80")->to_string(), "10.1.2.3:80");
  CAF_CHECK_EQUAL(resolver::literal("[::1]:80")->to_string(), "[::1]:80");
  CAF_CHECK_EQUAL(resolver::literal("unix:/run/x")->to_string(), "unix:/run/x");
  CAF_CHECK(!resolver::literal("localhost:80"));
  CAF_CHECK(!resolver::literal(""));
}

CAF_TEST(a literal is answered through the loop) {
  CAF_CHECK_EQUAL(resolve("10.1.2.3:80")->front().to_string(), "10.1.2.3:80");
  CAF_CHECK_EQUAL(resolve("unix:/run/x")->front().to_string(), "unix:/run/x");
}

CAF_TEST(a name is looked up and gets the port) {
  const auto x = resolve("localhost:8080");
  CAF_REQUIRE(x.has_value());
  CAF_REQUIRE(!x->empty());
  for (const auto& address : *x) {
    CAF_CHECK_EQUAL(address.port(), 8080u);
    CAF_CHECK(address.ip() == "127.0.0.1" || address.ip() == "::1");
  }
}

CAF_TEST(lookups are answered in the order asked) {
  std::vector<int> order;
  for (int i = 0; i < 5; ++i)
    subject.resolve("localhost:80",
                    [&order, i](const answer_type&) { order.push_back(i); });
  loop.run();
  CAF_CHECK_EQUAL(order, (std::vector{0, 1, 2, 3, 4}));
}

CAF_TEST(what is no address is refused) {
  for (const auto* text : {"", "localhost", "localhost:", "localhost:0",
                           "localhost:65536", ":80", "::1:80", "unix:"}) {
    const auto x = resolve(text);
    CAF_REQUIRE(x.has_error());
    CAF_CHECK_EQUAL(x.error(), boost::asio::error::invalid_argument);
  }
}

CAF_TEST(a name that does not exist is an error) {
  const auto x = resolve("no-such-name.invalid:80");
  CAF_REQUIRE(x.has_error());
  CAF_CHECK(x.error() == boost::asio::error::host_not_found
            || x.error() == boost::asio::error::host_not_found_try_again
            || x.error() == boost::asio::error::no_data);
}

CAF_TEST(a resolver that is destroyed calls nobody back) {
  bool called = false;
  {
    resolver other{loop};
    for (const auto* text : {"localhost:80", "10.0.0.1:80", "localhost:81"})
      other.resolve(text, [&](const answer_type&) { called = true; });
  }
  loop.run();
  CAF_CHECK(!called);
}

CAF_TEST(a callback may destroy its resolver) {
  auto other = std::make_unique<resolver>(loop);
  unsigned calls = 0;
  for (int i = 0; i < 2; ++i)
    other->resolve("localhost:80", [&](const answer_type&) {
      ++calls;
      other.reset();
    });
  loop.run();
  CAF_CHECK_EQUAL(calls, 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
