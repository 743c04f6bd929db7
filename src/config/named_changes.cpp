// SPDX-License-Identifier: BSD-3-Clause
#include "config/named_changes.hpp"

#include "config/document.hpp"
#include "config/report.hpp"
#include "config/show.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace troupe::config {

namespace {

/// What an element of these lists is called.
constexpr std::pair<std::string_view, std::string_view> kinds[] = {
  {"frontends", "frontend"},
  {"routes", "route"},
  {"backends", "backend"},
  {"servers", "server"},
  {"nodes", "node"}};

std::string_view kind_of(std::string_view list) noexcept {
  const auto* found = std::ranges::find(
    kinds, list, &std::pair<std::string_view, std::string_view>::first);
  return found != std::end(kinds) ? found->second : std::string_view{};
}

const node* find_key(const node& map, std::string_view key) noexcept {
  for (const auto& [name, value] : map.entries)
    if (name->text == key)
      return value;
  return nullptr;
}

bool same(const node& a, const node& b) {
  return a.kind == b.kind && a.text == b.text
      && std::ranges::equal(
           a.items, b.items,
           [](const auto* x, const auto* y) { return same(*x, *y); })
      && a.entries.size() == b.entries.size()
      && std::ranges::all_of(a.entries, [&](const auto& x) {
           const auto* other = find_key(b, x.first->text);
           return other != nullptr && same(*x.second, *other);
         });
}

/// Where a node stands: "frontend web, route api" and the keys below it.
struct place {
  std::string of;
  std::string key;

  place element(std::string_view kind, const std::string& name) const {
    return {(of.empty() ? "" : of + ", ") + std::string{kind} + " " + name, ""};
  }
  place below(std::string_view name) const {
    return {of, key.empty() ? std::string{name} : key + "." + cut(name)};
  }
  std::string text() const {
    return of.empty() ? key : key.empty() ? of : of + ": " + key;
  }
};

class comparison {
public:
  std::vector<std::string> take() { return std::move(lines_); }

  void values(const place& at, const node* from, const node* to) {
    if (from != nullptr && to != nullptr) {
      if (same(*from, *to))
        return;
      if (from->kind == node_kind::map && to->kind == node_kind::map)
        return maps(at, *from, *to);
    }
    if (from == nullptr)
      return line(at, shown(*to) + "; it was not set");
    if (to == nullptr)
      return line(at, "no longer set; it was " + shown(*from));
    line(at, shown(*to) + ", was " + shown(*from));
  }

  void maps(const place& at, const node& from, const node& to) {
    for (const auto& [key, value] : to.entries)
      child(at, key->text, find_key(from, key->text), value);
    for (const auto& [key, value] : from.entries)
      if (find_key(to, key->text) == nullptr)
        child(at, key->text, value, nullptr);
  }

private:
  void child(const place& at, std::string_view key, const node* from,
             const node* to) {
    const auto kind = kind_of(key);
    if (kind.empty())
      return values(at.below(key), from, to);
    static const node none;
    elements(at, kind, from ? *from : none, to ? *to : none);
  }

  /// Elements by name, or by number without one.
  using names = std::vector<std::pair<std::string, const node*>>;

  static names names_of(const node& list) {
    names result;
    for (const auto* item : list.items) {
      const auto* name = find_key(*item, "name");
      result.emplace_back(name != nullptr ? cut(name->text)
                                          : std::to_string(result.size()),
                          item);
    }
    return result;
  }

  void elements(const place& at, std::string_view kind, const node& from,
                const node& to) {
    const auto old = names_of(from), now = names_of(to);
    const std::unordered_map<std::string, const node*> in_old{old.begin(),
                                                              old.end()};
    const std::unordered_map<std::string, const node*> in_now{now.begin(),
                                                              now.end()};
    std::vector<std::string_view> kept_old, kept_now;
    for (const auto& [name, item] : now) {
      const auto found = in_old.find(name);
      if (found == in_old.end()) {
        lines_.push_back(at.element(kind, name).text() + ": new");
        continue;
      }
      kept_now.push_back(name);
      maps(at.element(kind, name), *found->second, *item);
    }
    for (const auto& [name, item] : old) {
      if (in_now.contains(name))
        kept_old.push_back(name);
      else
        lines_.push_back(at.element(kind, name).text() + ": removed");
    }
    // Only among routes does the order decide.
    if (kind == "route" && kept_old != kept_now)
      lines_.push_back(at.of + ": its routes stand in another order");
  }

  static std::string shown(const node& x) {
    switch (x.kind) {
    case node_kind::nothing:
      return "empty";
    case node_kind::scalar:
      return show(x.text);
    case node_kind::list: {
      std::string result;
      for (const auto* item : x.items)
        result += (result.empty() ? "" : ", ") + shown(*item);
      return cut("[" + result + "]");
    }
    case node_kind::map:
      return "other keys";
    }
    return "";
  }

  void line(const place& at, const std::string& what) {
    lines_.push_back(at.text() + (at.key.empty() ? " " : ": ") + what);
  }

  std::vector<std::string> lines_;
};

} // namespace

std::vector<std::string> named_changes(std::string_view from,
                                       std::string_view to) {
  report problems{""};
  const auto before = read_document(from, problems);
  const auto after = read_document(to, problems);
  if (problems.has_problems() || before.root == nullptr
      || after.root == nullptr)
    return {};
  comparison result;
  result.maps({}, *before.root, *after.root);
  return result.take();
}

} // namespace troupe::config
