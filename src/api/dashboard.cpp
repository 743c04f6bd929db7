// SPDX-License-Identifier: BSD-3-Clause
#include "api/dashboard.hpp"

#include <algorithm>

namespace troupe::admin {

namespace {

constexpr std::string_view policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
  "'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
  "frame-ancestors 'none'";

/// Whether an If-None-Match names the tag (RFC 9110, 13.1.2: the weak
/// comparison; our tags have no comma).
bool names(std::string_view field, std::string_view etag) {
  while (!field.empty()) {
    auto item = field.substr(0, field.find(','));
    field.remove_prefix(std::min(field.size(), item.size() + 1));
    const auto begin = item.find_first_not_of(" \t");
    if (begin == std::string_view::npos)
      continue;
    item = item.substr(begin, item.find_last_not_of(" \t") + 1 - begin);
    if (item.starts_with("W/"))
      item.remove_prefix(2);
    if (item == etag || item == "*")
      return true;
  }
  return false;
}

} // namespace

std::optional<response> dashboard(const request& x) {
  const auto files = dashboard_files();
  const auto file = std::ranges::find(files, x.path, &dashboard_file::path);
  if (file == files.end())
    return std::nullopt;
  if (x.method != "GET")
    return response{405,
                    "application/json",
                    R"({"error":"this page can only be read"})"
                    "\n",
                    {{"Allow", "GET, HEAD"}}};
  const bool known = names(x.if_none_match, file->etag);
  return response{known ? 304u : 200u,
                  std::string{file->content_type},
                  known ? std::string{} : std::string{file->text},
                  {{"Content-Security-Policy", std::string{policy}},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cache-Control", "no-cache"},
                   {"ETag", std::string{file->etag}}}};
}

} // namespace troupe::admin
