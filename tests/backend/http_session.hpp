// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "http_request.hpp"
#include "pattern.hpp"
#include "session.hpp"
#include "statistics.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// One HTTP/1.1 connection: requests in, routed to `routes.hpp`, replies out in
/// order. Routes say what to do with the calls below.
namespace test_server {

/// What becomes of the connection behind a reply.
enum class ending : uint8_t {
  keep,  ///< as the request asked for
  close, ///< FIN
  abort, ///< RST
  stall, ///< nothing more is ever sent
};

/// A body made while it is sent.
struct generated_body {
  uint64_t size = 0;
  uint64_t offset = 0;  ///< into the pattern
  uint64_t chunk = 0;   ///< data bytes a chunk; 0 is not chunked
  bool trailer = false; ///< chunked only: send `X-Checksum` behind it
  uint64_t step = 0;    ///< bytes a pause; 0 is no pauses
  std::chrono::milliseconds pause{0};
  ending then = ending::keep;
};

class http_session : public session {
public:
  http_session(std::string_view name, statistics& seen)
    : name_(name), seen_(seen) {}

  const request& head() const { return head_; }
  const body_reader& body() const { return body_; }
  std::string_view name() const { return name_; }
  statistics& seen() { return seen_; }
  uint64_t requests() const { return requests_; }

  /// A whole reply. `fields` are complete lines.
  void reply(wire& out, unsigned status, std::string_view content,
             std::string_view fields = "", ending then = ending::keep) {
    auto bodiless = status == 204 || status == 304 || status < 200;
    auto lines = bodiless ? std::string{} : length_field(content.size());
    write_head(out, status, lines.append(fields), then);
    if (!bodiless && head_.method != "HEAD")
      out.output() += content;
    end_reply(out, then);
  }

  /// A head, then `content` bit by bit. `framing` is a whole field line or "".
  void generate(wire& out, unsigned status, std::string_view framing,
                generated_body content) {
    write_head(out, status, framing, content.then);
    if (head_.method == "HEAD") {
      end_reply(out, content.then);
      return;
    }
    state_ = state::generating;
    content_ = content;
    sent_ = {};
    produce(out);
  }

  /// Exactly these bytes instead of a reply.
  void raw(wire& out, std::string_view bytes, ending then) {
    out.output() += bytes;
    end_reply(out, then);
  }

  /// Replies after a while, with on_late().
  void reply_after(wire& out, std::chrono::milliseconds delay) {
    state_ = state::waiting;
    out.wake_after(delay);
  }

  /// From now on everything is echoed, as WebSockets would use it.
  void become_tunnel(wire& out, std::string_view protocol) {
    out.output() += fmt::format("HTTP/1.1 101 Switching Protocols\r\n"
                                "Connection: Upgrade\r\nUpgrade: {}\r\n\r\n",
                                protocol);
    state_ = state::tunnel;
  }

  static std::string length_field(uint64_t length) {
    std::string line = "Content-Length: ";
    return line.append(fmt::format_int(length).c_str()).append("\r\n");
  }

  size_t consume(std::string_view bytes, wire& out) override {
    size_t taken = 0;
    for (;;) {
      auto step = consume_one(bytes.substr(taken), out);
      if (step == 0)
        return taken;
      taken += step;
    }
  }

  bool produce(wire& out) override {
    if (state_ != state::generating)
      return false;
    if (sent_.length() == content_.size) {
      finish_generated(out);
      return true;
    }
    auto most = content_.chunk ? content_.chunk : pattern_period;
    if (content_.step)
      most = std::min(most, content_.step);
    add_generated(out.output(), most);
    if (content_.step) {
      state_ = state::pausing;
      out.wake_after(content_.pause);
    }
    return true;
  }

  /// A client may end its direction and still want its reply.
  void on_eof(wire& out) override {
    if (state_ == state::generating || state_ == state::pausing
        || state_ == state::waiting)
      head_.keep_alive = false;
    else
      out.finish();
  }

