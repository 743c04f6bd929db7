// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/request_reader.hpp"

#include "api/http/target.hpp"
#include "net/http1/fields.hpp"

#include <algorithm>
#include <utility>

namespace troupe::admin {

namespace {

namespace http1 = net::http1;

/// Most heads are whole at once, so an unfinished one that is short waits.
constexpr size_t first_look = 512;

unsigned status_of(http1::head_error x) noexcept {
  switch (x) {
  case http1::head_error::target_too_long:
    return 414;
  case http1::head_error::too_large:
    return 431;
  case http1::head_error::not_implemented:
    return 501;
  case http1::head_error::version:
    return 505;
  default:
    return 400;
  }
}

/// The one value of a field. @returns false if there are two.
bool take_field(const http1::request_head& head, std::string_view name,
                std::string& to) {
  bool found = false;
  for (const auto& x : head.all()) {
    if (!http1::iequals(x.name, name))
      continue;
    if (std::exchange(found, true))
      return false;
    to = x.value;
  }
  return true;
}

} // namespace

void request_reader::begin() {
  asked_ = {};
  fault_ = {};
  is_head_ = false;
  searched_ = 0;
  look_again_ = first_look;
  if (unread_.empty())
    unread_ = {}; // an idle connection holds no memory
}

request_reader::progress
request_reader::read_head(uint32_t bytes_max, http1::request_head& scratch) {
  if (!worth_a_look(bytes_max))
    return progress::more;
  const http1::head_limits limits{.bytes_max = bytes_max,
                                  .target_max = bytes_max};
  switch (http1::parse_request(unread_, limits, scratch)) {
  case http1::parse_status::need_more:
    return progress::more;
  case http1::parse_status::bad:
    return refuse(status_of(scratch.error),
                  "not a valid HTTP/1 request: "
                    + std::string{scratch.error_detail});
  case http1::parse_status::done:
    break;
  }
  if (!take_head(scratch))
    return progress::bad;
  unread_.erase(0, scratch.size);
  return progress::done;
}

/// Parsing begins at the first byte each time: a head that trickles in must not
/// be parsed with every byte of it.
bool request_reader::worth_a_look(uint32_t bytes_max) {
  constexpr std::string_view end = "\r\n\r\n";
  const auto from = searched_ < end.size() ? 0 : searched_ - end.size() + 1;
  const bool has_end = unread_.find(end, from) != std::string::npos;
  searched_ = unread_.size();
  if (!has_end && unread_.size() < std::min<size_t>(look_again_, bytes_max))
    return false;
  look_again_ = 2 * unread_.size();
  return true;
}

bool request_reader::take_head(const http1::request_head& head) {
  auto target = split_target(head.path);
  if (!target) {
    refuse(400, "the target is not a valid path");
    return false;
  }
  is_head_ = head.is_head;
  keep_alive_ = head.keep_alive && head.version_minor > 0;
  expects_continue_ = head.expect_continue;
  framing_ = head.body;
  left_ = head.content_length;
  chunks_.reset(http1::chunk_scanner::output::data);
  // A HEAD is a GET whose body is left out when it is written.
  asked_.method = is_head_ ? "GET" : head.method;
  asked_.path = std::move(target->path);
  asked_.query = std::move(target->query);
  asked_.host = head.host;
  for (const auto& [name, to] :
       {std::pair{"Authorization", &asked_.authorization},
        std::pair{"Last-Event-ID", &asked_.last_event_id}})
    if (!take_field(head, name, *to)) {
      refuse(400, "repeated " + std::string{name});
      return false;
    }
  take_field(head, "Accept", asked_.accept);
  take_field(head, "If-None-Match", asked_.if_none_match);
  return true;
}

bool request_reader::take_expectation() noexcept {
  return std::exchange(expects_continue_, false) && asked_.body.empty();
}

request_reader::progress request_reader::read_body(uint64_t bytes_max) {
  if (framing_ == http1::framing::chunked)
    return take_chunks(bytes_max);
  if (left_ > bytes_max - std::min<uint64_t>(bytes_max, asked_.body.size()))
    return refuse(413, "the body is too large");
  const auto n = std::min<uint64_t>(left_, unread_.size());
  asked_.body.append(unread_, 0, n);
  unread_.erase(0, n);
  left_ -= n;
  return left_ == 0 ? progress::done : progress::more;
}

request_reader::progress request_reader::take_chunks(uint64_t bytes_max) {
  using status = http1::chunk_scanner::status;
  size_t used = 0;
  auto state = status::more;
  while (state == status::more && used < unread_.size()) {
    const auto step = chunks_.scan(std::string_view{unread_}.substr(used));
    state = step.status;
    used += step.consumed;
    if (asked_.body.size() + step.forward.size() > bytes_max)
      return refuse(413, "the body is too large");
    asked_.body.append(step.forward);
  }
  unread_.erase(0, used);
  if (state == status::bad)
    return refuse(400, "the chunks of the body are malformed");
  return state == status::done ? progress::done : progress::more;
}

request_reader::progress request_reader::refuse(unsigned status,
                                                std::string text) {
  fault_ = {status, std::move(text)};
  return progress::bad;
}

} // namespace troupe::admin
