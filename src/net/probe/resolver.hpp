// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/system/result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Turns the address of a server as configured into an endpoint, without ever
/// blocking the loop (rules 20 and 140).
namespace troupe::net {

/// Looks names up on one thread of its own, in the order asked; the thread
/// starts with the first name. All calls on the loop's thread.
class resolver {
public:
  /// All addresses of a name, as the system has sorted them; at least one.
  using answers = std::vector<endpoint>;
  using callback = std::function<void(boost::system::result<answers>)>;

  explicit resolver(boost::asio::io_context& loop);

  /// No callback is called any more. Does not wait for a lookup under way.
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// "127.0.0.1:80", "[::1]:80" and "unix:/path" need no lookup.
  /// @returns nothing for a name.
  static std::optional<endpoint> literal(const std::string& address);

  /// Resolves "name:port" or a literal. `done` is called exactly once, later,
  /// on the loop, unless the resolver is destroyed first. Errors:
  /// `invalid_argument` for what is no address; those of getaddrinfo, among
  /// them `host_not_found` and `host_not_found_try_again` (asio::error).
  void resolve(const std::string& address, callback done);

private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

} // namespace troupe::net
