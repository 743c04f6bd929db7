// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/verbs.hpp"
#include "ctl/wording.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <vector>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

constexpr size_t message_bytes_max = 500;
constexpr uint64_t weight_max = 1000;
constexpr milliseconds look_interval{200};
constexpr auto if_missing = "\"troupectl backends\" lists all";

std::string path_of(std::string_view kind, const server_name& of) {
  return fmt::format("/v1/{}/{}/{}", kind, path_part(of.backend),
                     path_part(of.server));
}

answer change(context& with, const server_name& of, const json::object& body) {
  return with.ask({.method = "POST",
                   .path = path_of("servers", of),
                   .body = json::serialize(body),
                   .if_missing = if_missing});
}

// -- drain, ready, maint ------------------------------------------------------

struct wish {
  std::string admin;
  server_name of;
  std::optional<milliseconds> wait;
  std::string message;
};

bool wants_traffic(const wish& x) { return x.admin == "ready"; }

bool arrived(const wish& x, const json::object& server) {
  return wants_traffic(x) ? flag(server, "usable")
                          : number(server, "in_flight") == uint64_t{0};
}

/// What keeps a wish from having arrived.
std::string obstacle(const wish& x, const json::object& server) {
  if (wants_traffic(x))
    return "not used yet because of rule " + text(server, "rule");
  const auto left = text(server, "in_flight");
  return left == "1" ? "1 request or stream is under way"
                     : left + " requests or streams are under way";
}

std::string result_of(const wish& x, const json::object& server) {
  auto result = fmt::format("{} is set to {}", x.of.to_string(), x.admin);
  if (!arrived(x, server))
    return result + "; " + obstacle(x, server);
  return result + (wants_traffic(x) ? " and used" : ", nothing is under way");
}

