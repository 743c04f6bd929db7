// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/probe/prober.hpp"

#include <utility>
#include <vector>

namespace troupe::actors {

/// Probes end when and how the test says.
class scripted_prober final : public net::prober {
public:
  struct call {
    endpoint target;
    check_settings check;
    callback done;
  };

  void start(const endpoint& target, const check_settings& check,
             callback done) override {
    calls.push_back({target, check, std::move(done)});
    ++started;
  }

  std::vector<call> calls; ///< under way, oldest first
  size_t started = 0;
};

} // namespace troupe::actors
