// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/routing/request_view.hpp"
#include "net/http1/head.hpp"

#include <string>
#include <string_view>

namespace troupe::net::http1 {

/// The form of a valid host that routes compare: lower case, without its port
/// and one final dot; an IPv6 address as RFC 5952 writes it, in brackets.
/// @param buffer Where it is written. Its room is used again.
/// @returns "" for ""; a view into `buffer`.
std::string_view canonical_host(std::string_view host, std::string& buffer);

/// What routes may ask of a request that came in clear.
/// @param client Whom it comes from (rule 110); outlives the result, as do
/// `head`, the bytes it was read from and `host_buffer`.
routing::request_view routing_view(const request_head& head,
                                   const endpoint& client,
                                   std::string& host_buffer);

} // namespace troupe::net::http1
