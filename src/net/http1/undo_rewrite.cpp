// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/undo_rewrite.hpp"

#include "core/routing/values.hpp"
#include "net/http1/fields.hpp"
#include "net/http1/target.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace troupe::net::http1 {

namespace {

/// "http://host:80/path?query#part", any of it but the path missing.
struct url_parts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view rest; ///< from `?` or `#` on
};

/// @returns nothing for what neither names a host nor begins with `/`.
std::optional<url_parts> split_url(std::string_view url) noexcept {
  url_parts result;
  for (const std::string_view scheme : {"http", "https"})
    if (iequals(url.substr(0, scheme.size() + 3),
                scheme == "http" ? "http://" : "https://")) {
      result.scheme = scheme;
      url.remove_prefix(scheme.size() + 1);
      break;
    }
  if (url.starts_with("//")) {
    url.remove_prefix(2);
    result.authority = url.substr(0, url.find_first_of("/?#"));
    if (result.authority.empty())
      return std::nullopt;
    url.remove_prefix(result.authority.size());
  } else if (!url.starts_with('/')) {
    return std::nullopt;
  }
  result.path = url.substr(0, url.find_first_of("?#"));
  result.rest = url.substr(result.path.size());
  return result;
}

/// Appends a path with another prefix; both without `/` at the end.
void append_moved(std::string_view path, std::string_view from,
                  std::string_view to_prefix, std::string& to) {
  const auto rest = path.substr(from.size());
  to += to_prefix;
  if (!rest.starts_with('/') && (to_prefix.empty() || !rest.empty()))
    to += '/';
  to += rest;
}

bool is_asked_host(const url_parts& url, const rewrite_facts& facts) noexcept {
  const uint16_t port = url.scheme == "https" ? 443 : 80;
  return is_valid_host(url.authority) && is_valid_host(facts.server_host)
      && is_same_host(url.authority, facts.server_host, port);
}

/// "Name=value" of a cookie's attribute.
struct attribute {
  std::string_view name;
  std::string_view value;
};

attribute read_attribute(std::string_view text) noexcept {
  const auto equals = text.find('=');
  if (equals == text.npos)
    return {trim(text), {}};
  return {trim(text.substr(0, equals)), trim(text.substr(equals + 1))};
}

std::string_view without_dot(std::string_view domain) noexcept {
  return domain.starts_with('.') ? domain.substr(1) : domain;
}

using name_pairs = std::vector<std::pair<std::string, std::string>>;

const std::string* find_domain(const name_pairs& rules,
                               std::string_view domain) noexcept {
  for (const auto& [from, to] : rules)
    if (iequals(without_dot(from), without_dot(domain)))
      return &to;
  return nullptr;
}

/// The longest that the path lies below.
const std::pair<std::string, std::string>*
find_path(const name_pairs& rules, std::string_view path) noexcept {
  const std::pair<std::string, std::string>* result = nullptr;
  for (const auto& rule : rules)
    if (routing::is_below(rule.first, path)
        && (result == nullptr || rule.first.size() > result->first.size()))
      result = &rule;
  return result;
}

std::string_view without_slash(std::string_view prefix) noexcept {
  return prefix.ends_with('/') ? prefix.substr(0, prefix.size() - 1) : prefix;
}

/// Appends "; Domain=..." if a rule is for it and leaves one.
/// @returns whether a rule is for it.
bool change_attribute(const attribute& x,
                      const rewrite_response_settings& rules, std::string& to) {
  if (iequals(x.name, "Domain")) {
    const auto* domain = find_domain(rules.cookie_domain, x.value);
    if (domain != nullptr && !domain->empty())
      to.append("; Domain=").append(*domain);
    return domain != nullptr;
  }
  const auto* rule =
    iequals(x.name, "Path") ? find_path(rules.cookie_path, x.value) : nullptr;
  if (rule == nullptr)
    return false;
  to += "; Path=";
  append_moved(x.value, without_slash(rule->first), without_slash(rule->second),
               to);
  return true;
}

} // namespace

void rewrite_facts::clear() noexcept {
  for (auto* text : {&client_scheme, &client_host, &server_host, &client_prefix,
                     &server_prefix})
    text->clear();
  has_prefix = false;
}

bool undo_location(std::string_view value, const rewrite_facts& facts,
                   std::string& to) {
  const auto url = split_url(value);
  if (!url || (!url->authority.empty() && !is_asked_host(*url, facts)))
    return false;
  const std::string_view path =
    url->path.empty() ? std::string_view{"/"} : url->path;
  const bool moves = facts.has_prefix
                  && (facts.server_prefix.empty()
                      || routing::is_below(facts.server_prefix, path));
  const bool other_host = !url->authority.empty() && !facts.client_host.empty()
                       && facts.client_host != facts.server_host;
  if (!moves && !other_host)
    return false;
  if (!url->authority.empty()) {
    // The server was asked over http, whatever the client speaks.
    const auto scheme = url->scheme == "http"
                        ? std::string_view{facts.client_scheme}
                        : url->scheme;
    to.append(scheme).append(scheme.empty() ? "//" : "://");
    to += other_host ? std::string_view{facts.client_host} : url->authority;
  }
  if (moves)
    append_moved(path, facts.server_prefix, facts.client_prefix, to);
  else
    to += url->path;
  to += url->rest;
  return true;
}

bool undo_cookie(std::string_view value, const rewrite_response_settings& rules,
                 std::string& to) {
  const auto begin = to.size();
  const auto first = value.substr(0, value.find(';'));
  to += first;
  bool changed = false;
  for (auto rest = value.substr(first.size()); !rest.empty();) {
    const auto text = rest.substr(0, rest.find(';', 1));
    rest.remove_prefix(text.size());
    if (change_attribute(read_attribute(text.substr(1)), rules, to))
      changed = true;
    else
      to += text;
  }
  if (!changed)
    to.resize(begin);
  return changed;
}

} // namespace troupe::net::http1
