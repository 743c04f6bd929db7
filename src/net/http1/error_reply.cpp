// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/fields.hpp"
#include "net/http1/own_reply.hpp"
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

own_reply error_reply(const own_error& error) {
  const bool json = wants_json(error.accept);
  const auto id = harmless(error.request_id);
  own_reply result;
  result.status = error.status;
  if (error.page != nullptr && !json) {
    result.add("Content-Type", content_type_of(error.page->file));
    result.body = error.page->content;
  } else {
    result.add("Content-Type",
               json ? "application/json" : "text/plain; charset=utf-8");
    result.body = body_text(error.status, harmless(error.reason), id, json);
  }
  result.add("Cache-Control", "no-store");
  if (!id.empty())
    result.add("X-Request-Id", id);
  return result;
}

} // namespace troupe::net::http1
