// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_forwarded_client
#include "caf_test.hpp"

#include "net/http1/forward.hpp"

#include <memory>

using namespace troupe;
using namespace troupe::net::http1;

namespace {

struct fixture {
  std::vector<std::string> trusted{"10.0.0.0/8", "fd00::/8"};
  std::unique_ptr<request_head> head = std::make_unique<request_head>();

  /// The client's name by these values of X-Forwarded-For, or "the peer".
  std::string client(const std::vector<std::string>& values) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: t.example\r\n";
    for (const auto& value : values)
      bytes += "X-Forwarded-For: " + value + "\r\nX-Between: 1.1.1.1\r\n";
    bytes += "\r\n";
    CAF_REQUIRE(parse_request(bytes, {}, *head) == parse_status::done);
    const auto found = forwarded_client(*head, network_list{trusted});
    return found ? found->name() : "the peer";
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http1_forwarded_client_tests, fixture)

CAF_TEST(the right most address that is not trusted is the client) {
  CAF_CHECK_EQUAL(client({"198.51.100.1"}), "198.51.100.1");
  CAF_CHECK_EQUAL(client({"6.6.6.6, 198.51.100.1"}), "198.51.100.1");
  CAF_CHECK_EQUAL(client({"6.6.6.6, 198.51.100.1 ,10.0.0.1,\t10.0.0.2"}),
                  "198.51.100.1");
  CAF_CHECK_EQUAL(client({"2001:db8::1, fd00::1"}), "2001:db8::1");
  CAF_CHECK_EQUAL(client({"::ffff:198.51.100.1"}), "198.51.100.1");
}

CAF_TEST(without an untrusted one it is the first of the chain) {
  CAF_CHECK_EQUAL(client({"10.0.0.3, 10.0.0.2, 10.0.0.1"}), "10.0.0.3");
  CAF_CHECK_EQUAL(client({}), "the peer");
  CAF_CHECK_EQUAL(client({"", " , ,"}), "the peer");
}

CAF_TEST(several lines are one list in their order) {
  CAF_CHECK_EQUAL(client({"6.6.6.6", "198.51.100.1", "10.0.0.1"}),
                  "198.51.100.1");
  CAF_CHECK_EQUAL(client({"198.51.100.1, 10.0.0.2", "", "10.0.0.1,"}),
                  "198.51.100.1");
}

CAF_TEST(an entry that is no address ends the walk at the hop before it) {
  CAF_CHECK_EQUAL(client({"198.51.100.1, unknown, 10.0.0.2, 10.0.0.1"}),
                  "10.0.0.2");
  CAF_CHECK_EQUAL(client({"198.51.100.1", "_hidden"}), "the peer");
  for (const char* entry :
       {"1.2.3", "1.2.3.4.5", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:65536", "[::1",
        "::1]", "[::1]x", "[::1]:", "[1.2.3.4]", "[]", "[]:1", ":1",
        "localhost", "fe80::1%eth0", "\"1.2.3.4\"", "1.2.3.4 5.6.7.8",
        "for=1.2.3.4"})
    if (client({std::string{"198.51.100.1, "} + entry + ", 10.0.0.1"})
        != "10.0.0.1")
      CAF_ERROR(entry);
}

CAF_TEST(entries may have ports and brackets) {
  CAF_CHECK_EQUAL(client({"198.51.100.1:5678"}), "198.51.100.1:5678");
  CAF_CHECK_EQUAL(client({"[2001:db8::1]:80"}), "[2001:db8::1]:80");
  CAF_CHECK_EQUAL(client({"[2001:db8::1]"}), "2001:db8::1");
  CAF_CHECK_EQUAL(client({"198.51.100.1:1, [fd00::1]:2, 10.0.0.1:3"}),
                  "198.51.100.1:1");
}

CAF_TEST(hops over Unix sockets count where these are trusted) {
  const std::vector<std::string> chain{"198.51.100.1, unix, 10.0.0.1"};
  CAF_CHECK_EQUAL(client(chain), "10.0.0.1");
  trusted.emplace_back("unix:");
  CAF_CHECK_EQUAL(client(chain), "198.51.100.1");
  CAF_CHECK_EQUAL(client({"198.51.100.1, unix:"}), "198.51.100.1");
}

CAF_TEST_FIXTURE_SCOPE_END()
