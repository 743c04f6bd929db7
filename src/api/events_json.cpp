// SPDX-License-Identifier: BSD-3-Clause
#include "api/events_json.hpp"

#include <boost/json/array.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace troupe::actors::api {

std::string time_text(int64_t ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(ms / 1'000)),
                     ms % 1'000);
}

boost::json::object to_json(const event& x, const std::string& node) {
  return {{"id", x.id},
          {"time", time_text(x.time_ms)},
          {"node", node},
          {"kind", to_string(x.kind)},
          {"level", to_string(x.level)},
          {"subject", x.subject},
          {"text", x.text}};
}

boost::json::object events_body(const event_ring::slice& found,
                                const std::string& node) {
  boost::json::array events;
  for (const auto& x : found.events)
    events.push_back(to_json(x, node));
  return {{"node", node},
          {"last", found.last},
          {"lost", found.lost},
          {"events", std::move(events)}};
}

} // namespace troupe::actors::api
