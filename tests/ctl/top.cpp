// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE ctl_top

#include "ctl/top/rates.hpp"

#include "scripted_node.hpp"

#include "caf_test.hpp"

#include <fmt/format.h>

#include <cmath>
#include <deque>

using namespace troupe;
using namespace troupe::ctl;
using namespace troupe::ctl::top;

namespace {

boost::json::object object(const std::string& text) {
  return boost::json::parse(text).as_object();
}

std::string counters(uint64_t oks, uint64_t errors) {
  return fmt::format(
    R"("requests":{{"1xx":0,"2xx":{},"3xx":0,"4xx":0,"5xx":{}}},)"
    R"("bytes_sent":0,"bytes_received":0)",
    oks, errors);
}

/// Two bounds: 1 ms and 10 ms.
std::string traffic_at(uint64_t uptime_us, uint64_t oks, uint64_t errors = 0) {
  return fmt::format(
    R"({{"uptime_us":{},"duration_bounds_us":[1000,10000],)"
    R"("frontends":[{{"name":"web","connections":1,{},"durations":[{},{},0]}}],)"
    R"("backends":[{{"name":"app","servers":[{{"name":"a1",{}}}]}}]}})",
    uptime_us, counters(oks, errors), oks, errors, counters(oks, errors));
}

std::string servers(size_t count, const std::string& prefix = "a") {
  std::string all;
  for (size_t i = 1; i <= count; ++i)
    all += fmt::format(
      R"({}{{"name":"{}{}","healthy":true,"usable":true,"admin":"ready",)"
      R"("weight":1,"in_flight":{}}})",
      i == 1 ? "" : ",", prefix, i, i);
  return R"({"backends":[{"name":"app","servers":[)" + all + "]}]}";
}

constexpr auto status_text =
  R"({"node":"lb1","version":"1","uptime_s":5,"generation":1,"ready":true,)"
  R"("connections":1})";

sample sample_of(uint64_t uptime_us, uint64_t oks, size_t server_count = 1,
                 const std::string& prefix = "a") {
  sample result;
  result.status = object(status_text);
  result.traffic = object(traffic_at(uptime_us, oks));
  result.backends = object(servers(server_count, prefix));
  return result;
}

std::string words_of(const cells& line) {
  std::string result;
  for (const auto& x : line)
    result += x.text;
  return result;
}

std::string words_of(const std::vector<cells>& frame) {
  std::string result;
  for (const auto& line : frame)
    result += words_of(line) + '\n';
  return result;
}

bool fits(const std::vector<cells>& frame, const frame_size& size) {
  for (const auto& line : frame)
    if (width_of(words_of(line)) > size.columns)
      return false;
  return frame.size() <= size.rows;
}

void type(view& to, const std::string& text) {
  for (const char x : text)
    press(to, {key::kind::character, x});
}

/// A terminal on which these keys are pressed, one a wait.
class typed_screen : public live_screen {
public:
  typed_screen(scripted_node& node, std::deque<key>& keys, std::string& painted)
    : node_(node), keys_(keys), painted_(painted) {}
  frame_size size() override { return {24, 80}; }
  void paint(const std::vector<cells>& frame) override {
    painted_ += words_of(frame);
  }
  key wait(milliseconds time) override {
    node_.passes(time);
    if (keys_.empty())
      return {key::kind::interrupt};
    const auto next = keys_.front();
    keys_.pop_front();
    return next;
  }

private:
  scripted_node& node_;
  std::deque<key>& keys_;
  std::string& painted_;
};

scripted_node node_with_traffic() {
  scripted_node result;
  result.answers("GET /v1/status", 200, status_text);
  result.answers("GET /v1/traffic", 200, traffic_at(1'000'000, 100));
  result.answers("GET /v1/traffic", 200, traffic_at(2'000'000, 300, 2));
  result.answers("GET /v1/backends", 200, servers(3));
  result.answers("GET /v1/actors", 200, R"({"actors":[],"connections":[]})");
  result.answers("GET /v1/nodes", 200, R"({"cluster":"","nodes":[]})");
  return result;
}

} // namespace

