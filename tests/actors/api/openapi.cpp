// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE admin_openapi

#include "api/openapi.hpp"

#include "caf_test.hpp"

#include "api/operations.hpp"

#include <boost/json/parse.hpp>

#include <cctype>
#include <set>
#include <string>

using namespace troupe::actors;

namespace json = boost::json;

namespace {

json::object document() {
  const auto text = api::openapi_document();
  return json::parse({text.data(), text.size()}).as_object();
}

/// "/v1/why/{backend}/{server}" as routes have it.
std::string with_stars(std::string path) {
  for (auto at = path.find('{'); at != std::string::npos; at = path.find('{'))
    path.replace(at, path.find('}') - at + 1, "*");
  return path;
}

std::string upper(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string to_std(json::string_view x) { return {x.data(), x.size()}; }

} // namespace

CAF_TEST(the description names exactly the routes there are) {
  std::set<std::string> described;
  const auto whole = document();
  for (const auto& path : whole.at("paths").as_object())
    for (const auto& method : path.value().as_object())
      described.insert(upper(to_std(method.key())) + ' '
                       + with_stars(to_std(path.key())));
  std::set<std::string> there;
  for (const auto& x : api::all_routes())
    there.insert(std::string{x.method} + ' ' + std::string{x.path});
  CAF_CHECK_EQUAL(described, there);
}

CAF_TEST(reading needs the role read and all else the role operator) {
  const auto whole = document();
  for (const auto& path : whole.at("paths").as_object())
    for (const auto& method : path.value().as_object()) {
      const auto* role = method.value().as_object().if_contains("x-role");
      if (!to_std(path.key()).starts_with("/v1"))
        CAF_CHECK(role == nullptr);
      else
        CAF_CHECK_EQUAL(to_std(role->as_string()),
                        to_std(method.key()) == "get" ? "read" : "operator");
    }
}
