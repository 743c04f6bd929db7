// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "api/http/http_server.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::admin {

/// The head of a response, with the fields that every answer has unless it
/// brings its own.
/// @param length Of the body; none: the end of the connection ends it.
std::string response_head(const response& x, std::optional<uint64_t> length,
                          bool close);

} // namespace troupe::admin
