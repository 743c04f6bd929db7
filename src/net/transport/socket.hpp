// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/time.hpp"

#include <boost/system/result.hpp>

#include <vector>

/// Sockets of the data path: opening, binding, connecting.
namespace troupe::net {

template <class T>
using result = boost::system::result<T>;

/// Errors of connect(2) that are this host's and say nothing about a server
/// (rule 13). A Unix server's file that may not be written and its full backlog
/// are the server's, though the same numbers mean this host for TCP.
/// @param family AF_UNIX, AF_INET or AF_INET6.
bool is_local_error(int error, int family) noexcept;

/// Those of them that another server would meet as well.
bool is_out_of_resources(int error) noexcept;

/// The permitted holder of a port that is to be bound: a frontend of this
/// process may give it to another one; no other program may.
enum class port_holder : uint8_t { unknown, this_process };

/// A listening address, one bound descriptor for each worker. Not listening
/// yet. TCP: SO_REUSEPORT, after a probe without it, so that a port in use by
/// another program is an error (rule 32). Until it listens, the group keeps
/// others from binding; only processes of the same user that set SO_REUSEPORT
/// can, and trouped asks without it first. Unix: one socket, duplicated; a
/// stale file is removed only if connecting to it is refused (rule 33). Its
/// file is for this user alone until socket_file::give() says otherwise.
/// @param ipv4_too The unspecified IPv6 address takes IPv4 as well, unless
/// another program has that port there.
result<std::vector<int>> bind_group(const endpoint& address, unsigned count,
                                    port_holder holder = port_holder::unknown,
                                    bool ipv4_too = false);

/// @returns the error of listen(2), if any.
boost::system::error_code listen_group(const std::vector<int>& descriptors);

void close_all(const std::vector<int>& descriptors) noexcept;

/// The address a socket is bound to, with the real port.
endpoint local_endpoint(int fd) noexcept;

enum class connect_status : uint8_t { connected, in_progress, failed };

struct connect_attempt {
  connect_status status = connect_status::failed;
  int fd = -1;
  int error = 0;
};

/// Starts a non-blocking connect; TCP_NODELAY is set.
connect_attempt start_connect(const endpoint& address) noexcept;

/// A TCP connection whose other end does not answer any more ends after `time`,
/// whether something is on its way to it (TCP_USER_TIMEOUT) or not: then it is
/// asked after half of that. Set on a listening socket it holds for what that
/// accepts. 0 is off. No effect on Unix sockets.
void keep_alive(int fd, milliseconds time) noexcept;

/// On a listening TCP socket: the kernel keeps a client to itself until it has
/// said something, for about `time` at most. 0 is off.
void defer_accept(int fd, milliseconds time) noexcept;

/// Whether an IPv6 socket takes IPv6 only. False for others.
bool is_ipv6_only(int fd) noexcept;

/// Before a connect: the last segment of the handshake waits up to 40 ms for
/// what it could be sent with (tcp(7), TCP_QUICKACK).
void hold_back_ack(int fd) noexcept;

/// The result of a pending connect: 0 or an errno.
int connect_result(int fd) noexcept;

/// True when a read would block: the peer has sent nothing and has not closed.
bool is_quiet(int fd) noexcept;

/// True when the peer has finished and nothing it sent is left to read.
bool is_at_end(int fd) noexcept;

/// Makes close() send a reset.
void reset_on_close(int fd) noexcept;

} // namespace troupe::net
