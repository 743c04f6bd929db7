// SPDX-License-Identifier: BSD-3-Clause
#include "actors/metrics/scrape_source.hpp"

#include "actors/metrics/metric_text.hpp"
#include "core/time.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::actors {

namespace {

constexpr milliseconds slice{2};
/// Items between two looks at the clock: some 50 µs.
constexpr size_t items_a_look = 64;

bool is_used(const route_live& x) {
  return std::ranges::any_of(x.by_worker, [](const auto& worker) {
    return std::ranges::any_of(worker.requests,
                               [](const auto& y) { return y.get() > 0; });
  });
}

} // namespace

scrape_source::scrape_source(const frontends_changed& frontends,
                             std::vector<snapshot_ptr> backends,
                             node_figures node)
  : frontends_(frontends.frontends), backends_(std::move(backends)),
    node_(std::move(node)) {
  std::ranges::unique_copy(frontends_, std::back_inserter(clients_), {},
                           [](const auto& x) { return x->clients; });
  std::ranges::copy_if(
    frontends.routes, std::back_inserter(routes_), is_used,
    [](const auto& x) -> auto& { return *x; });
  for (const auto& backend : backends_)
    for (const auto& server : backend->servers)
      servers_.push_back({backend.get(), &server});
  add_frontend_families(families_, frontends_, routes_);
  add_client_families(families_, clients_);
  add_backend_families(families_, backends_, servers_);
}

bool scrape_source::write_some(admin::chunked_text& to) {
  const auto end = clock::now() + slice;
  metric_text out{to};
  for (; family_ < families_.size(); ++family_, item_ = 0) {
    const auto& family = families_[family_];
    if (item_ == 0)
      out.begin(family);
    else
      out.resume(family);
    while (item_ < family.items) {
      family.tell(item_++, out);
      if (item_ % items_a_look == 0 && clock::now() >= end)
        return true;
    }
  }
  write_node(to);
  return false;
}

void scrape_source::write_node(admin::chunked_text& to) {
  node_.process = read_process_usage();
  family_list families;
  add_node_families(families, node_);
  to.append(prometheus::TextSerializer{}.Serialize(families));
}

} // namespace troupe::actors
