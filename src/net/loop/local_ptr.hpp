// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

namespace troupe::net {

/// Reference counting within one thread: a request holds what it started with
/// without touching a counter that other threads share.
template <class T>
using local_ptr = boost::intrusive_ptr<T>;

template <class T>
using local_counted =
  boost::intrusive_ref_counter<T, boost::thread_unsafe_counter>;

} // namespace troupe::net
