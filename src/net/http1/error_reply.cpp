// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/fields.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/reason_phrase.hpp"

namespace troupe::net::http1 {

namespace {

/// Whether the client would rather read JSON. Weights other than q=0 are not
/// worth parsing for a reply of one line.
bool wants_json(std::string_view accept) noexcept {
  return !for_each_member(accept, [](std::string_view range) {
    const auto semicolon = range.find(';');
    const auto type = trim(range.substr(0, semicolon));
    if (!iequals(type, "application/json"))
      return true;
    const auto weight = semicolon == std::string_view::npos
                        ? std::string_view{}
                        : trim(range.substr(semicolon + 1));
    return iequals(weight, "q=0");
  });
}

/// Keeps what can neither end a line nor leave a JSON string.
std::string harmless(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text)
    result += c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : '?';
  return result;
}

std::string body_text(unsigned status, const std::string& reason,
                      const std::string& id, bool json) {
  if (json)
    return "{\"status\":" + std::to_string(status) + ",\"reason\":\"" + reason
         + "\",\"request_id\":\"" + id + "\"}\n";
  std::string text = std::to_string(status) + ' ';
  text += reason_phrase(status);
  text += '\n' + reason + '\n';
  if (!id.empty())
    text += "request id: " + id + '\n';
  return text;
}

} // namespace

std::string error_reply(unsigned status, std::string_view reason,
                        std::string_view accept, std::string_view request_id,
                        bool close, bool head_only) {
  const bool json = wants_json(accept);
  const auto id = harmless(request_id);
  const auto body = body_text(status, harmless(reason), id, json);
  std::string reply = "HTTP/1.1 " + std::to_string(status) + ' ';
  reply += reason_phrase(status);
  reply += json ? "\r\nContent-Type: application/json\r\n"
                : "\r\nContent-Type: text/plain; charset=utf-8\r\n";
  reply += "Content-Length: " + std::to_string(body.size())
         + "\r\nCache-Control: no-store\r\n";
  if (!id.empty())
    reply += "X-Request-Id: " + id + "\r\n";
  if (close)
    reply += "Connection: close\r\n";
  reply += "\r\n";
  if (!head_only)
    reply += body;
  return reply;
}

} // namespace troupe::net::http1
