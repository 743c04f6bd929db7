// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE link_refusals

#include "actors/cluster/linked_nodes.hpp"
#include "actors/cluster/rogue_peer.hpp"

using namespace troupe;
using namespace troupe::actors;
namespace cluster = troupe::net::cluster;

namespace {

struct fixture : linked_nodes {
  fixture() {
    auto one = settings("lb1");
    one.limits.handshake_timeout = milliseconds{700};
    lb1 = &add(one);
    attend = [this] {
      for (auto& one : rogues)
        one->poll();
    };
  }

  rogue_peer& rogue() {
    return *rogues.emplace_back(
      std::make_unique<rogue_peer>(lb1->links->port()));
  }

  /// A rogue's dial with this certificate. @returns why it failed.
  std::string greet(const cluster::signed_key* own, const std::string& name,
                    const std::string& in = "prod") {
    auto& one = rogue();
    one.greet(name, in, "lb1", careless_context(own));
    CAF_REQUIRE(run_until([&] { return one.closed || one.ready; }));
    CAF_CHECK(!one.ready);
    return one.failure;
  }

  std::string last_refusal() {
    CAF_REQUIRE(run_until([&] { return !lb1->events.refused.empty(); }));
    return lb1->events.refused.back();
  }

  cluster::signed_key sign(const std::string& name,
                           const std::string& alternatives) {
    return cluster::make_signed(
      {.common_name = name, .alternative_names = alternatives}, &authority);
  }

  linked_node* lb1;
  std::vector<std::unique_ptr<rogue_peer>> rogues;
};

bool contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos)
    return true;
  CAF_MESSAGE("got: " << text);
  return false;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_refusals_tests, fixture)

CAF_TEST(a peer without a certificate is refused) {
  CAF_CHECK(contains(greet(nullptr, "lb2"), "certificate required"));
  CAF_CHECK(contains(last_refusal(), "did not return a certificate"));
}

CAF_TEST(a peer of another authority is refused) {
  const auto other = cluster::make_authority("test authority");
  const auto own = cluster::make_signed(
    {.common_name = "lb2", .alternative_names = "DNS:lb2"}, &other);
  CAF_CHECK(contains(greet(&own, "lb2"), "TLS: "));
  CAF_CHECK(contains(last_refusal(), "the other side's certificate: "));
}

CAF_TEST(a peer that signed its own certificate is refused) {
  const auto own = cluster::make_signed(
    {.common_name = "lb2", .alternative_names = "DNS:lb2"});
  CAF_CHECK(contains(greet(&own, "lb2"), "TLS: "));
  CAF_CHECK(contains(last_refusal(), "self-signed"));
}

CAF_TEST(a peer whose certificate has expired is refused) {
  const auto own = cluster::make_signed({.common_name = "lb2",
                                         .alternative_names = "DNS:lb2",
                                         .valid_from = -7'200,
                                         .valid_to = -60},
                                        &authority);
  CAF_CHECK(contains(greet(&own, "lb2"), "expired"));
  CAF_CHECK(contains(last_refusal(), "certificate has expired"));
}

CAF_TEST(a peer whose certificate has another name is refused) {
  const auto own = sign("lb2", "DNS:lb3,DNS:web,URI:https://lb2");
  const auto text = "your certificate is for lb3, web, not for lb2";
  CAF_CHECK(contains(greet(&own, "lb2"), text));
  CAF_CHECK(contains(last_refusal(), text));
}

CAF_TEST(neither a common name nor a wildcard makes a node) {
  const auto common = sign("lb2", "");
  CAF_CHECK(contains(greet(&common, "lb2"), "is for nobody, not for lb2"));
  const auto wild = sign("lb2", "DNS:*,DNS:lb*");
  CAF_CHECK(contains(greet(&wild, "lb2"), "is for *, lb*, not for lb2"));
}

CAF_TEST(a node that is not listed is refused) {
  const auto own = sign("lb4", "DNS:lb4");
  CAF_CHECK(contains(greet(&own, "lb4"), "lb4 is not in cluster.nodes of lb1"));
}

CAF_TEST(a node of another cluster is refused) {
  const auto own = sign("lb2", "DNS:lb2");
  CAF_CHECK(contains(greet(&own, "lb2", "test"),
                     "lb1 belongs to cluster prod, lb2 to test"));
}

CAF_TEST(a second node of the same name is refused) {
  const auto own = sign("lb1", "DNS:lb1");
  CAF_CHECK(contains(greet(&own, "lb1"), "there is a lb1 already: this node"));
}

CAF_TEST(a node of another version hears both versions) {
  const auto own = sign("lb2", "DNS:lb2");
  auto& one = rogue();
  one.secure(careless_context(&own));
  CAF_REQUIRE(run_until([&] { return one.ready || one.closed; }));
  one.send("TROUPE/2 hello prod lb2\n");
  CAF_REQUIRE(run_until([&] { return one.closed; }));
  CAF_CHECK(contains(one.received,
                     "TROUPE/1 refused the dialling node speaks TROUPE/2, the "
                     "other one TROUPE/1\n"));
  CAF_CHECK(contains(last_refusal(), "TROUPE/2"));
}

