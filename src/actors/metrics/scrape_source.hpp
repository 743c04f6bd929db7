// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "actors/messages.hpp"
#include "actors/metrics/metric_families.hpp"
#include "api/http/chunked_text.hpp"

#include <memory>
#include <vector>

namespace troupe::actors {

/// The contents of `GET /metrics`, gathered at one moment by the metrics actor.
/// Snapshots do not change and counters may be read by any thread, so the text
/// may be written on any thread.
class scrape_source final : public admin::text_source {
public:
  scrape_source(const frontends_changed& frontends,
                std::vector<snapshot_ptr> backends, node_figures node);

  /// Slices of about 2 ms.
  bool write_some(admin::chunked_text& to) override;

  const streamed_families& families() const noexcept { return families_; }

private:
  void write_node(admin::chunked_text& to);

  const std::vector<std::shared_ptr<frontend_live>> frontends_;
  std::vector<std::shared_ptr<frontend_live>> clients_; ///< one a frontend
  std::vector<std::shared_ptr<route_live>> routes_;     ///< the used ones
  const std::vector<snapshot_ptr> backends_;
  node_figures node_;
  std::vector<server_ref> servers_;
  streamed_families families_;
  size_t family_ = 0; ///< being written
  size_t item_ = 0;   ///< of it, the next
};

} // namespace troupe::actors
