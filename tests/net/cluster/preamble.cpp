// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE preamble

#include "net/cluster/preamble.hpp"
#include "caf_test.hpp"

using namespace troupe::net::cluster;

namespace {

using word = preamble::word;

std::optional<preamble> round_trip(const preamble& x) {
  auto line = to_line(x);
  CAF_CHECK_EQUAL(line.back(), '\n');
  CAF_CHECK(line.size() <= preamble_bytes_max);
  line.pop_back();
  return read_preamble(line);
}

struct fixture {};

} // namespace

CAF_TEST_FIXTURE_SCOPE(preamble_tests, fixture)

CAF_TEST(lines are read as they were written) {
  for (const auto& x : {preamble{word::hello, "prod", "lb1", {}},
                        preamble{word::welcome, "prod", "lb2.example", {}},
                        preamble{word::refused, {}, {}, "not in prod"}})
    CAF_CHECK(round_trip(x) == x);
}

CAF_TEST(other lines are none) {
  for (const auto* line :
       {"", "GET / HTTP/1.1", "TROUPE/2 hello prod lb1", "TROUPE/1",
        "TROUPE/1 hello", "TROUPE/1 hello prod", "TROUPE/1 hello prod ",
        "TROUPE/1 hello prod lb1 more", "TROUPE/1 hello  lb1",
        "TROUPE/1 hello prod lb1\r", "TROUPE/1 hello prod lb\x01",
        "TROUPE/1 goodbye prod lb1", "SSH-2.0-x"})
    CAF_CHECK(!read_preamble(line));
}

CAF_TEST(a line of another version tells which) {
  CAF_CHECK_EQUAL(other_version("TROUPE/2 hello prod lb1"), "TROUPE/2");
  CAF_CHECK_EQUAL(other_version("TROUPE/12"), "TROUPE/12");
  for (const auto* line :
       {"", "TROUPE/1 hello prod lb1", "TROUPE/1", "TROUPE/", "TROUPE/ hello",
        "TROUPE/2x hello", "TROUPE/1234567890 hello", "SSH-2.0-x", "TROUP"})
    CAF_CHECK_EQUAL(other_version(line), "");
}

CAF_TEST(what a peer says cannot steer a terminal or fill a log) {
  const auto text = std::string(5'000, 'x') + "\x1b[2J\n";
  const auto read = round_trip({word::refused, {}, {}, text});
  CAF_REQUIRE(read);
  CAF_CHECK_EQUAL(read->text.size(), 500u);
  CAF_CHECK_EQUAL(printable("a\x1b[2J\nb\xff"), "a?[2J?b?");
}

CAF_TEST_FIXTURE_SCOPE_END()
