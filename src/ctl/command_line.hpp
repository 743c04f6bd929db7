// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "config/values.hpp"
#include "ctl/context.hpp"

#include <CLI/App.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace troupe::ctl {

using action = std::function<exit_code(context&)>;

/// How a verb presents itself.
struct verb_text {
  std::string name;
  std::string about;    ///< one line
  std::string examples; ///< lines, shown under "Examples:"
};

/// Headings in the list of verbs.
namespace groups {
inline constexpr auto looking = "Looking";
inline constexpr auto servers = "Servers";
inline constexpr auto cluster = "Configuration and cluster";
inline constexpr auto node = "Node";
} // namespace groups

/// The tree of verbs and the options that all of them share. The values that
/// an option writes to must live as long as the verb's action: keep them in a
/// shared_ptr that the action holds.
class command_line {
public:
  command_line();

  /// A verb of its own. @returns where its options are added.
  CLI::App& add(const char* group, const verb_text& text, action run);
  /// A family: `config` of `config check`.
  CLI::App& add_family(const char* group, const verb_text& text);
  /// A verb in a family.
  CLI::App& add_to(CLI::App& family, const verb_text& text, action run);

  /// All verbs with their options.
  const CLI::App& tree() const noexcept { return app_; }

  /// Everything a run needs to know.
  struct choice {
    action run;
    std::string socket;
    output_format format;
    std::string node; ///< empty: the one behind the socket
  };
  /// The value of --node that means every node of the cluster.
  static constexpr auto all_nodes = "all";
  /// @returns the exit code after --help, --version or a mistake, which it has
  /// reported.
  std::variant<choice, exit_code> parse(int argc, const char* const* argv,
                                        std::ostream& out, std::ostream& err);

private:
  CLI::App& decorate(CLI::App& verb, const verb_text& text);
  exit_code explain(const CLI::ParseError& error, std::ostream& out,
                    std::ostream& err);

  CLI::App app_;
  std::string socket_ = "/run/troupe/admin.sock";
  output_format format_ = output_format::table;
  std::string node_;
  action chosen_;
};

// -- options that several verbs take ------------------------------------------

/// A server as operators write it: BACKEND/SERVER.
struct server_name {
  std::string backend;
  std::string server;
  std::string to_string() const { return backend + '/' + server; }
};

/// The positional BACKEND/SERVER, required.
CLI::Option* add_server(CLI::App& verb, server_name& into);

/// The option -m TEXT, as long as the cluster keeps it.
CLI::Option* add_message(CLI::App& verb, std::string& into);

/// An option or positional whose value is a number in `range`.
CLI::Option* add_number(CLI::App& verb, const std::string& name,
                        std::optional<uint64_t>& into,
                        const config::number& range, const std::string& about);

/// An option whose value is a duration with its unit, such as 30s; at most a
/// day.
CLI::Option* add_duration(CLI::App& verb, const std::string& name,
                          std::optional<milliseconds>& into,
                          const std::string& about);

} // namespace troupe::ctl
