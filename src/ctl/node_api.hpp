// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

/// The operator's command line: asks a node's admin API (docs/api.md) and shows
/// what it answers.
namespace troupe::ctl {

/// One call of the admin API.
struct request {
  std::string method = "GET";
  std::string path = {}; ///< "/v1/backends?x=1", percent-encoded where needed
  std::string body = {}; ///< JSON
  milliseconds timeout{10'000};
  std::string if_missing = {}; ///< the way out after a 404, for the operator
  /// An answer that has this key is no refusal, whatever its status.
  std::string result_key = {};
};

struct answer {
  unsigned status = 0;
  std::string text; ///< the body as received
  boost::json::object body;
};

/// A node as troupectl knows it.
class node_api {
public:
  virtual ~node_api() = default;
  /// @returns what the node answers, whatever the status.
  /// @throws failure if the node cannot be reached, no_answer if it was asked
  /// and gave no answer, or one that is no JSON object.
  virtual answer call(const request& what) = 0;
};

/// `name` as one part of a request's path.
std::string path_part(std::string_view name);

} // namespace troupe::ctl
