// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_mutation

#include "caf_test.hpp"

#include "mutate.hpp"
#include "parsing.hpp"

#include <algorithm>
#include <random>

namespace {

constexpr unsigned seeds = 2000;

} // namespace

CAF_TEST(damaged files are refused with places inside the file) {
  const auto good = parsing::contents(parsing::data_file("every_key.yaml"));
  CAF_REQUIRE(parsing::parse(good).ok());
  unsigned refused = 0;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random{seed};
    const auto text = parsing::mutate(good, random);
    const auto result = parsing::parse(text);
    const auto lines =
      1 + std::ranges::count(text, '\n') + std::ranges::count(text, '\r');
    for (const auto& one : result.problems)
      if (one.line > lines || one.text.empty()
          || one.to_string().find('\n') != std::string::npos)
        CAF_FAIL("seed " << seed << ": " << one.to_string());
    refused += result.ok() ? 0 : 1;
  }
  CAF_CHECK(refused > seeds / 2);
  CAF_CHECK(refused < seeds);
}
