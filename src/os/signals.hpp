// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <csignal>

namespace troupe::os {

/// No signal is delivered to the calling thread from here on.
/// @returns the mask before.
inline sigset_t block_signals() noexcept {
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  return before;
}

/// While this lives, no signal is delivered to the calling thread, nor to a
/// thread that it starts, for good: signals are for the main thread. A blocked
/// SIGPIPE is an EPIPE.
class signals_blocked {
public:
  signals_blocked() noexcept = default;
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

private:
  sigset_t before_ = block_signals();
};

} // namespace troupe::os
