// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <utility>
#include <vector>

namespace troupe::net {

/// A kernel pipe for splice(2).
struct pipe_ends {
  int read = -1;
  int write = -1;
};

/// Pipes of one loop. Only an empty pipe may come back (rule 28): a user that
/// holds one with bytes in it closes it instead.
class pipe_cache {
public:
  static constexpr int pipe_bytes = 256 * 1024;

  /// @param pipes_max Handed out and cached, together.
  explicit pipe_cache(size_t pipes_max) noexcept : pipes_max_(pipes_max) {}
  ~pipe_cache();
  pipe_cache(const pipe_cache&) = delete;
  pipe_cache& operator=(const pipe_cache&) = delete;

  /// @returns nothing when there are too many or the host has none left: copy.
  std::optional<pipe_ends> take() noexcept;
  void give_back(pipe_ends pipe, bool empty) noexcept;

private:
  const size_t pipes_max_;
  size_t open_ = 0;
  std::vector<pipe_ends> free_;
};

} // namespace troupe::net
