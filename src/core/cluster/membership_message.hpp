// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// Messages of membership over a link. Fields are only ever appended (rule 18).
namespace troupe::cluster::membership {

/// First on every link, from both sides.
struct hello_body {
  std::string cluster;
  std::string node;
  uint64_t incarnation = 0;
  uint64_t protocol_oldest = 0;
  uint64_t protocol_newest = 0;
  uint64_t rules_newest = 0;
  std::string build;
  bool operator==(const hello_body&) const = default;
};

struct heartbeat_body {
  uint64_t number = 0;
  uint64_t echo = 0; ///< the newest number of the other side, 0 is none
  bool operator==(const heartbeat_body&) const = default;
};

/// This node stops: no alarm.
struct leaving_body {
  bool operator==(const leaving_body&) const = default;
};

/// Last before the link is closed.
struct refused_body {
  std::string text;
  bool operator==(const refused_body&) const = default;
};

/// To the first of two nodes with one name: the second one knocked here.
struct namesake_body {
  std::string address; ///< of the second, without its port
  bool operator==(const namesake_body&) const = default;
};

struct undecodable_body {
  bool operator==(const undecodable_body&) const = default;
};

/// A message of a later version: skipped.
struct unknown_body {
  bool operator==(const unknown_body&) const = default;
};

using message =
  std::variant<undecodable_body, unknown_body, hello_body, heartbeat_body,
               leaving_body, refused_body, namesake_body>;

std::string encode(const hello_body& x);
std::string encode(const heartbeat_body& x);
std::string encode(const leaving_body& x);
std::string encode(const refused_body& x);
std::string encode(const namesake_body& x);

/// Never fails otherwise than by `undecodable_body`.
message decode(std::string_view bytes);

} // namespace troupe::cluster::membership
