// SPDX-License-Identifier: BSD-3-Clause
#include "daemon/credentials.hpp"

#include "api/access.hpp"
#include "os/service_user.hpp"

#include <algorithm>
#include <exception>

namespace troupe::daemon {

namespace {

namespace links = net::cluster;

/// Whether files of that section were found to be missing, or open to others.
bool has_problem(const config::loaded& loaded, std::string_view section) {
  return std::any_of(
    loaded.problems.begin(), loaded.problems.end(),
    [&](const auto& x) { return x.path.starts_with(section); });
}

std::optional<links::link_security>
read_links(config::loaded& loaded, const std::string& node, os::user_ptr user) {
  const auto& cluster = loaded.settings.cluster;
  if (cluster.insecure && !cluster.tls)
    return links::without_tls{};
  if (!cluster.tls || has_problem(loaded, "cluster.tls"))
    return std::nullopt;
  const auto& [ca, certificate, key] = *cluster.tls;
  auto read = links::read_identity({ca, certificate, key}, node, user);
  for (auto& problem : read.problems)
    loaded.problems.push_back(
      loaded.at("cluster.tls." + problem.key, std::move(problem.text)));
  if (!read.warning.empty())
    loaded.warnings.push_back(
      loaded.at("cluster.tls.certificate", std::move(read.warning)));
  if (!read.identity)
    return std::nullopt;
  return *read.identity;
}

void check_tokens(config::loaded& loaded, os::user_ptr user) {
  const auto& tokens = loaded.settings.admin.tokens;
  for (size_t n = 0; n < tokens.size(); ++n) {
    const auto path = "admin.tokens[" + std::to_string(n) + "].file";
    if (tokens[n].file.empty() || has_problem(loaded, path))
      continue;
    if (auto fault = actors::check_token(tokens[n], user); !fault.empty())
      loaded.problems.push_back(loaded.at(path, std::move(fault)));
  }
}

} // namespace

credentials read_credentials(config::loaded& loaded, const std::string& node) {
  credentials result;
  std::optional<os::service_user> user;
  try {
    user = os::user_to_become(loaded.settings.global.user);
  } catch (const std::exception&) {
    // An unknown user: whoever starts is told when it is to be become.
  }
  const auto* who = user ? &*user : nullptr;
  result.links = read_links(loaded, node, who);
  check_tokens(loaded, who);
  std::stable_sort(
    loaded.problems.begin(), loaded.problems.end(),
    [](const auto& x, const auto& y) { return x.line < y.line; });
  return result;
}

} // namespace troupe::daemon
