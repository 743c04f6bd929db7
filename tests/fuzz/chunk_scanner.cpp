// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/chunk_scanner.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <string>

// Chunked bodies: any cut gives the same verdict and the same bytes; what is
// sent on has no extension, and is itself a chunked body with the same data.

using troupe::fuzz::require;
using troupe::net::http1::chunk_scanner;

namespace {

struct outcome {
  chunk_scanner::status status = chunk_scanner::status::more;
  std::string sent;
  size_t used = 0;
  uint64_t data_bytes = 0;
};

outcome scan(std::string_view bytes, size_t piece,
             chunk_scanner::output form = chunk_scanner::output::chunked) {
  chunk_scanner scanner{form};
  outcome result;
  while (result.status == chunk_scanner::status::more
         && result.used < bytes.size()) {
    auto rest = bytes.substr(result.used, piece);
    while (!rest.empty() && result.status == chunk_scanner::status::more) {
      const auto step = scanner.scan(rest);
      require(step.consumed <= rest.size());
      require(step.consumed > 0 || step.status == chunk_scanner::status::bad);
      result.sent += step.forward;
      result.used += step.consumed;
      result.data_bytes += step.data_bytes;
      result.status = step.status;
      rest.remove_prefix(step.consumed);
    }
  }
  return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1,
                               size - 1};
  const auto whole = scan(bytes, bytes.size() + 1);
  const auto pieces = scan(bytes, 1 + data[0] % 32);
  const auto alone = scan(bytes, 1 + data[0] % 7, chunk_scanner::output::data);
  require(whole.status == pieces.status && whole.status == alone.status);
  if (whole.status == chunk_scanner::status::bad)
    return 0;
  require(whole.used == pieces.used && whole.used == alone.used);
  require(whole.data_bytes == alone.sent.size());
  if (whole.status != chunk_scanner::status::done)
    return 0;
  require(whole.sent == pieces.sent);
  const auto again = scan(whole.sent, whole.sent.size());
  require(again.status == chunk_scanner::status::done);
  require(again.used == whole.sent.size() && again.sent == whole.sent);
  require(scan(whole.sent, 5, chunk_scanner::output::data).sent == alone.sent);
  return 0;
}
