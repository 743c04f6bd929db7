// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/key_table.hpp"

#include "core/stable_hash.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::routing {

uint64_t key_table::mix(uint32_t space, uint64_t text_hash) noexcept {
  return avalanche(text_hash + space * 0x9e3779b97f4a7c15ull);
}

key_table::record key_table::record_at(uint32_t at) const noexcept {
  record result;
  std::memcpy(&result, records_.data() + at, sizeof(record));
  return result;
}

std::string_view key_table::text_at(uint32_t at,
                                    const record& x) const noexcept {
  return {records_.data() + at + sizeof(record), x.size};
}

uint32_t key_table::find(uint32_t space, std::string_view text,
                         uint64_t text_hash) const noexcept {
  if (slots_.empty())
    return none;
  const auto hash = mix(space, text_hash);
  const auto print = static_cast<uint32_t>(hash >> 32);
  for (auto i = hash;; ++i) {
    const auto& slot = slots_[i & (slots_.size() - 1)];
    if (slot.record == none)
      return none;
    if (slot.print != print)
      continue;
    const auto found = record_at(slot.record);
    if (found.space == space && text == text_at(slot.record, found))
      return found.value;
  }
}

uint32_t key_table::insert(uint32_t space, std::string_view text,
                           uint32_t value) {
  const auto text_hash = hash(text);
  if (const auto found = find(space, text, text_hash); found != none)
    return found;
  if (2 * (size_ + 1) > slots_.size())
    grow();
  const record added{space, value, static_cast<uint32_t>(text.size())};
  const auto at = records_.size();
  records_.resize(at + sizeof(record) + text.size());
  std::memcpy(records_.data() + at, &added, sizeof(record));
  std::copy(text.begin(), text.end(),
            records_.begin() + static_cast<ptrdiff_t>(at + sizeof(record)));
  place(mix(space, text_hash), static_cast<uint32_t>(at));
  ++size_;
  return value;
}

void key_table::grow() {
  slots_.assign(std::max<size_t>(8, 2 * slots_.size()), slot{});
  for (uint32_t at = 0; at < records_.size();) {
    const auto x = record_at(at);
    const auto text = text_at(at, x);
    place(mix(x.space, hash(text)), at);
    at += static_cast<uint32_t>(sizeof(record) + text.size());
  }
}

void key_table::place(uint64_t hash, uint32_t at) noexcept {
  auto i = hash;
  while (slots_[i & (slots_.size() - 1)].record != none)
    ++i;
  slots_[i & (slots_.size() - 1)] = {static_cast<uint32_t>(hash >> 32), at};
}

} // namespace troupe::routing
