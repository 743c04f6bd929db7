// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reads the fields of an answer. A key that is missing, null or of another
/// kind is shown as unknown: nodes may be older or newer than this troupectl.
namespace troupe::ctl {

/// Text that is safe to print; numbers and flags as words; "-" if unknown.
std::string text(const boost::json::object& from, std::string_view key);

std::optional<uint64_t> number(const boost::json::object& from,
                               std::string_view key);

/// False if unknown.
bool flag(const boost::json::object& from, std::string_view key);

/// Empty if unknown.
const boost::json::object& part(const boost::json::object& from,
                                std::string_view key);

/// The objects of an array; empty if unknown.
std::vector<const boost::json::object*> parts(const boost::json::object& from,
                                              std::string_view key);

/// The texts of an array; empty if unknown.
std::vector<std::string> texts(const boost::json::object& from,
                               std::string_view key);

} // namespace troupe::ctl
