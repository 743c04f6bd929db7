// SPDX-License-Identifier: BSD-3-Clause
#include "actors/listen_sockets.hpp"

#include "actors/worker.hpp"
#include "net/socket.hpp"

#include <fmt/format.h>

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

} // namespace

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
    const auto held = ours.contains(frontend.listen)
                      ? net::port_holder::this_process
                      : net::port_holder::unknown;
    auto group = net::bind_group(*address, count_, held);
    if (group)
      bound_.emplace(
        key, bound{frontend, {std::move(*group), net::socket_file{*address}}});
    else
      problems.push_back(describe(frontend, group.error()));
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
