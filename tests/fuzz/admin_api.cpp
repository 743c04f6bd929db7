// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/request_reader.hpp"
#include "api/http/target.hpp"
#include "api/operations.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Requests to the admin API: "METHOD target\nbody". Each asks for something
// that exists or is refused with a status that says so. The same bytes, and the
// request written out, are what a connection receives, too: however they are
// split, the same requests come out.

using namespace troupe;
using troupe::fuzz::require;

namespace {

constexpr uint64_t body_max = 64;

/// The requests that are read from `bytes`, if so many come at a time.
std::vector<std::string> requests_in(std::string_view bytes, size_t at_a_time) {
  using progress = admin::request_reader::progress;
  static const auto scratch = std::make_unique<net::http1::request_head>();
  std::vector<std::string> result;
  admin::request_reader reader;
  reader.begin();
  bool in_body = false;
  while (true) {
    const auto now =
      in_body ? reader.read_body(body_max) : reader.read_head(4096, *scratch);
    if (now == progress::bad) {
      require(reader.why().status >= 400 && reader.why().status < 506);
      return result;
    }
    if (now == progress::more) {
      if (bytes.empty())
        return result;
      reader.add(bytes.substr(0, at_a_time));
      bytes.remove_prefix(std::min(at_a_time, bytes.size()));
    } else if (!in_body) {
      in_body = true;
    } else {
      const auto& x = reader.asked();
      require(x.body.size() <= body_max);
      require(x.path.front() == '/');
      result.push_back(x.method + ' ' + x.path + '?' + x.query + '\n'
                       + x.authorization + '\n' + x.body);
      in_body = false;
      reader.begin();
    }
  }
}

void check_splits(std::string_view bytes) {
  const auto whole = requests_in(bytes, bytes.size() + 1);
  require(whole == requests_in(bytes, 1));
  require(whole == requests_in(bytes, 7));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  check_splits(bytes);
  const auto line = bytes.substr(0, bytes.find('\n'));
  const auto space = line.find(' ');
  if (space == line.npos)
    return 0;
  const auto text = line.substr(space + 1);
  check_splits(
    std::string{line}
    + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    + std::string{bytes.substr(std::min(line.size() + 1, bytes.size()))});
  if (std::any_of(text.begin(), text.end(),
                  [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return 0; // net/http1 has refused it
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
    if (const auto wrong = actors::api::check_head(request, door)) {
      require(wrong->status == 404 || wrong->status == 405);
      require((wrong->status == 405) == !wrong->allow.empty());
    }
    if (const auto* refused = std::get_if<actors::api::refusal>(&operation)) {
      require(refused->status >= 400 && refused->status < 500);
      require(!refused->text.empty());
    }
  }
  return 0;
}
