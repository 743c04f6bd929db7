// SPDX-License-Identifier: BSD-3-Clause
#include "config/variables.hpp"

#include "config/show.hpp"

#include <optional>

namespace troupe::config {

namespace {

bool is_variable_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9'))
    return false;
  for (char c : text)
    if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')))
      return false;
  return true;
}

/// What stands between `${` and `}`.
struct reference {
  explicit reference(std::string_view inside) {
    const auto split = inside.find(":-");
    name = inside.substr(0, split);
    if (split != std::string_view::npos)
      fallback = inside.substr(split + 2);
  }
  std::string_view name;
  std::optional<std::string_view> fallback;
};

class substitution {
public:
  substitution(const std::string& node, const variable_lookup& lookup)
    : node_(node), lookup_(lookup) {}

  substituted run(std::string_view rest) {
    while (!rest.empty() && result_.text.size() <= value_size_max) {
      const auto dollar = rest.find('$');
      result_.text += rest.substr(0, dollar);
      if (dollar == std::string_view::npos)
        break;
      rest = after_dollar(rest.substr(dollar + 1));
    }
    if (result_.text.size() > value_size_max)
      result_.faults.push_back("the value is longer than 64KiB");
    return std::move(result_);
  }

private:
  /// @returns what follows the dollar sign's construct.
  std::string_view after_dollar(std::string_view rest) {
    if (rest.starts_with('$')) {
      result_.text += '$';
      return rest.substr(1);
    }
    if (!rest.starts_with('{')) {
      result_.text += '$';
      return rest;
    }
    const auto end = rest.find('}');
    if (end == std::string_view::npos) {
      result_.faults.push_back(
        "\"${\" without its \"}\"; write $$ for a plain dollar sign");
      return {};
    }
    replace(reference{rest.substr(1, end - 1)});
    return rest.substr(end + 1);
  }

  void replace(const reference& ref) {
    if (!is_variable_name(ref.name)) {
      result_.faults.push_back("${" + cut(ref.name)
                               + "} is not a variable: names have letters, "
                                 "digits and _; write $$ for a plain dollar");
      return;
    }
    if (ref.name == "node") {
      result_.text += node_;
      return;
    }
    std::optional<std::string> value;
    if (lookup_)
      value = lookup_(ref.name);
    if (value && !(value->empty() && ref.fallback))
      result_.text += *value;
    else if (ref.fallback)
      result_.text += *ref.fallback;
    else
      unset(cut(ref.name));
  }

  void unset(const std::string& name) {
    result_.faults.push_back("variable " + name
                             + " is not set; set it, or give a default as in ${"
                             + name + ":-value}");
  }

  const std::string& node_;
  const variable_lookup& lookup_;
  substituted result_;
};

} // namespace

substituted substitute(std::string_view value, const std::string& node,
                       const variable_lookup& lookup) {
  return substitution{node, lookup}.run(value);
}

} // namespace troupe::config
