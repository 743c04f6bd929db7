// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// CAF's test kit for unit tests. `#define CAF_SUITE name` comes first.
#include "caf/test/unit_test.hpp"
// CAF 0.17.6's dsl.hpp uses a macro it never defines.
#ifndef FAIL
#define FAIL CAF_FAIL
#endif
#include "caf/test/dsl.hpp"
