// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/matcher.hpp"

#include "core/routing/path_readings.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace troupe::routing {

namespace {

constexpr auto none = key_table::none;
constexpr uint32_t any_site = 0;

} // namespace

// -- building
// -------------------------------------------------------------------

/// Puts one route after the other into its places. Lists grow apart and are
/// joined at the end, so that a match finds them side by side in memory.
class matcher::builder {
public:
  explicit builder(matcher& to) : to_(to) {
    to_.sites_.emplace_back();
    any_path_.emplace_back(none);
  }

  void add(uint32_t route, const conditions& from) {
    // Under each of its hosts each of its paths would take a place. A route
    // with many of both lies under its hosts only: the table stays in
    // proportion to the text of the configuration.
    const auto hosts = from.host.empty() ? from.sni.size() : from.host.size();
    const auto paths =
      from.path.empty() ? from.path_prefix.size() : from.path.size();
    const bool by_path = paths > 0 && hosts * paths <= 16 * (hosts + paths);
    auto rest = from;
    (from.host.empty() ? rest.sni : rest.host).clear();
    if (by_path)
      (from.path.empty() ? rest.path_prefix : rest.path).clear();
    const candidate entry{route, keep(rest)};
    for (const auto site : sites_of(from)) {
      if (!by_path)
        put(any_path_[site], entry);
      else if (!from.path.empty())
        for (const auto& path : from.path)
          put_at(site, path, entry);
      else
        for (const auto& prefix : from.path_prefix)
          put_below(site, prefix, entry);
    }
  }

  void finish() {
    for (const auto& list : lists_) {
      to_.places_.push_back({static_cast<uint32_t>(to_.candidates_.size()),
                             static_cast<uint32_t>(list.size())});
      to_.candidates_.insert(to_.candidates_.end(), list.begin(), list.end());
    }
    for (size_t i = 0; i < any_path_.size(); ++i)
      to_.sites_[i].any_path = place_of(any_path_[i]);
    for (const auto list : prefix_)
      to_.prefix_.push_back(place_of(list));
  }

private:
  uint32_t keep(const conditions& rest) {
    condition_block block{rest};
    if (block.empty())
      return nothing_left;
    to_.blocks_.push_back(std::move(block));
    return static_cast<uint32_t>(to_.blocks_.size() - 1);
  }

  std::vector<uint32_t> sites_of(const conditions& from) {
    auto& names = from.host.empty() ? to_.snis_ : to_.hosts_;
    const auto& written = from.host.empty() ? from.sni : from.host;
    if (written.empty())
      return {any_site};
    std::vector<uint32_t> result;
    for (const auto& name : written)
      result.push_back(site_of(names, name));
    return result;
  }

  uint32_t new_site() {
    to_.sites_.emplace_back();
    any_path_.push_back(none);
    return static_cast<uint32_t>(to_.sites_.size() - 1);
  }

  uint32_t site_of(names& names, std::string_view name) {
    if (name != "*" && !name.starts_with("*.")) {
      if (const auto found = names.exact.find(0, name); found != none)
        return found;
      return names.exact.insert(0, name, new_site());
    }
    if (names.wildcards.empty())
      names.wildcards.push_back(none);
    uint32_t node = 0;
    for (name.remove_prefix(1); !name.empty();) {
      const auto dot = name.rfind('.');
      const auto next = static_cast<uint32_t>(names.wildcards.size());
      node = names.labels.insert(node, name.substr(dot + 1), next);
      if (node == next)
        names.wildcards.push_back(none);
      name = name.substr(0, dot);
    }
    if (names.wildcards[node] == none)
      names.wildcards[node] = new_site();
    return names.wildcards[node];
  }

  /// @param list Of a place; a new one if it is `none`.
  void put(uint32_t& list, const candidate& entry) {
    if (list == none) {
      list = static_cast<uint32_t>(lists_.size());
      lists_.emplace_back();
    }
    // A list in the file may name the same thing twice.
    auto& entries = lists_[list];
    if (entries.empty() || entries.back().route != entry.route)
      entries.push_back(entry);
  }

  void put_at(uint32_t site, std::string_view path, const candidate& entry) {
    to_.sites_[site].has_paths = true;
    const auto next = static_cast<uint32_t>(lists_.size());
    auto list = to_.paths_.insert(site, path, next);
    if (list == next)
      lists_.emplace_back();
    put(list, entry);
  }

