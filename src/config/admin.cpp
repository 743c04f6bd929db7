// SPDX-License-Identifier: BSD-3-Clause
#include "config/addresses.hpp"
#include "config/sections.hpp"
#include "config/show.hpp"

namespace troupe::config {

namespace {

constexpr auto token_roles = words<token_role>(
  {{"read", token_role::read}, {"operator", token_role::operate}});

/// Path of a Unix socket: what fits into sockaddr_un with its final zero.
constexpr absolute_path socket_path{.size_max = 107};

void read_token(const cursor& in, token_settings& out) {
  static constexpr std::string_view keys[] = {"file", "role"};
  const map_cursor map{in, keys};
  if (const auto* file = map.require("file"))
    if (file->read(out.file, absolute_path{}))
      file->names_file();
  map.require("role", out.role, token_roles);
}

/// Whoever reaches the API can take servers out: rule 41.
void check_exposure(const cursor& listen, const admin_settings& settings) {
  if (settings.listen.empty())
    return;
  if (settings.tokens.empty())
    listen.problem("got " + show(settings.listen)
                   + " without any token; add one to admin.tokens, or use "
                     "admin.socket alone");
  if (is_local(settings.listen))
    return;
  if (settings.insecure)
    listen.warning("tokens cross the network unencrypted, because insecure is "
                   "true");
  else
    listen.problem(
      "got " + show(settings.listen)
      + ", expected a loopback address such as 127.0.0.1:9091, because tokens "
        "would cross the network unencrypted; write "
        "`insecure: true` to accept that");
}

} // namespace

void read_admin(const cursor& in, admin_settings& out) {
  static constexpr std::string_view keys[] = {"socket", "listen", "tokens",
                                              "insecure"};
  const map_cursor map{in, keys};
  map.read("socket", out.socket, socket_path);
  map.read("listen", out.listen,
           listen_address{.unix_path = false, .may_be_off = true});
  map.read("insecure", out.insecure, boolean{});
  if (const auto* tokens = map.find("tokens"))
    for (const auto& token : tokens->list("a list of tokens"))
      read_token(token, out.tokens.emplace_back());
  if (const auto* listen = map.find("listen"))
    check_exposure(*listen, out);
}

void read_metrics(const cursor& in, metrics_settings& out) {
  static constexpr std::string_view keys[] = {"listen"};
  const map_cursor map{in, keys};
  map.read("listen", out.listen,
           listen_address{.unix_path = false, .may_be_off = true});
}

} // namespace troupe::config
