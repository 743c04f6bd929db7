// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/context.hpp"

#include "ctl/fields.hpp"

#include <fmt/format.h>

#include <ostream>

namespace troupe::ctl {

answer context::ask(const request& what) { return ask_node(asked_node_, what); }

answer context::ask_node(const std::string& name, request what) {
  if (!name.empty()) {
    if (what.method != "GET")
      throw failure{
        exit_code::usage,
        "--node is for verbs that show something; to change another "
        "node, use its own socket"};
    what.path += what.path.find('?') == std::string::npos ? "?node=" : "&node=";
    what.path += path_part(name);
  }
  auto result = node_.call(what);
  const bool decided =
    !what.result_key.empty() && result.body.contains(what.result_key);
  if (!decided && (result.status < 200 || result.status > 299))
    refuse(result, what);
  return result;
}

void context::refuse(const answer& x, const request& asked) {
  static constexpr unsigned not_found = 404;
  static constexpr unsigned server_error = 500;
  static constexpr unsigned not_ready = 503; // asked nobody
  static constexpr unsigned gateway_timeout = 504;
  if (as_json())
    world_.out << x.text;
  std::string words;
  for (const auto& problem : texts(x.body, "problems"))
    words += problem + '\n';
  words += x.body.contains("error")
           ? text(x.body, "error")
           : fmt::format("the node answered {} {} with status {}", asked.method,
                         asked.path, x.status);
  if (x.status == not_found && !asked.if_missing.empty())
    words += "; " + asked.if_missing;
  const auto code =
    x.status == gateway_timeout ? exit_code::incomplete : exit_code::failed;
  if (x.status >= server_error && x.status != not_ready)
    throw no_answer{code, words};
  throw failure{code, words};
}

exit_code context::show(const answer& x, const renderer& to_text) {
  world_.out << (as_json() ? x.text : to_text(x.body, world_.out_screen))
             << std::flush;
  return note_missing(texts(x.body, "unanswered"));
}

exit_code context::note_missing(const std::vector<std::string>& unanswered) {
  if (unanswered.empty())
    return exit_code::ok;
  note(fmt::format("incomplete: no answer in time from {}",
                   fmt::join(unanswered, ", ")));
  return exit_code::incomplete;
}

exit_code context::confirm(const answer& x, const std::string& sentence) {
  return show(x, [&](const auto&, const auto&) { return sentence + '\n'; });
}

void context::must_ask_one(std::string_view what) const {
  if (in_turn_)
    throw failure{
      exit_code::usage,
      fmt::format("{} does not end by itself, so it works for one node "
                  "only: --node NAME",
                  what)};
}

void context::note(std::string_view text) {
  world_.err << "troupectl: " << text << '\n';
}

} // namespace troupe::ctl
