// SPDX-License-Identifier: BSD-3-Clause
#include "api/scrape_service.hpp"

#include "api/json.hpp"

#include <boost/asio/post.hpp>

#include <ctime>
#include <iterator>
#include <utility>

namespace troupe::actors {

namespace {

namespace asio = boost::asio;

/// What this thread has used.
std::chrono::nanoseconds processor_time() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec}
       + std::chrono::nanoseconds{now.tv_nsec};
}

admin::response response_of(std::shared_ptr<const admin::chunked_text> text) {
  admin::response result;
  result.content_type = "text/plain; version=0.0.4; charset=utf-8";
  result.text = std::move(text);
  return result;
}

/// Gives the first response, or one of its own when it is forgotten.
class pending_figures {
public:
  explicit pending_figures(admin::responder to) : to_(std::move(to)) {}
  // Only a lack of memory throws here, and ends the process.
  ~pending_figures() { // NOLINT(bugprone-exception-escape)
    give(api::error(503, "the metrics are not available now"));
  }
  pending_figures(const pending_figures&) = delete;
  pending_figures& operator=(const pending_figures&) = delete;

  void give(admin::response x) {
    if (const auto to = std::exchange(to_, nullptr))
      to(std::move(x));
  }

private:
  admin::responder to_;
};

} // namespace

scrape_service::scrape_service(asio::io_context& loop)
  : loop_(loop), forget_(loop) {}

void scrape_service::scrape(admin::responder reply, ask_function ask) {
  if (shared_)
    return reply(response_of(shared_));
  waiting_.push_back({std::move(reply), std::move(ask)});
  if (!busy_)
    begin();
}

void scrape_service::close() {
  boost::system::error_code ignored;
  forget_.cancel(ignored);
  shared_ = nullptr;
  source_ = nullptr;
  text_ = nullptr;
  waiting_.clear();
  served_ = 0;
}

void scrape_service::begin() {
  busy_ = true;
  served_ = waiting_.size();
  // By the newest: an older one may be of an actor that is no more.
  const auto ask = waiting_.back().ask;
  const auto pending = std::make_shared<pending_figures>(
    [self = shared_from_this()](admin::response x) {
      asio::post(self->loop_, [self, x = std::move(x)]() mutable {
        self->take(std::move(x));
      });
    });
  ask([pending](admin::response x) { pending->give(std::move(x)); });
}

void scrape_service::take(admin::response x) {
  if (!x.source) {
    deliver(x);
    return next();
  }
  source_ = std::move(x.source);
  text_ = std::make_shared<admin::chunked_text>();
  cost_ = {};
  make_slice();
}

void scrape_service::make_slice() {
  if (!source_)
    return; // closed
  const auto before = processor_time();
  const bool more = source_->write_some(*text_);
  cost_ += processor_time() - before;
  if (!more)
    return finish();
  asio::post(loop_, [self = shared_from_this()] { self->make_slice(); });
}

void scrape_service::finish() {
  source_ = nullptr;
  const auto text = std::exchange(text_, nullptr);
  held_.push_back(text);
  withdraw_oldest();
  if (cost_ >= worth_sharing) {
    served_ = waiting_.size();
    shared_ = text;
    share();
  }
  deliver(response_of(text));
  next();
}

void scrape_service::share() {
  forget_.expires_after(shared_for);
  forget_.async_wait([self = shared_from_this()](const auto& ec) {
    if (!ec)
      self->shared_ = nullptr;
  });
}

void scrape_service::withdraw_oldest() {
  size_t bytes = 0;
  for (const auto& x : held_)
    if (const auto text = x.lock())
      bytes += text->size();
  while (held_.size() > 1
         && (held_.front().expired() || bytes > held_bytes_max)) {
    if (const auto text = held_.front().lock()) {
      bytes -= text->size();
      text->withdraw();
    }
    held_.pop_front();
  }
}

void scrape_service::deliver(const admin::response& x) {
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(served_);
  std::vector<request> served{std::make_move_iterator(waiting_.begin()),
                              std::make_move_iterator(end)};
  waiting_.erase(waiting_.begin(), end);
  served_ = 0;
  for (const auto& request : served)
    request.reply(x);
}

void scrape_service::next() {
  busy_ = false;
  if (!waiting_.empty())
    begin();
}

} // namespace troupe::actors
