// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "ctl/top/frame.hpp"

#include <memory>

namespace troupe::ctl::top {

/// A terminal taken over until this is destroyed.
class live_screen {
public:
  virtual ~live_screen() = default;
  virtual frame_size size() = 0;
  virtual void paint(const std::vector<cells>& frame) = 0;
  /// Waits for a key, at most `time`. Returns at once with `none` when the
  /// size has changed, with `interrupt` when the terminal is gone.
  virtual key wait(milliseconds time) = 0;
};

/// Takes over the terminal at stdin and stdout.
/// @throws failure if there is none that can be painted on.
std::unique_ptr<live_screen> open_terminal(bool coloured);

} // namespace troupe::ctl::top
