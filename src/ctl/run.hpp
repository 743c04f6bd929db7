// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/context.hpp"

namespace troupe::ctl {

/// Does what one command line asks for. @returns the exit code; never throws.
exit_code run(int argc, const char* const* argv, surroundings& world);

} // namespace troupe::ctl
