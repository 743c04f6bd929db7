// SPDX-License-Identifier: BSD-3-Clause
#include "fuzz/require.hpp"
#include "net/http1/beast_heads.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/second_reading.hpp"

#include <memory>

// Request heads: judged alike however they are cut and as Beast judges them;
// what is sent on is read back as the same request.

using namespace troupe;
using namespace troupe::net::http1;
using troupe::fuzz::require;
using troupe::fuzz::require_none;

namespace {

constexpr head_limits limits{2'048, 40, 512};

std::string sent_on(const request_head& head) {
  const forward_context context{"192.0.2.1", false, "http", "id-1"};
  const forward_rules rules;
  std::string out(request_size_max(head, rules, context), '\0');
  const auto size = write_request(head, rules, context, out);
  require(size <= out.size());
  out.resize(size);
  return out;
}

void check_sent(const request_head& head, const std::string& sent) {
  static auto again = std::make_unique<request_head>();
  require(parse_request(sent, {}, *again) == parse_status::done);
  require(again->size == sent.size());
  const auto path = std::string{head.path_prefix}.append(head.path);
  require(again->method == head.method && again->path == path);
  require(again->target == path && again->version_minor == 1);
  require(again->host == (head.host.empty() ? "localhost" : head.host));
  require((again->body == framing::chunked) == (head.body == framing::chunked));
  require(again->content_length == head.content_length);
  require(again->upgrade == head.upgrade);
  require_none(request_difference(sent, *again));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto head = std::make_unique<request_head>();
  const std::string bytes{reinterpret_cast<const char*>(data), size};
  require_none(head_difference(bytes, true, limits.fields_max));
  const auto whole = parse_request(bytes, limits, *head);
  const auto error = head->error;
  const auto used = head->size;
  require((whole == parse_status::bad) == (error != head_error::none));
  require(whole != parse_status::need_more || size < limits.bytes_max);
  if (whole == parse_status::done) {
    require_none(request_difference(bytes, *head));
    check_sent(*head, sent_on(*head));
  }
  // The first verdict on the way must be the last one.
  auto tail = head_tail::none;
  size_t before = 0;
  for (size_t end = 0; end < size; end += 1 + size / 64) {
    const auto received = std::string_view{bytes}.substr(0, end);
    const bool stays =
      stays_incomplete(tail, received.substr(before), end, limits);
    const auto status = parse_request(received, limits, *head);
    require(!stays || status == parse_status::need_more);
    tail = head->tail;
    before = end;
    if (status == parse_status::need_more)
      continue;
    require(status == whole); // which of several faults is named may differ
    require(status == parse_status::bad || head->size == used);
  }
  return 0;
}
