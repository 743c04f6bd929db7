// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace troupe::actors {

/// Asks several actors the same question at once and calls `done` when each has
/// answered, failed or let `timeout` pass: with the answers in the order of
/// `whom`, nothing for those that gave none. At once if no actor is asked.
/// @param self The asking actor; `done` runs as one of its handlers.
template <class Answer, class Self, class Handle, class Question, class F>
void gather(Self& self, const std::vector<Handle>& whom,
            std::chrono::milliseconds timeout, const Question& question,
            F done) {
  struct state {
    std::vector<std::optional<Answer>> answers;
    size_t open;
    F done;
    void settle() {
      if (--open == 0)
        done(std::move(answers));
    }
  };
  if (whom.empty()) {
    done(std::vector<std::optional<Answer>>{});
    return;
  }
  auto all = std::make_shared<state>(
    state{std::vector<std::optional<Answer>>(whom.size()), whom.size(),
          std::move(done)});
  for (size_t i = 0; i < whom.size(); ++i)
    self.request(whom[i], timeout, question)
      .then(
        [all, i](Answer& answer) {
          all->answers[i] = std::move(answer);
          all->settle();
        },
        [all](const caf::error&) { all->settle(); });
}

} // namespace troupe::actors
