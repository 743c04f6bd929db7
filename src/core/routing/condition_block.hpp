// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/network_list.hpp"
#include "core/routing/conditions.hpp"
#include "core/routing/regex.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::routing {

/// `conditions`, ready to be asked. Of one worker, for its regexes.
class condition_block {
public:
  explicit condition_block(const conditions& all);

  /// Whether all conditions hold. Allocates nothing, but see `regex`.
  /// @param path The reading of request.path that counts.
  bool holds(const request_view& request, std::string_view path) const;

  /// There is no condition: holds() is true whatever the request.
  bool empty() const noexcept { return checks_.empty(); }

private:
  // One for each key, or for each name, that is given; the cheap ones first.
  struct scheme_check {
    std::vector<routing::scheme> any_of;
  };
  struct tls_check {
    bool expected;
  };
  struct method_check {
    std::vector<std::string> any_of;
  };
  struct path_check {
    std::vector<std::string> any_of; ///< sorted
  };
  struct prefix_check {
    std::vector<std::string> any_of;
  };
  struct host_check {
    std::vector<std::string> any_of;
  };
  struct sni_check {
    std::vector<std::string> any_of;
  };
  struct alpn_check {
    std::vector<std::string> any_of;
  };
  struct client_check {
    network_list any_of;
  };
  struct cookie_check {
    value_condition expected;
  };
  struct query_check {
    value_condition expected;
  };
  struct header_check {
    std::string name;
    std::vector<std::string> exact;
    std::vector<regex> regexes;
    bool present = false;
    bool absent = false;
  };
  struct regex_check {
    std::vector<regex> any_of;
  };
  struct none_check {
    std::vector<condition_block> blocks;
  };
  struct question;

  using check = std::variant<scheme_check, tls_check, method_check, path_check,
                             prefix_check, host_check, sni_check, alpn_check,
                             client_check, cookie_check, query_check,
                             header_check, regex_check, none_check>;

  static header_check make_header_check(const header_condition& from);

  std::vector<check> checks_;
};

} // namespace troupe::routing
