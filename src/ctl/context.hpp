// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "ctl/failure.hpp"
#include "ctl/node_api.hpp"
#include "ctl/screen.hpp"

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::ctl {

namespace top {
class live_screen;
} // namespace top

/// The world outside, which tests replace.
struct surroundings {
  std::ostream& out;
  std::ostream& err;
  screen out_screen;
  screen err_screen; ///< progress is shown there, never among the results
  std::function<std::unique_ptr<node_api>(const std::string& socket)> connect;
  std::function<void(milliseconds)> pause;
  std::function<time_point()> now;
  /// Asks the user at the terminal, and returns the line typed; nothing without
  /// a terminal.
  std::function<std::optional<std::string>(const std::string& question)> prompt;
  /// Takes over the terminal. Empty: there is none that can be painted on.
  std::function<std::unique_ptr<top::live_screen>(bool coloured)> open_screen;
};

enum class output_format : uint8_t { table, json };

/// The environment of a verb: the node, and the way to show its answers.
class context {
public:
  /// @param asked_node The node that answers requests which only read; empty:
  /// the node behind the socket. @param in_turn And others after it.
  context(surroundings& world, node_api& node, output_format format,
          std::string asked_node = {}, bool in_turn = false)
    : world_(world), node_(node), format_(format),
      asked_node_(std::move(asked_node)), in_turn_(in_turn) {}

  /// Calls the node. @throws failure unless it answers with 2xx or with the
  /// key of a result: no_answer if the node does not know the outcome. As
  /// JSON, a refusal is printed first.
  answer ask(const request& what);

  /// Shows an answer: as JSON exactly as it came, else by `text`.
  /// @returns incomplete, said on stderr, if parts of the node did not answer.
  using renderer =
    std::function<std::string(const boost::json::object&, const screen&)>;
  exit_code show(const answer& x, const renderer& text);

  /// Says on stderr whose answer is missing. @returns incomplete if there is
  /// one.
  exit_code note_missing(const std::vector<std::string>& unanswered);

  /// As show(), for what was done: one sentence, without its line's end.
  exit_code confirm(const answer& x, const std::string& sentence);

  /// As ask(), of another node; of the one behind the socket if `name` is
  /// empty.
  answer ask_node(const std::string& name, request what);

  /// A line on stderr, beside the result.
  void note(std::string_view text);

  /// @throws failure if the verb runs at every node in turn: `what` never ends.
  void must_ask_one(std::string_view what) const;

  bool as_json() const noexcept { return format_ == output_format::json; }
  surroundings& world() noexcept { return world_; }

private:
  [[noreturn]] void refuse(const answer& x, const request& asked);

  surroundings& world_;
  node_api& node_;
  output_format format_;
  std::string asked_node_;
  bool in_turn_;
};

} // namespace troupe::ctl
