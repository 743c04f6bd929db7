// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.hpp"
#include "config/shared.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <string>

// Any text is either a configuration or has problems that point into it.

using namespace troupe;
using troupe::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto variable =
    [](std::string_view name) -> std::optional<std::string> {
    if (name == "PORT")
      return "8080";
    return std::nullopt;
  };
  const auto first = config::parse(text, "f", "lb1", variable);
  const auto lines =
    static_cast<unsigned>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const auto& problem : first.problems) {
    require(problem.line <= lines + 1);
    require(!problem.to_string().empty());
  }
  const auto second = config::parse(text, "f", "lb1", variable);
  require(first.ok() == second.ok() && first.hash == second.hash);
  if (first.ok()) {
    require(first.settings == second.settings);
    require(!first.settings.frontends.empty());
    require(!first.settings.backends.empty());
  }
  return 0;
}
