// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

/// What the test server saw, for `/count`. Shared by all workers.
namespace test_server {

/// A JSON string, quotes included. Bytes outside ASCII are taken as Latin-1.
inline std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (auto c : text) {
    auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (code < 0x20 || code > 0x7e)
      out += fmt::format("\\u{:04x}", code);
    else
      out += c;
  }
  return out += '"';
}

class statistics {
public:
  std::atomic<uint64_t> connections{0}; ///< accepted
  std::atomic<uint64_t> open{0};
  std::atomic<uint64_t> health_checks{0};
  std::atomic<unsigned> health{200}; ///< what `/health` answers

  /// One request head arrived. `GET /`, the one of benchmarks, takes no lock.
  void on_request(std::string_view method, std::string_view path) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    if (path == "/" && method == "GET") {
      plain_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    std::lock_guard guard{mutex_};
    add(by_path_, fmt::format("{} {}", method, path));
  }

  /// The first bytes of a request's body, once it is complete.
  void on_body(std::string_view beginning) {
    std::lock_guard guard{mutex_};
    add(bodies_, std::string(beginning));
  }

  std::string to_json(std::string_view name) {
    std::lock_guard guard{mutex_};
    auto by_path = by_path_;
    if (auto plain = plain_.load())
      by_path["GET /"] += plain;
    return fmt::format(
      R"({{"name":{},"requests":{},"connections":{},"open":{},)"
      R"("health_checks":{},"by":{},"bodies":{}}})",
      json_text(name), requests_.load(), connections.load(), open.load(),
      health_checks.load(), to_json(by_path), to_json(bodies_));
  }

private:
  using counts = std::map<std::string, uint64_t>;

  static void add(counts& to, std::string key) {
    constexpr size_t keys_max = 10'000;
    if (to.size() < keys_max || to.contains(key))
      ++to[std::move(key)];
  }

  static std::string to_json(const counts& from) {
    std::string out = "{";
    for (auto& [key, count] : from)
      out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", json_text(key),
                         count);
    return out += '}';
  }

  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> plain_{0};
  std::mutex mutex_;
  counts by_path_;
  counts bodies_;
};

} // namespace test_server
