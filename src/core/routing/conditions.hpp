// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/routing/request_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::routing {

/// What one line of a header must be.
struct header_test {
  enum class kind : uint8_t {
    exact,   ///< any line of the name has this value; case counts
    regex,   ///< `text` is found in the value of any line
    present, ///< there is a line of the name, perhaps an empty one
    absent,  ///< there is none
  };
  kind what = kind::exact;
  std::string text;
  bool operator==(const header_test&) const = default;
};

struct header_condition {
  std::string name; ///< a token; case does not count
  std::vector<header_test> any_of;
  bool operator==(const header_condition&) const = default;
};

/// Of a query or of cookies. Name and value are exact, case counts.
struct value_condition {
  std::string name;
  std::vector<std::string> any_of;
  bool operator==(const value_condition&) const = default;
};

/// The `match` of one route, or one block of its `not` (rule 119). Every key
/// that is given must hold; an empty list is a key that is not given. A list
/// means any of its members, but of `header`, `query` and `cookie` all names
/// must hold. Checked by config: regexes by regex_problem(), paths by
/// check_written_path(), networks; what is bad nevertheless never holds.
struct conditions {
  /// Canonical as request_view::host. `*` at the front stands for one or more
  /// labels: "*.example.org" is a.b.example.org and not example.org, "*" is
  /// every host. No host of a request is none of these.
  std::vector<std::string> host;
  std::vector<std::string> path; ///< exactly this one
  /// Whole segments: "/v1", or "/v1/", is /v1, /v1/ and /v1/x but not /v1x.
  std::vector<std::string> path_prefix;
  /// RE2, found anywhere in the path unless anchored. Like the two above it
  /// sees a reading of the path, so encoded bytes are `%C3` and not `%c3`.
  std::vector<std::string> path_regex;
  std::vector<std::string> method; ///< case counts; HEAD is not GET
  std::vector<header_condition> header;
  /// Any pair of the name; name and value are decoded once, `+` is itself.
  std::vector<value_condition> query;
  std::vector<value_condition> cookie; ///< the first one of the name
  std::vector<std::string> client;     ///< as network_list reads them
  std::vector<routing::scheme> scheme;
  std::vector<std::string> sni;  ///< as `host`
  std::vector<std::string> alpn; ///< any of these is offered
  std::optional<bool> tls;
  /// Key `not`: none of these blocks holds as a whole.
  std::vector<conditions> none_of;
  bool operator==(const conditions&) const = default;
};

} // namespace troupe::routing
