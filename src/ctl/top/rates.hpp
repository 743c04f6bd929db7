// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Rates and percentiles from two answers of `/v1/traffic`, whose counters only
/// grow.
namespace troupe::ctl::top {

/// The counts between two answers.
struct traffic {
  double seconds = 0;
  std::array<uint64_t, 5> requests{}; ///< 1xx to 5xx
  std::vector<uint64_t> durations;    ///< a count a bound, one more beyond
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;

  uint64_t all() const noexcept;
  double rate() const noexcept { return static_cast<double>(all()) / seconds; }
  /// The share of answers with `hundreds` as their code's first digit. Nothing
  /// if there was no request.
  std::optional<double> share(size_t hundreds) const noexcept;
};

/// Two answers side by side. Every question gives nothing if the answers cannot
/// be compared: the node was restarted, or what was counted came or went
/// between the two. Both answers must outlive this.
class comparison {
public:
  comparison(const boost::json::object& before,
             const boost::json::object& after);

  std::optional<traffic> all() const;
  std::optional<traffic> frontend(const std::string& name) const;
  /// Has no durations.
  std::optional<traffic> server(const std::string& backend,
                                const std::string& name) const;

private:
  using objects = std::vector<const boost::json::object*>;

  /// One answer, where things are found by their names.
  struct side {
    explicit side(const boost::json::object& answer);

    std::optional<uint64_t> uptime_us;
    std::unordered_map<std::string, objects> frontends; ///< "": all
    std::unordered_map<std::string, objects> servers;   ///< BACKEND/SERVER
  };

  std::optional<traffic>
  difference(std::unordered_map<std::string, objects> side::*kind,
             const std::string& name) const;

  side before_;
  side after_;
};

/// The time below which the share `q` of the counted requests stayed, spread
/// evenly within a bucket, as the dashboard does. Infinity beyond the last
/// bound; nothing if nothing was counted.
/// @param bounds_us Microseconds, rising.
std::optional<double> percentile(const std::vector<uint64_t>& counts,
                                 const std::vector<uint64_t>& bounds_us,
                                 double q);

/// The numbers of an array; empty if unknown.
std::vector<uint64_t> numbers(const boost::json::object& from,
                              std::string_view key);

// -- in few characters --------------------------------------------------------

/// "0", "0.4", "812", "12.3k", "1.2M".
std::string short_number(double x);
/// "480us", "3.2ms", "1.20s"; ">10s" beyond the bounds. Nothing: "-".
std::string short_time(std::optional<double> us, double largest_us);
/// "0%", "0.3%", "12%", "<0.1%". Nothing: "-".
std::string percent(std::optional<double> share);

} // namespace troupe::ctl::top
