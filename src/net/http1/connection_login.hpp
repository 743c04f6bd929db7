// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/head.hpp"

namespace troupe::net::http1 {

/// NTLM and Negotiate (RFC 4559) log in a connection, not a request: the client
/// that sends the next request over it is that user. Such a connection must
/// serve one client only. Both functions rather see a login too many: that
/// costs a connection, one too few gives a client the account of another.

/// Whether the request brings such credentials.
bool logs_in(const request_head& head) noexcept;

/// Whether a 401 or 407 offers such a login, on any of its lines and anywhere
/// in their lists.
bool offers_login(const response_head& head) noexcept;

} // namespace troupe::net::http1