  void put_below(uint32_t site, std::string_view prefix,
                 const candidate& entry) {
    if (!prefix.starts_with('/'))
      return; // is_below() holds for no path
    while (prefix.ends_with('/'))
      prefix.remove_suffix(1);
    auto& root = to_.sites_[site].prefixes;
    if (root == none)
      root = new_prefix();
    auto node = root;
    while (!prefix.empty()) {
      const auto end = prefix.find('/', 1);
      const auto next = static_cast<uint32_t>(prefix_.size());
      node = to_.prefixes_.insert(node, prefix.substr(0, end), next);
      if (node == next)
        new_prefix();
      prefix = end == prefix.npos ? "" : prefix.substr(end);
    }
    put(prefix_[node], entry);
  }

  place place_of(uint32_t list) const {
    return list == none ? place{} : to_.places_[list];
  }

  uint32_t new_prefix() {
    prefix_.push_back(none);
    return static_cast<uint32_t>(prefix_.size() - 1);
  }

  matcher& to_;
  std::vector<std::vector<candidate>> lists_; ///< by number of their place
  std::vector<uint32_t> any_path_;            ///< by site: the list, or `none`
  std::vector<uint32_t> prefix_;              ///< likewise by node of the tree
};

matcher::matcher(const std::vector<conditions>& routes,
                 const matcher_options& options)
  : buffer_(readings_bytes(options.path_bytes_max)),
    ambiguous_(options.ambiguous) {
  builder build{*this};
  for (uint32_t i = 0; i < routes.size(); ++i)
    build.add(i, routes[i]);
  build.finish();
}

// -- matching
// -------------------------------------------------------------------

/// One look through the table. The order of the places does not matter: each
/// has its routes in order, and the first of all is wanted.
struct matcher::search {
  const matcher& in;
  const request_view& request;
  std::string_view path;
  uint64_t path_hash = 0;
  uint32_t best = answer::no_route;

  void look_at(const place& place) {
    for (uint32_t i = 0; i < place.size; ++i) {
      const auto& entry = in.candidates_[place.first + i];
      if (entry.route >= best)
        return;
      if (entry.block == nothing_left
          || in.blocks_[entry.block].holds(request, path)) {
        best = entry.route;
        return;
      }
    }
  }

  void look_at_site(uint32_t index) {
    const auto& site = in.sites_[index];
    if (site.has_paths)
      if (const auto found = in.paths_.find(index, path, path_hash);
          found != none)
        look_at(in.places_[found]);
    if (site.prefixes != none && path.starts_with('/'))
      look_below(site.prefixes);
    look_at(site.any_path);
  }

  /// Down the tree with the segments of the path, each with its slash.
  void look_below(uint32_t node) {
    for (size_t at = 0; node != none;) {
      look_at(in.prefix_[node]);
      if (at == path.size())
        return;
      const auto end = std::min(path.find('/', at + 1), path.size());
      node = in.prefixes_.find(node, path.substr(at, end - at));
      at = end;
    }
  }

  void look_at_name(const names& names, std::string_view name) {
    if (name.empty())
      return;
    if (const auto found = names.exact.find(0, name); found != none)
      look_at_site(found);
    if (names.wildcards.empty())
      return;
    uint32_t node = 0;
    while (!name.empty()) { // else no label is left for the wildcard
      if (const auto found = names.wildcards[node]; found != none)
        look_at_site(found);
      const auto dot = name.rfind('.');
      if (dot == name.npos)
        return;
      node = names.labels.find(node, name.substr(dot + 1));
      if (node == none)
        return;
      name = name.substr(0, dot);
    }
  }
};

uint32_t matcher::first_match(const request_view& request,
                              std::string_view path) const {
  search look{*this, request, path};
  if (!paths_.empty())
    look.path_hash = key_table::hash(path);
  look.look_at_name(hosts_, request.host);
  look.look_at_name(snis_, request.sni);
  look.look_at_site(any_site);
  return look.best;
}

answer matcher::match(const request_view& request) noexcept {
  const auto readings = read_path(request.path, buffer_);
  if (!readings)
    return unreadable;
  const auto a = first_match(request, readings->a);
  if (readings->a == readings->b || ambiguous_ == ambiguous_paths::as_sent)
    return make_answer(a, a);
  return make_answer(a, first_match(request, readings->b));
}

} // namespace troupe::routing
