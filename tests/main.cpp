// SPDX-License-Identifier: BSD-3-Clause
#include "caf/test/unit_test_impl.hpp" // defines main()
