// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "ctl/wording.hpp"

#include <algorithm>
#include <fmt/format.h>

#include <memory>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

using rows = std::vector<const json::object*>;

std::string duration(const json::object& x, std::string_view key) {
  const auto ms = number(x, key);
  return ms ? elapsed(milliseconds{*ms}) : "-";
}

cell restarts(const json::object& x) {
  return {text(x, "restarts"),
          number(x, "restarts").value_or(0) > 0 ? tone::warning : tone::plain};
}

std::string kind_of(const json::object& x) { return text(x, "kind"); }

// -- list ---------------------------------------------------------------------

std::string render_list(const json::object& x, const screen& to) {
  table result{{{"ID", true},
                {"KIND"},
                {"NAME", false, true},
                {"WHERE"},
                {"MAILBOX", true},
                {"HANDLED", true},
                {"IDLE", true},
                {"RESTARTS", true},
                {"AGE", true}}};
  for (const auto* actor : parts(x, "actors"))
    result.add({text(*actor, "id"), kind_of(*actor), text(*actor, "name"),
                text(*actor, "where"), text(*actor, "mailbox"),
                text(*actor, "handled"), duration(*actor, "idle_ms"),
                restarts(*actor), duration(*actor, "age_ms")});
  for (const auto* group : parts(x, "connections"))
    result.add({"-", "connection", "(" + text(*group, "count") + " of them)",
                text(*group, "where"), text(*group, "mailbox"),
                text(*group, "handled"), "-", "-", "-"});
  return result.render(to);
}

// -- tree ---------------------------------------------------------------------

/// Who started whom: the supervisor everything on its loop and the worker
/// actors, a worker its listeners, they the connections.
class tree {
public:
  explicit tree(const json::object& x)
    : actors_(parts(x, "actors")), connections_(parts(x, "connections")) {
    std::stable_sort(
      actors_.begin(), actors_.end(),
      [](const auto* a, const auto* b) { return kind_of(*a) < kind_of(*b); });
  }

  std::string render(const screen& to) {
    for (const auto* actor : actors_)
      if (kind_of(*actor) == "supervisor")
        add_root(*actor);
    return lines_.render(to);
  }

private:
  void add_root(const json::object& supervisor) {
    add("", supervisor, kind_of(supervisor));
    const auto home = text(supervisor, "where");
    rows below;
    for (const auto* actor : actors_)
      if (actor != &supervisor
          && (text(*actor, "where") == home || kind_of(*actor) == "worker"))
        below.push_back(actor);
    each(below, "",
         [&](const json::object& x, const std::string& lead,
             const std::string& below_it) {
           const bool worker = kind_of(x) == "worker";
           add(lead, x, worker ? text(x, "where") : title(x));
           if (worker)
             add_loop(text(x, "where"), below_it);
         });
  }

  void add_loop(const std::string& where, const std::string& indent) {
    rows below;
    for (const auto* actor : actors_)
      if (text(*actor, "where") == where && kind_of(*actor) != "worker")
        below.push_back(actor);
    for (const auto* group : connections_)
      if (text(*group, "where") == where)
        below.push_back(group);
    each(
      below, indent,
      [&](const json::object& x, const std::string& lead, const std::string&) {
        add(lead, x,
            x.contains("count")
              ? counted(number(x, "count").value_or(0), "connection")
              : title(x));
      });
  }

  template <class F>
  static void each(const rows& children, const std::string& indent, F&& show) {
    for (const auto* child : children) {
      const bool last = child == children.back();
      show(*child, indent + (last ? "`- " : "|- "),
           indent + (last ? "   " : "|  "));
    }
  }

  static std::string title(const json::object& x) {
    const auto name = text(x, "name");
    return name.empty() || name == "-" ? kind_of(x) : kind_of(x) + ' ' + name;
  }

  void add(const std::string& lead, const json::object& x,
           const std::string& name) {
    lines_.add({lead + name, text(x, "mailbox"), text(x, "handled"),
                duration(x, "idle_ms"), restarts(x), duration(x, "age_ms"),
                text(x, "where")});
  }

  rows actors_;
  rows connections_;
  table lines_{{{"ACTOR", false, true},
                {"MAILBOX", true},
                {"HANDLED", true},
                {"IDLE", true},
                {"RESTARTS", true},
                {"AGE", true},
                {"WHERE"}}};
};

std::string render_tree(const json::object& x, const screen& to) {
  return tree{x}.render(to);
}

exit_code actors(context& with, bool as_tree, bool connections) {
  const auto answer =
    with.ask({.path = connections ? "/v1/actors?connections=1" : "/v1/actors"});
  return with.show(answer, as_tree ? render_tree : render_list);
}

} // namespace

void add_actors_verb(command_line& to) {
  struct options {
    bool tree = false;
    bool connections = false;
  };
  auto given = std::make_shared<options>();
  auto& verb = to.add(
    groups::looking,
    {"actors", "Shows the actors of the node",
     "  troupectl actors\n"
     "  troupectl actors --tree       which actor started which\n\n"
     "MAILBOX counts the messages that wait, HANDLED those that were handled.\n"
     "IDLE is the time since the last message. RESTARTS is how often an actor "
     "of\nthis kind and name failed and was restarted.\n"},
    [given](context& with) {
      return actors(with, given->tree, given->connections);
    });
  verb.add_flag("--tree", given->tree, "show a tree");
  verb.add_flag("--connections", given->connections,
                "show each connection on its own line");
}

} // namespace troupe::ctl
