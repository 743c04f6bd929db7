// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_mutation

#include "caf_test.hpp"

#include "parsing.hpp"

#include <algorithm>
#include <random>

namespace {

constexpr unsigned seeds = 2000;

/// Changes up to eight places the way typing, merging and hostile hands do.
std::string mutate(std::string text, std::mt19937& random) {
  constexpr std::string_view spice = "[]{}:,-&*!|>'\"%@`#?~$ \t\n\r\x04\xff<";
  const auto below = [&](size_t end) { return random() % end; };
  for (auto left = 1 + below(8); left > 0 && !text.empty(); --left) {
    const auto at = below(text.size());
    switch (below(5)) {
    case 0:
      text[at] = static_cast<char>(below(256));
      break;
    case 1:
      text[at] = spice[below(spice.size())];
      break;
    case 2:
      text.erase(at, 1 + below(20));
      break;
    case 3:
      text.insert(at, 1 + below(3), spice[below(spice.size())]);
      break;
    default:
      text.insert(below(text.size()), text.substr(at, 1 + below(60)));
    }
  }
  return text;
}

} // namespace

CAF_TEST(damaged files are refused with places inside the file) {
  const auto good = parsing::contents(parsing::data_file("every_key.yaml"));
  CAF_REQUIRE(parsing::parse(good).ok());
  unsigned refused = 0;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random{seed};
    const auto text = mutate(good, random);
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
