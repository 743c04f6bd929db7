// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/settings.hpp"

#include <fmt/core.h>

/// The daemon's log, as the actors see it. Any thread; never throws.
///
/// Formatting is compiled once, behind these calls: a file that called spdlog
/// itself would take the compiler four seconds more.
namespace troupe::log {

enum class severity : uint8_t { debug, info, warn, error, critical };

/// Formats the arguments, unless the level keeps the line back, and logs it as
/// one_line(): values may come from outside.
void write(severity level, fmt::string_view format,
           fmt::format_args arguments) noexcept;

template <class... Ts>
void debug(fmt::format_string<Ts...> format, Ts&&... xs) noexcept {
  write(severity::debug, format, fmt::make_format_args(xs...));
}

template <class... Ts>
void info(fmt::format_string<Ts...> format, Ts&&... xs) noexcept {
  write(severity::info, format, fmt::make_format_args(xs...));
}

template <class... Ts>
void warn(fmt::format_string<Ts...> format, Ts&&... xs) noexcept {
  write(severity::warn, format, fmt::make_format_args(xs...));
}

template <class... Ts>
void error(fmt::format_string<Ts...> format, Ts&&... xs) noexcept {
  write(severity::error, format, fmt::make_format_args(xs...));
}

template <class... Ts>
void critical(fmt::format_string<Ts...> format, Ts&&... xs) noexcept {
  write(severity::critical, format, fmt::make_format_args(xs...));
}

/// Lines below the level are not written.
void set_level(log_level level);
log_level level() noexcept;

} // namespace troupe::log
