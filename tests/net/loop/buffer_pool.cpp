// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_buffer_pool
#include "caf_test.hpp"

#include "net/loop/buffer_pool.hpp"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

using namespace troupe::net;

namespace {

struct fixture {
  buffer_pool pool{100'000};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(buffer_pool_tests, fixture)

CAF_TEST(an empty buffer owns nothing) {
  buffer b;
  b.append(pool, "");
  CAF_CHECK(b.empty());
  CAF_CHECK_EQUAL(pool.in_use().get(), 0u);
}

CAF_TEST(bytes are read in the order they were appended) {
  buffer b;
  b.append(pool, "abc");
  b.append(pool, "def");
  b.consume(2);
  b.append(pool, "gh");
  CAF_CHECK_EQUAL(std::string{b.view()}, "cdefgh");
}

CAF_TEST(consuming the last byte gives the block back) {
  buffer b;
  b.append(pool, "abc");
  CAF_CHECK_EQUAL(pool.in_use().get(), buffer_pool::sizes[0]);
  b.consume(2);
  CAF_CHECK_EQUAL(pool.in_use().get(), buffer_pool::sizes[0]);
  b.consume(1);
  CAF_CHECK_EQUAL(pool.in_use().get(), 0u);
  b.append(pool, "again");
  CAF_CHECK_EQUAL(std::string{b.view()}, "again");
}

CAF_TEST(growing through every size keeps the bytes and one block) {
  buffer b;
  std::string expected;
  while (expected.size() < 200'000) {
    const std::string piece(777, static_cast<char>('a' + expected.size() % 26));
    b.append(pool, piece);
    expected += piece;
  }
  CAF_CHECK(b.view() == expected);
  CAF_CHECK(pool.in_use().get() >= expected.size());
  CAF_CHECK(pool.in_use().get() < 2 * expected.size());
  b.reset();
  CAF_CHECK_EQUAL(pool.in_use().get(), 0u);
}

CAF_TEST(what was consumed makes room at the end without a new block) {
  buffer b;
  b.append(pool, std::string(1000, 'x'));
  b.consume(900);
  b.append(pool, std::string(900, 'y'));
  CAF_CHECK_EQUAL(pool.in_use().get(), buffer_pool::sizes[0]);
  CAF_CHECK(b.view() == std::string(100, 'x') + std::string(900, 'y'));
}

CAF_TEST(a prepared room that is not committed does not count) {
  buffer b;
  std::memcpy(b.prepare(pool, 10), "0123456789", 10);
  b.commit(4);
  CAF_CHECK_EQUAL(std::string{b.view()}, "0123");
}

CAF_TEST(moving hands the block over once) {
  buffer a;
  a.append(pool, "one");
  buffer b{std::move(a)};
  CAF_CHECK_EQUAL(std::string{b.view()}, "one");
  buffer c;
  c.append(pool, "two");
  c = std::move(b);
  CAF_CHECK_EQUAL(std::string{c.view()}, "one");
  CAF_CHECK_EQUAL(pool.in_use().get(), buffer_pool::sizes[0]);
  c = buffer{};
  CAF_CHECK_EQUAL(pool.in_use().get(), 0u);
}

CAF_TEST(blocks go to the next buffer that needs one) {
  buffer a;
  a.append(pool, "x");
  const auto* block = a.data();
  a.reset();
  buffer b;
  b.append(pool, "y");
  CAF_CHECK(b.data() == block);
}

CAF_TEST(the pressure rises at 80 and at 100 percent and falls again) {
  buffer a;
  CAF_CHECK(pool.pressure() == buffer_pool::level::normal);
  a.append(pool, std::string(70'000, 'a')); // a block of 81,920
  CAF_CHECK(pool.pressure() == buffer_pool::level::high);
  buffer b;
  b.append(pool, std::string(16'000, 'b'));
  CAF_CHECK(pool.pressure() == buffer_pool::level::high);
  buffer c;
  c.append(pool, std::string(4'000, 'c'));
  CAF_CHECK(pool.pressure() == buffer_pool::level::full);
  a.reset();
  CAF_CHECK(pool.pressure() == buffer_pool::level::normal);
}

CAF_TEST(what is larger than every size is taken and given back whole) {
  buffer b;
  const auto large = size_t{buffer_pool::sizes.back()} + 1;
  b.append(pool, std::string(large, 'z'));
  CAF_CHECK_EQUAL(pool.in_use().get(), large);
  b.reset();
  CAF_CHECK_EQUAL(pool.in_use().get(), 0u);
}

CAF_TEST(a burst of buffers is counted back to nothing) {
  std::vector<buffer> many(1000);
  for (size_t n = 0; n < many.size(); ++n)
    many[n].append(pool, std::string(1 + n * 31 % 20'000, 'b'));
  CAF_CHECK(pool.in_use().get() > 1000u * 1024u);
  many.clear();
  CAF_CHECK_EQUAL(pool.in_use().get(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
