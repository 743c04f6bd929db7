// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/health.hpp"
#include "core/settings.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// One active health probe on the control loop: connect, or connect and one
/// HTTP exchange, within the check's timeout. A fresh connection each time:
/// a kept one hides firewalls.
namespace troupe::net {

struct probe_result {
  probe_outcome outcome = probe_outcome::failure;
  /// This host's own trouble (EMFILE, EADDRNOTAVAIL, ...): not evidence (rule
  /// 13).
  bool local_error = false;
  bool connected = false; ///< whatever came of it then
  unsigned status = 0;    ///< HTTP status, 0 if none
  std::string detail;     ///< "connection refused", "status 503", ...
  std::chrono::microseconds took{0};
};

/// Starts probes; may be replaced in tests. All calls on one loop.
class prober {
public:
  using callback = std::function<void(const probe_result&)>;
  virtual ~prober() = default;
  /// Probes `target` (check.port, when set, replaces its port). `done` is
  /// called exactly once, never from within this call, unless the prober is
  /// destroyed first.
  virtual void start(const endpoint& target, const check_settings& check,
                     callback done) = 0;
};

std::unique_ptr<prober> make_prober(boost::asio::io_context& loop);

} // namespace troupe::net