CAF_TEST(a rate is what was counted between two answers) {
  const auto first = object(traffic_at(1'000'000, 100));
  const auto last = object(traffic_at(3'000'000, 300, 50));
  const auto x = comparison{first, last}.frontend("web");
  CAF_REQUIRE(x);
  CAF_CHECK_EQUAL(x->all(), 250u);
  CAF_CHECK_EQUAL(x->rate(), 125.0);
  CAF_CHECK_EQUAL(x->share(5).value_or(-1), 0.2);
}

CAF_TEST(answers of two lives of a node are not compared) {
  const auto first = object(traffic_at(9'000'000, 100));
  const auto restarted = object(traffic_at(1'000'000, 300));
  CAF_CHECK(!(comparison{first, restarted}.all()));
  const auto fallen = object(traffic_at(10'000'000, 50));
  CAF_CHECK(!(comparison{first, fallen}.all()));
  CAF_CHECK(!(comparison{first, first}.all()));
}

CAF_TEST(what only one answer names has no rate) {
  const auto first = object(traffic_at(1'000'000, 100));
  const auto last = object(traffic_at(3'000'000, 300));
  const comparison rates{first, last};
  CAF_CHECK(rates.all());
  CAF_CHECK(!rates.frontend("other"));
  CAF_CHECK(!rates.server("app", "other"));
}

CAF_TEST(without a request there is no share and no percentile) {
  const auto first = object(traffic_at(1'000'000, 7));
  const auto last = object(traffic_at(2'000'000, 7));
  const auto x = comparison{first, last}.server("app", "a1");
  CAF_REQUIRE(x);
  CAF_CHECK(!x->share(5));
  CAF_CHECK(!percentile({0, 0, 0}, {1000, 10000}, 0.5));
}

CAF_TEST(a percentile lies within its bucket and beyond the last has no bound) {
  CAF_CHECK_EQUAL(percentile({10, 0, 0}, {1000, 10000}, 0.5).value_or(0), 500);
  CAF_CHECK_EQUAL(percentile({0, 10, 0}, {1000, 10000}, 0.5).value_or(0), 5500);
  const auto beyond = percentile({0, 0, 3}, {1000, 10000}, 0.5);
  CAF_CHECK(beyond && std::isinf(*beyond));
  CAF_CHECK_EQUAL(short_time(beyond, 10'000'000), ">10s");
}

