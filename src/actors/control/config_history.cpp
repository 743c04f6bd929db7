// SPDX-License-Identifier: BSD-3-Clause
#include "actors/control/config_history.hpp"

#include "config/shared.hpp"

#include <utility>

namespace troupe::actors {

std::string shared_text_in(const config::loaded& file) {
  auto shared = config::split(file.text, {});
  return shared.ok() ? std::move(shared.text) : std::string{};
}

history_ptr followed_by(const history_ptr& before, past_config next) {
  auto result = std::make_shared<config_history>();
  if (before) {
    const auto skipped = before->size() < past_configs_max
                         ? 0
                         : before->size() - past_configs_max + 1;
    result->assign(before->begin() + static_cast<std::ptrdiff_t>(skipped),
                   before->end());
  }
  result->push_back(std::move(next));
  return result;
}

} // namespace troupe::actors
