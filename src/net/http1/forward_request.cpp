// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/fields.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/rules.hpp"

#include <algorithm>

namespace troupe::net::http1 {

namespace {

constexpr size_t request_id_max = 128;

bool is_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= request_id_max
      && std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f; });
}

/// Which of the balancer's fields the received head has, in one pass.
struct received {
  bool forwarded_proto = false;
  bool forwarded_host = false;
};

class request_writer {
public:
  request_writer(const request_head& head, const forward_rules& rules,
                 const forward_context& context, std::span<char> out) noexcept
    : head_(head), rules_(rules.request), context_(context), out_(out),
      trusted_(context.client && rules.trusted.contains(*context.client)) {}

  size_t run() noexcept {
    out_.put(head_.method, " ", head_.path, " HTTP/1.1\r\n");
    write_host();
    for (const auto& line : head_.all())
      write_received(line);
    write_forwarded();
    write_list(known_field::via, "Via",
               head_.version_minor == 0 ? "1.0 troupe" : "1.1 troupe");
    const auto id = effective_request_id(head_, context_.request_id);
    if (!id.empty())
      write_own("X-Request-Id", id);
    write_set(rules_, out_, "Host");
    write_framing();
    out_.put("\r\n");
    return out_.size();
  }

private:
  void write_host() noexcept {
    const auto* fixed = set_value(rules_, "Host");
    out_.line("Host", fixed                ? std::string_view{*fixed}
                      : head_.host.empty() ? context_.default_host
                                           : head_.host);
  }

  /// Passes on a line of the client's, unless the balancer writes this field
  /// itself. A name with an underscore reads like one with a dash to servers
  /// of the CGI kind, so it could forge what a proxy sets.
  void write_received(const field& line) noexcept {
    switch (line.known) {
    case known_field::host:
    case known_field::via:
    case known_field::expect:
    case known_field::x_forwarded_for:
    case known_field::x_request_id:
      return;
    case known_field::x_forwarded_proto:
      received_.forwarded_proto = true;
      if (!trusted_)
        return;
      break;
    case known_field::x_forwarded_host:
      received_.forwarded_host = true;
      if (!trusted_)
        return;
      break;
    default:
      if (line.hop_by_hop || is_connection_field(line.known)
          || line.name.find('_') != std::string_view::npos)
        return;
    }
    write_own(line.name, line.value);
  }

  void write_forwarded() noexcept {
    if (trusted_)
      write_list(known_field::x_forwarded_for, "X-Forwarded-For",
                 context_.client_ip);
    else
      write_own("X-Forwarded-For", context_.client_ip);
    if (!trusted_ || !received_.forwarded_proto)
      write_own("X-Forwarded-Proto", context_.scheme);
    if ((!trusted_ || !received_.forwarded_host) && !head_.host.empty())
      write_own("X-Forwarded-Host", head_.host);
  }

  void write_own(std::string_view name, std::string_view value) noexcept {
    if (rules_.empty() || !overrides(rules_, name))
      out_.line(name, value);
  }

  /// One line with the received values of this field and then `last`: many
  /// servers look at one line only.
  void write_list(known_field known, std::string_view name,
                  std::string_view last) noexcept {
    if (!rules_.empty() && overrides(rules_, name))
      return;
    out_.put(name, ": ");
    for (const auto& line : head_.all())
      if (line.known == known && !line.value.empty())
        out_.put(line.value, ", ");
    out_.put(last, "\r\n");
  }

  void write_framing() noexcept {
    if (head_.expect_continue)
      out_.put("Expect: 100-continue\r\n");
    if (head_.body == framing::chunked)
      out_.put("Transfer-Encoding: chunked\r\n");
    else if (head_.body == framing::length)
      out_.line("Content-Length", head_.content_length);
    if (!head_.upgrade)
      return;
    for (const auto& line : head_.all())
      if (line.known == known_field::upgrade)
        out_.line("Upgrade", line.value);
    out_.put("Connection: upgrade\r\n");
  }

  const request_head& head_;
  const header_rules& rules_;
  const forward_context& context_;
  head_writer out_;
  const bool trusted_;
  received received_;
};

} // namespace

std::string_view effective_request_id(const request_head& head,
                                      std::string_view fallback) noexcept {
  for (const auto& line : head.all())
    if (line.known == known_field::x_request_id)
      return is_request_id(line.value) ? line.value : fallback;
  return fallback;
}

size_t request_size_max(const request_head& head, const forward_rules& rules,
                        const forward_context& context) noexcept {
  // Names, separators and line ends of all that the balancer may write.
  constexpr size_t own_lines = 384;
  // "Name:value" grows by a blank; "value" in a list by ", ".
  return head.size + 2 * size_t{head.field_count} + own_lines
       + 2 * head.host.size() + context.default_host.size()
       + context.client_ip.size() + context.scheme.size()
       + context.request_id.size() + set_size(rules.request);
}

size_t write_request(const request_head& head, const forward_rules& rules,
                     const forward_context& context,
                     std::span<char> out) noexcept {
  return request_writer{head, rules, context, out}.run();
}

} // namespace troupe::net::http1
