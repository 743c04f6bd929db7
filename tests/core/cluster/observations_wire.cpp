// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_watch_wire

#include "core/cluster/membership_message.hpp"
#include "core/cluster/observations_message.hpp"
#include "core/cluster/operators_message.hpp"

#include "caf_test.hpp"

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace troupe::cluster;
using troupe::status;

namespace {

std::vector<observations::observation_body> sample_observations() {
  observations::observation_body first;
  first.target = 0xe2dc6d39d4ea5dc8;
  first.observer = "lb1";
  first.what = {1700000000000, 300, status::down, true, "connection refused"};
  first.age_ms = 1234;
  first.verdict = status::up;
  observations::observation_body second;
  second.target = 42;
  second.observer = "lb2";
  second.what = {7, 1, status::up, false, ""};
  second.verdict = status::down;
  return {first, second};
}

observations::report sample_report() {
  auto items = sample_observations();
  items[0].since = 299;
  items[1].since = 1;
  return {"lb1",
          1700000000000,
          301,
          ~uint64_t{0},
          true,
          true,
          items,
          {{42, true}, {43, false}},
          {0, 300, 70'000}};
}

std::vector<observations::known_report> sample_known() {
  return {{"lb1", 1700000000000, 300, ~uint64_t{0} - 1}, {"lb2", 0, 0, 0}};
}

operators::snapshot sample_wishes() {
  operators::snapshot x;
  x.counter = 301;
  x.entries[{"app", "a1"}] = {
    {300, "lb1"}, troupe::admin_state::drain, 50, 100, 7, "ada", "disk",
    1700000000000};
  x.entries[{"app", "a2"}] = {
    {301, "lb2"}, troupe::admin_state::maint, {}, 0, 8, "bob", "",
    1700000000001};
  x.introduced[{"app", "a2"}] = 8;
  return x;
}

/// One of each type, every field set, by the name of its file.
std::vector<std::pair<std::string, std::string>> samples() {
  const auto seen = sample_observations();
  return {
    {"membership-hello", membership::encode(membership::hello_body{
                           "prod", "lb1", 99, 1, 2, 3, "troupe 1.0"})},
    {"membership-heartbeat",
     membership::encode(membership::heartbeat_body{301, 300})},
    {"membership-leaving", membership::encode(membership::leaving_body{})},
    {"membership-refused",
     membership::encode(membership::refused_body{"not in generation 7"})},
    {"observations-change",
     observations::encode(observations::message_type::change, seen).front()},
    {"observations-digest",
     observations::encode(observations::message_type::digest, seen).front()},
    {"observations-suspicion", observations::encode_suspicion(42, 300)},
    {"observations-report", observations::encode_report(sample_report())},
    {"observations-question", observations::encode_question(sample_known())},
    {"observations-answer",
     observations::encode_answer({sample_report(), sample_report()}).front()},
    {"operators-state", operators::encode_state(sample_wishes()).front()},
    {"operators-digest",
     operators::encode(operators::digest_body{~uint64_t{0}})},
    {"operators-acks",
     operators::encode(operators::acks_body{{{300, "lb1"}, {301, "lb2"}}})},
    {"operators-file", operators::encode(sample_wishes())},
  };
}

std::string frozen(const std::string& name) {
  const std::string here = __FILE__;
  const auto tests = here.substr(0, here.rfind("core/cluster/"));
  std::ifstream in{tests + "data/wire/" + name + ".bin", std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Whether these bytes are a message of the kind its name begins with.
bool decodes(const std::string& name, const std::string& bytes) {
  if (name == "operators-file")
    return operators::decode_snapshot(bytes).has_value();
  if (name.starts_with("observations"))
    return observations::decode(bytes).has_value();
  if (name.starts_with("operators"))
    return !std::holds_alternative<operators::undecodable>(
      operators::decode(bytes));
  const auto said = membership::decode(bytes);
  return !std::holds_alternative<membership::undecodable_body>(said)
      && !std::holds_alternative<membership::unknown_body>(said);
}

} // namespace

CAF_TEST(frozen samples decode for ever) {
  for (const auto& [name, now] : samples()) {
    const auto bytes = frozen(name);
    CAF_REQUIRE(!bytes.empty());
    CAF_CHECK(decodes(name, bytes));
    // A later version may append, so this one writes a beginning of it.
    CAF_CHECK(bytes == now);
  }
}

CAF_TEST(frozen samples say what they said) {
  const auto digest = observations::decode(frozen("observations-digest"));
  CAF_REQUIRE(digest);
  CAF_CHECK(digest->type == observations::message_type::digest);
  CAF_CHECK(digest->last);
  CAF_CHECK(digest->observations == sample_observations());
  const auto change = observations::decode(frozen("observations-change"));
  CAF_REQUIRE(change);
  CAF_CHECK(change->observations == sample_observations());
  const auto suspicion = observations::decode(frozen("observations-suspicion"));
  CAF_REQUIRE(suspicion);
  CAF_CHECK_EQUAL(suspicion->target, 42u);
  CAF_CHECK_EQUAL(suspicion->failures, 300u);
  const auto report = observations::decode(frozen("observations-report"));
  CAF_REQUIRE(report && report->reports.size() == 1);
  CAF_CHECK(report->reports[0] == sample_report());
  const auto question = observations::decode(frozen("observations-question"));
  CAF_REQUIRE(question);
  CAF_CHECK(question->known == sample_known());
  const auto answer = observations::decode(frozen("observations-answer"));
  CAF_REQUIRE(answer && answer->reports.size() == 2);
  CAF_CHECK(answer->last);
  CAF_CHECK(answer->reports[1] == sample_report());
  const membership::hello_body hello{"prod", "lb1", 99, 1, 2, 3, "troupe 1.0"};
  CAF_CHECK(membership::decode(frozen("membership-hello"))
            == membership::message{hello});
  const auto kept = operators::decode_snapshot(frozen("operators-file"));
  CAF_REQUIRE(kept);
  CAF_CHECK(*kept == sample_wishes());
  CAF_CHECK(operators::decode(frozen("operators-state"))
            == operators::message{operators::state_body{sample_wishes()}});
}

CAF_TEST(what a later version appends is ignored) {
  for (const auto& [name, bytes] : samples())
    CAF_CHECK(decodes(name, bytes + "later fields"));
}

CAF_TEST(a kind of a later version is told from a broken one) {
  CAF_CHECK(std::holds_alternative<membership::unknown_body>(
    membership::decode("\x7f later")));
  CAF_CHECK(!observations::decode("\x7f later"));
  CAF_CHECK(std::holds_alternative<operators::undecodable>(
    operators::decode("\x7f later")));
}

CAF_TEST(every cut of a message is an error) {
  for (const auto& [name, bytes] : samples())
    for (size_t size = 0; size < bytes.size(); ++size)
      CAF_CHECK(!decodes(name, bytes.substr(0, size)));
}

CAF_TEST(flipped bytes and lengths that lie do no harm) {
  std::mt19937_64 random{11};
  size_t read = 0;
  for (const auto& [name, bytes] : samples())
    for (int i = 0; i < 5'000; ++i) {
      auto odd = bytes;
      for (auto flips = random() % 4; flips < 4; ++flips)
        odd[random() % odd.size()] = static_cast<char>(random());
      read += decodes(name, odd);
    }
  CAF_CHECK(read > 0);
  // Counts and lengths of 2^63 with nothing behind them.
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  CAF_CHECK(!observations::decode('\5' + huge));
  CAF_CHECK(!observations::decode("\6\1" + huge));
  for (const char type : {'\1', '\2'}) {
    CAF_CHECK(!observations::decode(type + std::string{"\1"} + huge));
    CAF_CHECK(std::holds_alternative<membership::undecodable_body>(
      membership::decode(std::string{"\1"} + huge)));
  }
  CAF_CHECK(std::holds_alternative<operators::undecodable>(
    operators::decode(std::string{"\3"} + huge)));
}
