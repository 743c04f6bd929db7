// SPDX-License-Identifier: BSD-3-Clause
#include "actors/events/event_stream.hpp"

#include "api/events_json.hpp"

#include <boost/json/serialize.hpp>

#include <atomic>
#include <utility>

namespace troupe::actors {

namespace {

std::atomic<int> streams{0};

/// In one piece: a reader that is slow gets the next when it has taken this.
constexpr size_t events_a_piece = 50;

} // namespace

std::shared_ptr<event_stream>
event_stream::open(event_ring& from, std::string node, uint64_t after,
                   std::optional<event_kind> kind) {
  if (streams.fetch_add(1, std::memory_order_relaxed) >= streams_max) {
    streams.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  return std::shared_ptr<event_stream>{
    new event_stream{from, std::move(node), after, kind}};
}

event_stream::event_stream(event_ring& from, std::string node, uint64_t after,
                           std::optional<event_kind> kind)
  : from_(from), node_(std::move(node)), after_(after), kind_(kind) {}

event_stream::~event_stream() {
  streams.fetch_sub(1, std::memory_order_relaxed);
}

std::string event_stream::next() {
  const auto found = from_.after(after_, events_a_piece, kind_);
  after_ = found.last;
  std::string result;
  if (found.lost)
    result += "event: lost\ndata: {}\n\n";
  for (const auto& x : found.events) {
    result += "id: " + std::to_string(x.id) + "\nevent: ";
    result += to_string(x.kind);
    result +=
      "\ndata: " + boost::json::serialize(api::to_json(x, node_)) + "\n\n";
  }
  return result;
}

void event_stream::on_news(std::function<void()> wake) {
  watch_ = wake ? from_.watch(std::move(wake)) : nullptr;
}

} // namespace troupe::actors
