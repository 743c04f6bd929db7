// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "http_session.hpp"

#include <array>
#include <string>
#include <string_view>

/// What each path does. The table at the end is the manual.
namespace test_server::routes {

/// The lines that the request wishes, each as the value of an X-Reply.
inline std::string wished_fields(http_session& of) {
  std::string result;
  for (auto& [name, value] : of.head().fields)
    if (boost::algorithm::iequals(name, "x-reply"))
      result.append(value).append("\r\n");
  return result;
}

inline void hello(http_session& to, wire& out) {
  std::string content = "hello from ";
  to.reply(out, 200, content.append(to.name()).append("\n"),
           "Content-Type: text/plain\r\n" + wished_fields(to));
}

inline void echo(http_session& to, wire& out) {
  auto& head = to.head();
  std::string fields;
  for (auto& [name, value] : head.fields)
    fields += fmt::format("{}[{},{}]", fields.empty() ? "" : ",",
                          json_text(name), json_text(value));
  std::string trailers;
  for (auto& line : to.body().trailers())
    trailers +=
      fmt::format("{}{}", trailers.empty() ? "" : ",", json_text(line));
  auto content = fmt::format(
    R"({{"server":{},"method":{},"target":{},"version":{},"headers":[{}],)"
    R"("body_length":{},"body_crc":{},"trailers":[{}],"peer":{},)"
    R"("request_on_connection":{}}})",
    json_text(to.name()), json_text(head.method), json_text(head.target),
    json_text(head.version), fields, to.body().sum().length(),
    to.body().sum().crc(), trailers, json_text(out.peer()), to.requests());
  to.reply(out, 200, content, "Content-Type: application/json\r\n");
}

inline void bytes(http_session& to, wire& out) {
  auto size = to.head().number_at(1, 0);
  to.generate(out, 200, http_session::length_field(size),
              {.size = size, .offset = to.head().number("offset", 0)});
}

inline void chunked(http_session& to, wire& out) {
  auto trailer = to.head().query("trailer").has_value();
  to.generate(out, 200,
              trailer ? "Transfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n"
                      : "Transfer-Encoding: chunked\r\n",
              {.size = to.head().number_at(1, 0),
               .offset = to.head().number("offset", 0),
               .chunk = std::max<uint64_t>(1, to.head().number("chunk", 4096)),
               .trailer = trailer});
}

inline void delay(http_session& to, wire& out) {
  to.reply_after(out, std::chrono::milliseconds(to.head().number_at(1, 100)));
}

inline void status(http_session& to, wire& out) {
  auto code = static_cast<unsigned>(to.head().number_at(1, 200));
  auto length = to.head().query("length");
  to.reply(out, code, fmt::format("{} by {}\n", code, to.name()),
           (length ? fmt::format("Content-Length: {}\r\n", *length) : "")
             + wished_fields(to));
}

inline void close(http_session& to, wire& out) {
  if (!to.head().query("silent")) {
    to.reply(out, 200, "closing\n", "", ending::close);
    return;
  }
  to.raw(out, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nclosing\n",
         ending::close);
}

inline void reset(http_session& to, wire& out) {
  to.raw(out, "", ending::abort);
}

/// Drops connections that were used before, as a server does whose keep-alive
/// ended in the very moment the request was sent.
inline void reset_if_reused(http_session& to, wire& out) {
  if (to.requests() > 1)
    to.raw(out, "", ending::abort);
  else
    hello(to, out);
}

inline void reset_after(http_session& to, wire& out) {
  auto size = to.head().number_at(1, 1000);
  to.generate(out, 200, http_session::length_field(size + 1'000'000),
              {.size = size, .then = ending::abort});
}

/// The head must not say `Connection: close`, so it is written by hand.
inline void partial(http_session& to, wire& out, ending then) {
  auto size = to.head().number_at(1, 1000);
  auto reply =
    "HTTP/1.1 200 OK\r\n" + http_session::length_field(size + 1000) + "\r\n";
  reply += pattern(0, size);
  to.raw(out, reply, then);
}

inline void truncate(http_session& to, wire& out) {
  partial(to, out, ending::close);
}

inline void stall(http_session& to, wire& out) {
  partial(to, out, ending::stall);
}

inline void hang(http_session& to, wire& out) {
  to.raw(out, "", ending::stall);
}

inline void slow(http_session& to, wire& out) {
  auto size = to.head().number_at(1, 10);
  auto pause = std::chrono::milliseconds(to.head().number_at(2, 100));
  to.generate(out, 200, http_session::length_field(size),
              {.size = size,
               .step = std::max<uint64_t>(1, to.head().number("step", 1)),
               .pause = pause});
}

inline void early(http_session& to, wire& out) {
  to.reply(out, 413, "too much\n", "", ending::close);
}

inline void upgrade(http_session& to, wire& out) {
  std::string protocol = "echo";
  for (auto& [name, value] : to.head().fields)
    if (boost::algorithm::iequals(name, "upgrade"))
      protocol = value;
  to.become_tunnel(out, protocol);
}

inline void until_close(http_session& to, wire& out) {
  to.generate(out, 200, "",
              {.size = to.head().number_at(1, 1000), .then = ending::close});
}

inline void http10(http_session& to, wire& out) {
  to.raw(out, "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nold\n",
         ending::close);
}

inline void extra(http_session& to, wire& out) {
  to.raw(out,
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
         "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled",
         ending::keep);
}

inline void garbage(http_session& to, wire& out) {
  to.raw(out, "\x16\x03\x01 this is not HTTP\r\n\r\n", ending::close);
}

inline void bad_chunk(http_session& to, wire& out) {
  to.raw(out,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\nhello\r\nzz\r\n",
         ending::close);
}

inline void two_lengths(http_session& to, wire& out) {
  to.raw(out,
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
         "Content-Length: 6\r\n\r\nhello!",
         ending::close);
}

inline void head_huge(http_session& to, wire& out) {
  std::string filler(to.head().number("bytes", 100'000), 'x');
  to.reply(out, 200, "big\n", "X-Filler: " + filler + "\r\n");
}

inline void early_hints(http_session& to, wire& out) {
  out.output() += "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  hello(to, out);
}

inline void count(http_session& to, wire& out) {
  to.reply(out, 200, to.seen().to_json(to.name()),
           "Content-Type: application/json\r\n");
}

inline void health(http_session& to, wire& out) {
  ++to.seen().health_checks;
  auto code = to.seen().health.load();
  to.reply(out, code, code < 400 ? "well\n" : "not well\n");
}

inline void set_health(http_session& to, wire& out) {
  to.seen().health = static_cast<unsigned>(to.head().number_at(1, 200));
  hello(to, out);
}

/// When a route runs: once the head is there, or once the body is, too.
enum class moment : uint8_t { head, body };

struct route {
  std::string_view name; ///< the first segment of the path
  moment when;
  void (*run)(http_session&, wire&);
  bool counted = true; ///< in `/count`
};

inline constexpr std::array table{
  route{"", moment::body, hello},
  // What was received, as JSON.
  route{"echo", moment::body, echo},
  // N bytes of the pattern; ?offset=
  route{"bytes", moment::body, bytes},
  // The same, chunked; ?chunk=BYTES, ?trailer, ?offset=
  route{"chunked", moment::body, chunked},
  // Replies after MS.
  route{"delay", moment::body, delay},
  // Replies with CODE; ?length= adds a Content-Length to a 304.
  route{"status", moment::body, status},
  // Replies and closes; with ?silent the reply does not say so.
  route{"close", moment::body, close},
  // RST instead of a reply.
  route{"reset", moment::body, reset},
  // The same, but only on a connection that was used before.
  route{"reset-if-reused", moment::body, reset_if_reused},
  // RST after N bytes of body.
  route{"reset-after", moment::body, reset_after},
  // FIN after N bytes of body, 1,000 short of its Content-Length.
  route{"truncate", moment::body, truncate},
  // Silence after N bytes of body, 1,000 short of its Content-Length.
  route{"stall", moment::body, stall},
  // No reply, ever.
  route{"hang", moment::head, hang},
  // /slow/N/MS: N bytes, one each MS; ?step=BYTES
  route{"slow", moment::body, slow},
  // 413 before the body is read.
  route{"early", moment::head, early},
  // 100 even if not asked for, then the request as JSON.
  route{"continue", moment::body, echo},
  // 101, then an echo.
  route{"upgrade", moment::head, upgrade},
  // N bytes of body that end with the connection.
  route{"until-close", moment::body, until_close},
  // An HTTP/1.0 reply.
  route{"http10", moment::body, http10},
  // A second, unasked reply right behind the first.
  route{"extra", moment::body, extra},
  // Not HTTP at all.
  route{"garbage", moment::body, garbage},
  // A chunk size that is no number.
  route{"bad-chunk", moment::body, bad_chunk},
  // Two different Content-Lengths.
  route{"two-lengths", moment::body, two_lengths},
  // A head of ?bytes=, by default 100,000.
  route{"head-huge", moment::body, head_huge},
  // 103, then the reply.
  route{"early-hints", moment::body, early_hints},
  // What was seen so far, as JSON.
  route{"count", moment::body, count, false},
  // What /set-health/CODE said, 200 at first.
  route{"health", moment::body, health, false},
  route{"set-health", moment::body, set_health, false},
};

/// Unknown paths say hello, and so do all paths with an `?only=` that names
/// another server.
inline const route& find(const request& head, std::string_view own_name) {
  auto only = head.query("only");
  if (only && *only != own_name)
    return table.front();
  for (auto& candidate : table)
    if (candidate.name == head.segment(0))
      return candidate;
  return table.front();
}

} // namespace test_server::routes

namespace test_server {

inline void http_session::begin_request(wire& out) {
  auto& route = routes::find(head_, name_);
  if (route.counted)
    seen_.on_request(head_.method, head_.path());
  if (route.when == routes::moment::head) {
    route.run(*this, out);
    return;
  }
  if (head_.expects_continue || route.name == "continue")
    out.output() += "HTTP/1.1 100 Continue\r\n\r\n";
  if (body_.state() == body_reader::status::done)
    end_request(out);
}

inline void http_session::end_request(wire& out) {
  if (body_.sum().length() > 0)
    seen_.on_body(body_.beginning());
  routes::find(head_, name_).run(*this, out);
}

} // namespace test_server
