// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string.h>
#include <string>

namespace troupe {

/// A text that is overwritten before its memory is given back. Moving may leave
/// a copy in the old one's own bytes, so it stays where it is.
class secret {
public:
  secret() = default;
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() { ::explicit_bzero(text.data(), text.size()); }

  std::string text;
};

} // namespace troupe
