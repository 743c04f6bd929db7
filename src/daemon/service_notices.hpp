// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/messages.hpp"
#include "core/settings.hpp"
#include "core/time.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::daemon {

/// Notices to the service manager that started this process (sd_notify(3)):
/// when it serves, that it reads its file, one line on how it is. If it asked
/// for that, a sign of life twice per WATCHDOG_USEC, given by the loop: a loop
/// that stands still gives none, and the process is restarted.
///
/// Without a service manager all of this does nothing. On the loop's thread.
class service_notices {
public:
  explicit service_notices(boost::asio::io_context& loop);

  /// This configuration runs from now on.
  void configured(const settings& running, uint64_t generation);
  void ready();
  void reload_began();
  void reload_ended(const actors::reload_result& result);
  /// A stop began: `limit` is how long connections may take.
  void stopping(milliseconds limit);
  /// No client is served any more. No sign of life follows.
  void stopped();

private:
  void arm();
  void tell(std::string_view state, std::string_view status) const;

  boost::asio::steady_timer timer_;
  milliseconds interval_{0}; ///< 0: no signs of life are wanted
  std::string running_;      ///< what runs, for the status line
  bool stopping_ = false;    ///< reloads are no news any more
};

} // namespace troupe::daemon
