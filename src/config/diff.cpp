// SPDX-License-Identifier: BSD-3-Clause
#include "config/diff.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>

namespace troupe::config {

namespace {

template <class T>
std::map<std::string_view, const T*> by_name(const std::vector<T>& all) {
  std::map<std::string_view, const T*> result;
  for (const auto& one : all)
    result.emplace(one.name, &one);
  return result;
}

bool equal(const frontend_settings& a, const frontend_settings& b) {
  return a == b;
}

/// Servers in another order are the same servers.
bool equal_servers(const std::vector<server_settings>& a,
                   const std::vector<server_settings>& b) {
  if (a.size() != b.size())
    return false;
  std::unordered_map<std::string_view, const server_settings*> named;
  for (const auto& one : a)
    named.emplace(one.name, &one);
  return std::ranges::all_of(b, [&](const auto& one) {
    const auto found = named.find(one.name);
    return found != named.end() && *found->second == one;
  });
}

/// Everything but the servers, which may be thousands.
backend_settings without_servers(const backend_settings& x) {
  backend_settings result = x;
  result.servers.clear();
  return result;
}

bool equal(const backend_settings& a, const backend_settings& b) {
  return a == b
      || (equal_servers(a.servers, b.servers)
          && without_servers(a) == without_servers(b));
}

template <class T>
void compare(const std::vector<T>& from, const std::vector<T>& to,
             std::vector<std::string>& added, std::vector<std::string>& removed,
             std::vector<std::string>& changed) {
  const auto before = by_name(from), after = by_name(to);
  for (const auto& [name, one] : after) {
    const auto old = before.find(name);
    if (old == before.end())
      added.emplace_back(name);
    else if (!equal(*old->second, *one))
      changed.emplace_back(name);
  }
  for (const auto& [name, one] : before)
    if (!after.contains(name))
      removed.emplace_back(name);
}

void find_rebound(const settings& from, const settings& to, change_set& out) {
  const auto before = by_name(from.frontends), after = by_name(to.frontends);
  for (const auto& name : out.frontends_changed)
    if (before.at(name)->listen != after.at(name)->listen
        || before.at(name)->ipv4_too != after.at(name)->ipv4_too)
      out.frontends_rebound.push_back(name);
}

/// Threads, memory, descriptors and identity are set up once, before the first
/// connection.
void compare_process(const settings& from, const settings& to,
                     change_set& out) {
  const auto fixed = [&](const auto& a, const auto& b, const char* key) {
    if (!(a == b))
      out.needs_restart.emplace_back(key);
  };
  const auto& a = from.global;
  const auto& b = to.global;
  fixed(a.workers, b.workers, "global.workers");
  fixed(a.buffers_max, b.buffers_max, "global.buffers_max");
  fixed(a.state_dir, b.state_dir, "global.state_dir");
  fixed(a.user, b.user, "global.user");
  fixed(a.core_dumps, b.core_dumps, "global.core_dumps");
  fixed(a.access_log, b.access_log, "global.access_log");
  fixed(from.admin.socket, to.admin.socket, "admin.socket");
  fixed(from.admin.listen, to.admin.listen, "admin.listen");
  fixed(from.admin.tokens, to.admin.tokens, "admin.tokens");
  fixed(from.metrics.listen, to.metrics.listen, "metrics.listen");
  fixed(from.cluster.name, to.cluster.name, "cluster.name");
  fixed(from.cluster.listen, to.cluster.listen, "cluster.listen");
  fixed(from.cluster.tls, to.cluster.tls, "cluster.tls");
  fixed(from.cluster.insecure, to.cluster.insecure, "cluster.insecure");
  out.log_changed = a.log != b.log;
  if (a.drain_timeout != b.drain_timeout)
    out.keys_changed.emplace_back("global.drain_timeout");
  if (a.stop_delay != b.stop_delay)
    out.keys_changed.emplace_back("global.stop_delay");
  if (from.cluster.nodes != to.cluster.nodes)
    out.keys_changed.emplace_back("cluster.nodes");
  if (out.log_changed)
    out.keys_changed.emplace_back("global.log");
}

class summary_line {
public:
  void names(std::string_view title, const std::vector<std::string>& added,
             const std::vector<std::string>& changed,
             const std::vector<std::string>& removed) {
    std::string list;
    append(list, " +", added);
    append(list, " ~", changed);
    append(list, " -", removed);
    if (!list.empty())
      part(std::string{title} + ":" + list);
  }

  void keys(std::string_view title, const std::vector<std::string>& keys) {
    std::string list;
    append(list, " ", keys);
    if (!list.empty())
      part(std::string{title} + ":" + list);
  }

  void part(const std::string& text) {
    if (!text_.empty())
      text_ += "; ";
    text_ += text;
  }

  std::string take() { return std::move(text_); }

private:
  static void append(std::string& list, std::string_view lead,
                     const std::vector<std::string>& names) {
    for (const auto& name : names)
      list.append(lead).append(name);
  }

  std::string text_;
};

} // namespace

bool change_set::empty() const noexcept {
  return frontends_added.empty() && frontends_removed.empty()
      && frontends_changed.empty() && backends_added.empty()
      && backends_removed.empty() && backends_changed.empty()
      && keys_changed.empty() && needs_restart.empty();
}

std::string change_set::summary() const {
  if (empty())
    return "no change";
  summary_line line;
  line.names("backends", backends_added, backends_changed, backends_removed);
  line.names("frontends", frontends_added, frontends_changed,
             frontends_removed);
  line.keys("changed", keys_changed);
  line.keys("after a restart", needs_restart);
  return line.take();
}

change_set diff(const settings& from, const settings& to) {
  change_set result;
  compare(from.frontends, to.frontends, result.frontends_added,
          result.frontends_removed, result.frontends_changed);
  find_rebound(from, to, result);
  compare(from.backends, to.backends, result.backends_added,
          result.backends_removed, result.backends_changed);
  compare_process(from, to, result);
  return result;
}

} // namespace troupe::config
