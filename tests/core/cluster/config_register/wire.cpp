// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE register_wire

#include "core/cluster/config_register/message.hpp"
#include "core/cluster/config_register/state.hpp"

#include "caf_test.hpp"
#include "fixture.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

using namespace register_fixture;

namespace {

record sample_record() {
  record x;
  x.at = {2, 7};
  x.mark = "lb1-99";
  x.since = 6;
  x.text = "frontends: []\n";
  x.hash = "0123456789abcdef";
  x.nodes = {{"lb1", "lb1:7946"}, {"lb2", "10.0.0.2:7946"}};
  x.author = "ada";
  x.node = "lb1";
  x.reason = "more room";
  x.time_ms = 1700000000000;
  x.forced = {"lb2: port 80 is in use"};
  return x;
}

vote sample_vote() { return {{300, "lb2"}, sample_record()}; }

/// One of each type, every field set.
std::vector<std::pair<std::string, message::body>> sample_bodies() {
  const ballot number{301, "lb1"};
  const storage_id third{3, 77};
  const storage_ids storages{{"lb2", {2, 5}}};
  const message::founding first{"0123", true, 99};
  return {
    {"status", message::status{"prod", "0123", true, true, true, 99, "4567",
                               sample_record().nodes, "lb2"}},
    {"fetch", message::fetch{}},
    {"learn", message::learn{sample_record()}},
    {"prepare", message::prepare{number, first}},
    {"promise", message::promise{number, third, storages, sample_vote()}},
    {"accept", message::accept{number, sample_record(), first}},
    {"accepted", message::accepted{number, third, storages}},
    {"nack", message::nack{number, {400, "lb2"}, true}},
    {"recall", message::recall{number, third}},
    {"recalled",
     message::recalled{
       number, third, true, {400, "lb2"}, {2, 5}, sample_vote()}},
    {"check", message::check{{2, 7}, "0123", "frontends: []\n"}},
    {"checked", message::checked{{2, 7}, "0123", {"port 80 is in use"}}},
    {"fetch_history", message::fetch_history{3, 6}},
    {"past", message::past{sample_record(), true}},
    {"form", message::form{"ada", "start", 1700000000000}},
  };
}

durable_state sample_state() {
  durable_state x;
  x.cluster = "prod";
  x.as = standing::provisional;
  x.committed = sample_record();
  x.promised = {301, "lb1"};
  x.accepted = sample_vote();
  x.mine = {3, 77};
  x.storages = {{"lb2", {2, 5}}};
  x.base_hash = "4567";
  x.base = {2, 5};
  return x;
}

history_list sample_history() {
  history_list x;
  x.add(sample_record(), false, 0);
  auto old = sample_record();
  old.at = {1, 7};
  x.add(old, true, 0);
  return x;
}

std::vector<std::pair<std::string, std::string>> samples() {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [name, body] : sample_bodies())
    result.emplace_back("register-" + name,
                        message::encode({{{2, 7}, "lb1-99"}, body}));
  result.emplace_back("register-state", encode(sample_state()));
  result.emplace_back("register-history", encode(sample_history()));
  return result;
}

