// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_wire

#include "core/cluster/wire.hpp"

#include "caf_test.hpp"

#include <limits>

using namespace troupe::cluster;

namespace {

constexpr uint64_t all = std::numeric_limits<uint64_t>::max();

std::string sample() {
  wire_writer out;
  for (const uint64_t x : {uint64_t{0}, uint64_t{127}, uint64_t{128}, all})
    out.u64(x);
  out.string("lb1");
  out.string("");
  out.boolean(true);
  return out.take();
}

} // namespace

CAF_TEST(what is written is read back) {
  const auto bytes = sample();
  wire_reader in{bytes};
  CAF_CHECK_EQUAL(in.u64(), 0u);
  CAF_CHECK_EQUAL(in.u64(), 127u);
  CAF_CHECK_EQUAL(in.u64(), 128u);
  CAF_CHECK_EQUAL(in.u64(), all);
  CAF_CHECK_EQUAL(std::string{in.string()}, "lb1");
  CAF_CHECK(in.string().empty());
  CAF_CHECK(in.boolean());
  CAF_CHECK(in.ok());
  CAF_CHECK(in.at_end());
}

CAF_TEST(every cut is an error and never reads past the end) {
  const auto bytes = sample();
  for (size_t n = 0; n < bytes.size(); ++n) {
    wire_reader in{std::string_view{bytes}.substr(0, n)};
    for (int i = 0; i < 4; ++i)
      in.u64();
    in.string();
    in.string();
    in.boolean();
    CAF_CHECK(!in.ok());
    CAF_CHECK(in.at_end());
  }
}

CAF_TEST(an integer of more than 64 bits is an error) {
  wire_reader eleven_bytes{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"};
  CAF_CHECK_EQUAL(eleven_bytes.u64(), 0u);
  CAF_CHECK(!eleven_bytes.ok());
  wire_reader a_bit_too_many{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"};
  CAF_CHECK_EQUAL(a_bit_too_many.u64(), 0u);
  CAF_CHECK(!a_bit_too_many.ok());
}

CAF_TEST(a value out of range is an error and so is all after it) {
  wire_reader in{"\x02\x01"};
  CAF_CHECK(!in.boolean());
  CAF_CHECK(!in.ok());
  CAF_CHECK_EQUAL(in.u64(), 0u);
}
