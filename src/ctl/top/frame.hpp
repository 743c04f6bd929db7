// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/table.hpp"
#include "ctl/top/view.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace troupe::ctl::top {

/// The API's answers of a node at about one moment.
struct sample {
  boost::json::object status;
  boost::json::object traffic;
  boost::json::object backends;
  boost::json::object actors;
  boost::json::object nodes; ///< empty: there is no cluster
  /// The parts that gave no answer in time, each once.
  std::vector<std::string> unanswered;
  std::string lost; ///< why there is nothing newer; empty: this is the newest
};

struct frame_size {
  size_t rows = 0; ///< 0: as many as it takes, and no line about keys
  size_t columns = 80;
};

/// The view of `top`: lines no wider and no more than `size` has room for.
/// @param before An earlier sample; rates are unknown where it does not compare
/// with `now`.
/// @param seen May be scrolled beyond the end: `skipped` is put right.
std::vector<cells> frame_of(const sample& before, const sample& now, view& seen,
                            const frame_size& size);

} // namespace troupe::ctl::top
