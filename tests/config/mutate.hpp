// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <random>
#include <string>
#include <string_view>

namespace parsing {

/// Changes up to eight places the way typing, merging and hostile hands do.
inline std::string mutate(std::string text, std::mt19937& random) {
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

} // namespace parsing
