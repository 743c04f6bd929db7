// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "storage/disk.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// Files that survive a crash. All calls block: make them on the helper thread
/// (rule 20), one at a time for each file.
namespace troupe::storage {

/// Bytes of content a state file may have.
inline constexpr size_t state_size_max = size_t{64} << 20;

/// The result of reading.
struct state_content {
  std::string content;
  uint32_t format = 0; ///< that it was written with, at most this program's
};
struct state_missing {
  /// Damaged files of this name were set aside before: it existed once.
  bool set_aside = false;
};
struct state_damaged {
  std::string reason;
  std::string kept_as; ///< path it was set aside as; "" if that failed
};
struct state_newer {
  uint32_t format = 0; ///< left alone, for the program that wrote it
};
struct state_unreadable {
  boost::system::error_code error; ///< says nothing about the content
};
using state_reading = std::variant<state_content, state_missing, state_damaged,
                                   state_newer, state_unreadable>;

/// One file whose content is replaced as a whole: after a crash at any moment
/// it has the old content or the new one.
///
/// On disk, for every format alike: "troupe1\n", then as little-endian integers
/// the format (32 bits), the length of the content (64) and the CRC32C of
/// format, length and content (32), then the content (rule 18). Whatever is
/// cut off, added or flipped is noticed.
class state_file {
public:
  /// @param path In a directory this process has locked, see state_dir.hpp.
  /// @param format Version of the content's format, written and understood.
  state_file(std::string path, uint32_t format, disk& on = real_disk())
    : path_(std::move(path)), format_(format), disk_(&on) {}

  const std::string& path() const noexcept { return path_; }

  /// A damaged file is renamed to `<path>.damaged-<n>` and kept.
  state_reading read();

  /// Returns once `content` is durable: written to `<path>.new`, synced,
  /// renamed, and the directory synced.
  /// @returns an error if it may not be: then either content may be found after
  /// a crash. A later success does not prove that an earlier failed sync lost
  /// nothing (rule 2: such a node does not vote until its restart).
  boost::system::error_code write(std::string_view content);

private:
  boost::system::error_code write_new(const std::string& name,
                                      std::string_view content);
  state_damaged set_aside(std::string reason);

  std::string path_;
  uint32_t format_;
  disk* disk_;
};

} // namespace troupe::storage
