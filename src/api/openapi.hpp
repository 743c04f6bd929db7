// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace troupe::actors::api {

/// The API's description, src/api/openapi.json; part of the program.
std::string_view openapi_document() noexcept;

} // namespace troupe::actors::api
