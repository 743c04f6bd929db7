// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE link_attacks

#include "actors/cluster/linked_nodes.hpp"
#include "actors/cluster/peer_message.hpp"
#include "actors/cluster/rogue_peer.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::actors;
namespace cluster = troupe::net::cluster;
using cluster::basp_header;
using cluster::basp_operation;

namespace {

constexpr size_t mib = 1U << 20;

/// Of this process.
size_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  size_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

/// What memory may grow by where nothing is to be kept. Sanitizers keep freed
/// memory back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t growth_max = 256 * mib;
#else
constexpr size_t growth_max = 6 * mib;
#endif

/// A node and one that has a valid certificate and means ill.
struct fixture : linked_nodes {
  fixture()
    : own(cluster::make_signed(
      {.common_name = "lb2", .alternative_names = "DNS:lb2"}, &authority)) {
    auto one = settings("lb1");
    one.limits.handshake_timeout = milliseconds{1'500};
    one.limits.stall_timeout = milliseconds{800};
    one.limits.accept_pause = milliseconds{100};
    lb1 = &add(one);
    lb1->events.keep = false;
    attend = [this] {
      for (auto& one : rogues)
        one->poll();
    };
  }

  rogue_peer& rogue() {
    return *rogues.emplace_back(
      std::make_unique<rogue_peer>(lb1->links->port()));
  }

  /// As far as an honest peer's first actor message.
  rogue_peer& greeted() {
    auto& one = rogue();
    one.greet("lb2", "prod", "lb1", careless_context(&own));
    CAF_REQUIRE(run_until([&] { return one.ready; }));
    CAF_REQUIRE(
      run_until([&] { return one.received.size() >= handshake_bytes; }));
    return one;
  }

  /// The actor that lb1 has for this rogue, from its greeting.
  uint64_t actor_of(const rogue_peer& one) const {
    uint64_t result = 0;
    for (size_t n = handshake_bytes - 9; n + 1 < handshake_bytes; ++n)
      result = result << 8 | static_cast<uint8_t>(one.received[n]);
    return result;
  }

  static std::string frame(basp_header header, const std::string& payload) {
    header.payload_bytes = static_cast<uint32_t>(payload.size());
    return bare(header) + payload;
  }
  static std::string bare(const basp_header& header) {
    std::string bytes;
    append(bytes, header);
    return bytes;
  }

  std::string client_handshake() const {
    return frame({.operation = basp_operation::client_handshake},
                 std::string{identity.view()});
  }
  static std::string direct(uint64_t to, const std::string& payload) {
    return frame({.operation = basp_operation::direct_message,
                  .data = cluster::basp_plain_message,
                  .source_actor = 5,
                  .dest_actor = to},
                 payload);
  }

  /// A rogue with an open link.
  rogue_peer& linked() {
    const auto before = lb1->events.opened.size();
    auto& one = greeted();
    one.send(client_handshake()
             + direct(actor_of(one),
                      cluster::peer_message_payload(0, 1, link_word::hello)));
    CAF_REQUIRE(run_until([&] { return lb1->events.opened.size() > before; }));
    return one;
  }

  /// Sends it on an open link, which must not survive it.
  void expect_refusal(const std::string& bytes, const std::string& reason) {
    const auto before = lb1->links->counters().guard_refusals;
    auto& one = linked();
    const auto link = lb1->events.opened.back().link;
    one.send(bytes);
    CAF_REQUIRE(run_until([&] { return lb1->events.closed.count(link) > 0; }));
    CAF_CHECK_EQUAL(lb1->events.closed.at(link),
                    "refused by the guard: " + reason);
    CAF_CHECK_EQUAL(lb1->links->counters().guard_refusals, before + 1);
    CAF_CHECK(run_until([&] { return one.closed; }));
    rogues.clear();
  }

  void expect_that_an_honest_node_is_served() {
    rogues.clear();
    auto& lb2 = add("lb3");
    const auto [here, there] = connect(lb2, *lb1, "lb1");
    const auto before = lb1->events.messages;
    CAF_CHECK(lb2.links->send(here, 1, 1, "x"));
    CAF_CHECK(run_until([&] { return lb1->events.messages == before + 1; }));
  }

  const size_t handshake_bytes =
    basp_header::size
    + cluster::server_handshake_payload(cluster::basp_node::random(), 1).size();
  cluster::basp_node identity = cluster::basp_node::random();
  cluster::signed_key own;
  linked_node* lb1;
  std::vector<std::unique_ptr<rogue_peer>> rogues;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_attacks_tests, fixture)

CAF_TEST(bytes that end a bare CAF node do nothing before TLS) {
  const auto claim = basp_header{.operation = basp_operation::client_handshake,
                                 .payload_bytes = 1U << 30};
  const auto before = resident_bytes();
  for (int round = 0; round < 20; ++round)
    for (const auto& bytes :
         {bare({.operation = basp_operation::client_handshake}),
          bare({.operation = basp_operation::server_handshake, .data = 3}),
          bare(claim), direct(7, cluster::peer_message_payload(1, 1, "x"))}) {
      auto& one = rogue();
      one.connect(bytes);
      CAF_REQUIRE(run_until([&] { return one.closed; }));
      rogues.clear();
    }
  CAF_CHECK(resident_bytes() < before + growth_max);
  CAF_CHECK_EQUAL(lb1->links->counters().refused, 80u);
  expect_that_an_honest_node_is_served();
}

CAF_TEST(bytes that end a bare CAF node do nothing behind a good certificate) {
  const auto before = resident_bytes();
  for (int round = 0; round < 10; ++round)
    for (const auto& bytes :
         {bare({.operation = basp_operation::client_handshake}),
          bare({.operation = basp_operation::server_handshake, .data = 3}),
          bare({.operation = basp_operation::client_handshake,
          .payload_bytes = 1U << 30}),
          direct(7, cluster::peer_message_payload(1, 1, "x"))}) {
      auto& one = greeted();
      one.send(bytes);
      CAF_REQUIRE(run_until([&] { return one.closed; }));
      rogues.clear();
    }
  CAF_CHECK(resident_bytes() < before + growth_max);
  CAF_CHECK_EQUAL(lb1->links->counters().guard_refusals, 40u);
  CAF_CHECK(lb1->events.opened.empty());
  expect_that_an_honest_node_is_served();
}

CAF_TEST(what the guard finds is told once a minute and peer) {
  for (int n = 0; n < 3; ++n)
    expect_refusal(client_handshake(), "second handshake");
  CAF_REQUIRE_EQUAL(lb1->events.refused.size(), 1u);
  CAF_CHECK(lb1->events.refused[0].find("second handshake")
            != std::string::npos);
}

CAF_TEST(an open link ends with the first frame that is not allowed) {
  const uint64_t spawn_server = 0x03ddd66f3376adfb;
  expect_refusal(client_handshake(), "second handshake");
  expect_refusal(bare({.operation = basp_operation::client_handshake}),
                 "second handshake");
  expect_refusal(bare({.operation = basp_operation::direct_message,
                       .payload_bytes = 1U << 30}),
                 "payload over 2 MiB");
  expect_refusal(frame({.operation = basp_operation::direct_message,
                        .flags = cluster::basp_named_receiver,
                        .data = cluster::basp_plain_message,
                        .source_actor = 5,
                        .dest_actor = spawn_server},
                       "x"),
                 "message to an actor by name");
  for (const uint64_t actor : {1, 2, 3, 6, 7})
    expect_refusal(direct(actor, cluster::peer_message_payload(1, 1, "x")),
                   "message to another actor");
  expect_that_an_honest_node_is_served();
}

CAF_TEST(names of nodes that do not exist cost no memory) {
  const auto before = resident_bytes();
  for (int round = 0; round < 20; ++round) {
    std::string forged;
    for (int n = 0; n < 100; ++n)
      forged += frame({.operation = basp_operation::routed_message,
                       .source_actor = 5,
                       .dest_actor = 7},
                      std::string{cluster::basp_node::random().view()}
                        + std::string{identity.view()} + "x");
    expect_refusal(forged, "message of a third node");
  }
  CAF_CHECK(resident_bytes() < before + growth_max);
}

CAF_TEST(messages within messages never reach the deserialiser) {
  // One level, as often as fits: without end on the stack of CAF's parser.
  std::string nested;
  const auto level = std::string(2, '\0') + "\x0c@<>+@message";
  while (nested.size() + level.size() < cluster::peer_body_max)
    nested += level;
  auto& one = linked();
  const auto link = lb1->events.opened.back().link;
  one.send(direct(actor_of(one), std::string(1, '\0') + nested));
  CAF_REQUIRE(run_until([&] { return lb1->events.closed.count(link) > 0; }));
  CAF_CHECK_EQUAL(lb1->events.closed.at(link),
                  "refused by the guard: message that is no peer_message");
  expect_that_an_honest_node_is_served();
}

CAF_TEST(a peer that links or unlinks actors is refused) {
  auto& one = linked();
  const auto link = lb1->events.opened.back().link;
  std::string payload(3, '\0');
  payload += "\x1a@<>+@atom+@strong_actor_ptr";
  payload += std::string(8, 'l') + std::string(40, '\0');
  one.send(direct(actor_of(one), payload));
  CAF_REQUIRE(run_until([&] { return lb1->events.closed.count(link) > 0; }));
  CAF_CHECK_EQUAL(lb1->events.closed.at(link),
                  "refused by the guard: message that is no peer_message");
}

CAF_TEST(three hundred connections full of garbage change nothing) {
  std::mt19937 random{7};
  const auto before = resident_bytes();
  for (int n = 1; n <= 300; ++n) {
    // More than any TLS record, so that nobody waits for the rest.
    std::string garbage(20'000, '\0');
    for (auto& c : garbage)
      c = static_cast<char>(random());
    if (n % 3 == 0)
      garbage = "GET / HTTP/1.1\r\nHost: lb1:7946\r\n\r\n";
    if (n % 3 == 1) // as TLS begins
      garbage.replace(0, 3, "\x16\x03\x01");
    rogue().connect(garbage);
    if (n % 10 != 0) // four are judged, six are too many at once
      continue;
    CAF_REQUIRE(run_until([&] {
      return std::all_of(rogues.begin(), rogues.end(),
                         [](const auto& x) { return x->closed; });
    }));
    rogues.clear();
  }
  CAF_CHECK_EQUAL(lb1->links->counters().refused, 300u);
  CAF_CHECK(resident_bytes() < before + growth_max);
  expect_that_an_honest_node_is_served();
}

CAF_TEST(a peer that does not read loses its link
         and costs no more than its queue) {
  auto& one = linked();
  const auto link = lb1->events.opened.back().link;
  one.reading = false;
  const auto before = resident_bytes();
  size_t sent = 0;
  while (lb1->links->send(link, 2, 1, std::string(mib / 4, 'x')))
    sent += mib / 4;
  CAF_CHECK(sent <= 8 * mib);
  CAF_CHECK(sent >= 7 * mib);
  CAF_REQUIRE(run_until([&] { return !lb1->events.closed.empty(); }));
  CAF_CHECK_EQUAL(lb1->events.closed.at(link), "more than 8 MiB wait for it");
  CAF_CHECK(resident_bytes() < before + 24 * mib + growth_max);
  expect_that_an_honest_node_is_served();
}

CAF_TEST(a peer that stops reading loses its link after the stall timeout) {
  auto& one = linked();
  const auto link = lb1->events.opened.back().link;
  one.reading = false;
  // More than sockets hold, less than the queue.
  while (lb1->events.closed.empty() && lb1->links->counters().messages_sent < 7)
    CAF_REQUIRE(lb1->links->send(link, 2, 1, std::string(mib, 'x')));
  const auto started = clock::now();
  CAF_REQUIRE(run_until([&] { return !lb1->events.closed.empty(); }));
  CAF_CHECK_EQUAL(lb1->events.closed.at(link), "it does not read");
  CAF_CHECK(clock::now() - started < slowness * std::chrono::seconds{4});
}

CAF_TEST(a peer that reads slowly keeps its link) {
  auto& one = linked();
  const auto link = lb1->events.opened.back().link;
  one.received.clear();
  for (int n = 0; n < 7; ++n)
    CAF_REQUIRE(lb1->links->send(link, 2, 1, std::string(mib, 'x')));
  CAF_CHECK(run_until([&] { return one.received.size() > 7 * mib; }));
  CAF_CHECK(lb1->events.closed.empty());
}

CAF_TEST(a flood of messages waits in the network and not in memory) {
  auto& one = linked();
  const auto message = direct(
    actor_of(one), cluster::peer_message_payload(2, 1, std::string(mib, 'x')));
  const auto before = resident_bytes();
  size_t peak = 0;
  for (int n = 0; n < 60; ++n) {
    one.send(message);
    CAF_REQUIRE(run_until([&] {
      peak = std::max(peak, resident_bytes());
      return lb1->events.messages + 3 > static_cast<uint64_t>(n);
    }));
  }
  CAF_CHECK(run_until([&] { return lb1->events.messages == 60; }));
  CAF_CHECK(peak < before + 40 * mib + growth_max);
}

CAF_TEST(out of descriptors the listener waits and then goes on) {
  auto& one = rogue();
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  // All descriptors that are free below the limit are taken.
  const int probe = ::dup(0);
  ::close(probe);
  one.connect(""); // waits in the queue of the kernel
  const rlimit low{static_cast<rlim_t>(probe) + 1, limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  run_for(milliseconds{350});
  const auto refused = lb1->links->counters().refused;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  CAF_CHECK(refused >= 1);
  CAF_CHECK(refused <= 5); // one for each pause
  one.send("GET / HTTP/1.1\r\n\r\n");
  CAF_CHECK(run_until([&] { return one.closed; }));
  expect_that_an_honest_node_is_served();
}

CAF_TEST_FIXTURE_SCOPE_END()
