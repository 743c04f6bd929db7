// SPDX-License-Identifier: BSD-3-Clause
#include "actors/events/journal.hpp"

#include "actors/events/log.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "core/one_line.hpp"

#include <fmt/format.h>

#include <utility>

namespace troupe::journal {

namespace {

constexpr log::severity severities[] = {
  log::severity::info, log::severity::warn, log::severity::error};

} // namespace

event_ring& events() {
  static event_ring ring{static_cast<int64_t>(actors::wall_clock_ms())};
  return ring;
}

void write(event_kind kind, event_level level, std::string subject,
           fmt::string_view format, fmt::format_args arguments) noexcept {
  log::write(severities[static_cast<size_t>(level)], format, arguments);
  try {
    events().add({0, static_cast<int64_t>(actors::wall_clock_ms()), kind, level,
                  one_line(subject),
                  one_line(fmt::vformat(format, arguments))});
  } catch (...) {
    log::error("an event could not be kept");
  }
}

std::string server_subject(const std::string& backend,
                           const std::string& server) {
  return backend + '/' + server;
}

} // namespace troupe::journal
