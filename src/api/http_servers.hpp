// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "api/http/http_server.hpp"
#include "api/service.hpp"
#include "core/settings.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace troupe::actors {

/// The HTTP servers of one node: the admin API on its Unix socket and, if
/// wanted, on TCP; the metrics. They share a loop that is not the control loop
/// (decision 0015) and which ends before this does.
class admin_servers {
public:
  /// Opens all servers that `settings` names. Before an actor serves, requests
  /// get 503.
  /// @throws std::runtime_error with one printable line: a token that cannot be
  /// read, an address that cannot be bound.
  /// @param silence Of the control loop, for the health pages; may be empty.
  admin_servers(boost::asio::io_context& loop, const settings& settings,
                admin_service::silence_function silence = {});
  ~admin_servers();

  /// Requests go to `actor` from now on, e.g. after a restart of it. Any
  /// thread.
  void serve(admin_actor actor);

  /// Sets the answer of `/readyz` from now on. Any thread.
  void tell(readiness now);

  /// Stops accepting; requests under way may be answered. No actor is needed
  /// any more, so its handle is dropped. On the loop.
  void stop();

  /// The addresses really bound; empty if there is no such server.
  endpoint admin_address() const;
  endpoint metrics_address() const;

private:
  boost::asio::io_context& loop_;
  std::shared_ptr<admin_service> service_; ///< handlers may outlive this
  std::unique_ptr<admin::http_server> local_;
  std::unique_ptr<admin::http_server> remote_;
  std::unique_ptr<admin::http_server> metrics_;
};

/// As the constructor, for main.
std::unique_ptr<admin_servers>
open_admin_servers(boost::asio::io_context& loop, const settings& settings,
                   admin_service::silence_function silence = {});

} // namespace troupe::actors
