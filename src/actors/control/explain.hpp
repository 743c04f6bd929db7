// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/routing/request_view.hpp"
#include "core/settings.hpp"
#include "core/snapshot.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Explains what would happen to a request, by the code that handles requests:
/// the codec, the header rules and the policies. No counter or turn changes.
namespace troupe::actors {

/// A request as a client might send it.
struct imagined_request {
  std::string method;
  std::string authority; ///< "host:port" of the URL; may be empty
  std::string target;    ///< "/path?query"
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<endpoint> client; ///< its sender
  routing::scheme scheme = routing::scheme::http;
  std::string node; ///< that explains it
};

/// Splits an URL into authority and target; "/path" has no authority.
/// @returns false if it is neither that nor begins with http:// or https://.
bool split_url(const std::string& url, imagined_request& into);

/// The HTTP or TCP frontend that is meant: the one named, else the one that
/// listens on the URL's port, else the only one there is. @returns null, with
/// the way out in `problem`, if that is none or several.
const frontend_settings* frontend_for(const settings& of,
                                      const std::string& name,
                                      const imagined_request& what,
                                      std::string& problem);

struct explained_route;

/// `/v1/explain` of docs/api.md, but for the node.
/// @param backend Of the route; null if it leads nowhere.
/// @param role Values that the configuration sets may hold what it read from
/// the environment: only operators see them, and no role sees those of secrets.
boost::json::object explain(const frontend_settings& frontend,
                            const explained_route& route,
                            const backend_snapshot* backend,
                            const imagined_request& what, token_role role);

/// Whether what a field of that name holds is a secret as a rule:
/// Authorization, Cookie, X-Api-Key and their like.
bool is_secret_field(std::string_view name) noexcept;

} // namespace troupe::actors
