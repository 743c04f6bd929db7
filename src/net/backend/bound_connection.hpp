// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace troupe::net {

struct server_connection;

/// A client's hold on the server connection that its login counts on (NTLM,
/// Negotiate) while no request is under way on it. The pool owns it and may end
/// it at any time: when its server closes it, is drained or goes. It ends with
/// its holder.
class bound_connection {
public:
  bound_connection() noexcept = default;
  ~bound_connection() { end(); }
  bound_connection(const bound_connection&) = delete;
  bound_connection& operator=(const bound_connection&) = delete;

  explicit operator bool() const noexcept { return connection_ != nullptr; }
  const server_connection* get() const noexcept { return connection_; }

  /// Closes it.
  void end() noexcept;

private:
  friend class server_pool;
  server_connection* connection_ = nullptr;
};

} // namespace troupe::net