  void on_timer(wire& out) override {
    if (state_ == state::pausing) {
      state_ = state::generating;
      produce(out);
    } else if (state_ == state::waiting) {
      reply(out, 200, fmt::format("{} was slow\n", name_));
    }
  }

private:
  enum class state : uint8_t {
    head,       ///< between requests
    body,       ///< its route runs when the body is there
    generating, ///< the next piece may be sent
    pausing,    ///< the timer runs
    waiting,    ///< the timer runs, nothing sent yet
    tunnel,
    ended, ///< input is dropped
  };

  static constexpr size_t head_max = 256 * 1024;

  size_t consume_one(std::string_view bytes, wire& out) {
    switch (state_) {
    case state::head:
      return consume_head(bytes, out);
    case state::body:
      return consume_body(bytes, out);
    case state::tunnel:
      out.output() += bytes;
      return bytes.size();
    case state::ended:
      return bytes.size();
    default:
      return 0;
    }
  }

  size_t consume_head(std::string_view bytes, wire& out) {
    auto end = bytes.find("\r\n\r\n");
    if (end == bytes.npos) {
      if (bytes.size() > head_max)
        refuse(out);
      return 0;
    }
    auto parsed = parse_head(bytes.substr(0, end));
    if (!parsed) {
      refuse(out);
      return bytes.size();
    }
    head_ = std::move(*parsed);
    ++requests_;
    body_.start(head_);
    state_ = state::body;
    begin_request(out);
    return end + 4;
  }

  size_t consume_body(std::string_view bytes, wire& out) {
    auto taken = body_.feed(bytes);
    if (body_.state() == body_reader::status::bad)
      refuse(out);
    else if (body_.state() == body_reader::status::done)
      end_request(out);
    return taken;
  }

  void begin_request(wire& out); ///< routes.hpp
  void end_request(wire& out);   ///< routes.hpp

  void refuse(wire& out) {
    head_ = {};
    reply(out, 400, "bad request\n", "", ending::close);
  }

  /// Appends piece by piece: benchmarks run through here.
  void write_head(wire& out, unsigned status, std::string_view fields,
                  ending then) {
    auto& to = out.output();
    to += "HTTP/1.1 ";
    to += fmt::format_int(status).c_str();
    to += status < 400 ? " OK\r\nX-Server: " : " No\r\nX-Server: ";
    to += name_;
    to += "\r\n";
    if (then == ending::close || !head_.keep_alive)
      to += "Connection: close\r\n";
    else if (head_.version == "HTTP/1.0")
      to += "Connection: keep-alive\r\n";
    to += fields;
    to += "\r\n";
  }

  void add_generated(std::string& to, uint64_t most) {
    auto left = content_.size - sent_.length();
    auto piece =
      pattern(content_.offset + sent_.length(), std::min(most, left));
    sent_.add(piece);
    if (!content_.chunk) {
      to += piece;
      return;
    }
    to += fmt::format("{:x}\r\n", piece.size());
    to += piece;
    to += "\r\n";
  }

  void finish_generated(wire& out) {
    if (content_.chunk && content_.then != ending::abort) {
      out.output() += "0\r\n";
      if (content_.trailer)
        out.output() += fmt::format("X-Checksum: {:08x}\r\n", sent_.crc());
      out.output() += "\r\n";
    }
    end_reply(out, content_.then);
  }

  void end_reply(wire& out, ending then) {
    if (then == ending::keep && !head_.keep_alive)
      then = ending::close;
    state_ = then == ending::keep ? state::head : state::ended;
    if (then == ending::close)
      out.finish();
    else if (then == ending::abort)
      out.abort();
  }

  std::string_view name_;
  statistics& seen_;
  state state_ = state::head;
  request head_;
  body_reader body_;
  generated_body content_;
  digest sent_; ///< of content_
  uint64_t requests_ = 0;
};

} // namespace test_server
