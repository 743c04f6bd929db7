// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE links

#include "actors/cluster/linked_nodes.hpp"

#include "actors/cluster/node_identity.hpp"
#include "actors/cluster/peer_message.hpp"
#include "net/cluster/basp_frame.hpp"

#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>
#include <caf/scoped_execution_unit.hpp>

#include <algorithm>

using namespace troupe;
using namespace troupe::actors;
namespace cluster = troupe::net::cluster;

namespace {

using fixture = linked_nodes;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(links_tests, fixture)

CAF_TEST(two nodes meet and messages pass both ways) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  CAF_CHECK_EQUAL(lb1.events.opened.back().peer, "lb2");
  CAF_CHECK_EQUAL(lb1.events.opened.back().dialled, true);
  CAF_CHECK_EQUAL(lb1.events.opened.back().remote, lb2.address());
  CAF_CHECK_EQUAL(lb2.events.opened.back().peer, "lb1");
  CAF_CHECK_EQUAL(lb2.events.opened.back().dialled, false);
  CAF_CHECK(lb1.links->send(here, 1, 7, "ping"));
  CAF_REQUIRE(run_until([&] { return !lb2.events.received.empty(); }));
  const auto& ping = lb2.events.received.back();
  CAF_CHECK_EQUAL(ping.link, there);
  CAF_CHECK_EQUAL(ping.kind, 1u);
  CAF_CHECK_EQUAL(ping.version, 7u);
  CAF_CHECK_EQUAL(ping.body, "ping");
  CAF_CHECK(lb2.links->send(there, 4, 1, ""));
  CAF_REQUIRE(run_until([&] { return !lb1.events.received.empty(); }));
  CAF_CHECK_EQUAL(lb1.events.received.back().kind, 4u);
  CAF_CHECK_EQUAL(lb1.events.received.back().body, "");
}

CAF_TEST(bodies of up to two MiB arrive whole and in order) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  const size_t sizes[] = {
    0, 1, 127, 128, 16'384, 1U << 20, cluster::peer_body_max};
  for (const auto size : sizes) {
    std::string body(size, 'x');
    for (size_t n = 0; n < size; ++n)
      body[n] = static_cast<char>(n * 31);
    CAF_CHECK(lb1.links->send(here, 2, 1, body));
  }
  CAF_REQUIRE(run_until([&] { return lb2.events.received.size() == 7; }));
  for (size_t n = 0; n < 7; ++n) {
    const auto& body = lb2.events.received[n].body;
    CAF_CHECK_EQUAL(body.size(), sizes[n]);
    CAF_CHECK(body.empty()
              || body.back() == static_cast<char>((body.size() - 1) * 31));
  }
  CAF_CHECK(
    !lb1.links->send(here, 2, 1, std::string(cluster::peer_body_max + 1, 'x')));
  CAF_CHECK(!lb1.links->send(here, 0, 1, "not for users"));
  CAF_CHECK(lb1.events.closed.empty());
}

CAF_TEST(many messages in both directions lose nothing) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  lb1.events.keep = lb2.events.keep = false;
  uint64_t sent = 0;
  CAF_CHECK(run_until([&] {
    // No more under way than the queue of a link holds, however slow the build.
    const auto received = std::min(lb1.events.messages, lb2.events.messages);
    for (; sent < 20'000 && sent < received + 1'000; ++sent) {
      CAF_REQUIRE(lb1.links->send(here, 2, 1, std::string(500, 'a')));
      CAF_REQUIRE(lb2.links->send(there, 2, 1, std::string(500, 'b')));
    }
    return lb1.events.messages == 20'000 && lb2.events.messages == 20'000;
  }));
  CAF_CHECK_EQUAL(lb2.links->counters().messages_received, 20'000u);
  CAF_CHECK(lb1.links->counters().bytes_sent > 10'000'000);
}

