// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_name_index
#include "caf_test.hpp"

#include "core/name_index.hpp"

#include <vector>

using namespace troupe;

CAF_TEST(a name leads to its position and the first of equal ones counts) {
  const std::vector<std::string> names{"a1", "b2", "", "b2"};
  name_index index;
  size_t asked = 0;
  index.assign(names, [&](const std::string& x) -> const std::string& {
    ++asked;
    return x;
  });
  CAF_CHECK_EQUAL(asked, names.size());
  CAF_CHECK(index.find("a1") == 0u);
  CAF_CHECK(index.find("b2") == 1u);
  CAF_CHECK(index.find("") == 2u);
  CAF_CHECK(!index.find("b3"));
  index.assign(std::vector<std::string>{"c"},
               [](const std::string& x) -> const std::string& { return x; });
  CAF_CHECK(!index.find("a1"));
  CAF_CHECK(index.find("c") == 0u);
  index.clear();
  CAF_CHECK(!index.find("c"));
}
