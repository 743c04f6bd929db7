// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// The verdicts a node keeps on disk (rule 21): which targets were down. All
/// others are up, as they are for a node that knows nothing.
namespace troupe::cluster::observations {

std::string encode_downs(const std::set<uint64_t>& targets);

/// @returns nothing for bytes that are no such list.
std::optional<std::set<uint64_t>> decode_downs(std::string_view bytes);

} // namespace troupe::cluster::observations
