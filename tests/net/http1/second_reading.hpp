// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "net/http1/fields.hpp"
#include "net/http1/head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

/// What Boost.Beast's whole parser makes of a message: its own containers, its
/// own decisions on framing. Whatever the codec accepts has to mean the same to
/// it.
namespace troupe::net::http1 {

inline std::string_view text_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// Beast's container keeps fields of one name together, in their order.
template <class Message, class Head>
std::string fields_difference(const Message& message, const Head& head) {
  const auto theirs = std::distance(message.begin(), message.end());
  if (static_cast<size_t>(theirs) != head.all().size())
    return "another number of fields";
  const auto all = head.all();
  for (auto mine = all.begin(); mine != all.end(); ++mine) {
    const auto before = std::count_if(all.begin(), mine, [&](const auto& x) {
      return iequals(x.name, mine->name);
    });
    const boost::beast::string_view name{mine->name.data(), mine->name.size()};
    const auto same = message.equal_range(name);
    if (std::distance(same.first, same.second) <= before)
      return "no field " + std::string{mine->name};
    const auto& field = *std::next(same.first, before);
    if (text_of(field.name_string()) != mine->name
        || text_of(field.value()) != mine->value)
      return "another field " + std::string{mine->name};
  }
  return {};
}

template <class Parser, class Head>
std::string framing_difference(const Parser& parser, const Head& head) {
  if (parser.chunked() != (head.body == framing::chunked))
    return "chunked or not";
  const auto length = parser.content_length();
  if (head.body == framing::length
      && (!length || *length != head.content_length))
    return "another length";
  if (head.body == framing::none && length && *length != 0)
    return "a length";
  return {};
}

/// @param bytes Of which `head` was parsed, from its start.
/// @returns how Beast reads it differently, or "".
inline std::string request_difference(std::string_view bytes,
                                      const request_head& head) {
  boost::beast::http::request_parser<boost::beast::http::empty_body> parser;
  parser.header_limit(std::numeric_limits<uint32_t>::max());
  parser.body_limit(boost::none);
  while (bytes.starts_with("\r\n"))
    bytes.remove_prefix(2); // empty lines in front, counted by the codec
  boost::beast::error_code ec;
  const auto used =
    parser.put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != boost::beast::http::error::need_more
      && !parser.is_header_done())
    return "refused: " + ec.message();
  if (!parser.is_header_done())
    return "no end of the head";
  const auto& message = parser.get();
  if (text_of(message.method_string()) != head.method)
    return "another method";
  if (text_of(message.target()) != head.target)
    return "another target";
  if (message.version() != 10 + head.version_minor)
    return "another version";
  if (used > bytes.size())
    return "another end of the head";
  if (auto text = framing_difference(parser, head); !text.empty())
    return text;
  return fields_difference(message, head);
}

} // namespace troupe::net::http1
