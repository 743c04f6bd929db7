// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ctl/node_api.hpp"

#include <string>

namespace troupe::ctl {

/// A node behind its admin socket. Opens a connection for every call, so it
/// survives a restart of the node between two of them.
class socket_api : public node_api {
public:
  /// @param path A Unix socket; nothing is opened yet.
  explicit socket_api(std::string path) : path_(std::move(path)) {}
  answer call(const request& what) override;

private:
  std::string path_;
};

/// Says why connecting to the socket at `path` failed and what to do about it.
/// @param error An errno value; files are looked at to explain it.
std::string explain_connect(const std::string& path, int error);

} // namespace troupe::ctl
