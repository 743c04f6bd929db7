// SPDX-License-Identifier: BSD-3-Clause
#include "actors/admin_api.hpp"
#include "admin/target.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <string>
#include <string_view>

// Requests to the admin API: "METHOD target\nbody". Each asks for something
// that exists or is refused with a status that says so.

using namespace troupe;
using troupe::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto line = bytes.substr(0, bytes.find('\n'));
  const auto space = line.find(' ');
  if (space == line.npos)
    return 0;
  const auto text = line.substr(space + 1);
  if (std::any_of(text.begin(), text.end(),
                  [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return 0; // Beast has refused it
  const auto target = admin::split_target(text);
  if (!target)
    return 0;
  require(target->path.front() == '/');
  for (const char c : target->path)
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  admin::request request;
  request.method = line.substr(0, space);
  request.path = target->path;
  request.query = target->query;
  if (line.size() < bytes.size())
    request.body = bytes.substr(line.size() + 1);
  for (const auto door : {actors::api_door::admin, actors::api_door::metrics}) {
    const auto operation = actors::api::parse(request, door);
    if (const auto* refused = std::get_if<actors::api::refusal>(&operation)) {
      require(refused->status >= 400 && refused->status < 500);
      require(!refused->text.empty());
    }
  }
  return 0;
}
