// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_network_list
#include "caf_test.hpp"

#include "core/network_list.hpp"

using namespace troupe;

namespace {

bool contains(const network_list& list, std::string_view address) {
  return list.contains(endpoint::parse_ip(address, 0).value());
}

} // namespace

CAF_TEST(networks hold their addresses and no others) {
  const network_list list{
    {"10.0.0.0/8", "192.0.2.128/25", "198.51.100.7", "2001:db8::/33", "::1"}};
  for (const char* inside : {"10.255.0.1", "192.0.2.128", "192.0.2.255",
                             "198.51.100.7", "2001:db8:7fff::1", "::1"})
    if (!contains(list, inside))
      CAF_ERROR(inside);
  for (const char* outside :
       {"11.0.0.1", "192.0.2.127", "198.51.100.6", "2001:db8:8000::1", "::2"})
    if (contains(list, outside))
      CAF_ERROR(outside);
}

CAF_TEST(an IPv4 client of an IPv6 socket is the same client) {
  const network_list plain{{"10.0.0.0/8"}};
  CAF_CHECK(contains(plain, "::ffff:10.1.2.3"));
  CAF_CHECK(!contains(plain, "::ffff:11.1.2.3"));
  const network_list mapped{{"::ffff:10.0.0.0/104"}};
  CAF_CHECK(contains(mapped, "10.1.2.3"));
  CAF_CHECK(contains(mapped, "::ffff:10.1.2.3"));
}

CAF_TEST(a network of no bits holds its whole family) {
  const network_list list{{"0.0.0.0/0"}};
  CAF_CHECK(contains(list, "203.0.113.9"));
  CAF_CHECK(!contains(list, "2001:db8::1"));
}

CAF_TEST(peers of Unix sockets are named on their own or with everybody) {
  const auto peer = *endpoint::parse("unix:/run/x");
  CAF_CHECK(network_list{{"unix:"}}.contains(peer));
  CAF_CHECK(!contains(network_list{{"unix:"}}, "127.0.0.1"));
  CAF_CHECK(network_list({"0.0.0.0/0", "10.0.0.0/8", "::/0"}).contains(peer));
  CAF_CHECK(!network_list({"0.0.0.0/0", "fd00::/8"}).contains(peer));
  CAF_CHECK(!network_list{{"::/0"}}.contains(peer));
}

CAF_TEST(what is no network is skipped) {
  const network_list list{{"", "nonsense", "10.0.0.0/33", "10.0.0.0/x",
                           "10.0.0.0/", "10.0.0.0/-1", "unix:/run/x"}};
  CAF_CHECK(!contains(list, "10.0.0.0"));
  CAF_CHECK(!list.contains(*endpoint::parse("unix:/run/x")));
  CAF_CHECK(!list.contains(endpoint{}));
  CAF_CHECK(!contains(network_list{}, "127.0.0.1"));
}