CAF_TEST(what is urgent overtakes what waits and the rest keeps its order) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  for (char n = 'a'; n < 'a' + 25; ++n)
    CAF_REQUIRE(lb1.links->send(here, 2, 1, std::string(200'000, n)));
  CAF_REQUIRE(lb1.links->send(here, 1, 1, "beat", true));
  CAF_REQUIRE(run_until([&] { return lb2.events.received.size() == 26; }));
  size_t beat = 26;
  char next = 'a';
  for (size_t n = 0; n < 26; ++n)
    if (lb2.events.received[n].body == "beat")
      beat = n;
    else
      CAF_CHECK_EQUAL(lb2.events.received[n].body.front(), next++);
  CAF_CHECK(beat <= 2);
}

CAF_TEST(what is sent in one turn of the loop travels together) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  // Both have said by then that they take it.
  CAF_CHECK(lb1.links->send(here, 2, 1, "first"));
  CAF_CHECK(lb2.links->send(there, 2, 1, "first"));
  CAF_REQUIRE(run_until(
    [&] { return lb1.events.messages == 1 && lb2.events.messages == 1; }));
  const auto before = lb1.links->counters().bytes_sent;
  for (uint16_t n = 1; n <= 100; ++n)
    CAF_REQUIRE(lb1.links->send(here, n, 7, std::to_string(n), n % 2 == 0));
  CAF_REQUIRE(run_until([&] { return lb2.events.messages == 101; }));
  for (uint16_t n = 1; n <= 100; ++n) {
    const auto& x = lb2.events.received[n];
    CAF_CHECK_EQUAL(x.kind, n);
    CAF_CHECK_EQUAL(x.version, 7u);
    CAF_CHECK_EQUAL(x.body, std::to_string(n));
  }
  // Alone, each has a frame of 50 bytes at least.
  CAF_CHECK_LESS(lb1.links->counters().bytes_sent - before, 100u * 20);
  CAF_CHECK_EQUAL(lb2.links->counters().messages_received, 101u);
}

CAF_TEST(a peer that takes no messages together gets each alone) {
  auto alone = settings("lb1");
  alone.limits.together_bytes_max = 0; // as a node of an earlier version
  auto& lb1 = add(std::move(alone));
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  for (int n = 0; n < 20; ++n) {
    CAF_REQUIRE(lb1.links->send(here, 2, 1, std::to_string(n)));
    CAF_REQUIRE(lb2.links->send(there, 2, 1, std::to_string(n)));
  }
  CAF_REQUIRE(run_until(
    [&] { return lb1.events.messages == 20 && lb2.events.messages == 20; }));
  for (size_t n = 0; n < 20; ++n) {
    CAF_CHECK_EQUAL(lb1.events.received[n].body, std::to_string(n));
    CAF_CHECK_EQUAL(lb2.events.received[n].body, std::to_string(n));
  }
  CAF_CHECK(lb2.links->counters().bytes_sent > 20u * 50);
}

CAF_TEST(messages that travel together are decoded whole or not at all) {
  const std::vector<peer_message> all{
    {1, 1, "beat"}, {7, 300, ""}, {2, 1, std::string(5'000, 'x')}};
  const auto bytes = encode_several(all);
  CAF_CHECK(decode_several(bytes) == all);
  CAF_CHECK(decode_several("") == std::vector<peer_message>{});
  size_t whole = 0;
  for (size_t n = 0; n < bytes.size(); ++n)
    if (const auto x = decode_several(std::string_view{bytes}.substr(0, n))) {
      CAF_CHECK_LESS(x->size(), all.size());
      ++whole;
    }
  CAF_CHECK_EQUAL(whole, all.size()); // none, one, two of them
  CAF_CHECK(!decode_several(encode_several({{0, 1, "bye "}})));
  CAF_CHECK(!decode_several(std::string(20, '\xff')));
}

CAF_TEST(the peer learns why a link is closed and what was sent before) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  CAF_CHECK(lb1.links->send(here, 1, 1, std::string(1U << 20, 'x')));
  CAF_CHECK(lb1.links->send(here, 1, 1, "last"));
  lb1.links->close(here, "maintenance\n\x1b[2J");
  CAF_CHECK(!lb1.links->send(here, 1, 1, "too late"));
  CAF_REQUIRE(run_until([&] {
    return lb1.events.closed.size() == 1 && lb2.events.closed.size() == 1;
  }));
  CAF_CHECK_EQUAL(lb2.events.received.back().body, "last");
  CAF_CHECK_EQUAL(lb2.events.closed.at(there),
                  "closed by lb1: maintenance??[2J");
  // And again, with another number.
  const auto [again, unused] = connect(lb2, lb1, "lb1");
  CAF_CHECK(again != there);
  CAF_CHECK(lb2.links->send(again, 1, 1, "back"));
  CAF_CHECK(run_until([&] { return !lb1.events.received.empty(); }));
}

CAF_TEST(a node that stops takes its links along) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  lb2.links->stop();
  CAF_REQUIRE(run_until([&] { return !lb1.events.closed.empty(); }));
  CAF_CHECK_EQUAL(lb1.events.closed.at(here), "closed by the other side");
  run_for(milliseconds{20});
  CAF_CHECK(lb2.events.closed.empty()); // nothing is told after stop()
  CAF_CHECK(!lb2.links->send(there, 1, 1, "x"));
}

CAF_TEST(links to three nodes and back open again and again) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  auto& lb3 = add("lb3");
  for (int round = 0; round < 20; ++round) {
    const auto to2 = connect(lb1, lb2, "lb2").first;
    const auto to3 = connect(lb1, lb3, "lb3").first;
    const auto across = connect(lb3, lb2, "lb2").first;
    lb1.links->send(to2, 1, 1, "a");
    lb1.links->send(to3, 1, 1, "b");
    lb3.links->send(across, 1, 1, "c");
    const auto turn = static_cast<uint64_t>(round) + 1;
    CAF_REQUIRE(run_until([&] {
      return lb2.events.messages == 2 * turn && lb3.events.messages == turn;
    }));
    for (auto* node : {&lb1, &lb3})
      for (const auto& one : node->events.opened)
        node->links->close(one.link, "round");
    CAF_REQUIRE(run_until([&] {
      return lb2.events.closed.size() == 2 * turn
          && lb3.events.closed.size() == 2 * turn;
    }));
  }
  CAF_CHECK_EQUAL(lb1.links->counters().open, 0u);
}

CAF_TEST(nodes that dial each other at the same time have two links) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  for (size_t round = 1; round <= 25; ++round) {
    lb1.links->dial("lb2", lb2.address());
    lb2.links->dial("lb1", lb1.address());
    CAF_REQUIRE(run_until([&] {
      return lb1.events.opened.size() == 2 * round
          && lb2.events.opened.size() == 2 * round;
    }));
    // Each carries messages, also when the other one is gone.
    const auto kept = lb1.events.opened.back().link;
    const auto other = lb1.events.opened[2 * round - 2].link;
    lb1.links->close(other, "one is enough");
    CAF_REQUIRE(
      run_until([&] { return lb2.events.closed.size() == 2 * round - 1; }));
    CAF_CHECK(lb1.links->send(kept, 1, 1, "still here"));
    CAF_REQUIRE(run_until([&] { return lb2.events.messages == round; }));
    lb1.links->close(kept, "round");
    CAF_REQUIRE(
      run_until([&] { return lb2.events.closed.size() == 2 * round; }));
  }
  CAF_CHECK(lb1.events.failed_dials.empty());
  CAF_CHECK(lb2.events.failed_dials.empty());
}

