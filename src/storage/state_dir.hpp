// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "os/service_user.hpp"
#include "storage/state_file.hpp"

#include <boost/system/result.hpp>

#include <string>

namespace troupe::storage {

/// The directory of a node's durable files, locked for this process while the
/// object lives. Blocks: open it before the loops run, or on the helper thread.
class state_dir {
public:
  /// Makes the directory (mode 0700; missing parents too) and locks it. Refuses
  /// one that all users may write to. An error is a complete sentence for the
  /// operator, such as `state_dir /x is in use by pid 17: ...`.
  /// @param user Whose it becomes with all files in it, see service_user.hpp.
  static boost::system::result<state_dir, std::string>
  open(const std::string& path, os::user_ptr user = nullptr);

  ~state_dir();
  state_dir(state_dir&& other) noexcept;
  state_dir& operator=(state_dir&& other) noexcept;

  const std::string& path() const noexcept { return path_; }

  /// @param name Letters, digits and dashes.
  /// @param format See state_file.
  state_file file(const std::string& name, uint32_t format,
                  disk& on = real_disk()) const;

private:
  state_dir(std::string path, int lock) noexcept
    : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_; ///< descriptor of the lock file, -1 when moved from
};

} // namespace troupe::storage
