// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE net_threads
#include "caf_test.hpp"

#include "core/balance.hpp"
#include "net/backend/backend_slot.hpp"
#include "net/loop/loop.hpp"
#include "net/proxy/access_log.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// The pieces where threads of the data path meet, without CAF in between, for
// the thread sanitizer to look at (rule 43). Checks are made on the main thread
// only.

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::net;

namespace {

using work_state = net::loop::work_state;

/// Waits, at most twenty seconds, until `condition` holds.
template <class F>
bool await(F&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    std::this_thread::yield();
  }
  return true;
}

/// What other threads leave for a loop, looked at the way an actor host does:
/// no lock while there is nothing.
template <class T>
class mailbox {
public:
  void put(T value) {
    std::lock_guard guard{mutex_};
    values_.push_back(std::move(value));
    waiting_.store(true, std::memory_order_release);
  }

  std::vector<T> take() {
    if (!waiting_.load(std::memory_order_acquire))
      return {};
    std::lock_guard guard{mutex_};
    waiting_.store(false, std::memory_order_relaxed);
    return std::exchange(values_, {});
  }

private:
  std::atomic<bool> waiting_{false};
  std::mutex mutex_;
  std::vector<T> values_; // guarded
};

/// A loop on a thread of its own.
class loop_thread {
public:
  ~loop_thread() { join(); }

  net::loop& loop() noexcept { return loop_; }

  void start(std::function<void()> turn) {
    thread_ = std::thread{[this, turn = std::move(turn)] {
      loop_.run([&] {
        turn();
        return stop_.load(std::memory_order_acquire) ? work_state::done
                                                     : work_state::idle;
      });
    }};
  }

  void join() {
    stop_.store(true, std::memory_order_release);
    loop_.wake();
    if (thread_.joinable())
      thread_.join();
  }

private:
  net::loop loop_{1u << 20};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Where servers' counts stand, and snapshots that point there.
struct publisher {
  static constexpr unsigned workers = 2;

  snapshot_ptr next(std::atomic<unsigned>& destroyed_elsewhere) {
    auto* made = new backend_snapshot;
    made->name = "app";
    made->version = ++version;
    made->live = totals;
    for (uint32_t i = 0; i < 3; ++i) {
      server_route server;
      server.name = servers[i]->name;
      server.weight = static_cast<unsigned>(version);
      server.live = servers[i];
      made->servers.push_back(std::move(server));
      made->usable.push_back(i);
    }
    return {made, [owner = std::this_thread::get_id(),
                   &destroyed_elsewhere](const backend_snapshot* x) {
              if (std::this_thread::get_id() != owner)
                destroyed_elsewhere.fetch_add(1);
              delete x;
            }};
  }

  static std::shared_ptr<server_live> server(const char* name) {
    return std::make_shared<server_live>("app", name, workers);
  }

  uint64_t version = 0;
  std::shared_ptr<backend_live> totals =
    std::make_shared<backend_live>("app", workers);
  std::vector<std::shared_ptr<server_live>> servers{server("a1"), server("a2"),
                                                    server("a3")};
};

/// A worker reduced to what it does with snapshots: every turn adopts the
/// newest, picks from it, and lets go of what an earlier turn picked.
class picker final : private backend_reporter {
  void report_address(const std::string&, const std::string&,
                      const endpoint&) override {}

public:
  picker(unsigned index, mailbox<snapshot_ptr>& control)
    : index_(index), control_(control),
      policy_(make_policy(algorithm::least_connections, index)) {}

  ~picker() { join(); }

  void start() {
    thread_.start([this] { turn(); });
  }

  void publish(snapshot_ptr snapshot) {
    inbox_.put(std::move(snapshot));
    thread_.loop().wake();
  }

  void join() {
    thread_.join();
    lease_.release();
    held_.reset();
    slot_.reset();
  }

  net::loop& loop() noexcept { return thread_.loop(); }

  std::atomic<uint64_t> seen{0};  ///< newest version
  std::atomic<uint64_t> mixed{0}; ///< picks that met parts of two versions

private:
  void turn() {
    if (!slot_)
      slot_ = new backend_slot{"app", thread_.loop(), index_, *this, 0};
    for (auto& snapshot : inbox_.take())
      slot_->adopt(std::move(snapshot));
    if (slot_->current())
      serve();
  }

  void serve() {
    held_ = slot_->current();
    const auto& snapshot = *held_->snapshot;
    const auto pick = policy_->pick(snapshot, {});
    const auto& server = snapshot.servers[static_cast<size_t>(pick)];
    lease_ = lease{*server.live};
    slot_->counters(*server.live).requests[1].add();
    slot_->note_failure(*server.live, true);
    mixed.fetch_add(server.weight != snapshot.version);
    seen.store(snapshot.version, std::memory_order_release);
  }

  void report_failure(const std::string&, const std::string&, bool,
                      unsigned) override {}

  void retire(const std::string&, snapshot_ptr snapshot) override {
    control_.put(std::move(snapshot));
  }

  const unsigned index_;
  mailbox<snapshot_ptr>& control_;
  std::unique_ptr<policy> policy_;
  mailbox<snapshot_ptr> inbox_;
  // Its own thread's while that runs:
  local_ptr<backend_slot> slot_;
  local_ptr<held_snapshot> held_;
  lease lease_;
  loop_thread thread_;
};

} // namespace

CAF_TEST(a loop without timers or events is woken by another thread) {
  loop_thread thread;
  std::atomic<unsigned> turns{0};
  thread.start([&] { turns.fetch_add(1); });
  for (int i = 0; i < 100; ++i) {
    const auto before = turns.load();
    thread.loop().wake();
    CAF_REQUIRE(await([&] { return turns.load() > before; }));
  }
}

