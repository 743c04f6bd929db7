// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "ctl/wording.hpp"

#include <fmt/format.h>

#include <memory>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

std::string elapsed_of(const json::object& x, std::string_view key) {
  return elapsed(milliseconds{number(x, key).value_or(0)});
}

std::string probes(const json::object& x) {
  auto result = text(x, "status");
  if (number(x, "since_ms"))
    result += " for " + elapsed_of(x, "since_ms");
  if (!flag(x, "confirmed"))
    result += ", not yet confirmed";
  const auto failures = number(x, "failures_in_row").value_or(0);
  const auto successes = number(x, "successes_in_row").value_or(0);
  if (failures > 0)
    result += fmt::format("; {} failed in a row", failures);
  else if (successes > 0)
    result += fmt::format("; {} succeeded in a row", successes);
  return result
       + fmt::format("; {} so far",
                     counted(number(x, "probes").value_or(0), "probe"));
}

std::string last_probe(const json::object& x) {
  if (!number(x, "last_ms_ago"))
    return "none yet";
  return fmt::format("{}, {} ago", text(x, "last"),
                     elapsed_of(x, "last_ms_ago"));
}

std::string traffic(const json::object& x) {
  std::string result =
    flag(x, "vetoed") ? "vetoed: connecting from here fails" : "not vetoed";
  if (flag(x, "ejected"))
    result +=
      fmt::format(", ejected for another {}", elapsed_of(x, "cooldown_ms"));
  else
    result += ", not ejected";
  const auto ejections = number(x, "ejections").value_or(0);
  return ejections == 0
         ? result
         : result + fmt::format("; {} so far", counted(ejections, "ejection"));
}

/// "uid 0 at 2024-05-01T10:00:00.000Z: kernel update"
std::string set_by(const json::object& x) {
  auto result = fmt::format("{} at {}", text(x, "author"), text(x, "time"));
  if (const auto reason = text(x, "reason"); !reason.empty())
    result += ": " + reason;
  return result;
}

void add_evidence(facts& to, const json::object& evidence) {
  if (evidence.empty()) {
    to.add("evidence", {"its health checker did not answer", tone::warning});
    return;
  }
  const auto& active = part(evidence, "active");
  to.add("probes", probes(active));
  to.add("last probe", last_probe(active));
  to.add("traffic", traffic(part(evidence, "passive")));
}

// -- in a cluster -------------------------------------------------------------

std::string verdict(const json::object& cluster) {
  auto result = text(cluster, "verdict") + ": " + text(cluster, "rule");
  if (!flag(cluster, "in_force"))
    result += "; not in force: this node trusts its own probes until a "
              "majority has reported what it saw";
  return result;
}

/// A line for each node that watches, whatever it saw.
std::string observers(const json::object& cluster, const screen& to) {
  table result{{{"OBSERVER", false, true},
                {"SAW"},
                {"AGO", true},
                {"COUNTED"},
                {"LAST PROBE", false, true}}};
  for (const auto* x : parts(cluster, "observers")) {
    const auto saw = text(*x, "status");
    result.add({text(*x, "node"),
                {saw, saw == "up" ? tone::good : tone::bad},
                elapsed_of(*x, "age_ms"),
                flag(*x, "counted") ? "yes"
                : flag(*x, "fresh") ? "no"
                                    : "no: too old",
                text(*x, "evidence")});
  }
  return result.empty() ? "" : '\n' + result.render(to);
}

std::string render_why(const json::object& x, const screen& to) {
  const auto& server = part(x, "server");
  const bool usable = flag(server, "usable");
  auto address = text(server, "address");
  if (const auto endpoint = text(server, "endpoint"); endpoint.empty())
    address += " (not resolved)";
  else if (endpoint != address)
    address += " = " + endpoint;
  facts result;
  result.add("server", text(x, "backend") + '/' + text(server, "name"));
  result.add("used", {usable ? "yes" : "no", usable ? tone::good : tone::bad});
  result.add("because", fmt::format("{} (rule {})", text(x, "explanation"),
                                    text(x, "rule")));
  result.add("address", address);
  result.add("admin", text(server, "admin"));
  if (const auto& by = part(server, "set_by"); !by.empty())
    result.add("set by", set_by(by));
  result.add("weight", text(server, "weight"));
  result.add("active", text(server, "in_flight"));
  add_evidence(result, part(x, "evidence"));
  const auto& cluster = part(x, "cluster");
  if (!cluster.empty())
    result.add("verdict", verdict(cluster));
  return result.render(to) + observers(cluster, to);
}

exit_code why(context& with, const server_name& of) {
  const auto answer = with.ask(
    {.path = "/v1/why/" + path_part(of.backend) + '/' + path_part(of.server),
     .if_missing = "\"troupectl backends\" lists those there are"});
  const auto code = with.show(answer, render_why);
  return part(answer.body, "evidence").empty() ? exit_code::incomplete : code;
}

} // namespace

void add_why_verb(command_line& to) {
  auto given = std::make_shared<server_name>();
  auto& verb = to.add(
    groups::looking,
    {"why", "Explains why a server is used or not", "  troupectl why app/a1\n"},
    [given](context& with) { return why(with, *given); });
  add_server(verb, *given);
}

} // namespace troupe::ctl
