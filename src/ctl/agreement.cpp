// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/agreement.hpp"

#include "ctl/fields.hpp"
#include "ctl/table.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

/// The node gives itself 40 s.
constexpr milliseconds decision_timeout{45'000};

bool happened(const std::string& outcome) {
  return outcome == "committed" || outcome == "no_op";
}

/// Checks come before the vote: those that did not refuse a committed record
/// and are not named as silent said yes.
std::string checks(context& with, const json::object& x) {
  const auto refusals = parts(x, "refusals");
  const auto silent = texts(x, "not_checked");
  if (refusals.empty() && text(x, "outcome") != "committed")
    return {};
  const auto seen = with.ask({.path = "/v1/nodes"}).body;
  table result{{{"NODE"}, {"CHECK", false, true}}};
  for (const auto* node : parts(seen, "nodes")) {
    const auto name = text(*node, "name");
    const auto refused = std::ranges::find_if(
      refusals, [&](const auto* of) { return text(*of, "node") == name; });
    if (refused != refusals.end())
      result.add({name, {"refused", tone::bad}});
    else if (std::ranges::find(silent, name) != silent.end())
      result.add({name, {"no answer", tone::warning}});
    else
      result.add({name, {"ok", tone::good}});
  }
  auto shown = result.render(with.world().out_screen);
  for (const auto* refusal : refusals)
    for (const auto& problem : texts(*refusal, "problems"))
      shown += fmt::format("{}: {}\n", text(*refusal, "node"), problem);
  return shown;
}

failure undecided(const std::string& why) {
  return {exit_code::unknown,
          fmt::format("the change may or may not be decided: {}; \"troupectl "
                      "config history\" shows what was",
                      why)};
}

/// What came first, for whoever lost against it.
std::string other_of(const json::object& x) {
  const auto& other = part(x, "other");
  if (other.empty())
    return {};
  auto result =
    fmt::format("; generation {} is by {} on {}", text(other, "generation"),
                text(other, "author"), text(other, "node"));
  const auto message = text(other, "message");
  return message.empty() ? result : fmt::format("{}: {}", result, message);
}

} // namespace

answer propose(context& with, const std::string& path,
               const json::object& body) {
  try {
    return with.ask({.method = "POST",
                     .path = path,
                     .body = json::serialize(body),
                     .timeout = decision_timeout,
                     .result_key = "outcome"});
  } catch (const no_answer& x) {
    throw undecided(x.what());
  }
}

exit_code show_outcome(context& with, const answer& x) {
  const auto outcome = text(x.body, "outcome");
  const auto words = text(x.body, "text");
  auto& out = with.world().out;
  if (with.as_json())
    out << x.text;
  else
    out << checks(with, x.body);
  if (happened(outcome)) {
    if (!with.as_json())
      out << (outcome == "no_op" ? "nothing to do: " : "") << words << '\n';
    out << std::flush;
    return exit_code::ok;
  }
  out << std::flush;
  if (outcome == "unknown")
    throw undecided(words);
  throw failure{exit_code::failed,
                fmt::format("{}: {}{}", outcome, words,
                            outcome == "conflict" ? other_of(x.body) : "")};
}

} // namespace troupe::ctl
