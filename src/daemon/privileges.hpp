// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "os/service_user.hpp"

namespace troupe::daemon {

/// Forbids gaining privileges by executing files, for the rest of the process.
void forbid_new_privileges() noexcept;

/// Whether a crash may write this process's memory, with keys and tokens, into
/// a file, and other processes of its user may look into it. Becoming another
/// user forbids both: say it again then.
void allow_core_dumps(bool allowed) noexcept;

/// Becomes `user`, keeping only CAP_NET_BIND_SERVICE for later reloads. The
/// calling thread and those it starts later keep it; threads that run already
/// lose every capability. Before any worker thread starts (rule 35).
/// @throws std::runtime_error in one printable line.
void become(const os::service_user& user);

/// If this process is root and stays it: says so, and the way out.
void warn_about_root();

} // namespace troupe::daemon
