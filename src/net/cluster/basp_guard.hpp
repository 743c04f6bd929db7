// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/cluster/basp_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Decides what may pass between CAF and a peer, in each direction (rule 19):
/// one handshake, then peer_messages between exactly two actors, the monitoring
/// of these two, and heartbeats. CAF 0.17 trusts whatever reaches its parser,
/// so nothing reaches it that is not listed here, and no frame before it is
/// whole.
///
/// To CAF each link leads to a node of its own: the guard replaces the peer's
/// name for itself by an alias. So a peer cannot pass for another one, and two
/// links between the same two nodes never meet in CAF's routing table.
namespace troupe::net::cluster {

enum class link_side : uint8_t { accepted, dialled };

/// The state that both directions of one link share.
struct basp_ends {
  link_side side{};
  basp_node self;          ///< this node, as CAF knows it
  basp_node alias;         ///< the peer, as CAF here is to know it
  uint64_t own_actor = 0;  ///< the one actor here the peer may talk to
  basp_node peer{};        ///< as it calls itself; set by the inlet
  uint64_t peer_actor = 0; ///< the one actor there; set by the inlet
};

/// Cuts a stream into frames. Keeps only the bytes of one frame;
/// what a header merely claims is never allocated.
class basp_frames {
public:
  /// Takes bytes from the front of `in` up to the end of a header, or of a
  /// frame. @returns whether the header is whole (see `header()`).
  bool take_header(std::string_view& in);
  /// @pre take_header() has returned true. @returns whether the frame is whole.
  bool take_payload(std::string_view& in);
  const basp_header& header() const noexcept { return header_; }
  std::string_view payload() const noexcept {
    return std::string_view{frame_}.substr(basp_header::size);
  }
  /// The whole frame, for changes in place.
  std::string& frame() noexcept { return frame_; }
  /// Begins the next one.
  void clear();

private:
  std::string frame_;
  basp_header header_;
};

/// From the peer to CAF.
class basp_inlet {
public:
  enum class verdict : uint8_t {
    pass,    ///< go on
    ended,   ///< the actor at the other end is gone: close the link
    refused, ///< see reason(): close the link
  };

  explicit basp_inlet(basp_ends& ends) noexcept : ends_(ends) {}

  /// Appends to `out` what may go to CAF. After anything but `pass`, done.
  verdict feed(std::string_view in, std::string& out);

  /// Why not, for people; empty unless refused.
  std::string_view reason() const noexcept { return reason_; }
  bool greeted() const noexcept { return greeted_; }
  /// Frames of peer_messages that passed, and their bytes.
  uint64_t messages() const noexcept { return messages_; }
  uint64_t message_bytes() const noexcept { return message_bytes_; }

private:
  verdict check_header(const basp_header& header);
  verdict check_handshake_header(const basp_header& header);
  verdict check_direct_header(const basp_header& header);
  verdict check_monitor_header(const basp_header& header);
  verdict check_down_header(const basp_header& header);
  verdict check_frame();
  verdict check_handshake();
  verdict check_monitor();
  verdict refuse(std::string_view why);

  basp_ends& ends_;
  basp_frames frames_;
  bool checked_ = false; ///< the header at hand
  bool greeted_ = false;
  std::string_view reason_;
  uint64_t messages_ = 0;
  uint64_t message_bytes_ = 0;
};

/// From CAF to the peer. CAF says more than a peer's guard lets in: it asks
/// every new node for its "SpawnServ" and repeats its handshake. That stays
/// here.
class basp_outlet {
public:
  explicit basp_outlet(basp_ends& ends) noexcept : ends_(ends) {}

  /// Appends to `out` what may go to the peer.
  /// @returns false when CAF's bytes make no sense: close the link.
  bool feed(std::string_view in, std::string& out);

  uint64_t messages() const noexcept { return messages_; }
  uint64_t swallowed() const noexcept { return swallowed_; }

private:
  bool may_pass();

  basp_ends& ends_;
  basp_frames frames_;
  bool greeted_ = false;
  uint64_t messages_ = 0;
  uint64_t swallowed_ = 0;
};

} // namespace troupe::net::cluster
