// SPDX-License-Identifier: BSD-3-Clause
#include "config/cursor.hpp"

#include "config/show.hpp"
#include "config/suggest.hpp"
#include "config/variables.hpp"

#include <algorithm>
#include <cassert>
#include <unordered_map>

namespace troupe::config {

namespace {

constexpr size_t elements_max = 10'000;

std::string describe(const node& at) {
  switch (at.kind) {
  case node_kind::nothing:
    return "nothing";
  case node_kind::scalar:
    return show(at.text);
  case node_kind::list:
    return "a list";
  case node_kind::map:
    return "a map";
  }
  return "nothing";
}

} // namespace

void cursor::problem(std::string text) const {
  with_->problems.add_problem(node_->at, path_, std::move(text));
}

void cursor::warning(std::string text) const {
  with_->problems.add_warning(node_->at, path_, std::move(text));
}

void cursor::names_file() const { with_->problems.add_file(node_->at, path_); }

void cursor::unexpected(std::string_view wanted) const {
  problem("got " + describe(*node_) + ", expected " + std::string{wanted});
}

void cursor::mismatch(std::string_view raw, std::string_view wanted) const {
  problem("got " + show(raw) + ", expected " + std::string{wanted});
}

bool cursor::too_long(size_t size) const {
  if (size <= elements_max)
    return false;
  problem("got " + std::to_string(size) + " elements, expected at most "
          + std::to_string(elements_max));
  return true;
}

std::optional<std::string> cursor::text(std::string_view kind) const {
  if (node_->kind != node_kind::scalar) {
    unexpected(kind);
    return std::nullopt;
  }
  auto result = substitute(node_->text, with_->node, with_->variables);
  for (auto& fault : result.faults)
    problem(std::move(fault));
  if (!result.faults.empty())
    return std::nullopt;
  return std::move(result.text);
}

std::vector<cursor> cursor::list(std::string_view kind,
                                 size_t count_min) const {
  std::vector<cursor> result;
  if (node_->kind != node_kind::list) {
    if (node_->kind != node_kind::nothing || count_min > 0)
      unexpected(kind);
    return result;
  }
  if (node_->items.size() < count_min)
    problem("got an empty list, expected at least one element");
  if (too_long(node_->items.size()))
    return result;
  result.reserve(node_->items.size());
  for (size_t i = 0; i < node_->items.size(); ++i)
    result.push_back(below(*node_->items[i], i));
  return result;
}

std::vector<map_entry> cursor::entries() const {
  std::vector<map_entry> result;
  if (node_->kind == node_kind::nothing)
    return result;
  if (node_->kind != node_kind::map) {
    unexpected("a map of keys and values");
    return result;
  }
  if (too_long(node_->entries.size()))
    return result;
  std::unordered_map<std::string_view, unsigned> lines;
  for (const auto& [key, value] : node_->entries) {
    if (key->kind != node_kind::scalar) {
      below(*key, "?").unexpected("a name as key");
      continue;
    }
    auto at_key = below(*key, key->text);
    const auto [first, fresh] = lines.try_emplace(key->text, key->at.line);
    if (fresh)
      result.push_back({key->text, at_key, below(*value, key->text)});
    else
      at_key.problem("duplicate key; the first is on line "
                     + std::to_string(first->second));
  }
  return result;
}

std::optional<cursor> cursor::child(std::string_view key) const {
  if (node_->kind == node_kind::map)
    for (const auto& [name, value] : node_->entries)
      if (name->kind == node_kind::scalar && name->text == key)
        return below(*value, key);
  return std::nullopt;
}

std::optional<cursor> cursor::child(size_t index) const {
  if (node_->kind != node_kind::list || index >= node_->items.size())
    return std::nullopt;
  return below(*node_->items[index], index);
}

cursor cursor::below(const node& at, std::string_view key) const {
  return {at, path_.empty() ? cut(key) : path_ + "." + cut(key), *with_};
}

cursor cursor::below(const node& at, size_t index) const {
  return {at, path_ + "[" + std::to_string(index) + "]", *with_};
}

map_cursor::map_cursor(const cursor& in,
                       std::span<const std::string_view> known)
  : at_(in), known_(known), entries_(in.entries()) {
  for (const auto& entry : entries_) {
    if (std::ranges::find(known_, entry.name) != known_.end())
      continue;
    if (entry.name == "<<")
      entry.key.problem("merge keys are not supported; write the keys out, or "
                        "set them in health_check_defaults");
    else
      entry.key.problem("unknown key; "
                        + suggestion(entry.name, known_, "allowed here: "));
  }
}

const cursor* map_cursor::find(std::string_view key) const {
  assert(std::ranges::find(known_, key) != known_.end());
  const auto entry = std::ranges::find(entries_, key, &map_entry::name);
  return entry == entries_.end() ? nullptr : &entry->value;
}

const cursor* map_cursor::require(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    at_.problem("required key \"" + std::string{key} + "\" is missing");
  return value;
}

} // namespace troupe::config
