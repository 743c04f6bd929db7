// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/verbs.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

// -- version ------------------------------------------------------------------

/// One's own version is worth knowing when no node answers, too.
exit_code version(context& with) {
  if (!with.as_json())
    with.world().out << "troupectl " TROUPE_VERSION "\n" << std::flush;
  const auto answer = with.ask({.path = "/v1/version"});
  return with.confirm(answer, fmt::format("trouped {} (node {})",
                                          text(answer.body, "version"),
                                          text(answer.body, "node")));
}

// -- log-level
// -----------------------------------------------------------------

exit_code log_level(context& with, const std::string& wanted) {
  request what{.path = "/v1/log-level"};
  if (!wanted.empty()) {
    what.method = "PUT";
    what.body = json::serialize(json::object{{"level", wanted}});
  }
  const auto answer = with.ask(what);
  return with.confirm(answer, text(answer.body, "level"));
}

void add_log_level(command_line& to) {
  auto wanted = std::make_shared<std::string>();
  to.add(groups::node,
         {"log-level", "Shows or sets how much the node logs",
          "  troupectl log-level\n"
          "  troupectl log-level debug\n\n"
          "The level holds until a restart, or a reload that changes "
          "global.log.\n"},
         [wanted](context& with) { return log_level(with, *wanted); })
    .add_option("LEVEL", *wanted, "trace, debug, info, warn or error")
    ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
    ->option_text(" ");
}

} // namespace

void add_node_verbs(command_line& to) {
  add_log_level(to);
  to.add(groups::node,
         {"version", "Shows the versions of troupectl and of the node",
          "  troupectl version\n"},
         version);
}

} // namespace troupe::ctl
