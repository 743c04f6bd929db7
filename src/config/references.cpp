// SPDX-License-Identifier: BSD-3-Clause
#include "config/sections.hpp"
#include "config/show.hpp"
#include "config/suggest.hpp"
#include "core/endpoint.hpp"

#include <algorithm>
#include <map>
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

/// Reports frontends whose backend does not exist. Silent while the name of
/// any backend could not be read: it might be the one.
void check_targets(const cursor& root, const settings& all) {
  std::vector<std::string_view> names;
  for (const auto& backend : all.backends) {
    if (backend.name.empty())
      return;
    names.push_back(backend.name);
  }
  std::ranges::sort(names);
  for (size_t i = 0; i < all.frontends.size(); ++i) {
    const auto& wanted = all.frontends[i].backend;
    const auto place = root.at("frontends", i, "backend");
    if (!place || wanted.empty() || std::ranges::binary_search(names, wanted))
      continue;
    const auto hint = suggestion(wanted, names, "there are: ");
    place->problem("no backend is named " + show(wanted)
                   + (hint.empty() ? "" : "; " + hint));
  }
}

/// Finds addresses that two parts of this process would bind.
class address_book {
public:
  void add(const std::optional<cursor>& place, std::string_view listen) {
    const auto address = endpoint::parse(listen);
    if (!place || !address)
      return;
    if (address->family() != AF_UNIX && address->port() == 0)
      return; // the kernel chooses, never the same one twice
    const auto [known, fresh] =
      users_.try_emplace(address->to_string(), place->path());
    if (!fresh)
      place->problem("got " + show(listen) + ", already used by "
                     + known->second);
  }

private:
  std::map<std::string, std::string> users_;
};

void check_addresses(const cursor& root, const settings& all) {
  address_book book;
  book.add(root.at("admin", "socket"), "unix:" + all.admin.socket);
  book.add(root.at("admin", "listen"), all.admin.listen);
  book.add(root.at("metrics", "listen"), all.metrics.listen);
  for (size_t i = 0; i < all.frontends.size(); ++i)
    book.add(root.at("frontends", i, "listen"), all.frontends[i].listen);
}

} // namespace

void check_references(const cursor& root, const settings& all) {
  if (const auto frontends = root.at("frontends"))
    check_unique(*frontends, all.frontends);
  if (const auto backends = root.at("backends"))
    check_unique(*backends, all.backends);
  for (size_t i = 0; i < all.backends.size(); ++i)
    if (const auto servers = root.at("backends", i, "servers"))
      check_unique(*servers, all.backends[i].servers);
  check_targets(root, all);
  check_addresses(root, all);
}

} // namespace troupe::config
