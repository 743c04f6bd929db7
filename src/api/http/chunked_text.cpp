// SPDX-License-Identifier: BSD-3-Clause
#include "api/http/chunked_text.hpp"

#include <algorithm>
#include <new>
#include <sys/mman.h>

namespace troupe::admin {

chunked_text::piece::piece() {
  void* pages = ::mmap(nullptr, piece_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED)
    throw std::bad_alloc{};
  data_ = static_cast<char*>(pages);
}

chunked_text::piece::~piece() { ::munmap(data_, piece_bytes); }

void chunked_text::append_across(std::string_view text) {
  while (!text.empty()) {
    if (room_ == 0) {
      last_ = pieces_.emplace_back(std::make_shared<piece>()).get();
      room_ = piece_bytes;
    }
    const auto n = std::min(room_, text.size());
    append(text.substr(0, n));
    text.remove_prefix(n);
  }
}

} // namespace troupe::admin
