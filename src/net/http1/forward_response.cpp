// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/fields.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/head_writer.hpp"
#include "net/http1/varying_rules.hpp"

namespace troupe::net::http1 {

namespace {

class response_writer {
public:
  response_writer(const response_head& head, const forward_rules& rules,
                  const response_context& context, std::span<char> out) noexcept
    : head_(head), rules_(rules.response), context_(context), out_(out),
      interim_(head.status < 200 && head.status != 101) {}

  size_t run() noexcept {
    write_status_line();
    for (const auto& line : head_.all())
      write_received(line);
    if (!interim_) {
      out_.put(context_.filled ? context_.filled->lines : rules_.lines());
      write_framing();
      write_connection();
    }
    out_.put("\r\n");
    return out_.size();
  }

private:
  void write_status_line() noexcept {
    const auto digit = [](unsigned value) {
      return static_cast<char>('0' + value % 10);
    };
    const char code[] = {digit(head_.status / 100), digit(head_.status / 10),
                         digit(head_.status)};
    out_.put("HTTP/1.1 ", std::string_view{code, sizeof code}, " ",
             head_.reason, "\r\n");
  }

  void write_received(const field& line) noexcept {
    if (line.hop_by_hop || is_connection_field(line.known))
      return;
    if (!interim_ && !rules_.empty() && rules_.overrides(line.name))
      return;
    out_.line(line.name, line.value);
  }

  void write_framing() noexcept {
    switch (head_.body) {
    case framing::length:
      out_.line("Content-Length", head_.content_length);
      break;
    case framing::chunked:
      if (!context_.drop_transfer_encoding)
        out_.put("Transfer-Encoding: chunked\r\n");
      break;
    case framing::none:
      write_described_length();
      break;
    case framing::until_close:
      break;
    }
  }

  /// The length that a response to HEAD, or a 304, speaks of without sending.
  void write_described_length() noexcept {
    if (head_.status < 200 || head_.status == 204)
      return;
    for (const auto& line : head_.all())
      if (line.known == known_field::content_length) {
        out_.line("Content-Length", head_.content_length);
        return;
      }
  }

  void write_connection() noexcept {
    // 426 names what it asks for (RFC 9110 section 15.5.22).
    const bool named =
      (context_.upgrade || head_.status == 426) && write_upgrade();
    const bool upgrade = context_.upgrade || named;
    const auto option = context_.close      ? std::string_view{"close"}
                      : context_.keep_alive ? std::string_view{"keep-alive"}
                                            : std::string_view{};
    if (!option.empty() || upgrade)
      out_.put("Connection: ", option,
               !upgrade         ? ""
               : option.empty() ? "upgrade"
                                : ", upgrade",
               "\r\n");
  }

  /// @returns whether there is any.
  bool write_upgrade() noexcept {
    bool any = false;
    for (const auto& line : head_.all())
      if (line.known == known_field::upgrade) {
        out_.line("Upgrade", line.value);
        any = true;
      }
    return any;
  }

  const response_head& head_;
  const field_rules& rules_;
  const response_context& context_;
  head_writer out_;
  const bool interim_; ///< 1xx: the rules speak of the final response
};

} // namespace

size_t response_size_max(const response_head& head, const forward_rules& rules,
                         const response_context& context) noexcept {
  constexpr size_t own_lines = 128;
  const auto ruled =
    context.filled ? context.filled->lines.size() : rules.response.size_max();
  return head.size + size_t{head.field_count} + own_lines + ruled
       + context.grown;
}

size_t write_response(const response_head& head, const forward_rules& rules,
                      const response_context& context,
                      std::span<char> out) noexcept {
  return response_writer{head, rules, context, out}.run();
}

} // namespace troupe::net::http1
