// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/response_head.hpp"

#include "net/http1/fields.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>

namespace troupe::admin {

std::string response_head(const response& x, std::optional<uint64_t> length,
                          bool close) {
  const auto phrase = boost::beast::http::obsolete_reason(
    boost::beast::http::int_to_status(x.status));
  std::string result = "HTTP/1.1 " + std::to_string(x.status) + ' ';
  result.append(phrase.data(), phrase.size()).append("\r\n");
  const auto line = [&](std::string_view name, std::string_view value) {
    result.append(name).append(": ").append(value).append("\r\n");
  };
  const auto usual = [&](std::string_view name, std::string_view value) {
    if (std::none_of(x.fields.begin(), x.fields.end(), [&](const auto& y) {
          return net::http1::iequals(y.first, name);
        }))
      line(name, value);
  };
  usual("Server", "troupe");
  usual("Cache-Control", "no-store");
  usual("X-Content-Type-Options", "nosniff");
  if (!x.body.empty() || x.text)
    usual("Content-Type", x.content_type);
  for (const auto& [name, value] : x.fields)
    line(name, value);
  // A 304's length would be taken for that of a 200.
  if (length && x.status != 304)
    line("Content-Length", std::to_string(*length));
  if (close)
    line("Connection", "close");
  return result += "\r\n";
}

} // namespace troupe::admin
