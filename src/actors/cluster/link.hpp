// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/cluster/link_actor.hpp"
#include "actors/cluster/links.hpp"
#include "net/cluster/guarded_pump.hpp"
#include "net/cluster/peer_handshake.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace troupe::actors {

/// One link, from the TCP connection to its end: first a handshake, then CAF's
/// actors meet through the guard, then it is open. Control loop only.
class link : public std::enable_shared_from_this<link> {
public:
  /// Whose link it is. Called from the loop, never from an actor.
  class owner {
  public:
    /// @returns nothing when there is none to be had.
    virtual std::optional<net::cluster::basp_node> take_alias() = 0;
    virtual void give_back_alias(const net::cluster::basp_node& alias) = 0;
    virtual void opened(link& which) = 0;
    virtual void received(link& which, peer_message message) = 0;
    /// It came to its end, or close() was called. Once.
    virtual void ended(link& which, const std::string& reason,
                       bool by_guard) = 0;
    /// Nothing of it is left; the last call.
    virtual void gone(link& which) = 0;

  protected:
    ~owner() = default;
  };

  struct parts {
    caf::actor_system& system;
    actor_host& host;
    boost::asio::io_context& loop;
    const link_limits& limits;
    link::owner& owner;
  };

  link(const parts& from, uint64_t number);

  void accept(boost::asio::ip::tcp::socket socket,
              net::cluster::handshake_terms terms);
  void dial(const endpoint& to, const std::string& peer,
            net::cluster::handshake_terms terms);

  /// @param urgent It goes before all that has not left this process yet.
  /// @returns false when it is not open, or too much waits: then it ended.
  bool send(peer_message message, bool urgent);

  /// The peer is told why, and gets what was sent before.
  void close(const std::string& reason);

  /// At once, without telling the peer or the owner.
  void abandon();

  uint64_t number() const noexcept { return number_; }
  bool dialled() const noexcept { return dialled_; }
  const std::string& peer() const noexcept { return peer_; }
  const std::string& remote() const noexcept { return remote_; }
  /// Without the port.
  const std::string& source() const noexcept { return source_; }
  /// The reason why the other side refused a dial; else empty.
  const std::string& refusal() const noexcept { return refusal_; }
  bool is_open() const noexcept { return state_ == state::open; }
  bool was_open() const noexcept { return was_open_; }
  uint64_t bytes_sent() const noexcept;
  uint64_t bytes_received() const noexcept;

private:
  enum class state : uint8_t { handshake, meeting, open, closing, gone };

  void begin(boost::asio::ip::tcp::socket socket,
             net::cluster::handshake_terms terms);
  void arm(milliseconds timeout);
  void timed_out();
  void shaken(net::cluster::handshake_result result);
  void meet(net::cluster::handshake_result result, int pump_end, int caf_end);
  peer_link_actor spawn_end();
  void joined(const caf::strong_actor_ptr& remote);
  void heard(const caf::strong_actor_ptr& sender, peer_message message);
  void heard_word(const caf::strong_actor_ptr& sender, const std::string& word);
  void greet(const caf::strong_actor_ptr& remote);
  void open();
  void post(peer_message message);
  void post_together();
  void give(peer_message message);
  void hear_several(std::string_view body);
  void post_held_back(size_t bytes_max);
  void left(uint64_t messages);
  void pump_ended(net::cluster::pump_end how, const std::string& reason);
  void end(const std::string& reason, bool by_guard = false);
  void clear();
  template <class F>
  auto on_loop(F function);

  const parts parts_;
  const uint64_t number_;
  bool dialled_ = false;
  bool was_open_ = false;
  bool told_end_ = false;
  state state_ = state::handshake;
  std::string peer_;
  std::string remote_;
  std::string source_;
  std::string refusal_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<net::cluster::peer_handshake> handshake_;
  std::optional<net::cluster::basp_node> alias_;
  std::shared_ptr<net::cluster::guarded_pump> pump_;
  peer_link_actor actor_;
  peer_link_actor remote_actor_;
  bool peer_takes_several_ = false;
  std::vector<peer_message> together_; // until this turn of the loop ends
  size_t together_bytes_ = 0;
  std::deque<size_t> waiting_; // cost of each message that has not left
  size_t waiting_bytes_ = 0;
  std::deque<peer_message> held_back_; // until less waits
  size_t held_back_bytes_ = 0;
  uint64_t left_ = 0;  // messages
  uint64_t heard_ = 0; // messages
};

} // namespace troupe::actors