/// One line that is written over again; only where somebody watches.
class progress {
public:
  explicit progress(surroundings& world) : world_(world) {}
  ~progress() { show(""); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  void show(std::string_view text) {
    if (world_.err_screen.terminal)
      world_.err << "\r\033[K" << text << std::flush;
  }

private:
  surroundings& world_;
};

/// A node where a wish has to arrive.
struct place {
  std::string node; ///< empty: the one behind the socket
  answer last = {}; ///< of /v1/why, which has what a change answers and more
  bool arrived = false;
  bool silent = false; ///< it did not answer the last time
};

using places = std::vector<place>;

/// Looks once at a node where it has not arrived yet.
void look(context& with, const wish& x, place& at) {
  try {
    at.last = with.ask_node(at.node,
                            {.path = path_of("why", x.of),
                             .if_missing = "the server was removed meanwhile"});
    at.silent = false;
  } catch (const failure& error) {
    if (at.node.empty() || error.code() != exit_code::incomplete)
      throw;
    at.silent = true; // it may be restarting, and answer the next time
    return;
  }
  const auto& server = part(at.last.body, "server");
  if (const auto now = text(server, "admin"); now != x.admin)
    throw failure{exit_code::failed,
                  fmt::format("{} was set to {} by another operator meanwhile",
                              x.of.to_string(), now)};
  at.arrived = arrived(x, server);
}

/// What keeps a wish from having arrived, at each node where it has not.
std::string obstacles(const wish& x, const places& all) {
  std::vector<std::string> result;
  for (const auto& at : all) {
    if (at.arrived)
      continue;
    const auto what = at.silent ? std::string{"no answer"}
                                : obstacle(x, part(at.last.body, "server"));
    result.push_back(at.node.empty() ? what : at.node + ": " + what);
  }
  return fmt::format("{}", fmt::join(result, "; "));
}

/// As JSON: what the node said, a line for each if there are several.
void print(context& with, const places& all) {
  auto& out = with.world().out;
  for (const auto& at : all)
    if (at.node.empty())
      out << at.last.text;
    else if (!at.silent)
      out << json::serialize(
        json::object{{"node", at.node}, {"answer", at.last.body}})
          << '\n';
}

/// Looks until the wish has arrived everywhere.
void wait_for(context& with, const wish& x, places& all) {
  auto& world = with.world();
  const auto end = world.now() + *x.wait;
  progress line{world};
  for (;;) {
    // Before the first look, too: a worker may still pick by the state before
    // for some milliseconds, so a count that is 0 at once proves nothing.
    world.pause(look_interval);
    for (auto& at : all)
      if (!at.arrived)
        look(with, x, at);
    if (std::ranges::all_of(all, &place::arrived))
      return;
    const auto left =
      std::chrono::duration_cast<milliseconds>(end - world.now());
    if (left <= milliseconds{0})
      break;
    line.show(fmt::format("{}: {}; waiting for another {}", x.of.to_string(),
                          obstacles(x, all), elapsed(left)));
  }
  line.show("");
  if (with.as_json())
    print(with, all);
  const bool only_silent = std::ranges::all_of(
    all, [](const auto& at) { return at.arrived || at.silent; });
  throw failure{only_silent ? exit_code::incomplete : exit_code::failed,
                fmt::format("{} is set to {}, but after {}: {}",
                            x.of.to_string(), x.admin, elapsed(*x.wait),
                            obstacles(x, all))};
}

/// In a cluster a change holds on all nodes.
bool holds_everywhere(const answer& x) { return x.body.contains("in_force"); }

/// Says which nodes have not confirmed a change.
exit_code tell_missing(context& with, const answer& change) {
  const auto missing = texts(change.body, "missing");
  if (missing.empty())
    return exit_code::ok;
  with.note(fmt::format("not confirmed by {}: it takes effect there when the "
                        "node is back",
                        fmt::join(missing, ", ")));
  return exit_code::incomplete;
}

exit_code confirm_everywhere(context& with, const answer& x,
                             const std::string& done) {
  auto nodes = texts(x.body, "in_force");
  std::ranges::sort(nodes);
  with.confirm(x, fmt::format("{} on {}", done, fmt::join(nodes, ", ")));
  return tell_missing(with, x);
}

exit_code wait_everywhere(context& with, const wish& x, const answer& changed) {
  auto nodes = texts(changed.body, "in_force");
  std::ranges::sort(nodes);
  places all;
  for (const auto& name : nodes)
    all.push_back({name});
  wait_for(with, x, all);
  if (with.as_json())
    print(with, all);
  else
    with.world().out << fmt::format(
      "{} is set to {}{} on {}\n", x.of.to_string(), x.admin,
      wants_traffic(x) ? " and used" : ", and nothing is under way",
      fmt::join(nodes, ", "));
  return tell_missing(with, changed);
}

exit_code set_admin(context& with, const wish& x) {
  json::object wanted{{"admin", x.admin}};
  if (!x.message.empty())
    wanted["message"] = x.message;
  auto last = change(with, x.of, wanted);
  if (holds_everywhere(last)) {
    if (!x.wait)
      return confirm_everywhere(
        with, last, fmt::format("{} is set to {}", x.of.to_string(), x.admin));
    return wait_everywhere(with, x, last);
  }
  if (!x.wait)
    return with.confirm(last, result_of(x, part(last.body, "server")));
  places here(1);
  wait_for(with, x, here);
  const auto& shown = here.front().last;
  return with.confirm(shown, result_of(x, part(shown.body, "server")));
}

/// A verb that sets the state of its name.
void add_admin(command_line& to, const verb_text& text,
               const std::string& waits_for) {
  auto given = std::make_shared<wish>();
  given->admin = text.name;
  auto& verb = to.add(groups::servers, text, [given](context& with) {
    return set_admin(with, *given);
  });
  add_server(verb, given->of);
  add_duration(verb, "--wait", given->wait,
               "wait at most TIME " + waits_for
                 + ";\nexit with 1 if that is not enough");
  verb.add_option("-m,--message", given->message, "the reason, for the record")
    ->check([](const std::string& x) {
      return x.size() <= message_bytes_max
             ? std::string{}
             : fmt::format("at most {} bytes", message_bytes_max);
    })
    ->option_text("TEXT");
}

// -- weight -------------------------------------------------------------------

struct new_weight {
  server_name of;
  std::optional<uint64_t> weight;
  bool reset = false; ///< instead: back to the configured one
};

exit_code set_weight(context& with, const new_weight& x) {
  if (!x.weight && !x.reset)
    throw failure{exit_code::usage,
                  "weight: give the new weight, 1..1000, or --reset"};
  const auto body = x.reset ? json::object{{"reset_weight", true}}
                            : json::object{{"weight", *x.weight}};
  const auto result = change(with, x.of, body);
  if (holds_everywhere(result))
    return confirm_everywhere(
      with, result,
      x.reset ? x.of.to_string() + " has its configured weight again"
              : fmt::format("{} has weight {}", x.of.to_string(), *x.weight));
  return with.confirm(
    result, fmt::format("{} has {} {}", x.of.to_string(),
                        x.reset ? "its configured weight again:" : "weight",
                        text(part(result.body, "server"), "weight")));
}

void add_weight(command_line& to) {
  auto given = std::make_shared<new_weight>();
  auto& verb =
    to.add(groups::servers,
           {"weight", "Sets a server's weight, or resets it",
            "  troupectl weight app/a1 5\n"
            "  troupectl weight app/a1 --reset\n"},
           [given](context& with) { return set_weight(with, *given); });
  add_server(verb, given->of);
  auto* n = add_number(verb, "N", given->weight,
                       {1, weight_max,
                        "to take a server out of rotation use "
                        "\"troupectl drain\""},
                       "the new weight, 1..1000");
  verb.add_flag("--reset", given->reset, "return to the configured weight")
    ->excludes(n);
}

} // namespace

void add_server_verbs(command_line& to) {
  add_admin(to,
            {"drain", "Sends no new requests to a server; probes continue",
             "  troupectl drain app/a1 -m \"kernel update\"\n"
             "  troupectl drain app/a1 --wait 30s && ssh a1 reboot\n"},
            "until nothing is under way there");
  add_admin(to,
            {"ready", "Sends requests to a server again, if it is healthy",
             "  troupectl ready app/a1\n"
             "  troupectl ready app/a1 --wait 30s\n"},
            "until the server is used");
  add_admin(to,
            {"maint", "Sends neither new requests nor probes to a server",
             "  troupectl maint app/a1 --wait 30s\n"},
            "until nothing is under way there");
  add_weight(to);
}

} // namespace troupe::ctl
