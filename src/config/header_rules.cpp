// SPDX-License-Identifier: BSD-3-Clause
#include "config/header_rules.hpp"

#include "config/http_values.hpp"
#include "config/route_values.hpp"
#include "config/substitution.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace troupe::config {

namespace {

using routing::known_variables;

/// Fields of requests that troupe itself writes: a regex has nothing to replace
/// in them.
constexpr std::string_view written_headers[] = {
  "Via",       "X-Forwarded-For",   "X-Forwarded-Host", "X-Forwarded-Port",
  "X-Real-IP", "X-Forwarded-Proto", "X-Request-Id"};

known_variables variables_of(message x) noexcept {
  return x == message::request ? known_variables::of_request
                               : known_variables::of_response;
}

enum class repeats : uint8_t { none, any };

/// Calls `read` with each good name and its value.
template <class T, class Read>
void read_named(const cursor& in, repeats allowed,
                std::vector<std::pair<std::string, T>>& out, Read&& read) {
  for (const auto& entry : in.entries()) {
    std::string name;
    if (!entry.key.accept(entry.name, name, header_name{}))
      continue;
    const bool again = std::ranges::any_of(
      out, [&](const auto& x) { return same_header(x.first, name); });
    if (again && allowed == repeats::none)
      entry.key.problem("is there twice; header names are compared without "
                        "case");
    else
      read(name, entry.value);
  }
}

void read_set(const cursor& in, message of, header_rules& out) {
  read_named(in, repeats::none, out.set,
             [&](const std::string& name, const cursor& at) {
               std::string value;
               if (at.read(value, header_template{variables_of(of)}))
                 out.set.emplace_back(name, std::move(value));
             });
}

/// One value is one line, a list is several.
void read_add(const cursor& in, message of, header_rules& out) {
  read_named(in, repeats::any, out.add,
             [&](const std::string& name, const cursor& at) {
               const auto read_line = [&](const cursor& line) {
                 std::string value;
                 if (line.read(value, header_template{variables_of(of)}))
                   out.add.emplace_back(name, std::move(value));
               };
               if (!at.is_list())
                 return read_line(at);
               for (const auto& line : at.list("a value or a list of them", 1))
                 read_line(line);
             });
}

void read_replace(const cursor& in, message of, header_rules& out) {
  read_named(
    in, repeats::none, out.replace,
    [&](const std::string& name, const cursor& at) {
      const auto is_written = [&](auto own) { return same_header(own, name); };
      if (of == message::request
          && std::ranges::any_of(written_headers, is_written))
        return at.problem("troupe writes this field itself; `set` says what it "
                          "writes");
      substitution_settings x;
      if (read_substitution(at, routing::text_use::line, variables_of(of), x))
        out.replace.emplace_back(name, std::move(x));
    });
}

} // namespace

void read_header_rules(const cursor& in, message of, header_rules& out) {
  static constexpr std::string_view keys[] = {"set", "remove", "add",
                                              "replace"};
  const map_cursor map{in, keys};
  if (const auto* set = map.find("set"))
    read_set(*set, of, out);
  if (const auto* remove = map.find("remove"))
    for (const auto& element : remove->list("a list of header names")) {
      std::string name;
      if (element.read(name, header_name{}))
        out.remove.push_back(std::move(name));
    }
  if (const auto* add = map.find("add"))
    read_add(*add, of, out);
  if (const auto* replace = map.find("replace"))
    read_replace(*replace, of, out);
}

} // namespace troupe::config
