// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <CLI/App.hpp>

#include <string>

namespace troupe::ctl {

/// A bash function that completes the verbs, options, files and servers of a
/// command line, made from the tree that parses it. Servers and backends are
/// asked of the node, whose silence just completes nothing.
std::string bash_completion(const CLI::App& root);

/// The same for zsh, which has a layer for bash's functions.
std::string zsh_completion(const CLI::App& root);

} // namespace troupe::ctl
