// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

namespace troupe::daemon {

/// Forbids gaining privileges by executing files, for the rest of the process.
void forbid_new_privileges() noexcept;

/// Gives `directory` and what is in it to `user` (nothing when that is empty or
/// this process is not root), before anything is read from it or written.
/// @throws std::runtime_error as become() does.
void give_directory(const std::string& user, const std::string& directory);

/// Becomes `user` (nothing when that is empty or this process is not root),
/// keeping only CAP_NET_BIND_SERVICE for later reloads. `owned` paths that
/// exist are given to that user first. The calling thread and those it
/// starts later keep it; threads that run already lose every capability. Before
/// any worker thread starts (rule 35).
/// @throws std::runtime_error in one printable line.
void become(const std::string& user, const std::vector<std::string>& owned);

} // namespace troupe::daemon
