// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"
#include "net/cluster/tls_context.hpp"

#include <boost/asio/io_context.hpp>

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Links between the nodes of a cluster (rules 18 and 19): TCP, mutual TLS 1.3,
/// a guard that lets only one typed message pass, and CAF behind it. A link is
/// known by a number that is never used twice in a process.
namespace troupe::actors {

class actor_host;

/// Limits for one peer, or for a connection that may become one.
struct link_limits {
  milliseconds handshake_timeout{3'000}; ///< TCP to the first actor message
  milliseconds stall_timeout{2'000};     ///< bytes wait and none can be sent
  size_t queue_bytes_max = 8U << 20;     ///< waiting for one peer
  size_t handshakes_max = 64;            ///< accepted and not yet open
  size_t handshakes_per_source_max = 4;  ///< of these, from one address
  milliseconds accept_pause{500};        ///< after EMFILE and the like
  /// What is sent in one turn of the loop travels together up to this size; 0:
  /// each message alone.
  size_t together_bytes_max = 16U << 10;
};

struct link_settings {
  std::string node;
  std::string cluster;
  std::string listen; ///< "0.0.0.0:7946", "[::]:7946"; port 0 is any
  /// Has no default: the code that makes links says how they are protected.
  net::cluster::link_security security;
  link_limits limits;
  /// Runs what blocks on the helper thread (rule 20).
  std::function<void(std::function<void()>)> run_blocking;
};

/// Receives the events of links. All calls come on the control loop, one after
/// another, from the loop itself: neither from within a call to peer_links nor
/// from within an actor. None comes after stop().
class link_events {
public:
  virtual ~link_events() = default;

  /// The peer has proved its name, and messages pass in both directions.
  virtual void link_opened(uint64_t link, const std::string& peer,
                           bool dialled_by_self, const std::string& remote) = 0;

  /// Exactly once for a link that was opened; nothing comes from it any more.
  virtual void link_closed(uint64_t link, const std::string& reason) = 0;

  virtual void link_received(uint64_t link, uint16_t kind, uint16_t version,
                             std::string body) = 0;

  /// A dial failed. Exactly this or link_opened follows each dial.
  /// @param refusal The reason of the other side, if it refused; else empty.
  virtual void dial_failed(const std::string& peer, const std::string& reason,
                           const std::string& refusal) = 0;

  /// A peer was refused before a link was open, or a link was closed for
  /// what its peer sent. Called once per minute and source (an address, or the
  /// peer's name), and logged by then; `suppressed` others came in between.
  virtual void link_refused(const std::string& source,
                            const std::string& reason, uint64_t suppressed) {
    static_cast<void>(source);
    static_cast<void>(reason);
    static_cast<void>(suppressed);
  }
};

/// Totals since the start, for metrics.
struct link_counters {
  uint64_t opened = 0;
  uint64_t closed = 0;
  uint64_t refused = 0; ///< accepted connections that became no link
  uint64_t dials_failed = 0;
  uint64_t guard_refusals = 0; ///< links closed for what the peer sent
  uint64_t messages_sent = 0;
  uint64_t messages_received = 0;
  uint64_t bytes_sent = 0; ///< between the nodes, without TLS and TCP
  uint64_t bytes_received = 0;
  uint64_t open = 0; ///< now
};

/// All links of one node. Control loop only.
class peer_links {
public:
  virtual ~peer_links() = default;

  /// Opens the listening socket. Called once, before everything else.
  /// @returns problems, each a sentence; none: listening.
  virtual std::vector<std::string> listen() = 0;

  /// The port that is listened on.
  virtual uint16_t port() const = 0;

  /// Names of all nodes that may have a link; this one's own is left out. A
  /// link to a node that is no longer among them is closed.
  /// @param list The name of the list of nodes, for nodes that are not in it;
  /// see cluster::not_listed().
  virtual void set_known(std::vector<std::string> names, std::string list) = 0;

  /// @param peer The name that must answer.
  /// @param address "host:port", looked up now.
  virtual void dial(const std::string& peer, const std::string& address) = 0;

  /// Queues a message. Kind 0 is reserved for the links themselves.
  /// @param urgent It overtakes what waits and is not: a busy link must not
  /// look like a dead one. All others stay in their order.
  /// @returns false when there is no such link (any more), or it was closed
  /// just now because too much waits for its peer.
  virtual bool send(uint64_t link, uint16_t kind, uint16_t version,
                    std::string body, bool urgent = false) = 0;

  /// Closes a link once what was sent has left, or a second later. The peer
  /// sees the reason. link_closed follows.
  virtual void close(uint64_t link, const std::string& reason) = 0;

  /// Reads the certificates again, on the helper thread. New links use them,
  /// open ones stay. Files that cannot be used are logged and the old ones
  /// kept.
  virtual void reload_certificates() = 0;

  virtual link_counters counters() const = 0;

  /// Unix time until which new links' certificate is good; 0 without TLS.
  virtual int64_t certificate_expires() const = 0;

  /// Closes everything at once: what was sent just before may not arrive. No
  /// event follows. The links' actors end in the turns of the loop that follow.
  virtual void stop() = 0;
};

/// @param events Must outlive the links, or the call of stop().
/// @pre `system` was made with use_peer_links().
std::unique_ptr<peer_links>
make_peer_links(caf::actor_system& system, boost::asio::io_context& loop,
                actor_host& host, link_settings settings, link_events& events);

/// Adds to an actor system what links need: CAF's I/O module (one thread, no
/// socket of its own), a random node identity, and the one message that
/// crosses nodes. Not called, a node pays nothing for any of it.
void use_peer_links(caf::actor_system_config& config);

} // namespace troupe::actors
