// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/fields.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/head_writer.hpp"
#include "net/http1/varying_rules.hpp"

#include <algorithm>

namespace troupe::net::http1 {

namespace {

constexpr size_t request_id_max = 128;

bool is_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= request_id_max
      && std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f; });
}

/// The last member of a list that is not empty, else `before`: what the nearest
/// proxy wrote, whatever came to it from further away.
std::string_view last_member(std::string_view list,
                             std::string_view before) noexcept {
  for_each_member(list, [&before](std::string_view member) {
    before = member;
    return true;
  });
  return before;
}

/// What a trusted peer says in fields that have one value, whatever the number
/// of lines: servers disagree on which of several counts.
struct received {
  std::string_view proto;
  std::string_view host;
  std::string_view port;
  std::string_view real_ip;
  bool has_real_ip = false;
};

class request_writer {
public:
  request_writer(const request_head& head, const forward_rules& rules,
                 const forward_context& context, std::span<char> out) noexcept
    : head_(head), rules_(rules.request), context_(context), out_(out),
      underscores_(rules.names == underscores::pass) {}

  size_t run() noexcept {
    out_.put(head_.method, " ", head_.path_prefix, head_.path, " HTTP/1.1\r\n");
    write_host();
    for (const auto& line : head_.all())
      write_received(line);
    write_forwarded();
    write_list(known_field::via, "Via",
               head_.version_minor == 0 ? "1.0 troupe" : "1.1 troupe");
    const auto id = effective_request_id(head_, context_.request_id);
    if (!id.empty())
      write_own("X-Request-Id", id);
    out_.put(context_.filled ? context_.filled->lines : rules_.lines());
    write_framing();
    out_.put("\r\n");
    return out_.size();
  }

  /// Fields left out for their names.
  uint32_t dropped() const noexcept { return dropped_; }

private:
  void write_host() noexcept {
    const auto* fixed = ruled_host();
    out_.line("Host", fixed                ? std::string_view{*fixed}
                      : head_.host.empty() ? context_.default_host
                                           : head_.host);
  }

  /// Instead of the request's; null: that one.
  const std::string* ruled_host() const noexcept {
    if (context_.filled == nullptr)
      return rules_.host();
    return context_.filled->host.empty() ? nullptr : &context_.filled->host;
  }

  /// Passes on a line of the client's, unless the balancer writes this field
  /// itself.
  void write_received(const field& line) noexcept {
    switch (line.known) {
    case known_field::host:
    case known_field::via:
    case known_field::expect:
    case known_field::x_forwarded_for:
    case known_field::x_request_id:
      return;
    case known_field::x_forwarded_proto:
      received_.proto = last_member(line.value, received_.proto);
      return;
    case known_field::x_forwarded_host:
      received_.host = last_member(line.value, received_.host);
      return;
    case known_field::x_forwarded_port:
      received_.port = last_member(line.value, received_.port);
      return;
    case known_field::x_real_ip:
      received_.real_ip = last_member(line.value, received_.real_ip);
      received_.has_real_ip = true;
      return;
    case known_field::forwarded:
    case known_field::x_forwarded_other:
      if (!context_.trusted)
        return;
      break;
    case known_field::alias:
      ++dropped_;
      return;
    default:
      if (line.hop_by_hop || is_connection_field(line.known))
        return;
      if (!underscores_ && line.name.find('_') != std::string_view::npos) {
        ++dropped_;
        return;
      }
    }
    const auto ruled =
      rules_.empty() ? likeness::different : rules_.compare(line.name);
    if (ruled == likeness::different)
      out_.line(line.name, line.value);
    else if (ruled == likeness::alias)
      ++dropped_;
  }

  void write_forwarded() noexcept {
    if (context_.trusted)
      return write_trusted();
    write_own("X-Forwarded-For", context_.peer_ip);
    write_own("X-Forwarded-Proto", context_.scheme);
    if (!head_.host.empty())
      write_own("X-Forwarded-Host", head_.host);
    if (received_.has_real_ip)
      write_own("X-Real-IP", context_.peer_ip);
  }

  void write_trusted() noexcept {
    write_list(known_field::x_forwarded_for, "X-Forwarded-For",
               context_.peer_ip);
    write_own("X-Forwarded-Proto",
              received_.proto.empty() ? context_.scheme : received_.proto);
    const auto host = received_.host.empty() ? head_.host : received_.host;
    if (!host.empty())
      write_own("X-Forwarded-Host", host);
    if (!received_.port.empty())
      write_own("X-Forwarded-Port", received_.port);
    if (!received_.real_ip.empty())
      write_own("X-Real-IP", received_.real_ip);
  }

  /// Inline by force, as what it calls: the names are literals.
  [[gnu::always_inline]] void write_own(std::string_view name,
                                        std::string_view value) noexcept {
    if (rules_.empty() || !rules_.overrides(name))
      out_.line(name, value);
  }

  /// One line with the received values of this field and then `last`: many
  /// servers look at one line only.
  void write_list(known_field known, std::string_view name,
                  std::string_view last) noexcept {
    if (!rules_.empty() && rules_.overrides(name))
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
  const field_rules& rules_;
  const forward_context& context_;
  head_writer out_;
  const bool underscores_; ///< pass
  uint32_t dropped_ = 0;
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
  const auto ruled =
    context.filled ? context.filled->lines.size() + context.filled->host.size()
                   : rules.request.size_max();
  return head.size + 2 * size_t{head.field_count} + own_lines + ruled
       + context.grown + 2 * head.host.size() + context.default_host.size()
       + 2 * context.peer_ip.size() + context.scheme.size()
       + context.request_id.size();
}

size_t write_request(const request_head& head, const forward_rules& rules,
                     const forward_context& context, std::span<char> out,
                     uint32_t* dropped) noexcept {
  request_writer writer{head, rules, context, out};
  const auto size = writer.run();
  if (dropped != nullptr)
    *dropped += writer.dropped();
  return size;
}

} // namespace troupe::net::http1
