// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What the unit tests have precompiled.
#include "caf_test.hpp"
#undef CAF_SUITE // every file names its own
