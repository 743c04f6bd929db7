// SPDX-License-Identifier: BSD-3-Clause
#include "fuzz/require.hpp"
#include "net/cluster/basp_session.hpp"
#include "net/cluster/preamble.hpp"

#include <algorithm>

// What passes the guard is only what may pass, however it is cut, and nothing
// makes it fail. Built by -DTROUPE_FUZZ=ON with clang as fuzz-basp_guard.

using namespace troupe::net::cluster;
using troupe::fuzz::require;

namespace {

struct outcome {
  basp_inlet::verdict verdict{};
  std::string out;
};

outcome feed(const basp_session& session, const std::string& bytes,
             size_t piece) {
  auto ends = session.ends;
  basp_inlet inlet{ends};
  outcome result;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    result.verdict =
      inlet.feed(std::string_view{bytes}.substr(at, piece), result.out);
    if (result.verdict != basp_inlet::verdict::pass)
      break;
  }
  return result;
}

/// Frames for CAF: whole ones, a handshake in front, then those of a link.
void check(const basp_session& session, std::string_view out) {
  for (bool first = true; !out.empty(); first = false) {
    require(out.size() >= basp_header::size);
    const auto header = read_basp_header(out);
    const auto size = basp_header::size + header.payload_bytes;
    require(out.size() >= size && header.payload_bytes <= basp_payload_max);
    const auto payload = out.substr(basp_header::size, header.payload_bytes);
    switch (header.operation) {
    case basp_operation::server_handshake:
    case basp_operation::client_handshake:
      require(first && payload.size() >= basp_node::size);
      require(payload.substr(0, basp_node::size) == session.alias.view());
      break;
    case basp_operation::direct_message:
      require(!first && header.flags == 0 && is_peer_message(payload));
      require(header.dest_actor == basp_session::own_actor);
      break;
    case basp_operation::monitor_message:
      require(!first && header.dest_actor == basp_session::own_actor);
      require(payload.substr(0, basp_node::size) == session.alias.view());
      break;
    default:
      require(!first && header.operation == basp_operation::heartbeat
              && payload.empty());
    }
    out.remove_prefix(size);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2)
    return 0;
  const std::string rest{reinterpret_cast<const char*>(data) + 2, size - 2};
  const auto mode = data[0];
  const basp_session session{(mode & 1) != 0 ? link_side::accepted
                                             : link_side::dialled};
  std::string bytes = rest;
  if ((mode & 2) != 0) { // an honest beginning
    bytes = session.handshake() + session.message("x") + session.monitor();
    if ((mode & 4) != 0) // the payload of a message
      bytes += session.direct(rest);
    else if ((mode & 8) != 0) // what follows the type in one
      bytes +=
        session.direct(peer_message_payload(1, 1, "").substr(0, 28) + rest);
    else
      bytes += rest;
  }
  const auto whole = feed(session, bytes, bytes.size() + 1);
  check(session, whole.out);
  const auto pieces = feed(session, bytes, 1 + data[1] % 64);
  require(pieces.verdict == whole.verdict && pieces.out == whole.out);
  auto ends = session.ends;
  std::string ignored;
  basp_outlet{ends}.feed(bytes, ignored);
  if (const auto line = read_preamble(rest))
    require(to_line(*line).size() <= size + 64);
  return 0;
}
