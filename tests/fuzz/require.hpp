// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace troupe::fuzz {

/// What must hold; libFuzzer keeps the input that ends here.
inline void require(bool condition) {
  if (!condition)
    std::abort();
}

/// `problem` must be empty.
inline void require_none(const std::string& problem) {
  if (problem.empty())
    return;
  std::fprintf(stderr, "%s\n", problem.c_str());
  std::abort();
}

} // namespace troupe::fuzz
