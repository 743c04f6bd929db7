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
    else if (count_ == names_max || !is_token(option))
      return false;
    else
      names_[count_++] = {option.data(), option.size()};
    return true;
  });
}

void connection_options::mark(std::span<field> fields) const noexcept {
  if (count_ == 0)
    return;
  for (auto& line : fields)
    if (line.known <= known_field::alias && names(line.name))
      line.hop_by_hop = true;
}

bool connection_options::names(std::string_view field) const noexcept {
  return std::any_of(names_.begin(), names_.begin() + count_,
                     [=](const option& x) {
                       return iequals({x.data, x.size}, field);
                     });
}

} // namespace troupe::net::http1
