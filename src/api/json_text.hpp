// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/string_view.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Texts as Boost.JSON wants them.
namespace troupe::actors::api {

inline boost::json::string_view view(std::string_view x) {
  return {x.data(), x.size()};
}

inline boost::json::array to_array(const std::vector<std::string>& texts) {
  boost::json::array result;
  for (const auto& x : texts)
    result.emplace_back(view(x));
  return result;
}

} // namespace troupe::actors::api
