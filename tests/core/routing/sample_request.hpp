// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/endpoint.hpp"
#include "core/routing/request_view.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A request that owns its texts, to be changed at will.
struct sample_request {
  struct line {
    std::string name;
    std::string value;
  };
  std::string host = "example.org";
  std::string method = "GET";
  std::string path = "/";
  std::string query;
  std::vector<line> headers;
  std::optional<troupe::endpoint> client =
    troupe::endpoint::parse_ip("192.0.2.7", 0);
  troupe::routing::scheme scheme = troupe::routing::scheme::http;
  std::string sni;
  std::vector<std::string_view> alpn;
  bool is_tls = false;

  /// Valid until this request changes.
  troupe::routing::request_view view() const {
    troupe::routing::request_view result;
    result.host = host;
    result.method = method;
    result.path = path;
    result.query = query;
    result.headers =
      troupe::routing::header_lines{std::span<const line>{headers}};
    result.client = client ? &*client : nullptr;
    result.scheme = scheme;
    result.sni = sni;
    result.alpn = alpn;
    result.is_tls = is_tls;
    return result;
  }
};
