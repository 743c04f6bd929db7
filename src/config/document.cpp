// SPDX-License-Identifier: BSD-3-Clause
#include "config/document.hpp"

#include "config/encoding.hpp"

#include <optional>
#include <sstream>
#include <unordered_map>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace troupe::config {

namespace {

position to_position(const YAML::Mark& mark, unsigned source) {
  if (mark.is_null())
    return {0, 0, source};
  return {static_cast<unsigned>(mark.line) + 1,
          static_cast<unsigned>(mark.column) + 1, source};
}

/// Builds the tree from the parser's events. Leaves through YAML's own
/// exception when a limit is hit, which stops the parser's recursion as well.
class builder final : public YAML::EventHandler {
public:
  builder(document& out, unsigned source) : out_(out), source_(source) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw YAML::ParserException{mark, "a second document begins here; a "
                                        "configuration is one document"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto* made = start(node_kind::nothing, mark, "", anchor);
    // The parser only notices an empty value at whatever comes next.
    if (!open_.empty() && open_.back().key != nullptr)
      made->at = open_.back().key->at;
    attach(finish(made));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || !found->second->complete)
      throw YAML::ParserException{mark, "an alias inside its own anchor"};
    attach(found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    auto* made = start(node_kind::scalar, mark, tag, anchor);
    made->text = value;
    attach(finish(made));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(start(node_kind::list, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(start(node_kind::map, mark, tag, anchor), mark);
  }
  void OnMapEnd() override { close(); }

private:
  struct level {
    node* container;
    YAML::Mark at;
    const node* key = nullptr; ///< of a map, while its value is awaited
  };

  node* start(node_kind kind, const YAML::Mark& mark, const std::string& tag,
              YAML::anchor_t anchor) {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw YAML::ParserException{mark,
                                  "tags such as " + tag + " are not supported"};
    auto& made = out_.nodes.emplace_back();
    made.kind = kind;
    made.at = to_position(mark, source_);
    if (anchor != YAML::NullAnchor)
      anchors_[anchor] = &made;
    return &made;
  }

  void open(node* container, const YAML::Mark& mark) {
    if (open_.size() == depth_max)
      throw YAML::ParserException{
        mark, "nested more than " + std::to_string(depth_max) + " levels deep"};
    open_.push_back({container, mark});
  }

  void close() {
    auto* container = open_.back().container;
    open_.pop_back();
    attach(finish(container));
  }

  static const node* finish(node* made) {
    made->complete = true;
    return made;
  }

  void attach(const node* child) {
    if (open_.empty()) {
      out_.root = child;
      return;
    }
    auto& [container, at, key] = open_.back();
    container->unfolded += child->unfolded;
    if (container->unfolded > nodes_max)
      throw YAML::ParserException{at, "aliases unfold to more than "
                                        + std::to_string(nodes_max)
                                        + " values"};
    if (container->kind == node_kind::list) {
      container->items.push_back(child);
    } else if (key == nullptr) {
      key = child;
    } else {
      container->entries.emplace_back(key, child);
      key = nullptr;
    }
  }

  document& out_;
  unsigned source_;
  std::vector<level> open_;
  std::unordered_map<YAML::anchor_t, node*> anchors_;
  unsigned documents_ = 0;
};

/// yaml-cpp reads brackets ahead until the first of them is closed, at 1 µs
/// each, before it tells of any: a megabyte of them would take it seconds. So
/// many are open at once in no text that means something, whether they stand in
/// values, in quotes or in comments.
constexpr unsigned open_brackets_max = 1'000;

/// Where that many are open; nothing in most texts.
std::optional<position> find_bracket_pile(std::string_view text,
                                          unsigned source) {
  unsigned open = 0;
  position at{1, 1, source};
  for (const char c : text) {
    if (c == '[' || c == '{') {
      if (++open > open_brackets_max)
        return at;
    } else if (c == ']' || c == '}') {
      open -= open > 0 ? 1 : 0;
    }
    ++at.column;
    if (c == '\n') {
      ++at.line;
      at.column = 1;
    }
  }
  return std::nullopt;
}

/// yaml-cpp takes a quoted value for closed when the file ends in it, if its
/// last character is a line break: it must not see one.
std::string without_line_breaks_at_end(std::string_view text) {
  return std::string{text.substr(0, text.find_last_not_of(" \t\r\n") + 1)};
}

/// The parser's own texts are terse; the commonest mistakes get their way out.
std::string explain(const std::string& text) {
  using namespace YAML::ErrorMsg;
  if (text == TAB_IN_INDENTATION || text == UNKNOWN_TOKEN)
    return text
         + " (indent with spaces, not tabs; quote values that begin "
           "with a special character)";
  if (text == END_OF_MAP || text == END_OF_SEQ || text == END_OF_MAP_FLOW
      || text == END_OF_SEQ_FLOW || text == FLOW_END)
    return text
         + " (check the indentation, and quote values with brackets, such as "
           "\"[::1]:80\")";
  if (text == MAP_VALUE || text == MAP_KEY)
    return text
         + " (check the indentation, and quote values that have \": \" in "
           "them)";
  if (text == BLOCK_ENTRY)
    return text
         + " (list items stand on lines of their own, indented with "
           "spaces, not tabs)";
  if (text == EOF_IN_SCALAR)
    return text + " (a quote is not closed)";
  return text;
}

} // namespace

document read_document(std::string_view text, report& problems,
                       unsigned source) {
  document result;
  if (auto bad = find_bad_character(text)) {
    bad->at.source = source;
    problems.add_problem(bad->at, "", bad->what);
    return result;
  }
  if (const auto at = find_bracket_pile(text, source)) {
    problems.add_problem(*at, "",
                         "not valid YAML: nested more than "
                           + std::to_string(depth_max) + " levels deep");
    return result;
  }
  try {
    std::istringstream stream{without_line_breaks_at_end(text)};
    YAML::Parser parser{stream};
    builder events{result, source};
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::Exception& e) {
    problems.add_problem(to_position(e.mark, source), "",
                         "not valid YAML: " + explain(e.msg));
    result.root = nullptr;
  }
  return result;
}

} // namespace troupe::config
