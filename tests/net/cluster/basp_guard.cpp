// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE basp_guard

#include "caf_test.hpp"
#include "net/cluster/basp_session.hpp"

#include <vector>

using namespace troupe::net::cluster;
using verdict = basp_inlet::verdict;

namespace {

constexpr link_side both_sides[] = {link_side::accepted, link_side::dialled};

/// What a fresh guard says to the bytes, all at once.
verdict judge(basp_session& session, const std::string& bytes,
              std::string& reason, std::string& out) {
  basp_inlet inlet{session.ends};
  const auto result = inlet.feed(bytes, out);
  reason = inlet.reason();
  return result;
}

/// The reason for which a greeted peer is refused, or "passed".
std::string refusal(link_side side, const std::string& bytes,
                    bool greeted = true) {
  basp_session session{side};
  std::string reason, out;
  const auto before = greeted ? session.handshake() : std::string{};
  const auto result = judge(session, before + bytes, reason, out);
  if (result == verdict::refused) {
    // Nothing of what was refused went on.
    CAF_CHECK_EQUAL(out.size(), before.size());
    return reason;
  }
  return result == verdict::ended ? "ended" : "passed";
}

std::string refusal_of_header(link_side side, const basp_header& header,
                              bool greeted = true) {
  std::string bytes;
  append(bytes, header);
  return refusal(side, bytes, greeted);
}

struct fixture {
  basp_session accepted{link_side::accepted};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(basp_guard_tests, fixture)

CAF_TEST(what two nodes say passes and names the peer by its alias) {
  for (const auto side : both_sides) {
    basp_session session{side};
    std::string reason, out;
    const auto bytes = session.handshake() + session.message("hi")
                     + session.monitor() + session.heartbeat();
    CAF_CHECK(judge(session, bytes, reason, out) == verdict::pass);
    CAF_CHECK_EQUAL(out.size(), bytes.size());
    CAF_CHECK_EQUAL(out.find(session.peer.view()), std::string::npos);
    CAF_CHECK_EQUAL(out.find(session.alias.view()), basp_header::size);
    CAF_CHECK(session.ends.peer == session.peer);
    CAF_CHECK_EQUAL(session.ends.peer_actor, session.peer_actor);
  }
}

CAF_TEST(bytes one at a time are judged like bytes at once) {
  const auto bytes = accepted.handshake() + accepted.message("hello")
                   + accepted.monitor() + accepted.heartbeat();
  basp_session other{link_side::accepted};
  std::string reason, at_once, apart;
  judge(other, bytes, reason, at_once);
  basp_inlet inlet{accepted.ends};
  for (const char c : bytes)
    CAF_REQUIRE(inlet.feed({&c, 1}, apart) == verdict::pass);
  CAF_CHECK(apart == at_once);
  CAF_CHECK_EQUAL(inlet.messages(), 1u);
}

CAF_TEST(handshakes without a payload never reach CAF) {
  for (const auto side : both_sides)
    for (const auto operation :
         {basp_operation::server_handshake, basp_operation::client_handshake})
      for (const uint64_t data : {0U, 3U})
        CAF_CHECK_EQUAL(refusal_of_header(
                          side, {.operation = operation, .data = data}, false),
                        "malformed handshake");
}

CAF_TEST(a handshake is of the other kind or longer or not by a node) {
  for (const auto side : both_sides) {
    const auto other =
      side == link_side::accepted ? link_side::dialled : link_side::accepted;
    CAF_CHECK_EQUAL(refusal(side, basp_session{other}.handshake(), false),
                    "malformed handshake");
    CAF_CHECK_EQUAL(refusal_of_header(
                      side,
                      {.operation = side == link_side::accepted
                                    ? basp_operation::client_handshake
                                    : basp_operation::server_handshake,
                       .payload_bytes = 1U << 20,
                       .data = side == link_side::accepted ? 0 : basp_version},
                      false),
                    "malformed handshake");
  }
  CAF_CHECK_EQUAL(refusal(link_side::accepted,
                          frame({.operation = basp_operation::client_handshake},
                                std::string(basp_node::size, '\0')),
                          false),
                  "malformed node");
}

CAF_TEST(a peer cannot call itself as this node does) {
  for (const auto side : both_sides) {
    basp_session session{side};
    session.peer = session.self;
    CAF_CHECK_EQUAL(refusal(side, session.handshake(), false),
                    "this very node");
  }
}

CAF_TEST(a server handshake of another application
         or without actor is no good) {
  basp_session session{link_side::dialled};
  auto bytes = session.handshake();
  auto other = bytes;
  other[other.find("troupe-1") + 7] = '2';
  CAF_CHECK_EQUAL(refusal(link_side::dialled, other, false),
                  "malformed handshake");
  const auto payload = server_handshake_payload(session.peer, 0);
  CAF_CHECK_EQUAL(refusal(link_side::dialled,
                          frame({.operation = basp_operation::server_handshake,
                                 .data = basp_version},
                                payload),
                          false),
                  "malformed handshake");
}

CAF_TEST(nothing passes before the handshake) {
  for (const auto side : both_sides) {
    const basp_session session{side};
    for (const auto& bytes : {session.message("x"), session.monitor(),
                              session.down(), session.heartbeat()})
      CAF_CHECK_EQUAL(refusal(side, bytes, false), "no handshake first");
  }
}

CAF_TEST(a second handshake is refused) {
  for (const auto side : both_sides)
    CAF_CHECK_EQUAL(refusal(side, basp_session{side}.handshake()),
                    "second handshake");
}

CAF_TEST(routed messages and named receivers are refused) {
  for (const auto side : both_sides) {
    CAF_CHECK_EQUAL(
      refusal_of_header(side, {.operation = basp_operation::routed_message,
                               .payload_bytes = 64}),
      "message of a third node");
    CAF_CHECK_EQUAL(
      refusal_of_header(side, {.operation = basp_operation::direct_message,
                               .flags = basp_named_receiver,
                               .payload_bytes = 64,
                               .source_actor = basp_session::peer_actor,
                               .dest_actor = 0x03ddd66f3376adfb}),
      "message to an actor by name");
  }
}

CAF_TEST(only the two actors of a link talk) {
  const auto direct = basp_header{.operation = basp_operation::direct_message,
                                  .payload_bytes = 64,
                                  .data = basp_plain_message,
                                  .source_actor = basp_session::peer_actor,
                                  .dest_actor = basp_session::own_actor};
  for (const auto side : both_sides) {
    auto header = direct;
    header.dest_actor = 1;
    CAF_CHECK_EQUAL(refusal_of_header(side, header),
                    "message to another actor");
    header = direct;
    header.source_actor = 0;
    CAF_CHECK_EQUAL(refusal_of_header(side, header),
                    "message of another actor");
    header = direct;
    header.data |= 5; // a request
    CAF_CHECK_EQUAL(refusal_of_header(side, header), "request or response");
  }
}

CAF_TEST(the first message of a dialling peer says which actor it is) {
  const auto first = accepted.handshake() + accepted.message("x");
  auto second = accepted.message("y");
  second[23] ^= 1; // the source
  std::string reason, out;
  CAF_CHECK(judge(accepted, first + second, reason, out) == verdict::refused);
  CAF_CHECK_EQUAL(reason, "message of another actor");
  CAF_CHECK_EQUAL(out.size(), first.size());
}

CAF_TEST(lengths over the maximum are refused by their header) {
  for (const uint32_t claimed : {(2U << 20) + 1, 1U << 30, 0xffffffffU})
    CAF_CHECK_EQUAL(
      refusal_of_header(link_side::accepted,
                        {.operation = basp_operation::direct_message,
                         .payload_bytes = claimed}),
      "payload over 2 MiB");
}

CAF_TEST(the longest body passes) {
  const std::string body(peer_body_max, 'x');
  CAF_CHECK_EQUAL(refusal(link_side::accepted, accepted.message(body)),
                  "passed");
}

CAF_TEST(a direct message is one peer_message and nothing else) {
  const auto good = peer_message_payload(1, 1, "body");
  auto staged = good;
  staged[0] = 1;
  auto typed = good;
  typed[2] = 1;
  const auto list = good.find("troupe::peer_message");
  auto other = good;
  other.replace(list, 6, "Troupe");
  const auto nested =
    std::string(3, '\0') + "\x0c@<>+@message" + std::string(1'000, '\0');
  const auto link = std::string(3, '\0')
                  + std::string{"\x1b@<>+@atom+@strong_actor_ptr"}
                  + std::string(52, 'x');
  for (const auto& bad :
       {staged, typed, other, nested, link, good + 'x',
        good.substr(0, good.size() - 1), good.substr(0, list), std::string{},
        std::string(3, '\0') + std::string{"\x03@<>"}})
    CAF_CHECK_EQUAL(refusal(link_side::accepted, accepted.direct(bad)),
                    "message that is no peer_message");
  CAF_CHECK_EQUAL(refusal(link_side::accepted, accepted.direct(good)),
                  "passed");
}

CAF_TEST(lengths of bodies that lie are refused) {
  auto payload = peer_message_payload(1, 1, "");
  payload.pop_back();
  for (const auto& length :
       {std::string{"\x05"}, std::string{"\xff\xff\xff\xff\x0f"},
        std::string{"\xff\xff\xff\xff\xff\xff\xff\x01"}, std::string{"\x80"}})
    CAF_CHECK_EQUAL(
      refusal(link_side::accepted, accepted.direct(payload + length)),
      "message that is no peer_message");
}

CAF_TEST(monitoring is for the ends of the link) {
  const auto third = node_named('t');
  const auto header = basp_header{.operation = basp_operation::monitor_message,
                                  .dest_actor = basp_session::own_actor};
  for (const auto& [from, to] :
       {std::pair{third, accepted.self}, std::pair{accepted.peer, third}})
    CAF_CHECK_EQUAL(
      refusal(link_side::accepted,
              frame(header, std::string{from.view()} + std::string{to.view()})),
      "monitoring by a third node");
  CAF_CHECK_EQUAL(refusal(link_side::accepted,
                          frame({.operation = basp_operation::monitor_message,
                                 .dest_actor = 99},
                                std::string{accepted.peer.view()}
                                  + std::string{accepted.self.view()})),
                  "monitoring of another actor");
  CAF_CHECK_EQUAL(refusal(link_side::accepted, frame(header, "short")),
                  "malformed monitor message");
}

CAF_TEST(the end of the other actor ends the link and never reaches CAF) {
  CAF_CHECK_EQUAL(
    refusal(link_side::accepted, accepted.message("x") + accepted.down()),
    "ended");
  CAF_CHECK_EQUAL(
    refusal(link_side::dialled, basp_session{link_side::dialled}.down()),
    "ended");
  // Nobody has been heard yet whose end it could be.
  CAF_CHECK_EQUAL(refusal(link_side::accepted, accepted.down()),
                  "down message for another actor");
}

CAF_TEST(other protocols and unknown bits are refused) {
  const std::string request = "GET / HTTP/1.1\r\nHost: lb1\r\n\r\n          ";
  CAF_CHECK_EQUAL(refusal(link_side::accepted, request, false), "no BASP");
  CAF_CHECK_EQUAL(refusal(link_side::accepted, std::string(32, '\x16'), false),
                  "no BASP");
  CAF_CHECK_EQUAL(
    refusal_of_header(link_side::accepted,
                      {.operation = basp_operation::heartbeat, .data = 1}),
    "malformed heartbeat");
  CAF_CHECK_EQUAL(
    refusal_of_header(link_side::accepted,
                      {.operation = basp_operation::heartbeat, .flags = 4}),
    "unknown flags");
}

CAF_TEST(what CAF asks of every node stays here) {
  accepted.ends.peer = accepted.peer;
  accepted.ends.peer_actor = accepted.peer_actor;
  basp_outlet outlet{accepted.ends};
  std::string out;
  const auto greeting =
    frame({.operation = basp_operation::server_handshake, .data = basp_version},
          server_handshake_payload(accepted.self, 17));
  const auto asks = frame({.operation = basp_operation::direct_message,
                           .flags = basp_named_receiver,
                           .data = basp_plain_message,
                           .source_actor = 7,
                           .dest_actor = 0x03ddd66f3376adfb},
                          "any");
  CAF_CHECK(outlet.feed(greeting + asks + greeting, out));
  CAF_CHECK(out == greeting);
  CAF_CHECK_EQUAL(outlet.swallowed(), 2u);
}

CAF_TEST(CAF talks to the alias and the peer hears its own name) {
  accepted.ends.peer = accepted.peer;
  accepted.ends.peer_actor = accepted.peer_actor;
  basp_outlet outlet{accepted.ends};
  std::string out;
  const auto to = [&](const basp_node& node) {
    return frame({.operation = basp_operation::monitor_message,
                  .dest_actor = basp_session::peer_actor},
                 std::string{accepted.self.view()} + std::string{node.view()});
  };
  CAF_CHECK(outlet.feed(to(accepted.alias), out));
  CAF_CHECK(out == to(accepted.peer));
  CAF_CHECK(outlet.feed(to(accepted.peer), out)); // not by that name
  CAF_CHECK_EQUAL(outlet.swallowed(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
