// SPDX-License-Identifier: BSD-3-Clause
#include "net/http1/connection_options.hpp"

#include "net/http1/fields.hpp"

#include <algorithm>

namespace troupe::net::http1 {

bool connection_options::add(std::string_view value) noexcept {
  return for_each_member(value, [this](std::string_view option) {
    if (iequals(option, "close"))
      close_ = true;
    else if (iequals(option, "keep-alive"))
      keep_alive_ = true;
    else if (iequals(option, "upgrade"))
      upgrade_ = true;
    else if (count_ == names_max)
      return false;
    else
      names_[count_++] = option;
    return true;
  });
}

void connection_options::mark(std::span<field> fields) const noexcept {
  for (auto& line : fields) {
    line.hop_by_hop = line.known == known_field::other
                      ? count_ > 0 && names(line.name)
                      : is_connection_field(line.known)
                          && line.known != known_field::content_length;
  }
}

bool connection_options::names(std::string_view field) const noexcept {
  return std::any_of(names_.begin(), names_.begin() + count_,
                     [=](auto name) { return iequals(name, field); });
}

} // namespace troupe::net::http1
