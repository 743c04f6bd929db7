// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/log.hpp"

#include "core/one_line.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <memory>
#include <string>

namespace troupe::daemon {

namespace {

/// %v as a JSON string, quotes included.
class json_text final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string text{message.payload.data(), message.payload.size()};
    const auto quoted = boost::json::serialize(boost::json::value(text));
    out.append(quoted.data(), quoted.data() + quoted.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<json_text>();
  }
};

std::unique_ptr<spdlog::formatter> formatter_for(log_format format) {
  auto result = std::make_unique<spdlog::pattern_formatter>(
    format == log_format::json ? spdlog::pattern_time_type::utc
                               : spdlog::pattern_time_type::local);
  result->add_flag<json_text>('*');
  result->set_pattern(
    format == log_format::json
      ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%*})"
      : "%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
  return result;
}

spdlog::level::level_enum level_of(log_level level) noexcept {
  switch (level) {
  case log_level::trace:
    return spdlog::level::trace;
  case log_level::debug:
    return spdlog::level::debug;
  case log_level::info:
    return spdlog::level::info;
  case log_level::warn:
    return spdlog::level::warn;
  case log_level::error:
    return spdlog::level::err;
  }
  return spdlog::level::info;
}

} // namespace

void set_log(const log_settings& settings, std::optional<log_level> forced) {
  if (!spdlog::get("troupe"))
    spdlog::set_default_logger(spdlog::stderr_color_mt("troupe"));
  spdlog::default_logger()->set_formatter(formatter_for(settings.format));
  spdlog::set_level(level_of(forced.value_or(settings.level)));
}

void complain(std::string_view text) {
  std::cerr << "trouped: " << one_line(text) << "\n";
}

} // namespace troupe::daemon
