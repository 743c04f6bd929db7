// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/link.hpp"
#include "actors/cluster/links.hpp"
#include "net/cluster/alias_pool.hpp"
#include "net/cluster/handshake_quota.hpp"
#include "net/cluster/peer_listener.hpp"
#include "net/cluster/refusal_limit.hpp"
#include "net/cluster/tls_context.hpp"
#include "net/probe/resolver.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::actors {

/// The implementation of links.hpp.
class node_links final : public peer_links, private link::owner {
public:
  node_links(caf::actor_system& system, boost::asio::io_context& loop,
             actor_host& host, link_settings settings, link_events& events);
  ~node_links() override;

  std::vector<std::string> listen() override;
  uint16_t port() const override;
  void set_known(std::vector<std::string> names, std::string list) override;
  void dial(const std::string& peer, const std::string& address) override;
  bool send(uint64_t link, uint16_t kind, uint16_t version, std::string body,
            bool urgent) override;
  void close(uint64_t link, const std::string& reason) override;
  void reload_certificates() override;
  link_counters counters() const override;
  int64_t certificate_expires() const override;
  void stop() override;

private:
  // -- link::owner --
  std::optional<net::cluster::basp_node> take_alias() override;
  void give_back_alias(const net::cluster::basp_node& alias) override;
  void opened(link& which) override;
  void received(link& which, peer_message message) override;
  void ended(link& which, const std::string& reason, bool by_guard) override;
  void gone(link& which) override;

  void take_certificates(const net::cluster::identity_reading& read);
  void accepted(boost::asio::ip::tcp::socket socket);
  void
  dial_resolved(const std::string& peer, const std::string& address,
                const boost::system::result<net::resolver::answers>& found);
  void refused(const std::string& source, const std::string& reason);
  void tell_refusal(const std::string& source, const std::string& reason);
  void leave_quota(const link& which);
  bool is_known(const std::string& name) const;
  std::string refusal_of(const std::string& name) const;
  net::cluster::handshake_terms terms();
  std::shared_ptr<link> make_link();
  template <class F>
  void tell(F what);

  caf::actor_system& system_;
  boost::asio::io_context& loop_;
  actor_host& host_;
  const link_settings settings_;
  link_events& events_;
  /// Gone when this is, or stops: calls that are still queued do nothing.
  std::shared_ptr<node_links*> self_;
  std::set<std::string> known_;
  std::string list_;                     ///< what lists them
  net::cluster::link_security security_; ///< of links that begin now
  std::shared_ptr<net::cluster::peer_listener> listener_;
  std::unique_ptr<net::resolver> resolver_;
  net::cluster::handshake_quota quota_;
  net::cluster::refusal_limit refusals_;
  net::cluster::alias_pool aliases_;
  std::map<uint64_t, std::shared_ptr<link>> links_;
  std::map<uint64_t, std::string> in_quota_; ///< source by link
  uint64_t last_number_ = 0;
  std::map<std::string, size_t> dials_; ///< so far, by peer
  link_counters counters_;
};

} // namespace troupe::actors