std::string frozen(const std::string& name) {
  const std::string here = __FILE__;
  const auto tests = here.substr(0, here.rfind("core/cluster/"));
  std::ifstream in{tests + "data/wire/" + name + ".bin", std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Nothing a peer sends may do more than be counted or ignored.
void survives(const std::string& body) {
  cluster c{{"lb1", "lb2"}};
  c.form();
  c.give("lb1", config_register::received{"lb2", body});
  c.run(milliseconds{100});
  CAF_CHECK(c["lb1"].machine->committed() != nullptr);
}

} // namespace

CAF_TEST(frozen samples decode for ever) {
  for (const auto& [name, now] : samples()) {
    const auto bytes = frozen(name);
    CAF_REQUIRE(!bytes.empty());
    // Decoded and written again, they say what the same things say today.
    if (name == "register-state") {
      const auto x = decode_state(bytes);
      CAF_REQUIRE(x.has_value());
      CAF_CHECK_EQUAL(encode(*x), now);
    } else if (name == "register-history") {
      CAF_CHECK_EQUAL(encode(decode_history(bytes)), now);
    } else {
      const auto x = message::decode(bytes);
      CAF_REQUIRE(x.has_value());
      CAF_CHECK_EQUAL(message::encode(*x), now);
    }
  }
}

CAF_TEST(every message comes back as it was) {
  for (const auto& [name, body] : sample_bodies()) {
    const auto bytes = message::encode({{{2, 7}, "lb1-99"}, body});
    const auto x = message::decode(bytes);
    CAF_REQUIRE(x.has_value());
    CAF_CHECK_EQUAL(x->content.index(), body.index());
    CAF_CHECK_EQUAL(message::encode(*x), bytes);
  }
}

CAF_TEST(what a later version appends is ignored) {
  for (const auto& [name, body] : sample_bodies()) {
    const auto bytes = message::encode({{{2, 7}, "lb1-99"}, body});
    CAF_CHECK(message::decode(bytes + "more").has_value());
  }
  CAF_CHECK(decode_state(encode(sample_state()) + "more").has_value());
}

CAF_TEST(every cut of a message or a state is an error) {
  for (const auto& [name, body] : sample_bodies()) {
    const auto bytes = message::encode({{{2, 7}, "lb1-99"}, body});
    for (size_t n = 0; n < bytes.size(); ++n)
      CAF_CHECK(!message::decode(std::string_view{bytes}.substr(0, n)));
  }
  const auto state = encode(sample_state());
  for (size_t n = 0; n < state.size(); ++n)
    CAF_CHECK(!decode_state(std::string_view{state}.substr(0, n)));
}

CAF_TEST(a cut history keeps what can be read) {
  const auto bytes = encode(sample_history());
  const auto records = frozen("register-history"); // it has no times
  for (size_t n = 0; n < bytes.size(); ++n) {
    const auto x = decode_history(std::string_view{bytes}.substr(0, n));
    CAF_CHECK_EQUAL(x.records().size() < 2, n < records.size());
  }
}

CAF_TEST(a history keeps when this node took its records) {
  history_list x;
  for (uint64_t n = 1; n <= 3; ++n) {
    auto next = sample_record();
    next.at = {2, n};
    x.add(next, false, 1'700'000'000'000 + n);
  }
  const auto bytes = encode(x);
  const auto read = decode_history(bytes);
  CAF_REQUIRE_EQUAL(read.records().size(), 3u);
  for (uint64_t n = 1; n <= 3; ++n)
    CAF_CHECK_EQUAL(read.records()[n - 1].taken_ms, 1'700'000'000'000 + n);
  // Cut or odd times are none, and cost no record.
  const auto cut =
    decode_history(std::string_view{bytes}.substr(0, bytes.size() - 1));
  CAF_REQUIRE_EQUAL(cut.records().size(), 3u);
  CAF_CHECK_EQUAL(cut.records()[0].taken_ms, 0u);
}

CAF_TEST(odd bytes from a peer are counted and do no harm) {
  cluster c{{"lb1", "lb2"}};
  c.form();
  c.give("lb1", config_register::received{"lb2", ""});
  c.give("lb1", config_register::received{"lb2", "\x7f junk"});
  c.give("lb1", config_register::received{"lb2", std::string(100000, '\xff')});
  CAF_CHECK_EQUAL(c["lb1"].machine->undecodable(), 3u);
  // Of one that has not joined nothing is looked at.
  c.give("lb1", config_register::received{"lb9", "junk"});
  CAF_CHECK_EQUAL(c["lb1"].machine->undecodable(), 3u);
}

CAF_TEST(flipped bytes of any message do no harm) {
  uint64_t random = 1;
  for (const auto& [name, body] : sample_bodies())
    for (const auto& mark : {"lb1-99", "formed-#a"}) {
      const auto bytes = message::encode({{{1, 1}, mark}, body});
      for (size_t i = 0; i < bytes.size(); i += 3) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        auto flipped = bytes;
        flipped[i] = static_cast<char>(flipped[i] ^ (1 + (random >> 57)));
        survives(flipped);
      }
    }
}

CAF_TEST(a vote on anything but the next record is ignored) {
  cluster c{{"lb1", "lb2"}};
  c.form();
  const auto at = position_of(*c["lb1"].machine->committed());
  auto value = *c["lb1"].machine->committed();
  for (const auto generation : {1u, 3u}) {
    value.at.generation = generation;
    c.give("lb1", config_register::received{
                    "lb2", message::encode(
                             {at, message::accept{{9, "lb2"}, value, {}}})});
    CAF_CHECK(!c.disk("lb1").accepted.has_value());
  }
  value.at.generation = 2;
  c.give("lb1", config_register::received{
                  "lb2", message::encode(
                           {at, message::accept{{9, "lb2"}, value, {}}})});
  CAF_CHECK(c.disk("lb1").accepted.has_value());
}
