// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// The question of an operator at one node to another: a GET of its admin
/// API, over the link between the two. Fields are only ever appended (rule 18).
namespace troupe::cluster::question {

inline constexpr size_t target_bytes_max = 8 * 1024;
/// A message between nodes holds 2 MiB.
inline constexpr size_t body_bytes_max = size_t{3} << 19;

struct asked {
  uint64_t id = 0;   ///< of the asking process
  std::string path;  ///< decoded, "/v1/backends"
  std::string query; ///< as received, without its '?'
  std::string who;   ///< asks, for the log
  bool operator==(const asked&) const = default;
};

struct answered {
  uint64_t id = 0;
  uint64_t status = 0;
  std::string body; ///< JSON
  bool operator==(const answered&) const = default;
};

struct undecodable {
  bool operator==(const undecodable&) const = default;
};

using message = std::variant<undecodable, asked, answered>;

std::string encode(const asked& x);
std::string encode(const answered& x);

/// Never fails otherwise than by `undecodable`.
message decode(std::string_view bytes);

} // namespace troupe::cluster::question
