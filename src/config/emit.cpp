// SPDX-License-Identifier: BSD-3-Clause
#include "config/emit.hpp"

#include <unordered_map>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

namespace troupe::config {

namespace {

/// Bytes of all scalars with aliases written out, each node counted as one
/// more: asked first, for a few kilobytes of aliases make gigabytes of text.
class text_weight {
public:
  uint64_t of(const node& at) {
    if (const auto known = known_.find(&at); known != known_.end())
      return known->second;
    uint64_t sum = 1 + at.text.size();
    for (const auto* item : at.items)
      sum += of(*item);
    for (const auto& [key, value] : at.entries)
      sum += of(*key) + of(*value);
    known_.emplace(&at, sum);
    return sum;
  }

private:
  std::unordered_map<const node*, uint64_t> known_;
};

void write(YAML::Emitter& out, const node& at) {
  switch (at.kind) {
  case node_kind::nothing:
    out << YAML::Null;
    break;
  case node_kind::scalar:
    out << at.text;
    break;
  case node_kind::list:
    out << YAML::BeginSeq;
    for (const auto* item : at.items)
      write(out, *item);
    out << YAML::EndSeq;
    break;
  case node_kind::map:
    out << YAML::BeginMap;
    for (const auto& [key, value] : at.entries) {
      out << YAML::Key;
      write(out, *key);
      out << YAML::Value;
      write(out, *value);
    }
    out << YAML::EndMap;
    break;
  }
}

} // namespace

std::optional<std::string> emit(const node& map, size_t size_max) {
  if (map.entries.empty())
    return std::string{};
  if (text_weight{}.of(map) > size_max)
    return std::nullopt;
  YAML::Emitter out;
  write(out, map);
  if (!out.good() || out.size() >= size_max)
    return std::nullopt;
  return std::string{out.c_str(), out.size()} + "\n";
}

} // namespace troupe::config
