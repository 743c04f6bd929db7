// SPDX-License-Identifier: BSD-3-Clause
#include "actors/cluster/link.hpp"

#include "actors/cluster/node_identity.hpp"

#include <boost/asio/post.hpp>

#include <caf/actor_cast.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/send.hpp>

#include <cerrno>
#include <cstring>
#include <set>
#include <sys/socket.h>
#include <utility>

namespace troupe::actors {

namespace {

namespace wire = net::cluster;
using boost::asio::ip::tcp;

/// What a message costs beside its body, in CAF and on the wire.
constexpr size_t message_overhead = 256;
/// So much is given to CAF at once: what is urgent comes behind no more.
constexpr size_t posted_bytes_max = 64U << 10;
constexpr milliseconds farewell_timeout{1'000};

size_t cost_of(const peer_message& x) {
  return x.body.size() + message_overhead;
}

bool starts_with(const std::string& text, std::string_view start) {
  return text.compare(0, start.size(), start) == 0;
}

} // namespace

link::link(const parts& from, uint64_t number)
  : parts_(from), number_(number), timer_(from.loop) {
  // nop
}

/// Wraps a function of this link for callers that are inside an actor, or on
/// the way out of one of its own members: it runs from the loop, in order.
template <class F>
auto link::on_loop(F function) {
  return
    [weak = weak_from_this(), &loop = parts_.loop, function](auto&&... xs) {
      boost::asio::post(loop, [weak, function,
                               ... xs = std::decay_t<decltype(xs)>(
                                 std::forward<decltype(xs)>(xs))]() mutable {
        if (const auto self = weak.lock(); self && self->state_ != state::gone)
          function(*self, std::move(xs)...);
      });
    };
}

// -- handshake ----------------------------------------------------------------

void link::accept(tcp::socket socket, wire::handshake_terms terms) {
  remote_ = wire::remote_address(socket);
  if (const auto address = endpoint::parse(remote_))
    source_ = address->ip();
  begin(std::move(socket), std::move(terms));
  handshake_->accept();
}

void link::dial(const endpoint& to, const std::string& peer,
                wire::handshake_terms terms) {
  dialled_ = true;
  peer_ = peer;
  remote_ = to.to_string();
  begin(tcp::socket{parts_.loop}, std::move(terms));
  handshake_->dial(to, peer);
}

void link::begin(tcp::socket socket, wire::handshake_terms terms) {
  handshake_ = std::make_shared<wire::peer_handshake>(
    std::move(socket), std::move(terms),
    on_loop([](link& self, wire::handshake_result result) {
      self.shaken(std::move(result));
    }));
  arm(parts_.limits.handshake_timeout);
}

void link::arm(milliseconds timeout) {
  timer_.expires_after(timeout);
  timer_.async_wait([weak = weak_from_this()](const auto& error) {
    const auto self = weak.lock();
    if (!error && self && self->state_ != state::gone)
      self->timed_out();
  });
}

void link::timed_out() {
  if (state_ == state::handshake)
    return end(std::string{"no "} + handshake_->awaited() + " in time");
  end("the actors did not meet in time");
}

void link::shaken(wire::handshake_result result) {
  handshake_ = nullptr;
  refusal_ = result.refusal;
  if (result.stream == nullptr)
    return end(result.failure);
  peer_ = result.peer;
  alias_ = parts_.owner.take_alias();
  if (!alias_)
    return end("too many links came and went");
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   ends.data())
      != 0)
    return end(std::strerror(errno));
  meet(std::move(result), ends[0], ends[1]);
}

// -- meeting ------------------------------------------------------------------

void link::meet(wire::handshake_result result, int pump_end, int caf_end) {
  state_ = state::meeting;
  actor_ = spawn_end();
  wire::basp_ends ends;
  ends.side = dialled_ ? wire::link_side::dialled : wire::link_side::accepted;
  ends.self = identity_of(parts_.system);
  ends.alias = *alias_;
  ends.own_actor = actor_.id();
  pump_ = std::make_shared<wire::guarded_pump>(
    std::move(result.stream),
    boost::asio::local::stream_protocol::socket{
      parts_.loop, boost::asio::local::stream_protocol{}, pump_end},
    ends, parts_.limits.stall_timeout,
    wire::guarded_pump::callbacks{
      [this](auto how, auto reason) { pump_ended(how, reason); },
      [this](uint64_t messages) { left(messages); }});
  auto scribe = parts_.system.middleman().backend().new_scribe(caf_end);
  if (dialled_)
    caf::anon_send(actor_, join_peer{std::move(scribe)});
  else // CAF greets, and offers this actor
    caf::anon_send(basp_broker_of(parts_.system), caf::publish_atom::value,
                   std::move(scribe), uint16_t{1},
                   caf::actor_cast<caf::strong_actor_ptr>(actor_),
                   std::set<std::string>{});
  pump_->start(std::move(result.early));
}

peer_link_actor link::spawn_end() {
  link_actor::callbacks calls;
  calls.received = on_loop(
    [](link& self, const caf::strong_actor_ptr& sender, peer_message message) {
      self.heard(sender, std::move(message));
    });
  calls.joined = on_loop([](link& self, const caf::strong_actor_ptr& remote) {
    self.joined(remote);
  });
  calls.failed = on_loop(
    [](link& self, const std::string& reason) { self.end("CAF: " + reason); });
  return spawn_on<link_actor>(
    parts_.host, peer_, parts_.limits.handshake_timeout, std::move(calls));
}

void link::joined(const caf::strong_actor_ptr& remote) {
  if (remote == nullptr)
    return end("there is no actor at the other end");
  greet(remote);
}

