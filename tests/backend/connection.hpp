// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "session.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <span>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/// One accepted socket: moves bytes between it and its session, edge-triggered,
/// and stops reading while the peer does not.
namespace test_server {

class connection : public wire {
public:
  /// @param scratch The worker's receive buffer.
  connection(int fd, std::unique_ptr<session> talk, std::span<char> scratch)
    : fd_(fd), talk_(std::move(talk)), scratch_(scratch) {
    talk_->on_open(*this);
  }
  ~connection() override { ::close(fd_); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  std::string& output() override { return out_; }
  void finish() override { finishing_ = true; }
  void abort() override { aborting_ = true; }
  void wake_after(std::chrono::milliseconds delay) override {
    wanted_timer_ = delay;
  }
  std::string peer() const override;

  enum class outcome : uint8_t {
    idle, ///< nothing to do before the next event
    more, ///< its turn is over, but it could go on
    over, ///< to be destroyed
  };

  /// Takes note of what epoll said.
  void note(uint32_t events) {
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
      readable_ = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
      peer_ended_ = true;
    if (events & EPOLLOUT)
      writable_ = true;
  }

  /// Does what can be done now, within one turn.
  outcome advance();

  void timer_fired() { talk_->on_timer(*this); }

  /// The delay asked for since the last call; -1 is none.
  std::chrono::milliseconds take_wanted_timer() {
    return std::exchange(wanted_timer_, std::chrono::milliseconds{-1});
  }

private:
  static constexpr size_t pending_max = 256 * 1024;
  static constexpr int steps_a_turn = 32;

  bool step();
  bool flush();
  bool end();
  bool receive();
  bool offer();

  int fd_;
  std::unique_ptr<session> talk_;
  std::span<char> scratch_;
  std::string in_;      ///< received, not consumed
  std::string out_;     ///< to be sent
  size_t out_done_ = 0; ///< of out_
  std::chrono::milliseconds wanted_timer_{-1};
  bool readable_ = false;
  bool writable_ = true;
  bool peer_ended_ = false; ///< a short read proves nothing any more
  bool eof_ = false;
  bool eof_told_ = false;
  bool finishing_ = false;
  bool finished_ = false; ///< our FIN is out
  bool aborting_ = false;
  bool dead_ = false;
};

inline connection::outcome connection::advance() {
  for (int i = 0; i < steps_a_turn; ++i) {
    auto progressed = step();
    if (dead_)
      return outcome::over;
    if (!progressed)
      return outcome::idle;
  }
  return outcome::more;
}

inline bool connection::step() {
  if (!flush())
    return false;
  if (out_.empty()) {
    if (end())
      return false;
    if (!finishing_ && talk_->produce(*this))
      return true;
  }
  auto progressed = offer();
  return receive() || progressed || (out_.size() > out_done_ && writable_);
}

/// @returns false once the connection is dead.
inline bool connection::flush() {
  while (writable_ && out_done_ < out_.size()) {
    auto n = ::send(fd_, out_.data() + out_done_, out_.size() - out_done_,
                    MSG_NOSIGNAL);
    if (n >= 0)
      out_done_ += static_cast<size_t>(n);
    else if (errno == EAGAIN)
      writable_ = false;
    else if (errno != EINTR)
      return !(dead_ = true);
  }
  if (out_done_ == out_.size()) {
    out_.clear();
    out_done_ = 0;
  }
  return true;
}

/// Ends our direction if it is time. @returns true once the connection is dead.
inline bool connection::end() {
  if (aborting_) {
    linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    return dead_ = true;
  }
  if (finishing_ && !finished_) {
    ::shutdown(fd_, SHUT_WR);
    finished_ = true;
  }
  return dead_ = finished_ && eof_told_;
}

inline bool connection::receive() {
  if (!readable_ || eof_ || in_.size() >= pending_max
      || out_.size() >= pending_max)
    return false;
  auto n = ::recv(fd_, scratch_.data(), scratch_.size(), 0);
  if (n < 0) {
    if (errno == EAGAIN)
      readable_ = false;
    else if (errno != EINTR)
      dead_ = true;
    return errno == EINTR;
  }
  eof_ = n == 0;
  if (static_cast<size_t>(n) < scratch_.size() && !peer_ended_)
    readable_ = false;
  in_.append(scratch_.data(), static_cast<size_t>(n));
  return offer() || n == 0 || readable_;
}

/// @returns true if the session took anything.
inline bool connection::offer() {
  auto taken = in_.empty() ? 0 : talk_->consume(in_, *this);
  in_.erase(0, taken);
  if (!eof_ || eof_told_ || !in_.empty())
    return taken > 0;
  eof_told_ = true;
  talk_->on_eof(*this);
  return true;
}

inline std::string connection::peer() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  char text[INET6_ADDRSTRLEN]{};
  if (address.ss_family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
  }
  return "unix";
}

} // namespace test_server
