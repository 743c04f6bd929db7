// SPDX-License-Identifier: BSD-3-Clause
#include "config/pages.hpp"

#include "config/readable_file.hpp"
#include "config/route_values.hpp"
#include "config/show.hpp"
#include "core/stable_hash.hpp"

namespace troupe::config {

namespace {

constexpr size_t page_size_max = 65'536;

} // namespace

void read_page(const cursor& in, page_settings& out) {
  if (!in.read(out.file, absolute_path{}))
    return;
  in.names_file();
  if (in.written() != out.file)
    return in.problem("expected a path without variables");
  auto page = read_public_file(out.file, page_size_max);
  if (!page.problem.empty())
    return in.problem(show(out.file) + " " + page.problem);
  out.content = std::move(page.bytes);
}

void read_error_pages(const cursor& in,
                      std::vector<std::pair<unsigned, page_settings>>& out) {
  for (const auto& entry : in.entries()) {
    unsigned status = 0;
    page_settings page;
    if (!entry.key.accept(entry.name, status, number{400, 599}))
      continue;
    read_page(entry.value, page);
    out.emplace_back(status, std::move(page));
  }
}

uint64_t hash_of_pages(const settings& all) {
  uint64_t result = 0;
  const auto add = [&](const page_settings& page) {
    if (!page.file.empty())
      result = stable_hash(page.content, result);
  };
  for (const auto& frontend : all.frontends) {
    for (const auto& [status, page] : frontend.error_pages)
      add(page);
    for (const auto& route : frontend.routes)
      if (route.respond)
        add(route.respond->page);
  }
  return result;
}

} // namespace troupe::config