CAF_TEST(numbers take few characters) {
  CAF_CHECK_EQUAL(short_number(0), "0");
  CAF_CHECK_EQUAL(short_number(0.4), "0.4");
  CAF_CHECK_EQUAL(short_number(9.97), "10");
  CAF_CHECK_EQUAL(short_number(12'345), "12.3k");
  CAF_CHECK_EQUAL(short_number(1'234'567), "1.2M");
  CAF_CHECK_EQUAL(short_time(480, 0), "480us");
  CAF_CHECK_EQUAL(short_time(3'210, 0), "3.2ms");
  CAF_CHECK_EQUAL(short_time(1'200'000, 0), "1.20s");
  CAF_CHECK_EQUAL(short_time({}, 0), "-");
  CAF_CHECK_EQUAL(percent(0.0004), "<0.1%");
  CAF_CHECK_EQUAL(percent(0.12), "12%");
}

CAF_TEST(a frame never exceeds the screen) {
  const std::string name(70, 'n');
  for (const frame_size size : {frame_size{24, 80}, {10, 40}, {1, 40}, {3, 1}})
    for (const auto keys : {"", "h", "/", "s"}) {
      view seen;
      type(seen, keys);
      const auto frame =
        frame_of(sample_of(1, 0, 200), sample_of(2, 1, 200, name), seen, size);
      CAF_CHECK(fits(frame, size));
    }
}

CAF_TEST(servers scroll to the end and no further) {
  view seen;
  const auto now = sample_of(1, 0, 50);
  frame_of(now, now, seen, {24, 80});
  for (int i = 0; i < 20; ++i)
    press(seen, {key::kind::page_down});
  auto text = words_of(frame_of(now, now, seen, {24, 80}));
  CAF_CHECK(text.find("of 50") != std::string::npos);
  CAF_CHECK(text.find("app/a9 ") != std::string::npos); // the last by name
  const auto last = seen.skipped;
  CAF_CHECK(last > 0 && last < 50);
  press(seen, {key::kind::up});
  CAF_CHECK_EQUAL(seen.skipped, last - 1);
}

CAF_TEST(a filter leaves what contains it until Esc drops it) {
  view seen;
  type(seen, "/a1q");
  CAF_CHECK(seen.typing);
  CAF_CHECK_EQUAL(seen.filter, "a1q");
  press(seen, {key::kind::backspace});
  press(seen, {key::kind::enter});
  const auto now = sample_of(1, 0, 12);
  const auto text = words_of(frame_of(now, now, seen, {24, 80}));
  CAF_CHECK(text.find("app/a12") != std::string::npos);
  CAF_CHECK(text.find("app/a2") == std::string::npos);
  press(seen, {key::kind::escape});
  CAF_CHECK(seen.filter.empty());
}

CAF_TEST(sorting by what is under way puts the busiest first) {
  view seen;
  type(seen, "sss");
  CAF_CHECK(seen.sorted == sorting::active);
  const auto now = sample_of(1, 0, 3);
  const auto text = words_of(frame_of(now, now, seen, {24, 80}));
  CAF_CHECK(text.find("app/a3") < text.find("app/a1"));
}

CAF_TEST(q and an interrupt end it but q within a filter is a letter) {
  view seen;
  CAF_CHECK(press(seen, {key::kind::none}));
  CAF_CHECK(!press(seen, {key::kind::interrupt}));
  CAF_CHECK(!press(seen, {key::kind::character, 'q'}));
  type(seen, "/");
  CAF_CHECK(press(seen, {key::kind::character, 'q'}));
  CAF_CHECK(!press(seen, {key::kind::interrupt}));
}

CAF_TEST(a snapshot is one picture of one interval) {
  auto node = node_with_traffic();
  CAF_REQUIRE_EQUAL(node({"top", "--snapshot"}), 0);
  CAF_CHECK(node.out.find("requests  202/s") != std::string::npos);
  CAF_CHECK(node.out.find("this node is in no cluster") != std::string::npos);
  CAF_CHECK(node.out.find("q quit") == std::string::npos);
  CAF_CHECK(node.out.find('\033') == std::string::npos);
}

CAF_TEST(the live view takes keys until q and outlives a node that is gone) {
  auto node = node_with_traffic();
  node.answers("GET /v1/status", 200, status_text);
  node.answers("GET /v1/status", 503, R"({"error":"stopping"})");
  std::deque<key> keys(3, key{});
  keys.push_back({key::kind::character, 'q'});
  std::string painted;
  node.open_screen = [&](bool) {
    return std::make_unique<typed_screen>(node, keys, painted);
  };
  CAF_CHECK_EQUAL(node({"top", "--interval", "100ms"}), 0);
  CAF_CHECK(keys.empty());
  CAF_CHECK(painted.find("requests  202/s") != std::string::npos);
  CAF_CHECK(painted.find("stopping; retrying") != std::string::npos);
}

CAF_TEST(without a terminal and for programs there is a way out) {
  auto node = node_with_traffic();
  CAF_CHECK_EQUAL(node({"top"}), 2);
  CAF_CHECK(node.err.find("--snapshot") != std::string::npos);
  CAF_CHECK_EQUAL(node({"-o", "json", "top", "--snapshot"}), 2);
  CAF_CHECK(node.err.find("/v1/traffic") != std::string::npos);
  CAF_CHECK_EQUAL(node({"top", "--snapshot", "--interval", "1ms"}), 2);
}
