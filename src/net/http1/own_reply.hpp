// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/varying_rules.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Replies that the balancer makes itself: they have a date and no Server, and
/// the header rules of the route apply to them.
namespace troupe::net::http1 {

struct own_reply {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> fields; ///< but framing
  std::string body;

  void add(std::string_view name, std::string_view value) {
    fields.emplace_back(name, value);
  }
};

/// Header rules for one response.
struct response_rules {
  const field_rules& fields;
  const filled_rules* filled = nullptr; ///< where lines vary
  const varying_rules* varying = nullptr;
};

/// How a reply is sent.
struct reply_context {
  bool close = false;      ///< add `Connection: close`
  bool keep_alive = false; ///< add `Connection: keep-alive` (HTTP/1.0 client)
  bool head_only = false;  ///< the request was HEAD
  std::chrono::system_clock::time_point now;
};

/// The whole reply. No value ends a line.
std::string reply_text(const own_reply& reply, const response_rules& rules,
                       const reply_context& context);

/// Why the client gets no answer of a server's.
struct own_error {
  unsigned status = 503;
  /// One short word or sentence of ours, e.g. "no_healthy_backends".
  std::string_view reason;
  std::string_view accept; ///< of the request
  std::string_view request_id;
  const page_settings* page = nullptr; ///< the operator's, instead of our text
};

/// Its reply: JSON where `accept` prefers it, else the page or plain text, with
/// the request id; never a server's address, a stack or a version.
own_reply error_reply(const own_error& error);

/// The media type of a page, by the end of its file's name.
std::string_view content_type_of(std::string_view file) noexcept;

} // namespace troupe::net::http1
