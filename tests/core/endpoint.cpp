// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_endpoint

#include "caf_test.hpp"

#include "core/endpoint.hpp"

#include <netinet/in.h>
#include <string>
#include <sys/un.h>

using namespace troupe;
using namespace std::literals;

CAF_TEST(an IPv4 client of an IPv6 socket is an IPv4 client) {
  const auto mapped = *endpoint::parse("[::ffff:10.1.2.3]:80");
  CAF_CHECK_EQUAL(mapped.unmapped().to_string(), "10.1.2.3:80");
  for (const auto* text : {"[2001:db8::1]:80", "10.1.2.3:80", "unix:/run/x"})
    CAF_CHECK_EQUAL(endpoint::parse(text)->unmapped().to_string(), text);
}

CAF_TEST(what parse reads to_string prints) {
  for (auto text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535",
                    "[::1]:80", "[2001:db8::7]:8080", "[::]:0",
                    "[::ffff:10.0.0.1]:80", "unix:/run/a.sock", "unix:a"}) {
    auto x = endpoint::parse(text);
    CAF_REQUIRE(x.has_value());
    CAF_CHECK_EQUAL(x->to_string(), text);
    CAF_CHECK(!x->empty());
  }
}

CAF_TEST(longer spellings print in the short form) {
  CAF_CHECK_EQUAL(endpoint::parse("[0:0::0:1]:080")->to_string(), "[::1]:80");
}

CAF_TEST(what is no socket address is refused) {
  for (auto text : {"",
                    ":",
                    ":80",
                    "127.0.0.1",
                    "127.0.0.1:",
                    "127.0.0.1:-1",
                    "127.0.0.1:+1",
                    "127.0.0.1:65536",
                    "127.0.0.1:99999999999",
                    "127.0.0.1:80 ",
                    " 127.0.0.1:80",
                    "127.0.0.1:8a",
                    "127.0.0.256:80",
                    "127.0.0:80",
                    "localhost:80",
                    "::1",
                    "::1:80",
                    "[::1]",
                    "[::1]80",
                    "[::1]:",
                    "[]:80",
                    "[127.0.0.1]:80",
                    "[::1%lo]:80",
                    "[::g]:80",
                    "unix:",
                    "UNIX:/a",
                    "[::1:80"})
    if (endpoint::parse(text))
      CAF_ERROR("accepted: " << text);
  CAF_CHECK(!endpoint::parse("unix:/a\0b"sv));
  CAF_CHECK(!endpoint::parse("127.0.0.1\0:80"sv));
}

CAF_TEST(a unix path may be as long as the system allows) {
  auto longest = sizeof(sockaddr_un::sun_path) - 1;
  auto text = "unix:/" + std::string(longest - 1, 'x');
  auto x = endpoint::parse(text);
  CAF_REQUIRE(x.has_value());
  CAF_CHECK_EQUAL(x->to_string(), text);
  CAF_CHECK_EQUAL(x->family(), AF_UNIX);
  CAF_CHECK_EQUAL(x->ip(), "unix");
  CAF_CHECK_EQUAL(x->port(), 0u);
  CAF_CHECK(x->ip_bytes().empty());
  CAF_CHECK(!endpoint::parse(text + "x"));
}

CAF_TEST(the address comes without the port) {
  auto v4 = *endpoint::parse("10.1.2.3:80");
  CAF_CHECK_EQUAL(v4.ip(), "10.1.2.3");
  CAF_CHECK(v4.ip_bytes() == "\x0a\x01\x02\x03"sv);
  auto v6 = *endpoint::parse("[::1]:80");
  CAF_CHECK_EQUAL(v6.ip(), "::1");
  CAF_CHECK(v6.ip_bytes() == "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"sv);
}

CAF_TEST(an IPv4 client of an IPv6 socket is the same client) {
  auto mapped = *endpoint::parse("[::ffff:10.1.2.3]:80");
  auto plain = *endpoint::parse("10.1.2.3:80");
  CAF_CHECK_EQUAL(mapped.ip(), plain.ip());
  CAF_CHECK(mapped.ip_bytes() == plain.ip_bytes());
  CAF_CHECK(!(mapped == plain));
}

CAF_TEST(a port can be changed) {
  for (auto text : {"10.1.2.3:80", "[::1]:80"}) {
    auto x = *endpoint::parse(text);
    auto y = x;
    y.port(65535);
    CAF_CHECK_EQUAL(y.port(), 65535u);
    CAF_CHECK(!(x == y));
    y.port(80);
    CAF_CHECK(x == y);
  }
}

CAF_TEST(an address alone has no brackets and no port) {
  CAF_CHECK_EQUAL(endpoint::parse_ip("10.0.0.1", 7)->to_string(), "10.0.0.1:7");
  CAF_CHECK_EQUAL(endpoint::parse_ip("::1", 7)->to_string(), "[::1]:7");
  for (auto text : {"", "10.0.0.1:80", "[::1]", "10.0.0.0/8", "localhost"})
    CAF_CHECK(!endpoint::parse_ip(text, 7));
}

CAF_TEST(an empty endpoint prints as nothing) {
  endpoint x;
  CAF_CHECK(x.empty());
  CAF_CHECK_EQUAL(x.to_string(), "");
  CAF_CHECK_EQUAL(x.ip(), "");
  CAF_CHECK_EQUAL(x.port(), 0u);
}

CAF_TEST(a unix client without a name prints as a bare scheme) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  endpoint x{reinterpret_cast<const sockaddr*>(&address), sizeof(sa_family_t)};
  CAF_CHECK_EQUAL(x.to_string(), "unix:");
  CAF_CHECK_EQUAL(x.ip(), "unix");
}

CAF_TEST(a name and its port are split) {
  auto x = split_host_port("a-1.example_2.org:8080");
  CAF_REQUIRE(x.has_value());
  CAF_CHECK_EQUAL(x->host, "a-1.example_2.org");
  CAF_CHECK_EQUAL(x->port, 8080u);
  x = split_host_port("[::1]:1");
  CAF_CHECK_EQUAL(x->host, "::1");
  CAF_CHECK(!split_host_port("host:0"));
  x = split_host_port("host:0", true);
  CAF_CHECK_EQUAL(x->port, 0u);
}

CAF_TEST(what is no host and port is not split) {
  for (auto text : {"", "host", ":80", "host:", "host:x", "host:65536",
                    "ho st:80", "host/:80", "a:b:80", "[host]:80", "[::1:80",
                    "http://host:80", "host:80/"})
    if (split_host_port(text))
      CAF_ERROR("accepted: " << text);
}
