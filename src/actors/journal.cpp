// SPDX-License-Identifier: BSD-3-Clause
#include "actors/journal.hpp"

#include "actors/log.hpp"
#include "core/one_line.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace troupe::journal {

namespace {

int64_t wall_ms() noexcept {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch())
    .count();
}

constexpr log::severity severities[] = {
  log::severity::info, log::severity::warn, log::severity::error};

} // namespace

event_ring& events() {
  static event_ring ring{wall_ms()};
  return ring;
}

void write(event_kind kind, event_level level, std::string subject,
           fmt::string_view format, fmt::format_args arguments) noexcept {
  log::write(severities[static_cast<size_t>(level)], format, arguments);
  try {
    events().add({0, wall_ms(), kind, level, one_line(subject),
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
