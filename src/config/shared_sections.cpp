// SPDX-License-Identifier: BSD-3-Clause
#include "config/shared_sections.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace troupe::config {

namespace {

bool is_key(const node& key, std::string_view name) {
  return key.kind == node_kind::scalar && key.text == name;
}

bool is_map(const node* x) { return x != nullptr && x->kind == node_kind::map; }

/// What cuts in two: the value of `cluster`, unless it is no map and thus a
/// mistake that is the file's own.
bool is_cluster_map(const tree_entry& entry) {
  return is_key(*entry.first, cluster_key) && is_map(entry.second);
}

void add(node& map, const tree_entry& entry) {
  map.entries.push_back(entry);
  map.unfolded += entry.first->unfolded + entry.second->unfolded;
}

node& make_map(document& in, position at) {
  auto& made = in.nodes.emplace_back();
  made.kind = node_kind::map;
  made.at = at;
  made.complete = true;
  return made;
}

/// The entries of a `cluster` map that are, or are not, its nodes.
const node& part_of_cluster(document& in, const node& cluster, bool nodes) {
  auto& part = make_map(in, cluster.at);
  for (const auto& entry : cluster.entries)
    if (is_key(*entry.first, nodes_key) == nodes)
      add(part, entry);
  return part;
}

/// `cluster` of both sides together.
const node& joined_cluster(document& into, const node& local,
                           const node* shared) {
  auto& all = make_map(into, local.at);
  for (const auto& entry : local.entries)
    add(all, entry);
  if (is_map(shared))
    for (const auto& entry : shared->entries)
      add(all, entry);
  return all;
}

/// Finds what is reached from both sides, which only aliases bring about.
class crossings {
public:
  explicit crossings(report& problems) : problems_(problems) {}

  /// @param section Name of what is walked through, in messages.
  void walk(const node& at, const std::string& section, bool shared) {
    const auto [known, fresh] = seen_.try_emplace(&at, place{section, shared});
    if (!fresh) {
      if (known->second.shared != shared)
        report_crossing(at, known->second.section, section);
      return;
    }
    for (const auto* item : at.items)
      walk(*item, section, shared);
    for (const auto& [key, value] : at.entries) {
      walk(*key, section, shared);
      walk(*value, section, shared);
    }
  }

private:
  struct place {
    std::string section;
    bool shared;
  };

  void report_crossing(const node& at, const std::string& one,
                       const std::string& other) {
    // Each section with its own sentence would tell nothing new.
    if (!reported_.try_emplace(&at, true).second)
      return;
    problems_.add_problem(at.at, "",
                          "this anchor ties " + one + " to " + other
                            + ", but one of them belongs to the cluster and "
                              "the other to this node; write the value out "
                              "instead of the alias");
  }

  report& problems_;
  std::unordered_map<const node*, place> seen_;
  std::unordered_map<const node*, bool> reported_;
};

void check_twice(const node& map, report& problems, const std::string& path,
                 auto&& matters) {
  std::unordered_map<std::string_view, unsigned> lines;
  for (const auto& [key, value] : map.entries) {
    if (key->kind != node_kind::scalar || !matters(key->text))
      continue;
    const auto [first, fresh] = lines.try_emplace(key->text, key->at.line);
    if (!fresh)
      problems.add_problem(key->at, path + key->text,
                           "duplicate key; the first is on line "
                             + std::to_string(first->second));
  }
}

} // namespace

bool is_shared_key(std::string_view key) {
  return std::ranges::find(shared_keys, key) != shared_keys.end();
}

tree_entry find_entry(const node* in, std::string_view key) {
  if (is_map(in))
    for (const auto& entry : in->entries)
      if (is_key(*entry.first, key))
        return entry;
  return {};
}

const node& shared_side(document& of) {
  auto& result = make_map(of, {});
  if (!is_map(of.root))
    return result;
  for (auto key : shared_keys)
    for (const auto& entry : of.root->entries)
      if (is_key(*entry.first, key))
        add(result, entry);
  for (const auto& entry : of.root->entries)
    if (is_cluster_map(entry)) {
      const auto& nodes = part_of_cluster(of, *entry.second, true);
      if (!nodes.entries.empty())
        add(result, {entry.first, &nodes});
    }
  return result;
}

const node& local_side(document& of) {
  auto& result = make_map(of, {});
  if (!is_map(of.root))
    return result;
  result.at = of.root->at;
  for (const auto& entry : of.root->entries) {
    const auto& [key, value] = entry;
    if (key->kind == node_kind::scalar && is_shared_key(key->text))
      continue;
    if (!is_key(*key, cluster_key)) {
      add(result, entry);
    } else if (is_map(value)) {
      const auto& rest = part_of_cluster(of, *value, false);
      if (!rest.entries.empty())
        add(result, {key, &rest});
    } else if (value->kind != node_kind::nothing) {
      add(result, entry);
    }
  }
  return result;
}

const node& joined(document& into, const node& local, const node& shared) {
  const auto theirs = find_entry(&shared, cluster_key);
  const auto ours = find_entry(&local, cluster_key);
  auto& result = make_map(into, shared.at);
  for (const auto& entry : local.entries)
    if (entry == ours && is_map(ours.second))
      add(result,
          {ours.first, &joined_cluster(into, *ours.second, theirs.second)});
    else
      add(result, entry);
  for (const auto& entry : shared.entries)
    if (entry != theirs || ours.first == nullptr)
      add(result, entry);
  return result;
}

node alone(const tree_entry& entry) {
  node result;
  result.kind = node_kind::map;
  add(result, entry);
  return result;
}

bool same_tree(const node& a, const node& b) {
  if (&a == &b)
    return true;
  const auto same = [](const node* x, const node* y) {
    return same_tree(*x, *y);
  };
  const auto same_entry = [](const tree_entry& x, const tree_entry& y) {
    return same_tree(*x.first, *y.first) && same_tree(*x.second, *y.second);
  };
  return a.kind == b.kind && a.text == b.text
      && std::ranges::equal(a.items, b.items, same)
      && std::ranges::equal(a.entries, b.entries, same_entry);
}

void check_shared_sections(document& of, report& problems) {
  if (!is_map(of.root))
    return;
  check_twice(*of.root, problems, "", [](const std::string& key) {
    return is_shared_key(key) || key == cluster_key;
  });
  if (const auto cluster = find_entry(of.root, cluster_key);
      is_map(cluster.second))
    check_twice(*cluster.second, problems, "cluster.",
                [](const std::string& key) { return key == nodes_key; });
  crossings walker{problems};
  for (const auto& [key, value] : of.root->entries) {
    const bool shared =
      key->kind == node_kind::scalar && is_shared_key(key->text);
    if (!is_cluster_map({key, value})) {
      walker.walk(*value, key->text, shared);
      continue;
    }
    for (const auto& [name, part] : value->entries)
      walker.walk(*part, "cluster." + name->text, is_key(*name, nodes_key));
  }
}

} // namespace troupe::config
