// SPDX-License-Identifier: BSD-3-Clause
#include "fuzz/require.hpp"
#include "net/session_fixture.hpp"

#include <algorithm>
#include <string>

// A whole session with its sockets: bytes of a client, or of a server, in one
// piece and in many. Any cut gives the same result, and everything ends.

using namespace troupe;
using namespace troupe::net;
using troupe::fuzz::require;

namespace {

struct script {
  bool from_server = false;
  unsigned request = 0; ///< which one asks for the server's bytes
  std::string bytes;
};

constexpr std::array<std::string_view, 4> requests{
  "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
  "HEAD / HTTP/1.1\r\nHost: t\r\n\r\n",
  "GET / HTTP/1.0\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
};

struct outcome {
  std::string client; ///< what it got
  std::string server; ///< the whole requests it got
  bool was_reset = false;
};

struct scene : session_fixture {
  explicit scene(const script& what) : what_(what) {
    settings.http.max_header_bytes = 2'048;
    next.retries_max = 0;
    if (what.from_server)
      serve_by_hand();
    else
      serve();
    start();
  }

  outcome run(size_t piece) {
    auto& one = connect();
    if (what_.from_server) {
      one.client.send(requests[what_.request]);
      require(got_request(servers[0]));
      auto& connection = servers[0].connections[0];
      feed(connection, piece);
      connection.finish();
    } else {
      feed(one.client, piece);
    }
    one.client.finish();
    require(over(one));
    turn(2);
    return {one.client.received, whole_requests(), one.client.was_reset};
  }

  /// Busy: what one socket gave another must not wait for a timer.
  bool attend() override {
    session_fixture::attend();
    return true;
  }

private:
  void feed(peer& to, size_t piece) {
    const std::string_view bytes = what_.bytes;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      to.send(bytes.substr(at, piece));
      turn(2);
    }
  }

  std::string whole_requests() const {
    std::string result;
    for (const auto& connection : servers[0].connections)
      result += connection.received.substr(0, connection.answered);
    return result;
  }

  const script& what_;
};

/// Without a refusal at the end: which of several faults it names may depend on
/// how many of them had arrived.
std::string_view before_refusal(std::string_view replies) {
  const auto last = replies.rfind("HTTP/1.1 ");
  if (last == replies.npos || last + 9 >= replies.size())
    return replies;
  const auto reply = replies.substr(last);
  const bool refused = (reply[9] == '4' || reply[9] == '5')
                    && reply.find("\r\nConnection: close\r\n") != reply.npos;
  return refused ? replies.substr(0, last) : replies;
}

/// Replies of our own have the time, and the two runs may be in two seconds.
void hide_dates(std::string& replies) {
  constexpr std::string_view name = "\r\nDate: ";
  for (auto at = replies.find(name); at != replies.npos;) {
    at += name.size();
    const auto end = std::min(replies.find('\r', at), replies.size());
    replies.replace(at, end - at, "then");
    at = replies.find(name, at);
  }
}

outcome play(const script& what, size_t piece) {
  scene stage{what};
  auto result = stage.run(piece);
  hide_dates(result.client);
  return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t bytes_max = 4'096;
  if (size < 2 || size > bytes_max)
    return 0;
  script what;
  what.from_server = (data[0] & 1) != 0;
  what.request = (data[0] >> 1) % requests.size();
  what.bytes.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto pieces = 1 + data[1] % 16u; // so many, or a few more
  const auto whole = play(what, bytes_max);
  const auto cut = play(what, 1 + what.bytes.size() / pieces);
  if (what.from_server) {
    // A response that breaks off may do so a few bytes sooner or later.
    const auto common = std::min(whole.client.size(), cut.client.size());
    require(whole.client.substr(0, common) == cut.client.substr(0, common));
    require(whole.client.size() == cut.client.size() || whole.was_reset
            || cut.was_reset || message_size(whole.client) == 0
            || message_size(cut.client) == 0);
  } else {
    require(before_refusal(whole.client) == before_refusal(cut.client));
    require((before_refusal(whole.client) == whole.client)
            == (before_refusal(cut.client) == cut.client));
    require(whole.server == cut.server);
  }
  return 0;
}
