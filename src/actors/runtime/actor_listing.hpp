// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/actor_host.hpp"

namespace troupe::actors {

/// One row for every actor that lives on `host`; on its thread.
actor_list list_host(const actor_host& host);

} // namespace troupe::actors
