// SPDX-License-Identifier: BSD-3-Clause
#include "actors/data_path/listen_sockets.hpp"

#include "actors/data_path/worker.hpp"
#include "actors/events/journal.hpp"
#include "net/transport/socket.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::actors {

namespace {

std::string describe(const frontend_settings& frontend,
                     const boost::system::error_code& error) {
  auto text = fmt::format("frontend {}: cannot listen on {}: {}", frontend.name,
                          frontend.listen, error.message());
  if (error == boost::system::errc::address_in_use)
    text += "; another program holds it: stop it, or choose another address";
  else if (error == boost::system::errc::permission_denied)
    text += "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
  return text;
}

/// Whether a frontend of this process may have that port at that address.
bool is_ours(const endpoint& address, const std::set<std::string>& ours) {
  if (address.family() == AF_UNIX)
    return ours.contains(address.to_string());
  const auto is_any = [](const endpoint& x) {
    const auto ip = x.ip();
    return ip == "0.0.0.0" || ip == "::";
  };
  return std::any_of(ours.begin(), ours.end(), [&](const auto& text) {
    const auto other = endpoint::parse(text);
    return other && other->port() == address.port()
        && (*other == address || is_any(*other) || is_any(address));
  });
}

} // namespace

std::optional<std::string> give_rights(const net::socket_file& file,
                                       const frontend_settings& frontend) {
  const auto& wanted = frontend.unix_socket;
  std::string problem;
  const auto owner = net::find_owner(wanted, problem);
  if (!owner)
    return fmt::format("frontend {}: unix: {}", frontend.name, problem);
  const auto error = file.give(*owner, wanted.mode);
  if (!error)
    return std::nullopt;
  return fmt::format(
    "frontend {}: cannot set mode, owner and group of {}: {}{}", frontend.name,
    frontend.listen, error.message(),
    error == boost::system::errc::operation_not_permitted
      ? "; only root may give files away, and others only to "
        "a group they are in"
      : "");
}

listen_sockets::~listen_sockets() {
  for (auto& [key, bound] : bound_) {
    bound.sockets.file = {};
    net::close_all(bound.sockets.descriptors);
  }
}

std::vector<std::string>
listen_sockets::bind(const std::vector<frontend_settings>& next,
                     const std::set<std::string>& open,
                     const std::set<std::string>& ours) {
  std::vector<std::string> problems;
  for (const auto& frontend : next) {
    const auto key = frontend_key(frontend);
    if (open.contains(key))
      continue;
    const auto address = endpoint::parse(frontend.listen);
    if (!address) { // config checks this: only a bug comes here
      problems.push_back("frontend " + frontend.name + ": no address");
      continue;
    }
    const auto held = is_ours(*address, ours) ? net::port_holder::this_process
                                              : net::port_holder::unknown;
    auto group = net::bind_group(*address, count_, held, frontend.ipv4_too);
    if (!group) {
      problems.push_back(describe(frontend, group.error()));
      continue;
    }
    for (const int fd : *group) {
      net::keep_alive(fd, frontend.tcp_keepalive);
      net::defer_accept(fd, frontend.defer_accept);
    }
    if (frontend.ipv4_too && net::is_ipv6_only(group->front()))
      journal::warn(event_kind::config, frontend.name,
                    "frontend {}: {} accepts IPv6 only: another program uses "
                    "this port of IPv4",
                    frontend.name, frontend.listen);
    const auto& [at, fresh] = bound_.emplace(
      key, bound{frontend, {std::move(*group), net::socket_file{*address}}});
    if (auto problem = give_rights(at->second.sockets.file, frontend))
      problems.push_back(std::move(*problem));
  }
  return problems;
}

std::vector<std::string> listen_sockets::listen() {
  std::vector<std::string> problems;
  for (const auto& [key, bound] : bound_)
    if (const auto error = net::listen_group(bound.sockets.descriptors))
      problems.push_back(describe(bound.frontend, error));
  return problems;
}

frontend_sockets listen_sockets::take(const std::string& key) {
  auto taken = bound_.extract(key);
  return taken ? std::move(taken.mapped().sockets) : frontend_sockets{};
}

} // namespace troupe::actors
