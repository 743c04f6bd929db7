// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/system/error_code.hpp>

#include <cerrno>

namespace troupe::os {

/// @returns errno of the call that just failed.
inline boost::system::error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

} // namespace troupe::os
