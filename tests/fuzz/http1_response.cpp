// SPDX-License-Identifier: BSD-3-Clause
#include "fuzz/require.hpp"
#include "net/http1/beast_heads.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/second_reading.hpp"

#include <memory>

// Response heads: judged alike however they are cut and as Beast judges them,
// and what is sent on is read back as the same response.

using namespace troupe;
using namespace troupe::net::http1;
using troupe::fuzz::require;
using troupe::fuzz::require_none;

namespace {

constexpr head_limits limits{2'048, 40, 0};

void check_sent(const response_head& head, bool asked_head) {
  static auto again = std::make_unique<response_head>();
  const response_context context{.upgrade = head.upgrade};
  const forward_rules rules;
  std::string out(response_size_max(head, rules, context), '\0');
  const auto size = write_response(head, rules, context, out);
  require(size <= out.size());
  out.resize(size);
  require(parse_response(out, {4'096, fields_max, 0}, asked_head, *again)
          == parse_status::done);
  require(again->size == size && again->status == head.status);
  require(again->version_minor == 1 && again->body == head.body);
  require(again->content_length == head.content_length
          || head.body != framing::length);
  boost::beast::http::response_parser<boost::beast::http::empty_body> parser;
  parser.skip(true);
  boost::beast::error_code ec;
  parser.put(boost::asio::buffer(out.data(), out.size()), ec);
  require(parser.is_header_done());
  require(parser.get().result_int() == head.status);
  require_none(fields_difference(parser.get(), *again));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0)
    return 0;
  static auto head = std::make_unique<response_head>();
  const bool asked_head = (data[0] & 1) != 0;
  const std::string bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  require_none(head_difference(bytes, false, limits.fields_max));
  const auto whole = parse_response(bytes, limits, asked_head, *head);
  const auto used = head->size;
  if (whole == parse_status::done)
    check_sent(*head, asked_head);
  auto tail = head_tail::none;
  size_t before = 0;
  for (size_t end = 0; end < bytes.size(); end += 1 + bytes.size() / 64) {
    const auto received = std::string_view{bytes}.substr(0, end);
    const bool stays =
      stays_incomplete(tail, received.substr(before), end, limits);
    const auto status = parse_response(received, limits, asked_head, *head);
    require(!stays || status == parse_status::need_more);
    tail = head->tail;
    before = end;
    if (status == parse_status::need_more)
      continue;
    require(status == whole);
    require(status == parse_status::bad || head->size == used);
  }
  return 0;
}
