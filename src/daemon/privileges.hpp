// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

namespace troupe::daemon {

/// Forbids gaining privileges by executing files, for the rest of the process.
void forbid_new_privileges() noexcept;

/// Becomes `user` (nothing when that is empty or this process is not root),
/// keeping only CAP_NET_BIND_SERVICE for later reloads. `owned` paths that
/// exist are given to that user first. Before any worker thread starts (rule
/// 35).
/// @throws std::runtime_error in one printable line.
void become(const std::string& user, const std::vector<std::string>& owned);

} // namespace troupe::daemon
