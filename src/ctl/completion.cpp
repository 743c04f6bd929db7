// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace troupe::ctl {

namespace {

/// Verbs are found by walking what stands before the cursor: a word that
/// follows the path so far as a verb makes it longer, all others do not.
constexpr auto begin = R"(_troupectl() {
  local here=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local verb= words= servers= backends= files= i
  local -a socket
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$verb ${COMP_WORDS[i]}" in
)";

constexpr auto middle = R"(    esac
    if [ "${COMP_WORDS[i]}" = --socket ]; then
      socket=(--socket "${COMP_WORDS[i+1]}")
    fi
  done
  case "$before" in
    --socket) COMPREPLY=($(compgen -f -- "$here")); return ;;
    -o|--output) COMPREPLY=($(compgen -W "table json" -- "$here")); return ;;
  esac
  case "$verb" in
)";

constexpr auto end = R"(  esac
  if [ -n "$servers$backends" ] && [ "${here#-}" = "$here" ]; then
    local found=$(COLUMNS=9999 troupectl "${socket[@]}" backends 2>/dev/null)
    found=$(printf '%s\n' "$found" | sed -n '2,$s/[[:space:]].*//p')
    if [ -n "$backends" ]; then
      found=$(printf '%s\n' "$found" | sed 's,/.*,,' | sort -u)
    fi
    words="$words $found"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$here"))
  if [ -n "$files" ]; then
    COMPREPLY+=($(compgen -f -- "$here"))
  fi
}
complete -F _troupectl troupectl
)";

std::vector<const CLI::App*> verbs_of(const CLI::App& x) {
  return x.get_subcommands([](const CLI::App*) { return true; });
}

/// What can follow `path`.
std::string line_of(const CLI::App& x, const std::string& path) {
  std::vector<std::string> words;
  for (const auto* verb : verbs_of(x))
    words.push_back(verb->get_name());
  std::string more;
  for (const auto* option : x.get_options()) {
    for (const auto& name : option->get_lnames())
      words.push_back("--" + name);
    const auto place = option->get_name();
    more += place == "BACKEND/SERVER" ? " servers=1"
          : place == "BACKEND"        ? " backends=1"
          : place == "FILE"           ? " files=1"
                                      : "";
  }
  return fmt::format("    \"{}\") words=\"{}\"{} ;;\n", path,
                     fmt::join(words, " "), more);
}

/// Adds the steps to all verbs below `x`, and what can follow each.
void walk(const CLI::App& x, const std::string& path, std::string& steps,
          std::string& lines) {
  lines += line_of(x, path);
  for (const auto* verb : verbs_of(x)) {
    const auto next = path + ' ' + verb->get_name();
    steps += fmt::format("      \"{0}\") verb=\"{0}\" ;;\n", next);
    walk(*verb, next, steps, lines);
  }
}

} // namespace

std::string bash_completion(const CLI::App& root) {
  std::string steps;
  std::string lines;
  walk(root, "", steps, lines);
  return begin + steps + middle + lines + end;
}

std::string zsh_completion(const CLI::App& root) {
  return "#compdef troupectl\n"
         "autoload -U +X bashcompinit && bashcompinit\n"
       + bash_completion(root);
}

} // namespace troupe::ctl
