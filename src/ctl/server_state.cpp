// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/server_state.hpp"

#include "ctl/fields.hpp"

namespace troupe::ctl {

cell state_of(const boost::json::object& server) {
  const bool healthy = flag(server, "healthy");
  if (flag(server, "usable"))
    return healthy ? cell{"up", tone::good} : cell{"forced", tone::warning};
  if (!healthy)
    return {"down", tone::bad};
  const auto admin = text(server, "admin");
  if (admin != "ready")
    return {admin, tone::warning};
  return {"idle", tone::faint};
}

} // namespace troupe::ctl
