// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "api/http/http_server.hpp"
#include "core/event_ring.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe::actors {

/// Events as they come, in the format of server-sent events (WHATWG HTML, 9.2):
/// `id`, `event` (the kind) and `data`, the event as JSON. One that is asked
/// for after it was dropped is replaced by an event "lost".
class event_stream final : public admin::body_stream {
public:
  /// So many at once on this node.
  static constexpr int streams_max = 16;

  /// None if there are too many.
  /// @param after The last event that is known already.
  static std::shared_ptr<event_stream> open(event_ring& from, std::string node,
                                            uint64_t after,
                                            std::optional<event_kind> kind);
  ~event_stream() override;

  std::string next() override;
  void on_news(std::function<void()> wake) override;

private:
  event_stream(event_ring& from, std::string node, uint64_t after,
               std::optional<event_kind> kind);

  event_ring& from_;
  const std::string node_;
  uint64_t after_;
  const std::optional<event_kind> kind_;
  std::shared_ptr<void> watch_;
};

} // namespace troupe::actors