void link::greet(const caf::strong_actor_ptr& remote) {
  remote_actor_ = caf::actor_cast<peer_link_actor>(remote);
  post({0, 1, link_word::hello});
}

void link::open() {
  state_ = state::open;
  was_open_ = true;
  timer_.cancel();
  if (parts_.limits.together_bytes_max > 0)
    post({0, 1, link_word::takes_several});
  parts_.owner.opened(*this);
}

// -- messages -----------------------------------------------------------------

void link::heard(const caf::strong_actor_ptr& sender, peer_message message) {
  const auto self = shared_from_this(); // a bye ends it
  if (message.kind == 0)
    heard_word(sender, message.body);
  else if (state_ == state::open)
    parts_.owner.received(*this, std::move(message));
  // Afterwards: a pump whose peer is gone only waits for the last word.
  pump_->delivered(++heard_);
}

void link::heard_word(const caf::strong_actor_ptr& sender,
                      const std::string& word) {
  if (state_ == state::meeting && word == link_word::hello && sender) {
    if (!dialled_)
      greet(sender);
    return open();
  }
  if (state_ != state::open)
    return;
  if (word == link_word::takes_several)
    peer_takes_several_ = parts_.limits.together_bytes_max > 0;
  else if (starts_with(word, link_word::several))
    hear_several(
      std::string_view{word}.substr(std::strlen(link_word::several)));
  else if (starts_with(word, link_word::bye))
    end("closed by " + peer_ + ": "
        + wire::printable(
          std::string_view{word}.substr(std::strlen(link_word::bye))));
}

void link::hear_several(std::string_view body) {
  auto messages = decode_several(body);
  if (!messages)
    return end(peer_ + " sent what cannot be decoded", true);
  for (auto& x : *messages)
    if (state_ == state::open) // one may end it
      parts_.owner.received(*this, std::move(x));
}

bool link::send(peer_message message, bool urgent) {
  if (state_ != state::open)
    return false;
  if (urgent) {
    post(std::move(message));
  } else {
    held_back_bytes_ += cost_of(message);
    held_back_.push_back(std::move(message));
    post_held_back(posted_bytes_max);
  }
  if (waiting_bytes_ + held_back_bytes_ <= parts_.limits.queue_bytes_max)
    return true;
  end("more than " + std::to_string(parts_.limits.queue_bytes_max >> 20)
      + " MiB wait for it");
  return false;
}

/// In order, while no more than that waits.
void link::post_held_back(size_t bytes_max) {
  while (!held_back_.empty() && waiting_bytes_ < bytes_max) {
    auto next = std::move(held_back_.front());
    held_back_.pop_front();
    held_back_bytes_ -= cost_of(next);
    post(std::move(next));
  }
}

void link::post(peer_message message) {
  const auto cost = cost_of(message);
  if (!peer_takes_several_ || message.kind == 0) {
    post_together(); // they stay in order
    return give(std::move(message));
  }
  if (together_bytes_ + cost > parts_.limits.together_bytes_max)
    post_together();
  if (together_.empty())
    boost::asio::post(parts_.loop, [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && self->state_ != state::gone)
        self->post_together();
    });
  together_bytes_ += cost;
  waiting_bytes_ += cost;
  together_.push_back(std::move(message));
}

void link::post_together() {
  if (together_.empty())
    return;
  auto messages = std::exchange(together_, {});
  waiting_bytes_ -= std::exchange(together_bytes_, 0);
  give(messages.size() == 1
         ? std::move(messages.front())
         : peer_message{0, 1, link_word::several + encode_several(messages)});
}

void link::give(peer_message message) {
  waiting_.push_back(cost_of(message));
  waiting_bytes_ += waiting_.back();
  caf::send_as(actor_, remote_actor_, std::move(message));
}

void link::left(uint64_t messages) {
  for (; left_ < messages && !waiting_.empty(); ++left_) {
    waiting_bytes_ -= waiting_.front();
    waiting_.pop_front();
  }
  post_held_back(posted_bytes_max);
  if (state_ == state::closing && waiting_.empty())
    pump_->finish();
}

// -- end ----------------------------------------------------------------------

void link::close(const std::string& reason) {
  if (state_ != state::open)
    return end(reason);
  post_held_back(SIZE_MAX);
  post({0, 1, link_word::bye + reason});
  state_ = state::closing;
  arm(farewell_timeout);
  if (!std::exchange(told_end_, true))
    parts_.owner.ended(*this, reason, false);
}

void link::pump_ended(wire::pump_end how, const std::string& reason) {
  using enum wire::pump_end;
  end(how == refused ? "refused by the guard: " + reason : reason,
      how == refused);
}

void link::end(const std::string& reason, bool by_guard) {
  if (state_ == state::gone)
    return;
  const auto self = shared_from_this();
  clear();
  if (!std::exchange(told_end_, true))
    parts_.owner.ended(*this, reason, by_guard);
  parts_.owner.gone(*this);
}

void link::abandon() { clear(); }

void link::clear() {
  state_ = state::gone;
  timer_.cancel();
  if (handshake_)
    std::exchange(handshake_, nullptr)->cancel();
  if (pump_)
    pump_->close();
  if (actor_)
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
  actor_ = nullptr;
  remote_actor_ = nullptr;
  if (alias_)
    parts_.owner.give_back_alias(*std::exchange(alias_, std::nullopt));
}

uint64_t link::bytes_sent() const noexcept {
  return pump_ ? pump_->bytes_sent() : 0;
}

uint64_t link::bytes_received() const noexcept {
  return pump_ ? pump_->bytes_received() : 0;
}

} // namespace troupe::actors