CAF_TEST(older TLS is refused) {
  const auto own = sign("lb2", "DNS:lb2");
  const auto context = careless_context(&own);
  SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_2_VERSION);
  auto& one = rogue();
  one.secure(context);
  CAF_REQUIRE(run_until([&] { return one.closed; }));
  CAF_CHECK(contains(one.failure, "protocol version"));
}

CAF_TEST(who answers a dial must be the node that was dialled) {
  auto& lb2 = add("lb2");
  CAF_CHECK_EQUAL(fail_to_connect(*lb1, lb2.address(), "lb3"),
                  "its certificate is for lb2, not for lb3");
  auto elsewhere = settings("lb3");
  elsewhere.cluster = "test";
  auto& lb3 = add(elsewhere);
  CAF_CHECK_EQUAL(fail_to_connect(*lb1, lb3.address(), "lb3"),
                  "refused by the other side: lb3 belongs to cluster test, "
                  "lb1 to prod");
  CAF_CHECK_EQUAL(fail_to_connect(*lb1, lb3.address(), "lb9"),
                  "lb9 is not another node of this cluster");
}

CAF_TEST(silence at any step ends with the deadline) {
  const auto own = sign("lb2", "DNS:lb2");
  auto& mute = rogue();
  mute.connect("");
  auto& secured = rogue();
  secured.secure(careless_context(&own));
  auto& greeted = rogue();
  greeted.greet("lb2", "prod", "lb1", careless_context(&own));
  const auto started = clock::now();
  CAF_REQUIRE(
    run_until([&] { return mute.closed && secured.closed && greeted.closed; }));
  CAF_CHECK(clock::now() - started < std::chrono::seconds{2});
  CAF_CHECK(clock::now() - started >= milliseconds{600});
  CAF_CHECK_EQUAL(lb1->links->counters().refused, 3u);
  CAF_CHECK(!greeted.received.empty()); // CAF had greeted it
}

CAF_TEST(a peer that speaks a byte at a time has no more time) {
  auto& slow = rogue();
  // The beginning of a hello that would be 15 kB long.
  slow.connect(std::string{"\x16\x03\x01\x3c\x04\x01\x00\x3c\x00\x03\x03", 11});
  const auto started = clock::now();
  auto next = started;
  CAF_REQUIRE(run_until([&] {
    if (const auto now = clock::now(); now >= next) {
      slow.send("x");
      next = now + milliseconds{5};
    }
    return slow.closed;
  }));
  CAF_CHECK(clock::now() - started >= milliseconds{600});
  CAF_CHECK(clock::now() - started < std::chrono::seconds{2});
}

CAF_TEST(one address has four handshakes at once and all have 64) {
  for (int n = 0; n < 4; ++n)
    rogue().connect("");
  run_for(milliseconds{50});
  auto& fifth = rogue();
  fifth.connect("");
  CAF_REQUIRE(run_until([&] { return fifth.closed; }));
  for (int n = 0; n < 4; ++n)
    CAF_CHECK(!rogues[static_cast<size_t>(n)]->closed);
  CAF_CHECK(contains(last_refusal(), "too many connections at once"));
}

CAF_TEST(refusals are told once a minute and all are counted) {
  for (int n = 0; n < 5; ++n) {
    auto& one = rogue();
    one.connect("GET / HTTP/1.1\r\n\r\n");
    CAF_REQUIRE(run_until([&] { return one.closed; }));
  }
  CAF_REQUIRE(run_until([&] { return lb1->links->counters().refused == 5; }));
  CAF_CHECK_EQUAL(lb1->events.refused.size(), 1u);
}

CAF_TEST(certificates can change while links are open) {
  auto& lb2 = add("lb2");
  const auto [here, there] = connect(*lb1, lb2, "lb2");
  // Another authority: only those who know it can talk now.
  authority = cluster::make_authority("new authority");
  files.write("ca", authority);
  certify("lb1");
  lb1->links->reload_certificates();
  run_for(milliseconds{10});
  CAF_CHECK(contains(fail_to_connect(*lb1, lb2.address(), "lb2"),
                     "the other side's certificate: "));
  CAF_CHECK(lb1->links->send(here, 1, 1, "the old link goes on"));
  CAF_CHECK(run_until([&] { return lb2.events.messages == 1; }));
  certify("lb2");
  lb2.links->reload_certificates();
  run_for(milliseconds{10});
  connect(*lb1, lb2, "lb2");
  connect(lb2, *lb1, "lb1");
}

CAF_TEST(certificates that are no good leave the old ones in use) {
  auto& lb2 = add("lb2");
  const auto try_link = [&] {
    lb2.links->reload_certificates();
    run_for(milliseconds{10});
    const auto [unused, there] = connect(*lb1, lb2, "lb2");
    lb2.links->close(there, "next");
    CAF_CHECK(run_until([&] { return lb1->links->counters().open == 0; }));
  };
  files.write_text("lb2.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
  try_link();
  std::filesystem::remove(files.file("lb2.pem"));
  std::filesystem::remove(files.file("lb2.key"));
  std::filesystem::remove(files.file("ca.pem"));
  try_link();
  files.write("ca", authority);
  files.write("lb2", cluster::make_signed({.common_name = "lb2",
                                           .alternative_names = "DNS:lb2",
                                           .valid_from = -7'200,
                                           .valid_to = -60},
                                          &authority));
  try_link();
}

CAF_TEST_FIXTURE_SCOPE_END()
