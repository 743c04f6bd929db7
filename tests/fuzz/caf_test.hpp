// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "fuzz/require.hpp"

// The checks in the unit tests' fixtures, as crashes: fuzzers use the fixtures
// and have no test framework.

#define CAF_CHECK(...) troupe::fuzz::require(static_cast<bool>(__VA_ARGS__))
#define CAF_REQUIRE(...) CAF_CHECK(__VA_ARGS__)
#define CAF_CHECK_EQUAL(x, y) troupe::fuzz::require((x) == (y))
