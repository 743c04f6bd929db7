// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/interfaces.hpp"
#include "admin/http_server.hpp"
#include "core/settings.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <vector>

namespace troupe::actors {

/// The HTTP servers of one node: the admin API on its Unix socket and, if
/// wanted, on TCP; the metrics. Turns requests into messages to the admin
/// actor. Control loop.
class admin_servers {
public:
  /// Opens all servers that `settings` names. Before an actor serves, requests
  /// get 503.
  /// @throws std::runtime_error with one printable line: a token that cannot be
  /// read, an address that cannot be bound.
  admin_servers(boost::asio::io_context& loop, const settings& settings);
  ~admin_servers();

  /// Requests go to `desk` from now on, e.g. after a restart of it.
  void serve(admin_actor desk);

  /// Stops accepting; what is under way may be answered. No actor is needed any
  /// more, so its handle is dropped.
  void stop();

  /// The addresses really bound; empty if there is no such server.
  endpoint admin_address() const;
  endpoint metrics_address() const;

private:
  struct desk;

  std::shared_ptr<desk> desk_; ///< handlers may outlive this
  std::unique_ptr<admin::http_server> local_;
  std::unique_ptr<admin::http_server> remote_;
  std::unique_ptr<admin::http_server> metrics_;
};

/// As the constructor, for main.
std::unique_ptr<admin_servers> open_admin_servers(boost::asio::io_context& loop,
                                                  const settings& settings);

} // namespace troupe::actors
