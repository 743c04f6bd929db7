// SPDX-License-Identifier: BSD-3-Clause
#include "net/cluster/basp_guard.hpp"

#include <algorithm>
#include <utility>

namespace troupe::net::cluster {

namespace {

constexpr size_t two_nodes = 2 * basp_node::size;
constexpr size_t down_payload_max = 512;
/// A frame's buffer is kept for the next one up to this size.
constexpr size_t kept_capacity_max = 64U << 10;

bool take_up_to(size_t size, std::string& frame, std::string_view& in) {
  const auto count = std::min(size - frame.size(), in.size());
  frame.append(in.substr(0, count));
  in.remove_prefix(count);
  return frame.size() == size;
}

void put(std::string& frame, size_t offset, const basp_node& node) {
  std::copy(node.bytes.begin(), node.bytes.end(),
            frame.begin() + static_cast<ptrdiff_t>(offset));
}

} // namespace

bool basp_frames::take_header(std::string_view& in) {
  if (frame_.size() >= basp_header::size)
    return true;
  if (!take_up_to(basp_header::size, frame_, in))
    return false;
  header_ = read_basp_header(frame_);
  return true;
}

bool basp_frames::take_payload(std::string_view& in) {
  return take_up_to(basp_header::size + header_.payload_bytes, frame_, in);
}

void basp_frames::clear() {
  frame_.clear();
  if (frame_.capacity() > kept_capacity_max)
    frame_.shrink_to_fit();
}

// -- from the peer ------------------------------------------------------------

basp_inlet::verdict basp_inlet::feed(std::string_view in, std::string& out) {
  while (frames_.take_header(in)) {
    // Before a byte of the payload is kept.
    if (!checked_) {
      if (const auto result = check_header(frames_.header());
          result != verdict::pass)
        return result;
      checked_ = true;
    }
    if (!frames_.take_payload(in))
      break;
    if (const auto result = check_frame(); result != verdict::pass)
      return result;
    out += frames_.frame();
    frames_.clear();
    checked_ = false;
  }
  return verdict::pass;
}

basp_inlet::verdict basp_inlet::check_header(const basp_header& header) {
  if (header.padding != 0)
    return refuse("no BASP");
  if (header.payload_bytes > basp_payload_max)
    return refuse("payload over 2 MiB");
  switch (header.operation) {
  case basp_operation::server_handshake:
  case basp_operation::client_handshake:
    return check_handshake_header(header);
  case basp_operation::routed_message:
    return refuse("message of a third node");
  case basp_operation::direct_message:
  case basp_operation::monitor_message:
  case basp_operation::down_message:
  case basp_operation::heartbeat:
    break;
  default:
    return refuse("no BASP");
  }
  if (!greeted_)
    return refuse("no handshake first");
  if (header.flags == basp_named_receiver)
    return refuse("message to an actor by name");
  if (header.flags != 0)
    return refuse("unknown flags");
  if (header.operation == basp_operation::direct_message)
    return check_direct_header(header);
  if (header.operation == basp_operation::monitor_message)
    return check_monitor_header(header);
  if (header.operation == basp_operation::down_message)
    return check_down_header(header);
  return header == basp_header{.operation = basp_operation::heartbeat}
         ? verdict::pass
         : refuse("malformed heartbeat");
}

basp_inlet::verdict
basp_inlet::check_handshake_header(const basp_header& header) {
  if (greeted_)
    return refuse("second handshake");
  basp_header expected;
  if (ends_.side == link_side::dialled) {
    expected.operation = basp_operation::server_handshake;
    expected.data = basp_version;
    expected.payload_bytes =
      static_cast<uint32_t>(server_handshake_payload(ends_.self, 0).size());
  } else {
    expected.operation = basp_operation::client_handshake;
    expected.payload_bytes = basp_node::size;
  }
  // Of one length only: an empty one would end CAF's process.
  return header == expected ? verdict::pass : refuse("malformed handshake");
}

basp_inlet::verdict basp_inlet::check_direct_header(const basp_header& header) {
  if (header.data != basp_plain_message)
    return refuse("request or response");
  if (header.dest_actor != ends_.own_actor)
    return refuse("message to another actor");
  if (header.source_actor == 0
      || (ends_.peer_actor != 0 && header.source_actor != ends_.peer_actor))
    return refuse("message of another actor");
  return verdict::pass;
}

basp_inlet::verdict
basp_inlet::check_monitor_header(const basp_header& header) {
  if (header.data != 0 || header.source_actor != 0
      || header.payload_bytes != two_nodes)
    return refuse("malformed monitor message");
  if (header.dest_actor != ends_.own_actor)
    return refuse("monitoring of another actor");
  return verdict::pass;
}

basp_inlet::verdict basp_inlet::check_down_header(const basp_header& header) {
  if (header.data != 0 || header.dest_actor != 0
      || header.payload_bytes > down_payload_max)
    return refuse("malformed down message");
  if (header.source_actor == 0 || header.source_actor != ends_.peer_actor)
    return refuse("down message for another actor");
  // Its payload holds an error, which may hold any message: not for CAF, which
  // hears of it by the end of its connection.
  return verdict::ended;
}

basp_inlet::verdict basp_inlet::check_frame() {
  const auto& header = frames_.header();
  switch (header.operation) {
  case basp_operation::direct_message:
    if (!is_peer_message(frames_.payload()))
      return refuse("message that is no peer_message");
    ends_.peer_actor = header.source_actor;
    ++messages_;
    message_bytes_ += frames_.frame().size();
    return verdict::pass;
  case basp_operation::monitor_message:
    return check_monitor();
  case basp_operation::heartbeat:
    return verdict::pass;
  default:
    return check_handshake();
  }
}

basp_inlet::verdict basp_inlet::check_handshake() {
  const auto node = basp_node::read(frames_.payload());
  if (!node)
    return refuse("malformed node");
  if (*node == ends_.self)
    return refuse("this very node");
  if (ends_.side == link_side::dialled) {
    const auto actor = frames_.payload().substr(
      server_handshake_payload(*node, 0).size() - 9, 8);
    uint64_t id = 0;
    for (const char c : actor)
      id = id << 8 | static_cast<uint8_t>(c);
    if (id == 0 || frames_.payload() != server_handshake_payload(*node, id))
      return refuse("malformed handshake");
    ends_.peer_actor = id;
  }
  ends_.peer = *node;
  greeted_ = true;
  put(frames_.frame(), basp_header::size, ends_.alias);
  return verdict::pass;
}

basp_inlet::verdict basp_inlet::check_monitor() {
  const auto payload = frames_.payload();
  if (payload.substr(0, basp_node::size) != ends_.peer.view()
      || payload.substr(basp_node::size) != ends_.self.view())
    return refuse("monitoring by a third node");
  put(frames_.frame(), basp_header::size, ends_.alias);
  return verdict::pass;
}

basp_inlet::verdict basp_inlet::refuse(std::string_view why) {
  reason_ = why;
  return verdict::refused;
}

// -- from CAF -----------------------------------------------------------------

bool basp_outlet::feed(std::string_view in, std::string& out) {
  while (frames_.take_header(in)) {
    // Only what CAF has been given to send: a length beyond it is a frame lost.
    if (frames_.header().payload_bytes > basp_payload_max)
      return false;
    if (!frames_.take_payload(in))
      break;
    if (may_pass())
      out += frames_.frame();
    else
      ++swallowed_;
    frames_.clear();
  }
  return true;
}

bool basp_outlet::may_pass() {
  const auto& header = frames_.header();
  const auto payload = frames_.payload();
  switch (header.operation) {
  case basp_operation::server_handshake:
  case basp_operation::client_handshake:
    return !std::exchange(greeted_, true);
  case basp_operation::direct_message:
    if (header.flags != 0 || header.source_actor != ends_.own_actor
        || header.dest_actor != ends_.peer_actor || !is_peer_message(payload))
      return false;
    ++messages_;
    return true;
  case basp_operation::monitor_message:
  case basp_operation::down_message:
    if (payload.size() < two_nodes
        || payload.substr(basp_node::size, basp_node::size)
             != ends_.alias.view())
      return false;
    if ((header.operation == basp_operation::monitor_message
           ? header.dest_actor != ends_.peer_actor
           : header.source_actor != ends_.own_actor))
      return false;
    put(frames_.frame(), basp_header::size + basp_node::size, ends_.peer);
    return true;
  case basp_operation::heartbeat:
    return greeted_;
  default:
    return false;
  }
}

} // namespace troupe::net::cluster
