// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fields.hpp"

#include "ctl/screen.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace troupe::ctl {

namespace json = boost::json;

namespace {

const json::value* find(const json::object& from, std::string_view key) {
  return from.if_contains({key.data(), key.size()});
}

std::string to_text(const json::value& x) {
  if (const auto* string = x.if_string())
    return printable({string->data(), string->size()});
  if (x.is_bool())
    return x.get_bool() ? "yes" : "no";
  return x.is_null() ? "-" : printable(json::serialize(x));
}

} // namespace

std::string text(const json::object& from, std::string_view key) {
  const auto* value = find(from, key);
  return value != nullptr ? to_text(*value) : "-";
}

std::optional<uint64_t> number(const json::object& from, std::string_view key) {
  const auto* value = find(from, key);
  if (value == nullptr)
    return std::nullopt;
  json::error_code ec;
  const auto result = value->to_number<uint64_t>(ec);
  return ec ? std::nullopt : std::optional{result};
}

bool flag(const json::object& from, std::string_view key) {
  const auto* value = find(from, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object& part(const json::object& from, std::string_view key) {
  static const json::object nothing;
  const auto* value = find(from, key);
  return value != nullptr && value->is_object() ? value->get_object() : nothing;
}

std::vector<const json::object*> parts(const json::object& from,
                                       std::string_view key) {
  std::vector<const json::object*> result;
  if (const auto* value = find(from, key); value && value->is_array())
    for (const auto& x : value->get_array())
      if (x.is_object())
        result.push_back(&x.get_object());
  return result;
}

std::vector<std::string> texts(const json::object& from, std::string_view key) {
  std::vector<std::string> result;
  if (const auto* value = find(from, key); value && value->is_array())
    for (const auto& x : value->get_array())
      result.push_back(to_text(x));
  return result;
}

} // namespace troupe::ctl
