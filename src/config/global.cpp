// SPDX-License-Identifier: BSD-3-Clause
#include "config/sections.hpp"

namespace troupe::config {

using namespace std::chrono_literals;

namespace {

constexpr auto log_levels = words<log_level>({{"trace", log_level::trace},
                                              {"debug", log_level::debug},
                                              {"info", log_level::info},
                                              {"warn", log_level::warn},
                                              {"error", log_level::error}});

constexpr auto log_formats =
  words<log_format>({{"text", log_format::text}, {"json", log_format::json}});

/// `auto` is 0 in the settings.
struct worker_count {
  static constexpr std::string_view kind = "a number or auto";
  parsed<uint64_t> operator()(std::string_view text) const {
    if (text == "auto")
      return uint64_t{0};
    auto result = number{1, 256}(text);
    if (auto* wanted = std::get_if<expected>(&result))
      wanted->text = "auto or " + wanted->text;
    return result;
  }
};

void read_log(const cursor& in, log_settings& out) {
  static constexpr std::string_view keys[] = {"level", "format"};
  const map_cursor map{in, keys};
  map.read("level", out.level, log_levels);
  map.read("format", out.format, log_formats);
}

void read_access_log(const cursor& in, access_log_settings& out) {
  static constexpr std::string_view keys[] = {"path", "format"};
  const map_cursor map{in, keys};
  map.read("path", out.path, plain_text{});
  map.read("format", out.format, log_formats);
}

} // namespace

void read_global(const cursor& in, global_settings& out) {
  static constexpr std::string_view keys[] = {
    "workers", "drain_timeout", "stop_delay", "buffers_max", "state_dir",
    "user",    "core_dumps",    "log",        "access_log"};
  const map_cursor map{in, keys};
  map.read("workers", out.workers, worker_count{});
  map.read("drain_timeout", out.drain_timeout, duration{0s, 24h});
  map.read("stop_delay", out.stop_delay, duration{0s, 1h});
  map.read("buffers_max", out.buffers_max, byte_size{1 << 20, 1ull << 40});
  map.read("state_dir", out.state_dir, absolute_path{});
  map.read("user", out.user, plain_text{.size_max = 32});
  map.read("core_dumps", out.core_dumps, boolean{});
  if (const auto* log = map.find("log"))
    read_log(*log, out.log);
  if (const auto* log = map.find("access_log"))
    read_access_log(*log, out.access_log);
}

} // namespace troupe::config
