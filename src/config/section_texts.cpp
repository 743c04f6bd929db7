// SPDX-License-Identifier: BSD-3-Clause
#include "config/section_texts.hpp"

#include "config/emit.hpp"
#include "config/layout.hpp"
#include "config/shared.hpp"

#include <algorithm>

namespace troupe::config {

namespace {

/// Cuts entries of a document out of its text, where they stand in lines of
/// their own.
class cutter {
public:
  cutter(std::string_view text, const node& root)
    : root_(root), lines_(split_lines(text)),
      ranges_(entry_lines(root, lines_, lines_.size())) {}

  std::optional<std::string> section(const node* key) const {
    return ranges_ ? cut(root_, *ranges_, key, 0) : std::nullopt;
  }

  std::optional<std::string> nodes() const {
    if (!ranges_)
      return std::nullopt;
    const auto cluster = find_entry(&root_, cluster_key);
    const auto at = std::ranges::find(root_.entries, cluster);
    const auto end =
      (*ranges_)[static_cast<size_t>(at - root_.entries.begin())].end;
    const auto& map = *cluster.second;
    const auto below = entry_lines(map, lines_, end);
    // `cluster: {` may be followed by lines that look like block style.
    if (!below || map.entries[0].first->at.line == cluster.first->at.line)
      return std::nullopt;
    return cut(map, *below, find_entry(&map, nodes_key).first, nodes_column);
  }

private:
  std::optional<std::string> cut(const node& map,
                                 const std::vector<line_range>& ranges,
                                 const node* key, size_t column) const {
    const auto at = std::ranges::find(map.entries, key, &tree_entry::first);
    const auto [begin, end] =
      ranges[static_cast<size_t>(at - map.entries.begin())];
    return moved(std::span{lines_}.subspan(begin, end - begin),
                 key->at.column - 1, column);
  }

  const node& root_;
  std::vector<std::string_view> lines_;
  std::optional<std::vector<line_range>> ranges_;
};

bool is_cluster(const tree_entry& entry) {
  return entry.first->text == cluster_key;
}

std::optional<section_text> written(const cutter& from,
                                    const tree_entry& entry) {
  auto text = is_cluster(entry) ? from.nodes() : from.section(entry.first);
  if (!text)
    return std::nullopt;
  return section_text{
    std::string{is_cluster(entry) ? nodes_key : entry.first->text},
    std::move(*text)};
}

std::optional<section_text> written_anew(const tree_entry& entry) {
  auto text = is_cluster(entry) ? emit(*entry.second, shared_size_max)
                                : emit(alone(entry), shared_size_max);
  if (!text)
    return std::nullopt;
  if (!is_cluster(entry))
    return section_text{entry.first->text, std::move(*text)};
  return section_text{std::string{nodes_key},
                      moved(split_lines(*text), 0, nodes_column)};
}

/// @returns nothing if it would take more than `shared_size_max` bytes.
std::optional<std::vector<section_text>>
take_sections(std::string_view text, const node& root, const node& shared) {
  const cutter from{text, root};
  std::vector<section_text> result;
  for (const auto& entry : shared.entries)
    if (auto one = written(from, entry))
      result.push_back(std::move(*one));
  if (result.size() == shared.entries.size()
      && reads_as(assemble(result), shared))
    return result;
  // Some section shares lines with others, or needs an anchor of another one
  // that now stands behind it: those are written anew.
  result.clear();
  for (const auto& entry : shared.entries) {
    auto one = written(from, entry);
    if (!one || !reads_as(assemble({*one}), alone(entry)))
      one = written_anew(entry);
    if (!one)
      return std::nullopt;
    result.push_back(std::move(*one));
  }
  if (!reads_as(assemble(result), shared))
    return std::nullopt;
  return result;
}

} // namespace

std::string assemble(const std::vector<section_text>& sections) {
  std::string result;
  for (const auto& [key, text] : sections) {
    if (key == nodes_key)
      result.append(cluster_key).append(":\n");
    result += text;
  }
  return result;
}

document read_sections(std::string_view text, report& problems,
                       unsigned source) {
  const position whole{0, 0, source};
  document result;
  if (text.size() > shared_size_max) {
    problems.add_problem(whole, "", "larger than 1MiB");
    return result;
  }
  result = read_document(text, problems, source);
  if (result.root == nullptr || result.root->kind == node_kind::nothing)
    result.root = nullptr;
  else if (result.root->kind == node_kind::map)
    check_shared_sections(result, problems);
  else
    problems.add_problem(result.root->at, "",
                         "expected a map of sections such as frontends and "
                         "backends");
  return result;
}

std::optional<std::vector<section_text>> section_texts_of(std::string_view text,
                                                          document& read,
                                                          report& problems,
                                                          unsigned source) {
  if (problems.has_problems())
    return std::nullopt;
  const auto& shared = shared_side(read);
  if (shared.entries.empty())
    return std::vector<section_text>{};
  auto result = take_sections(without_mark(text), *read.root, shared);
  if (!result)
    problems.add_problem({0, 0, source}, "",
                         "the shared sections take more than 1MiB when their "
                         "aliases are written out");
  return result;
}

bool reads_as(std::string_view text, const node& shared, const node* local) {
  report problems{""};
  auto read = read_sections(text, problems);
  return !problems.has_problems() && same_tree(shared_side(read), shared)
      && (local == nullptr || same_tree(local_side(read), *local));
}

} // namespace troupe::config
