// SPDX-License-Identifier: BSD-3-Clause
#include "net/probe/resolver.hpp"

#include "os/signals.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <pthread.h>
#include <thread>
#include <utility>

namespace troupe::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using lookup_result = boost::system::result<resolver::answers>;

error_code to_error(int code) {
  switch (code) {
  case EAI_NONAME:
    return asio::error::host_not_found;
  case EAI_AGAIN:
    return asio::error::host_not_found_try_again;
  case EAI_MEMORY:
    return asio::error::no_memory;
  case EAI_SYSTEM:
    return {errno, boost::system::system_category()};
#ifdef EAI_NODATA
  case EAI_NODATA:
    return asio::error::no_data;
#endif
  default:
    return asio::error::no_recovery;
  }
}

/// Blocks.
lookup_result look_up(const host_port& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(name.host.c_str(), nullptr, &hints, &list))
    return to_error(code);
  resolver::answers answers;
  for (const auto* x = list; x != nullptr; x = x->ai_next) {
    answers.emplace_back(x->ai_addr, x->ai_addrlen);
    answers.back().port(name.port);
  }
  ::freeaddrinfo(list);
  if (answers.empty())
    return error_code{asio::error::no_data};
  return answers;
}

struct job {
  host_port name;
  resolver::callback done;
  /// Keeps the loop running until it has called back.
  asio::executor_work_guard<asio::io_context::executor_type> work;
};

} // namespace

/// Outlives the resolver while a lookup is under way: getaddrinfo cannot be
/// interrupted and may take many seconds, which a stop must not wait for.
struct resolver::shared : std::enable_shared_from_this<shared> {
  explicit shared(asio::io_context& loop) : loop(&loop) {}

  void push(job x);
  void start_thread();
  void run();
  void post(callback done, lookup_result answer);

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<job> jobs;
  bool started = false;
  bool looking_up = false;
  asio::io_context* loop; ///< null once the resolver is gone
  std::thread thread;
};

void resolver::shared::push(job x) {
  const std::lock_guard guard{mutex};
  jobs.push_back(std::move(x));
  if (!std::exchange(started, true))
    start_thread();
  changed.notify_one();
}

void resolver::shared::start_thread() {
  const os::signals_blocked blocked;
  thread = std::thread([self = shared_from_this()] { self->run(); });
  ::pthread_setname_np(thread.native_handle(), "troupe-dns");
}

void resolver::shared::run() {
  std::unique_lock lock{mutex};
  for (;;) {
    changed.wait(lock, [this] { return loop == nullptr || !jobs.empty(); });
    if (loop == nullptr)
      return;
    // The callback and the work guard stay in the queue: they belong to the
    // loop's thread, which may destroy the loop while this one looks up.
    const auto name = jobs.front().name;
    looking_up = true;
    lock.unlock();
    auto answer = look_up(name);
    lock.lock();
    looking_up = false;
    if (loop == nullptr)
      return;
    auto done = std::move(jobs.front());
    jobs.pop_front();
    post(std::move(done.done), answer);
  }
}

/// @pre `loop` is set, and `mutex` held or this is the loop's thread.
void resolver::shared::post(callback done, lookup_result answer) {
  asio::post(*loop,
             [self = shared_from_this(), done = std::move(done), answer] {
               // Only this thread clears `loop`.
               if (self->loop != nullptr)
                 done(answer);
             });
}

resolver::resolver(asio::io_context& loop)
  : shared_(std::make_shared<shared>(loop)) {
  // nop
}

resolver::~resolver() {
  std::unique_lock lock{shared_->mutex};
  shared_->loop = nullptr;
  const auto dropped = std::exchange(shared_->jobs, {});
  const bool busy = shared_->looking_up;
  shared_->changed.notify_one();
  lock.unlock();
  if (!shared_->thread.joinable())
    return;
  if (busy)
    shared_->thread.detach();
  else
    shared_->thread.join();
}

std::optional<endpoint> resolver::literal(const std::string& address) {
  return endpoint::parse(address);
}

void resolver::resolve(const std::string& address, callback done) {
  if (const auto known = literal(address))
    return shared_->post(std::move(done), answers{*known});
  auto name = split_host_port(address);
  if (!name)
    return shared_->post(std::move(done),
                         error_code{asio::error::invalid_argument});
  shared_->push(
    {std::move(*name), std::move(done), asio::make_work_guard(*shared_->loop)});
}

} // namespace troupe::net
