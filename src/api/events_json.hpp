// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/event_ring.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace troupe::actors::api {

/// RFC 3339 in UTC, with milliseconds.
std::string time_text(int64_t ms);

/// One event of `/v1/events`, as docs/api.md has it.
boost::json::object to_json(const event& x, const std::string& node);

/// All that was found.
boost::json::object events_body(const event_ring::slice& found,
                                const std::string& node);

} // namespace troupe::actors::api
