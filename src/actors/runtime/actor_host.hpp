// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/counter.hpp"
#include "core/time.hpp"

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::actors {

/// The kinds of actors of a node, for listings and metrics.
enum class actor_kind : uint8_t {
  supervisor,
  config,
  metrics,
  admin,
  router,
  health_checker,
  worker,
  listener,
  connection,
  membership,
  observations,
  config_register,
  operators,
  link,
};

inline constexpr size_t actor_kind_count = 14;

std::string_view to_string(actor_kind x) noexcept;

/// One row of the list of live actors that each host keeps (rule 27: one list
/// a loop, no lock). Embedded in every hosted actor.
struct actor_entry {
  actor_entry* previous = nullptr;
  actor_entry* next = nullptr;
  time_point born{};
  time_point last_handled{}; ///< a message; when it was born until then
  uint32_t restarts = 0;     ///< how often one of its kind and name had to be
  virtual uint64_t entry_id() const noexcept = 0;
  virtual actor_kind entry_kind() const noexcept = 0;
  virtual std::string entry_name() const = 0; ///< e.g. the backend it serves
  virtual uint64_t entry_mailbox() const noexcept = 0;
  virtual uint64_t entry_handled() const noexcept = 0;

protected:
  ~actor_entry() = default;
};

/// Runs the mailboxes of the actors that live on one loop, on that loop's
/// thread, in turns between its I/O. There are no other CAF threads.
class actor_host final : public caf::execution_unit {
public:
  /// @param where "control" or "worker 0", for listings.
  /// @param wake Makes the loop call run() soon; called from any thread, at
  /// most once until run() has begun.
  actor_host(caf::actor_system& system, std::string where,
             std::function<void()> wake);
  ~actor_host() override;

  /// The calling thread is the loop's from now on.
  void bind_thread() noexcept;
  static actor_host* current() noexcept;
  bool on_this_thread() const noexcept { return current() == this; }
  const std::string& where() const noexcept { return where_; }

  /// CAF hands over one strong reference. Any thread.
  void exec_later(caf::resumable* job) override;

  /// Resumes up to `jobs_max` actors, for `messages_max` messages each. Loop
  /// thread.
  /// @returns whether more are waiting.
  bool run(size_t jobs_max = 128, size_t messages_max = 64);
  /// Whether this thread has given it work since. Loop thread.
  bool has_jobs() const noexcept { return !local_.empty(); }

  /// Ends everything still queued; later messages bounce. After the loop ended.
  void abandon();

  // -- who lives here; loop thread only --
  void enlist(actor_entry& entry);
  void delist(actor_entry& entry) noexcept;
  size_t size() const noexcept { return size_; }
  /// It failed: the next of its kind and name that enlists is its restart.
  void note_failure(const actor_entry& entry);
  /// Calls `visit` for every live actor, newest first.
  template <class F>
  void for_each(F&& visit) const {
    for (auto* entry = first_; entry != nullptr; entry = entry->next)
      visit(*entry);
  }

  /// Totals by kind. `enqueued` is added to from any thread.
  struct kind_totals {
    counter alive;
    counter handled;
    counter restarted;
    std::atomic<uint64_t> enqueued{0};
    uint64_t backlog() const noexcept;
  };
  kind_totals& totals(actor_kind kind) noexcept {
    return totals_[static_cast<size_t>(kind)];
  }
  const kind_totals& totals(actor_kind kind) const noexcept {
    return totals_[static_cast<size_t>(kind)];
  }

private:
  void fetch_remote();
  void resume(caf::resumable* job, size_t messages_max);

  const std::string where_;
  std::function<void()> wake_;
  std::deque<caf::resumable*> local_;  // loop thread
  bool running_ = false;               // loop thread
  bool wake_pending_ = false;          // loop thread
  std::vector<caf::resumable*> taken_; // loop thread
  actor_entry* first_ = nullptr;
  size_t size_ = 0;
  struct failures {
    uint32_t failed = 0;
    uint32_t restarted = 0;
  };
  /// By kind and name.
  std::map<std::pair<actor_kind, std::string>, failures> failures_;
  std::array<kind_totals, actor_kind_count> totals_;
  std::atomic<bool> remote_waiting_{false}; // spares run() the lock
  std::mutex mutex_;
  std::vector<caf::resumable*> remote_; // guarded
  bool closed_ = false;                 // guarded
};

} // namespace troupe::actors
