// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/peer_links.hpp"

#include "actors/cluster/node_identity.hpp"
#include "actors/events/journal.hpp"
#include "actors/events/log.hpp"
#include "core/cluster/listing.hpp"

#include <boost/asio/post.hpp>

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>

#include <chrono>
#include <utility>

namespace troupe::actors {

namespace wire = net::cluster;
using boost::asio::ip::tcp;

node_links::node_links(caf::actor_system& system, boost::asio::io_context& loop,
                       actor_host& host, link_settings settings,
                       link_events& events)
  : system_(system), loop_(loop), host_(host), settings_(std::move(settings)),
    events_(events), self_(std::make_shared<node_links*>(this)),
    security_(settings_.security),
    resolver_(std::make_unique<net::resolver>(loop)),
    quota_(settings_.limits.handshakes_max,
           settings_.limits.handshakes_per_source_max) {
  // nop
}

node_links::~node_links() { stop(); }

/// Events come from the loop itself, in the order in which things happened.
template <class F>
void node_links::tell(F what) {
  boost::asio::post(
    loop_, [weak = std::weak_ptr{self_}, what = std::move(what)]() mutable {
      if (const auto self = weak.lock())
        what((*self)->events_);
    });
}

// -- start and stop -----------------------------------------------------------

std::vector<std::string> node_links::listen() {
  std::vector<std::string> problems;
  if (std::holds_alternative<wire::without_tls>(security_))
    log::warn("cluster: links to other nodes are neither encrypted nor "
              "authenticated (insecure: true)");
  const auto address = endpoint::parse(settings_.listen);
  if (!address) {
    problems.push_back("cluster.listen: " + settings_.listen
                       + " is not an address");
    return problems;
  }
  listener_ = std::make_shared<wire::peer_listener>(
    loop_, settings_.limits.accept_pause,
    [this](tcp::socket socket) { accepted(std::move(socket)); },
    [this](const std::string& reason) {
      refused("cluster.listen", "cannot accept: " + reason);
    });
  if (const auto failure = listener_->open(*address); !failure.empty())
    problems.push_back("cannot listen on " + settings_.listen
                       + " for the other nodes: " + failure);
  return problems;
}

uint16_t node_links::port() const { return listener_ ? listener_->port() : 0; }

void node_links::stop() {
  if (self_ == nullptr)
    return;
  self_ = nullptr;
  if (listener_)
    listener_->close();
  resolver_ = nullptr;
  for (const auto& [number, one] : std::exchange(links_, {}))
    one->abandon();
  counters_.open = 0;
}

// -- certificates -------------------------------------------------------------

int64_t node_links::certificate_expires() const {
  const auto* identity = std::get_if<wire::tls_identity>(&security_);
  return identity != nullptr ? identity->expires() : 0;
}

void node_links::reload_certificates() {
  const auto* identity = std::get_if<wire::tls_identity>(&security_);
  if (identity == nullptr || self_ == nullptr)
    return;
  settings_.run_blocking([weak = std::weak_ptr{self_}, &loop = loop_,
                          files = identity->files(), node = settings_.node] {
    boost::asio::post(loop, [weak, read = wire::read_identity(files, node)] {
      if (const auto self = weak.lock())
        (*self)->take_certificates(read);
    });
  });
}

void node_links::take_certificates(const wire::identity_reading& read) {
  for (const auto& problem : read.problems)
    journal::error(event_kind::cluster, "",
                   "cluster.tls.{}: {}; the certificates in use are kept",
                   problem.key, problem.text);
  if (!read.identity)
    return;
  if (!read.warning.empty())
    log::warn("cluster.tls: {}", read.warning);
  security_ = *read.identity;
  journal::info(event_kind::cluster, "",
                "cluster.tls: new links use the certificates as they are now");
}

// -- accepting and dialling ---------------------------------------------------

bool node_links::is_known(const std::string& name) const {
  return name != settings_.node && known_.count(name) > 0;
}

std::string node_links::refusal_of(const std::string& name) const {
  return is_known(name) ? std::string{}
                        : cluster::not_listed(name, settings_.node, list_);
}

wire::handshake_terms node_links::terms() {
  return {settings_.node, settings_.cluster, security_,
          [weak = std::weak_ptr{self_}](const std::string& name) {
            const auto self = weak.lock();
            return self ? (*self)->refusal_of(name) : "this node stops";
          }};
}

std::shared_ptr<link> node_links::make_link() {
  const auto number = ++last_number_;
  auto result = std::make_shared<link>(
    link::parts{system_, host_, loop_, settings_.limits, *this}, number);
  links_.emplace(number, result);
  return result;
}

void node_links::accepted(tcp::socket socket) {
  const auto remote = endpoint::parse(wire::remote_address(socket));
  if (!remote)
    return; // gone already
  if (!quota_.enter(remote->ip()))
    return refused(remote->ip(), "too many connections at once that are no "
                                 "links yet");
  const auto one = make_link();
  in_quota_.emplace(one->number(), remote->ip());
  one->accept(std::move(socket), terms());
}

void node_links::dial(const std::string& peer, const std::string& address) {
  if (self_ == nullptr)
    return;
  resolver_->resolve(address, [this, peer, address](const auto& found) {
    dial_resolved(peer, address, found);
  });
}

void node_links::dial_resolved(
  const std::string& peer, const std::string& address,
  const boost::system::result<net::resolver::answers>& found) {
  std::string failure;
  if (!is_known(peer))
    failure = peer + " is not another node of this cluster";
  else if (!found)
    failure = address + ": " + found.error().message();
  if (failure.empty())
    // Of several addresses the next one with every dial.
    return make_link()->dial((*found)[dials_[peer]++ % found->size()], peer,
                             terms());
  ++counters_.dials_failed;
  tell([peer, failure](link_events& x) { x.dial_failed(peer, failure, {}); });
}

void node_links::set_known(std::vector<std::string> names, std::string list) {
  list_ = std::move(list);
  known_ = {names.begin(), names.end()};
  const auto links = links_; // a link that ends leaves the map
  for (const auto& [number, one] : links)
    if (!one->peer().empty() && !is_known(one->peer()))
      one->close(refusal_of(one->peer()));
}

// -- messages -----------------------------------------------------------------

bool node_links::send(uint64_t link, uint16_t kind, uint16_t version,
                      std::string body, bool urgent) {
  const auto found = links_.find(link);
  if (found == links_.end())
    return false;
  if (kind == 0 || body.size() > wire::peer_body_max) {
    log::error("cluster: a message of {} bytes and kind {} to {} was not "
               "sent: it is too long, or of the links' own kind",
               body.size(), kind, found->second->peer());
    return false;
  }
  if (!found->second->send({kind, version, std::move(body)}, urgent))
    return false;
  ++counters_.messages_sent;
  return true;
}

void node_links::close(uint64_t link, const std::string& reason) {
  if (const auto found = links_.find(link); found != links_.end()) {
    const auto one = found->second; // it may leave the map
    one->close(reason);
  }
}

link_counters node_links::counters() const {
  auto result = counters_;
  for (const auto& [number, one] : links_) {
    result.bytes_sent += one->bytes_sent();
    result.bytes_received += one->bytes_received();
  }
  return result;
}

// -- what becomes of links ----------------------------------------------------

std::optional<wire::basp_node> node_links::take_alias() {
  return aliases_.take(clock::now());
}

void node_links::give_back_alias(const wire::basp_node& alias) {
  aliases_.give_back(alias, clock::now());
}

void node_links::opened(link& which) {
  leave_quota(which);
  ++counters_.opened;
  ++counters_.open;
  tell([number = which.number(), peer = which.peer(), dialled = which.dialled(),
        remote = which.remote()](link_events& x) {
    x.link_opened(number, peer, dialled, remote);
  });
}

void node_links::received(link& which, peer_message message) {
  ++counters_.messages_received;
  tell([number = which.number(),
        message = std::move(message)](link_events& x) mutable {
    x.link_received(number, message.kind, message.version,
                    std::move(message.body));
  });
}

void node_links::ended(link& which, const std::string& reason, bool by_guard) {
  counters_.guard_refusals += by_guard ? 1 : 0;
  if (by_guard && (which.was_open() || which.dialled()))
    tell_refusal(which.peer(), reason);
  if (which.was_open()) {
    ++counters_.closed;
    --counters_.open;
    tell([number = which.number(), reason](link_events& x) {
      x.link_closed(number, reason);
    });
  } else if (which.dialled()) {
    ++counters_.dials_failed;
    tell([peer = which.peer(), reason, refusal = which.refusal()](
           link_events& x) { x.dial_failed(peer, reason, refusal); });
  } else {
    refused(which.source(), reason);
  }
}

void node_links::gone(link& which) {
  leave_quota(which);
  counters_.bytes_sent += which.bytes_sent();
  counters_.bytes_received += which.bytes_received();
  links_.erase(which.number());
}

void node_links::leave_quota(const link& which) {
  const auto found = in_quota_.find(which.number());
  if (found == in_quota_.end())
    return;
  quota_.leave(found->second);
  in_quota_.erase(found);
}

void node_links::refused(const std::string& source, const std::string& reason) {
  ++counters_.refused;
  tell_refusal(source, reason);
}

void node_links::tell_refusal(const std::string& source,
                              const std::string& reason) {
  const auto untold = refusals_.note(source, clock::now());
  if (!untold)
    return;
  journal::warn(
    event_kind::cluster, "", "cluster: refused {}: {}{}", source, reason,
    *untold > 0 ? fmt::format(" (and {} more since)", *untold) : "");
  tell([source, reason, count = *untold](link_events& x) {
    x.link_refused(source, reason, count);
  });
}

// -- makers -------------------------------------------------------------------

std::unique_ptr<peer_links>
make_peer_links(caf::actor_system& system, boost::asio::io_context& loop,
                actor_host& host, link_settings settings, link_events& events) {
  return std::make_unique<node_links>(system, loop, host, std::move(settings),
                                      events);
}

void use_peer_links(caf::actor_system_config& config) {
  config.load<caf::io::middleman>();
  // No threads but that of the sockets, and frozen peers are found elsewhere:
  // CAF's own timeout ends links whose handshake meets its clock's tick.
  config.set("middleman.workers", size_t{0})
    .set("middleman.attach-utility-actors", true)
    .set("middleman.heartbeat-interval",
         caf::timespan{std::chrono::milliseconds{500}})
    .set("middleman.connection-timeout", caf::timespan{0})
    .set("middleman.app-identifiers",
         std::vector<std::string>{std::string{wire::basp_application}});
  use_random_identity(config);
  announce_peer_message(config);
}

} // namespace troupe::actors
