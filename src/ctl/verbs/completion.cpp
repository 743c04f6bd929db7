// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/completion.hpp"

#include "ctl/verbs.hpp"

#include <memory>
#include <ostream>
#include <string>

namespace troupe::ctl {

void add_completion_verb(command_line& to) {
  auto shell = std::make_shared<std::string>();
  to.add(groups::node,
         {"completion", "Prints a completion script for a shell",
          "  troupectl completion bash > /etc/bash_completion.d/troupectl\n"
          "  source <(troupectl completion zsh)\n"},
         [shell, &to](context& with) {
           with.world().out << (*shell == "zsh" ? zsh_completion(to.tree())
                                                : bash_completion(to.tree()))
                            << std::flush;
           return exit_code::ok;
         })
    .add_option("SHELL", *shell, "bash or zsh")
    ->required()
    ->check(CLI::IsMember({"bash", "zsh"}))
    ->option_text(" ");
}

} // namespace troupe::ctl
