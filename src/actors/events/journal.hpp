// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/event_ring.hpp"

#include <fmt/core.h>

#include <string>

/// Records a change on this node, once: as a line in the log, and as an event
/// that can be asked for. Any thread; never throws.
namespace troupe::journal {

/// Of this process.
event_ring& events();

/// Formats the arguments; logs them unless the log's level keeps the line back,
/// and keeps them as an event in any case: as one_line(), for a value may come
/// from outside.
void write(event_kind kind, event_level level, std::string subject,
           fmt::string_view format, fmt::format_args arguments) noexcept;

template <class... Ts>
void info(event_kind kind, std::string subject,
          fmt::format_string<Ts...> format, Ts&&... xs) noexcept {
  write(kind, event_level::info, std::move(subject), format,
        fmt::make_format_args(xs...));
}

template <class... Ts>
void warn(event_kind kind, std::string subject,
          fmt::format_string<Ts...> format, Ts&&... xs) noexcept {
  write(kind, event_level::warn, std::move(subject), format,
        fmt::make_format_args(xs...));
}

template <class... Ts>
void error(event_kind kind, std::string subject,
           fmt::format_string<Ts...> format, Ts&&... xs) noexcept {
  write(kind, event_level::error, std::move(subject), format,
        fmt::make_format_args(xs...));
}

/// "app/a1".
std::string server_subject(const std::string& backend,
                           const std::string& server);

} // namespace troupe::journal
