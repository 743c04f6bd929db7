// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace troupe::net::cluster {

/// How many connections may be on their way to becoming links: a source that
/// opens many neither costs much nor keeps the others out.
class handshake_quota {
public:
  handshake_quota(size_t total_max, size_t per_source_max) noexcept
    : total_max_(total_max), per_source_max_(per_source_max) {}

  /// @returns whether there is room for one more; if so, it counts until
  /// leave() with the same source.
  bool enter(const std::string& source) {
    if (total_ >= total_max_)
      return false;
    auto& count = sources_[source]; // at most total_max_ entries
    if (count >= per_source_max_)
      return false;
    ++count;
    ++total_;
    return true;
  }

  void leave(const std::string& source) {
    const auto found = sources_.find(source);
    --total_;
    if (--found->second == 0)
      sources_.erase(found);
  }

  size_t total() const noexcept { return total_; }

private:
  const size_t total_max_;
  const size_t per_source_max_;
  size_t total_ = 0;
  std::map<std::string, size_t> sources_;
};

} // namespace troupe::net::cluster
