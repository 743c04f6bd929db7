// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/top/rates.hpp"

#include "ctl/fields.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace troupe::ctl::top {

namespace json = boost::json;

namespace {

constexpr std::array<const char*, 5> classes{"1xx", "2xx", "3xx", "4xx", "5xx"};

/// The counters of one answer; a counter that is missing is 0.
void add(traffic& to, const json::object& counters) {
  const auto& requests = part(counters, "requests");
  for (size_t i = 0; i < classes.size(); ++i)
    to.requests[i] += number(requests, classes[i]).value_or(0);
  const auto durations = numbers(counters, "durations");
  to.durations.resize(std::max(to.durations.size(), durations.size()));
  for (size_t i = 0; i < durations.size(); ++i)
    to.durations[i] += durations[i];
  to.bytes_sent += number(counters, "bytes_sent").value_or(0);
  to.bytes_received += number(counters, "bytes_received").value_or(0);
}

traffic sum_of(const std::vector<const json::object*>& counters) {
  traffic result;
  for (const auto* each : counters)
    add(result, *each);
  return result;
}

/// Takes `x` off. @returns false if that was more.
bool take(uint64_t& from, uint64_t x) {
  const bool enough = from >= x;
  from -= enough ? x : 0;
  return enough;
}

/// Nothing if a counter fell.
std::optional<traffic> grown(const traffic& first, traffic last) {
  if (first.durations.size() != last.durations.size())
    return std::nullopt;
  bool grew = take(last.bytes_sent, first.bytes_sent)
           && take(last.bytes_received, first.bytes_received);
  for (size_t i = 0; i < last.requests.size(); ++i)
    grew = take(last.requests[i], first.requests[i]) && grew;
  for (size_t i = 0; i < last.durations.size(); ++i)
    grew = take(last.durations[i], first.durations[i]) && grew;
  return grew ? std::optional{std::move(last)} : std::nullopt;
}

std::string server_key(const std::string& backend, const std::string& server) {
  return backend + '/' + server;
}

} // namespace

uint64_t traffic::all() const noexcept {
  return std::accumulate(requests.begin(), requests.end(), uint64_t{0});
}

std::optional<double> traffic::share(size_t hundreds) const noexcept {
  const auto total = all();
  if (total == 0)
    return std::nullopt;
  return static_cast<double>(requests[hundreds - 1])
       / static_cast<double>(total);
}

comparison::side::side(const json::object& answer)
  : uptime_us(number(answer, "uptime_us")) {
  auto& all = frontends[{}];
  for (const auto* each : parts(answer, "frontends")) {
    all.push_back(each);
    frontends[text(*each, "name")].push_back(each);
  }
  for (const auto* pool : parts(answer, "backends"))
    for (const auto* each : parts(*pool, "servers"))
      servers[server_key(text(*pool, "name"), text(*each, "name"))].push_back(
        each);
}

comparison::comparison(const json::object& before, const json::object& after)
  : before_(before), after_(after) {}

std::optional<traffic> comparison::all() const {
  return difference(&side::frontends, {});
}

std::optional<traffic> comparison::frontend(const std::string& name) const {
  return difference(&side::frontends, name);
}

std::optional<traffic> comparison::server(const std::string& backend,
                                          const std::string& name) const {
  return difference(&side::servers, server_key(backend, name));
}

std::optional<traffic>
comparison::difference(std::unordered_map<std::string, objects> side::*kind,
                       const std::string& name) const {
  const auto& first = before_.*kind;
  const auto& last = after_.*kind;
  const auto was = first.find(name);
  const auto is = last.find(name);
  if (was == first.end() || is == last.end() || !before_.uptime_us
      || !after_.uptime_us || *after_.uptime_us <= *before_.uptime_us)
    return std::nullopt;
  auto result = grown(sum_of(was->second), sum_of(is->second));
  if (result)
    result->seconds =
      static_cast<double>(*after_.uptime_us - *before_.uptime_us) / 1e6;
  return result;
}

std::optional<double> percentile(const std::vector<uint64_t>& counts,
                                 const std::vector<uint64_t>& bounds_us,
                                 double q) {
  const auto all = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  if (all == 0)
    return std::nullopt;
  const auto wanted = q * static_cast<double>(all);
  double below = 0;
  for (size_t i = 0; i < counts.size() && i < bounds_us.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && below + here >= wanted) {
      const auto low = i == 0 ? 0 : static_cast<double>(bounds_us[i - 1]);
      const auto high = static_cast<double>(bounds_us[i]);
      return low + (high - low) * (wanted - below) / here;
    }
    below += here;
  }
  return std::numeric_limits<double>::infinity();
}

std::vector<uint64_t> numbers(const json::object& from, std::string_view key) {
  std::vector<uint64_t> result;
  const auto* found = from.if_contains({key.data(), key.size()});
  if (found == nullptr || !found->is_array())
    return result;
  for (const auto& x : found->get_array()) {
    json::error_code ec;
    const auto value = x.to_number<uint64_t>(ec);
    result.push_back(ec ? 0 : value);
  }
  return result;
}

std::string short_number(double x) {
  if (x == 0)
    return "0";
  if (x < 9.95)
    return fmt::format("{:.1f}", x);
  if (x < 9999.5)
    return fmt::format("{:.0f}", x);
  if (x < 999'950)
    return fmt::format("{:.1f}k", x / 1e3);
  if (x < 999'950'000)
    return fmt::format("{:.1f}M", x / 1e6);
  return fmt::format("{:.1f}G", x / 1e9);
}

std::string short_time(std::optional<double> us, double largest_us) {
  if (!us)
    return "-";
  if (std::isinf(*us))
    return fmt::format(">{:.0f}s", largest_us / 1e6);
  if (*us < 999.5)
    return fmt::format("{:.0f}us", *us);
  if (*us < 99'950)
    return fmt::format("{:.1f}ms", *us / 1e3);
  if (*us < 999'500)
    return fmt::format("{:.0f}ms", *us / 1e3);
  return fmt::format("{:.2f}s", *us / 1e6);
}

std::string percent(std::optional<double> share) {
  if (!share)
    return "-";
  const auto x = *share * 100;
  if (x == 0)
    return "0%";
  if (x < 0.1)
    return "<0.1%";
  return x < 9.95 ? fmt::format("{:.1f}%", x) : fmt::format("{:.0f}%", x);
}

} // namespace troupe::ctl::top
