// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/time.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace troupe::net {

/// Tells when a file has changed and come to rest.
///
/// Watches the directory, not the file: editors and deployment tools write a
/// new file and rename it. A symbolic link is followed once, so both a swap of
/// the link (Kubernetes' `..data` too) and a write to its target are seen; the
/// switch of a link further up the path is not. A directory that vanishes is
/// looked for every second until it is back.
///
/// All calls on the loop's thread.
class file_watch {
public:
  /// @param changed Called on the loop, once per change: after `settle` without
  /// a further one, and only if the file exists then. It may stop or destroy
  /// the watch.
  /// @throws boost::system::system_error when inotify gives no descriptor or
  /// the directory cannot be watched.
  file_watch(boost::asio::io_context& loop, std::string path,
             std::function<void()> changed,
             milliseconds settle = milliseconds{500});
  ~file_watch();
  file_watch(const file_watch&) = delete;
  file_watch& operator=(const file_watch&) = delete;

  /// No call after this one.
  void stop();

private:
  class watcher;
  std::shared_ptr<watcher> watcher_;
};

} // namespace troupe::net