CAF_TEST(no wake is lost when several threads wake a loop at once) {
  constexpr unsigned senders = 3;
  constexpr unsigned rounds = 5'000;
  loop_thread thread;
  mailbox<std::pair<unsigned, std::unique_ptr<unsigned>>> inbox;
  std::array<std::atomic<unsigned>, senders> answered{};
  std::atomic<unsigned> lost{0};
  thread.start([&] {
    for (const auto& [from, value] : inbox.take())
      answered[from].store(*value);
  });
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < senders; ++i)
    threads.emplace_back([&, i] {
      // The next message only after the answer: a lost wake shows as silence.
      for (unsigned n = 1; n <= rounds && lost.load() == 0; ++n) {
        inbox.put({i, std::make_unique<unsigned>(n)});
        thread.loop().wake();
        if (!await([&] { return answered[i].load() == n || lost.load() > 0; }))
          lost.fetch_add(1);
      }
    });
  for (auto& x : threads)
    x.join();
  CAF_CHECK_EQUAL(lost.load(), 0u);
}

CAF_TEST(
  a snapshot serves all workers whole and dies on the thread it came from) {
  constexpr unsigned versions = 2'000;
  publisher control;
  std::atomic<unsigned> destroyed_elsewhere{0};
  std::vector<std::weak_ptr<const backend_snapshot>> published;
  uint64_t mixed = 0;
  {
    mailbox<snapshot_ptr> retired;
    picker first{0, retired};
    picker second{1, retired};
    first.start();
    second.start();
    for (unsigned n = 0; n < versions; ++n) {
      auto snapshot = control.next(destroyed_elsewhere);
      published.emplace_back(snapshot);
      first.publish(snapshot);
      second.publish(snapshot);
      retired.put(std::move(snapshot)); // never the last to hold it
      retired.take();
    }
    for (auto* x : {&first, &second})
      CAF_CHECK(await([x] { return x->seen.load() == versions; }));
    first.join();
    second.join();
    retired.take();
    mixed = first.mixed.load() + second.mixed.load();
  }
  CAF_CHECK_EQUAL(mixed, 0u);
  CAF_CHECK_EQUAL(destroyed_elsewhere.load(), 0u);
  const auto alive = [](const auto& x) { return !x.expired(); };
  CAF_CHECK_EQUAL(std::count_if(published.begin(), published.end(), alive), 0);
  for (const auto& server : control.servers)
    CAF_CHECK_EQUAL(server->in_flight.load(), 0u);
}

CAF_TEST(counters may be read while their worker writes them) {
  constexpr uint64_t steps = 20'000;
  server_live server{"app", "a1", 1};
  frontend_live frontend{"web", "app", 1};
  std::atomic<bool> started{false};
  std::thread worker{[&] {
    started.store(true);
    for (uint64_t i = 0; i < steps; ++i) {
      const lease held{server};
      server.by_worker[0].requests[1].add();
      frontend.clients->by_worker[0].connections_open.add();
      frontend.by_worker[0].duration.observe(i);
      frontend.clients->by_worker[0].connections_open.sub();
    }
  }};
  CAF_CHECK(await([&] { return started.load(); }));
  const auto& requests = server.by_worker[0].requests[1];
  uint64_t before = 0;
  unsigned backwards = 0;
  while (before < steps) {
    const auto now = requests.get();
    backwards += now < before;
    backwards += server.in_flight.load(std::memory_order_relaxed) > 1;
    backwards += frontend.clients->by_worker[0].connections_open.get() > 1;
    before = now;
  }
  worker.join();
  CAF_CHECK_EQUAL(backwards, 0u);
  CAF_CHECK_EQUAL(server.in_flight.load(), 0u);
  CAF_CHECK_EQUAL(frontend.clients->by_worker[0].connections_open.get(), 0u);
}

CAF_TEST(what a loop tells of itself may be read by any thread) {
  loop_thread thread;
  auto& loop = thread.loop();
  std::atomic<unsigned> turns{0};
  thread.start([&] {
    buffer bytes;
    bytes.append(loop.buffers(), "held for a turn");
    turns.fetch_add(1);
  });
  uint64_t most = 0;
  CAF_CHECK(await([&] {
    loop.wake();
    most =
      std::max(most, loop.buffers().in_use().get() + loop.stall_us().get());
    return turns.load() >= 2'000;
  }));
  thread.join();
  CAF_CHECK_EQUAL(loop.buffers().in_use().get(), 0u);
}

CAF_TEST(a ring may be measured by a third thread while two use it) {
  constexpr unsigned lines_max = 20'000;
  const std::string line(120, 'x');
  log_ring ring;
  std::atomic<bool> done{false};
  std::thread producer{[&] {
    for (unsigned i = 0; i < lines_max; ++i)
      ring.push(line);
    done.store(true, std::memory_order_release);
  }};
  std::atomic<uint64_t> bytes{0};
  std::thread consumer{[&] {
    std::string out;
    for (bool last = false; !last;) {
      last = done.load(std::memory_order_acquire);
      out.clear();
      ring.drain(out);
      bytes.fetch_add(out.size());
      std::this_thread::yield();
    }
  }};
  bool sane = true;
  while (!done.load(std::memory_order_acquire))
    sane = sane && ring.size() <= log_ring::capacity
        && ring.dropped.get() <= lines_max;
  producer.join();
  consumer.join();
  CAF_CHECK(sane);
  CAF_CHECK_EQUAL(bytes.load() + ring.dropped.get() * line.size(),
                  lines_max * line.size());
}