CAF_TEST(two systems of one process differ in identity) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  CAF_CHECK(!(identity_of(lb1.system()) == identity_of(lb2.system())));
}

CAF_TEST(names are looked up at every dial) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  lb1.links->dial("lb2", "localhost:" + std::to_string(lb2.links->port()));
  CAF_CHECK(run_until([&] { return !lb1.events.opened.empty(); }));
  CAF_CHECK(contains(fail_to_connect(lb1, "no-such-host.invalid:1", "lb2"),
                     "no-such-host.invalid:1: "));
  CAF_CHECK(contains(fail_to_connect(lb1, "127.0.0.1:1", "lb2"), "refused"));
}

CAF_TEST(without TLS a peer is who it says it is) {
  for (const auto* name : {"lb1", "lb2"}) {
    auto plain = settings(name);
    plain.security = net::cluster::without_tls{};
    add(plain);
  }
  const auto [here, there] = connect(*nodes[0], *nodes[1], "lb2");
  CAF_CHECK_EQUAL(nodes[1]->events.opened.back().peer, "lb1");
  nodes[0]->links->send(here, 1, 1, "x");
  CAF_CHECK(run_until([&] { return nodes[1]->events.messages == 1; }));
  CAF_CHECK_EQUAL(fail_to_connect(*nodes[0], nodes[1]->address(), "lb3"),
                  "it is lb2, not lb3");
}

CAF_TEST(a node that is no longer listed loses its link) {
  auto& lb1 = add("lb1");
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(lb1, lb2, "lb2");
  lb1.links->set_known({"lb1", "lb3"}, "generation 7 of prod");
  CAF_REQUIRE(run_until([&] { return !lb2.events.closed.empty(); }));
  CAF_CHECK_EQUAL(lb2.events.closed.at(there),
                  "closed by lb1: lb2 is not in generation 7 of prod: add it "
                  "to cluster.nodes on lb1 and run \"troupectl config apply\" "
                  "there");
  CAF_CHECK_EQUAL(lb1.events.closed.count(here), 1u);
}

CAF_TEST(an address that is taken is a problem) {
  auto& lb1 = add("lb1");
  auto second = settings("lb2");
  second.listen = lb1.address();
  linked_node lb2{second};
  const auto problems = lb2.links->listen();
  CAF_REQUIRE_EQUAL(problems.size(), 1u);
  CAF_CHECK(contains(problems.front(), "Address already in use"));
}

CAF_TEST(what CAF writes is what the guard expects) {
  auto& lb1 = add("lb1");
  for (const size_t size : {0U, 1U, 127U, 128U, 16'383U, 16'384U, 70'000U}) {
    const std::string body(size, 'b');
    caf::scoped_execution_unit unit{&lb1.system()};
    std::vector<char> bytes;
    caf::binary_serializer sink{&unit, bytes};
    const std::vector<caf::strong_actor_ptr> stages;
    const auto message = caf::make_message(peer_message{3, 9, body});
    CAF_REQUIRE(!sink(stages));
    CAF_REQUIRE(!message.save(sink));
    CAF_CHECK((cluster::peer_message_payload(3, 9, body)
               == std::string{bytes.begin(), bytes.end()}));
    bytes.clear();
    caf::binary_serializer identity{&unit, bytes};
    CAF_REQUIRE(!identity(lb1.system().node()));
    CAF_CHECK((identity_of(lb1.system()).view()
               == std::string_view{bytes.data(), bytes.size()}));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
