// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_shared_mutation

#include "config/shared.hpp"

#include "caf_test.hpp"

#include "mutate.hpp"
#include "parsing.hpp"

#include <algorithm>
#include <array>

using namespace troupe;

namespace {

constexpr unsigned seeds = 1500;

const std::array<std::string, 3>& originals() {
  static const std::array<std::string, 3> all = {
    parsing::contents(parsing::data_file("every_key.yaml")),
    parsing::contents(parsing::data_file("cluster.yaml")),
    parsing::contents(parsing::data_file("cluster.json"))};
  return all;
}

/// What is wrong with how one file was split, "" when nothing is.
std::string fault_of_split(const std::string& text) {
  const auto shared = config::split(text, "f");
  const auto alone = parsing::parse(text);
  if (!shared.ok())
    return shared.problems[0].text.empty() ? "an empty problem" : "";
  if (config::split(shared.text, "f").text != shared.text)
    return "splits differently again";
  if (!alone.ok())
    return "";
  const auto both = config::parse_with(
    {shared.text, "record"}, text, "f", "lb1", [](auto name) {
      return name == "PORT" ? std::optional<std::string>{"8080"} : std::nullopt;
    });
  if (!both.ok())
    return "is good as a whole, but: " + parsing::lines(both.problems);
  return alone.settings == both.settings ? "" : "reads differently";
}

/// The same for a pull of `shared` into a file.
std::string fault_of_pull(const std::string& text, const std::string& shared) {
  if (!config::split(text, "f").ok())
    return "";
  const auto result = config::pull(text, "f", shared);
  // Keys such as lists are found to be mistakes only when they are read.
  if (!result.ok())
    return parsing::parse(text).ok() ? parsing::lines(result.problems) : "";
  return config::split(result.text, "f").text == shared
         ? ""
         : "says something else than the record";
}

} // namespace

CAF_TEST(whatever can be split says the same in two parts) {
  unsigned split = 0;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random{seed};
    const auto& all = originals();
    const auto text = parsing::mutate(all[seed % all.size()], random);
    if (const auto fault = fault_of_split(text); !fault.empty())
      CAF_FAIL("seed " << seed << ": " << fault << "\n" << text);
    split += config::split(text, "f").ok() ? 1 : 0;
  }
  CAF_CHECK(split > seeds / 20);
  CAF_CHECK(split < seeds);
}

CAF_TEST(whatever can be split takes any record) {
  std::array<std::string, 3> records;
  std::ranges::transform(originals(), records.begin(), [](const auto& text) {
    return config::split(text, "f").text;
  });
  for (unsigned seed = 0; seed < seeds; ++seed) {
    std::mt19937 random{seed};
    const auto& all = originals();
    const auto text = parsing::mutate(all[seed % all.size()], random);
    const auto& record = records[random() % records.size()];
    if (const auto fault = fault_of_pull(text, record); !fault.empty())
      CAF_FAIL("seed " << seed << ": " << fault << "\n" << text);
  }
}
