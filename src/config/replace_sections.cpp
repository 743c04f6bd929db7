// SPDX-License-Identifier: BSD-3-Clause
#include "config/replace_sections.hpp"

#include "config/emit.hpp"
#include "config/layout.hpp"
#include "config/shared.hpp"

#include <algorithm>
#include <utility>

namespace troupe::config {

namespace {

const section_text* find_piece(const std::vector<section_text>& in,
                               std::string_view key) {
  const auto found = std::ranges::find(in, key, &section_text::key);
  return found == in.end() ? nullptr : &*found;
}

/// The `cluster` section as a whole: its local keys anew, then the nodes; ""
/// if there is neither.
/// @param local Local side of the file.
std::optional<std::string> whole_cluster(const node& local,
                                         const section_text* nodes) {
  std::string result;
  if (const auto entry = find_entry(&local, cluster_key); entry.first) {
    auto rest = emit(alone(entry), shared_size_max);
    if (!rest)
      return std::nullopt;
    result = std::move(*rest);
  } else if (nodes != nullptr) {
    result = std::string{cluster_key} + ":\n";
  }
  return nodes == nullptr ? result : result + nodes->text;
}

/// Replaces sections line by line and leaves everything else alone.
class editor {
public:
  editor(std::string_view text, const node& local,
         const std::vector<section_text>& by)
    : text_(text), lines_(split_lines(text)), local_(local), by_(by) {}

  /// @param root Null if there are no sections.
  std::optional<std::string> run(const node* root) {
    if (root != nullptr && !edit(*root))
      return std::nullopt;
    copy_until(lines_.size());
    for (const auto& [key, text] : by_)
      if (std::ranges::find(placed_, key) == placed_.end())
        insert(assemble({{key, text}}), 0);
    return std::move(out_);
  }

private:
  bool edit(const node& root) {
    const auto ranges = entry_lines(root, lines_, lines_.size());
    if (!ranges || root.entries.empty())
      return ranges.has_value();
    margin_ = root.entries[0].first->at.column - 1;
    for (size_t i = 0; i < root.entries.size(); ++i) {
      const auto& [key, value] = root.entries[i];
      if (is_shared_key(key->text))
        replace((*ranges)[i], key->text, margin_, 0);
      else if (key->text == cluster_key
               && !edit_cluster(*key, *value, (*ranges)[i]))
        return false;
    }
    return true;
  }

  bool edit_cluster(const node& key, const node& value, line_range range) {
    const auto* nodes = find_piece(by_, nodes_key);
    const auto old = find_entry(&value, nodes_key);
    if (nodes == nullptr && old.first == nullptr)
      return true;
    const bool below = value.kind == node_kind::map && !value.entries.empty()
                    && value.entries[0].first->at.line > key.at.line;
    const auto ranges =
      below ? entry_lines(value, lines_, range.end) : std::nullopt;
    if (!ranges) {
      const auto whole = whole_cluster(local_, nodes);
      copy_until(range.begin);
      next_ = range.end;
      if (whole)
        insert(*whole, margin_);
      placed_.emplace_back(nodes_key);
      return whole.has_value();
    }
    const auto column = value.entries[0].first->at.column - 1;
    const auto at = std::ranges::find(value.entries, old);
    replace(old.first == nullptr
              ? line_range{range.end, range.end}
              : (*ranges)[static_cast<size_t>(at - value.entries.begin())],
            nodes_key, column, nodes_column);
    return true;
  }

  /// @param column Where the section begins here, and `from` in its
  /// section_text.
  void replace(line_range range, std::string_view key, size_t column,
               size_t from) {
    copy_until(range.begin);
    next_ = range.end;
    if (const auto* one = find_piece(by_, key))
      insert(moved(split_lines(one->text), from, column), 0);
    placed_.emplace_back(key);
  }

  void copy_until(size_t line) {
    for (; next_ < line; ++next_)
      out_ += lines_[next_];
  }

  void insert(std::string_view text, size_t margin) {
    const bool crlf = lines_.size() > 0 && lines_[0].ends_with("\r\n");
    const std::string_view line_end = crlf ? "\r\n" : "\n";
    if (!out_.empty() && !out_.ends_with('\n'))
      out_ += line_end;
    out_ += with_line_ends(moved(split_lines(text), 0, margin), line_end);
  }

  std::string_view text_;
  std::vector<std::string_view> lines_;
  const node& local_;
  const std::vector<section_text>& by_;
  std::vector<std::string> placed_;
  std::string out_;
  size_t next_ = 0; ///< first line not yet dealt with
  size_t margin_ = 0;
};

/// The local side anew, and the sections as they are.
std::optional<std::string> rebuilt(const node& local,
                                   const std::vector<section_text>& by) {
  const auto* nodes = find_piece(by, nodes_key);
  std::string result;
  for (const auto& entry : local.entries) {
    const bool cluster = entry.first->text == cluster_key;
    auto text = cluster ? whole_cluster(local, std::exchange(nodes, nullptr))
                        : emit(alone(entry), shared_size_max);
    if (!text)
      return std::nullopt;
    result += *text;
  }
  for (const auto& one : by)
    if (one.key != nodes_key || nodes != nullptr)
      result += assemble({one});
  return result;
}

} // namespace

std::optional<std::string>
replace_sections(std::string_view text, document& own,
                 const std::vector<section_text>& by) {
  const auto record = assemble(by);
  report problems{""};
  auto wanted = read_sections(record, problems);
  const auto& shared = shared_side(wanted);
  const auto& local = local_side(own);
  const auto good = [&](const std::optional<std::string>& made) {
    return made && made->size() <= shared_size_max
        && reads_as(*made, shared, &local) && split(*made, "").text == record;
  };
  const auto bare = without_mark(text);
  if (auto edited = editor{bare, local, by}.run(own.root); good(edited))
    return std::string{text.substr(0, text.size() - bare.size())} + *edited;
  if (auto anew = rebuilt(local, by); good(anew))
    return anew;
  return std::nullopt;
}

} // namespace troupe::config
