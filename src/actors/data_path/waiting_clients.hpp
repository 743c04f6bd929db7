// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/counter.hpp"
#include "core/reason.hpp"
#include "core/time.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace troupe::actors {

/// The kinds of inactive client connections, in the order in which
/// they are closed when something runs out.
enum class wait_kind : uint8_t {
  parked,  ///< rests between two requests, without its actor
  resting, ///< the same, not yet for long
  head,    ///< its request's head is not there, or not whole
};

inline constexpr size_t wait_kind_count = 3;

/// A client connection that may be waiting. It must leave before it ends.
class waiting_client
  : public boost::intrusive::list_base_hook<
      boost::intrusive::tag<class waiting_clients>,
      boost::intrusive::link_mode<boost::intrusive::safe_link>> {
public:
  using waiting_hook = boost::intrusive::list_base_hook<
    boost::intrusive::tag<class waiting_clients>,
    boost::intrusive::link_mode<boost::intrusive::safe_link>>;

  bool is_waiting() const noexcept { return is_linked(); }

  /// Ends it for the sake of others. @returns false if that takes until the end
  /// of this turn of the loop.
  virtual bool give_up(reason why) = 0;

  /// The client has sent nothing that was not read yet.
  virtual bool is_silent() const noexcept = 0;

protected:
  ~waiting_client() = default;

private:
  friend class waiting_clients;
  time_point since_{};
  wait_kind kind_ = wait_kind::head;
};

/// Those of one frontend and worker, by kind, longest first.
class waiting_clients {
public:
  /// @param here, all Count them: of the frontend, and of the whole worker.
  waiting_clients(counter& here, counter& all) noexcept
    : here_(here), all_(all) {}
  waiting_clients(const waiting_clients&) = delete;
  waiting_clients& operator=(const waiting_clients&) = delete;

  /// Gives up the place it has, if any, for the last one of `kind`.
  void enter(waiting_client& client, wait_kind kind, time_point now) noexcept;

  /// Does nothing if it is not in.
  void leave(waiting_client& client) noexcept;

  /// The one that has waited longest, silent or not; null if there is none.
  waiting_client* first(wait_kind kind) noexcept {
    return of(kind).empty() ? nullptr : &of(kind).front();
  }

  /// The one that has waited longest since before `latest` and is silent; null
  /// if there is none. Only a few are asked: a client that is not silent is
  /// busy soon.
  waiting_client* longest(wait_kind kind, time_point latest) noexcept;

  static time_point since(const waiting_client& client) noexcept {
    return client.since_;
  }
  static bool is_in(const waiting_client& client, wait_kind kind) noexcept {
    return client.is_waiting() && client.kind_ == kind;
  }

private:
  using list = boost::intrusive::list<
    waiting_client, boost::intrusive::base_hook<waiting_client::waiting_hook>,
    boost::intrusive::constant_time_size<false>>;

  list& of(wait_kind kind) noexcept {
    return lists_[static_cast<size_t>(kind)];
  }

  counter& here_;
  counter& all_;
  std::array<list, wait_kind_count> lists_;
};

} // namespace troupe::actors
