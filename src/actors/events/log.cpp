// SPDX-License-Identifier: BSD-3-Clause
#include "actors/events/log.hpp"

#include "core/one_line.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

namespace troupe::log {

namespace {

constexpr spdlog::level::level_enum severities[] = {
  spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
  spdlog::level::err, spdlog::level::critical};

/// By log_level.
constexpr spdlog::level::level_enum levels[] = {
  spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
  spdlog::level::warn, spdlog::level::err};

} // namespace

void write(severity level, fmt::string_view format,
           fmt::format_args arguments) noexcept {
  auto* logger = spdlog::default_logger_raw();
  const auto wanted = severities[size_t(level)];
  if (!logger->should_log(wanted))
    return;
  try {
    const auto text = one_line(fmt::vformat(format, arguments));
    logger->log(wanted, spdlog::string_view_t{text.data(), text.size()});
  } catch (...) {
    logger->log(wanted, "a line could not be formatted");
  }
}

void set_level(log_level level) { spdlog::set_level(levels[size_t(level)]); }

log_level level() noexcept {
  const auto* found =
    std::find(std::begin(levels), std::end(levels), spdlog::get_level());
  return found == std::end(levels)
         ? log_level::error
         : static_cast<log_level>(found - std::begin(levels));
}

} // namespace troupe::log
