// SPDX-License-Identifier: BSD-3-Clause
#include "config/sections.hpp"
#include "config/show.hpp"
#include "config/suggest.hpp"
#include "core/endpoint.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

namespace troupe::config {

namespace {

/// @param names Anything with a `name`, parallel to the elements of `list`.
template <class Named>
void check_unique(const cursor& list, const std::vector<Named>& names) {
  std::unordered_map<std::string_view, size_t> first;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].name.empty())
      continue;
    const auto [known, fresh] = first.try_emplace(names[i].name, i);
    if (const auto place = list.at(i, "name"); place && !fresh)
      place->problem("got " + show(names[i].name) + ", already the name of "
                     + list.path() + "[" + std::to_string(known->second)
                     + "]; names must differ");
  }
}

void check_target(const std::optional<cursor>& place, const std::string& wanted,
                  std::span<const std::string_view> names) {
  if (!place || wanted.empty() || std::ranges::binary_search(names, wanted))
    return;
  const auto hint = suggestion(wanted, names, "there are: ");
  place->problem("no backend is named " + show(wanted)
                 + (hint.empty() ? "" : "; " + hint));
}

/// Reports backends that frontends and routes name and that do not exist.
/// Silent while the name of any backend could not be read: it might be the one.
void check_targets(const cursor& root, const settings& all) {
  std::vector<std::string_view> names;
  for (const auto& backend : all.backends) {
    if (backend.name.empty())
      return;
    names.push_back(backend.name);
  }
  std::ranges::sort(names);
  for (size_t i = 0; i < all.frontends.size(); ++i) {
    const auto& frontend = all.frontends[i];
    check_target(root.at("frontends", i, "backend"), frontend.backend, names);
    for (size_t j = 0; j < frontend.routes.size(); ++j) {
      check_target(root.at("frontends", i, "routes", j, "backend"),
                   frontend.routes[j].backend, names);
      for (const auto& part : frontend.routes[j].split)
        check_target(root.at("frontends", i, "routes", j, "split",
                             std::string_view{part.backend}),
                     part.backend, names);
    }
  }
}

/// One thing this process will bind.
struct listener {
  std::optional<cursor> place; ///< none when it is a default
  std::string key;
  std::string address;
};

std::vector<listener> find_listeners(const cursor& root, const settings& all) {
  std::vector<listener> result;
  result.push_back(
    {root.at("admin", "socket"), "admin.socket", "unix:" + all.admin.socket});
  result.push_back(
    {root.at("admin", "listen"), "admin.listen", all.admin.listen});
  result.push_back(
    {root.at("metrics", "listen"), "metrics.listen", all.metrics.listen});
  result.push_back(
    {root.at("cluster", "listen"), "cluster.listen", all.cluster.listen});
  for (size_t i = 0; i < all.frontends.size(); ++i)
    if (auto place = root.at("frontends", i, "listen"))
      result.push_back({place, place->path(), all.frontends[i].listen});
  return result;
}

/// Defaults come first, so that every clash has a place in the file.
void check_addresses(const cursor& root, const settings& all) {
  auto listeners = find_listeners(root, all);
  std::stable_partition(listeners.begin(), listeners.end(),
                        [](const listener& one) { return !one.place; });
  std::map<std::string, const listener*> users;
  for (const auto& one : listeners) {
    const auto address = endpoint::parse(one.address);
    if (!address || (address->family() != AF_UNIX && address->port() == 0))
      continue; // for port 0 the kernel never chooses the same one twice
    const auto [other, fresh] = users.try_emplace(address->to_string(), &one);
    if (!fresh && one.place)
      one.place->problem("got " + show(one.address) + ", already used by "
                         + other->second->key
                         + (other->second->place ? "" : " (its default)"));
  }
}

} // namespace

void check_references(const cursor& root, const settings& all) {
  if (const auto frontends = root.at("frontends"))
    check_unique(*frontends, all.frontends);
  if (const auto backends = root.at("backends"))
    check_unique(*backends, all.backends);
  for (size_t i = 0; i < all.frontends.size(); ++i)
    if (const auto routes = root.at("frontends", i, "routes"))
      check_unique(*routes, all.frontends[i].routes);
  for (size_t i = 0; i < all.backends.size(); ++i)
    if (const auto servers = root.at("backends", i, "servers"))
      check_unique(*servers, all.backends[i].servers);
  check_targets(root, all);
  check_addresses(root, all);
}

} // namespace troupe::config
