// SPDX-License-Identifier: BSD-3-Clause
#include "core/routing/condition_block.hpp"

#include "core/routing/values.hpp"

#include <algorithm>
#include <utility>

namespace troupe::routing {

namespace {

template <class List, class Holds>
bool any(const List& list, Holds&& holds) {
  return std::any_of(list.begin(), list.end(), holds);
}

std::vector<std::string> sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return list;
}

} // namespace

struct condition_block::question {
  const request_view& request;
  std::string_view path;

  bool operator()(const scheme_check& x) const {
    return any(x.any_of, [&](auto y) { return y == request.scheme; });
  }

  bool operator()(const tls_check& x) const {
    return x.expected == request.is_tls;
  }

  bool operator()(const method_check& x) const {
    return any(x.any_of, [&](const auto& y) { return y == request.method; });
  }

  bool operator()(const path_check& x) const {
    return std::binary_search(x.any_of.begin(), x.any_of.end(), path,
                              std::less<>{});
  }

  bool operator()(const prefix_check& x) const {
    return any(x.any_of, [&](const auto& y) { return is_below(y, path); });
  }

  bool operator()(const host_check& x) const {
    return any(x.any_of,
               [&](const auto& y) { return is_host_of(y, request.host); });
  }

  bool operator()(const sni_check& x) const {
    return any(x.any_of,
               [&](const auto& y) { return is_host_of(y, request.sni); });
  }

  bool operator()(const alpn_check& x) const {
    return any(request.alpn, [&](std::string_view offered) {
      return any(x.any_of, [&](const auto& y) { return y == offered; });
    });
  }

  bool operator()(const client_check& x) const {
    return request.client != nullptr && x.any_of.contains(*request.client);
  }

  bool operator()(const cookie_check& x) const {
    const auto value = first_cookie(request.headers, x.expected.name);
    return value
        && any(x.expected.any_of, [&](const auto& y) { return y == *value; });
  }

  bool operator()(const query_check& x) const {
    return any(x.expected.any_of, [&](const auto& y) {
      return has_pair(request.query, x.expected.name, y);
    });
  }

  bool operator()(const header_check& x) const {
    bool seen = false;
    for (size_t i = 0; i < request.headers.size(); ++i) {
      const auto line = request.headers[i];
      if (!is_same_field(line.name, x.name))
        continue;
      if (x.present
          || any(x.exact, [&](const auto& y) { return y == line.value; })
          || any(x.regexes,
                 [&](const auto& y) { return y.found_in(line.value); }))
        return true;
      seen = true;
    }
    return x.absent && !seen;
  }

  bool operator()(const regex_check& x) const {
    return any(x.any_of, [&](const auto& y) { return y.found_in(path); });
  }

  bool operator()(const none_check& x) const {
    return !any(x.blocks,
                [&](const auto& y) { return y.holds(request, path); });
  }
};

condition_block::condition_block(const conditions& all) {
  if (!all.scheme.empty())
    checks_.push_back(scheme_check{all.scheme});
  if (all.tls)
    checks_.push_back(tls_check{*all.tls});
  if (!all.method.empty())
    checks_.push_back(method_check{all.method});
  if (!all.path.empty())
    checks_.push_back(path_check{sorted(all.path)});
  if (!all.path_prefix.empty())
    checks_.push_back(prefix_check{all.path_prefix});
  if (!all.host.empty())
    checks_.push_back(host_check{all.host});
  if (!all.sni.empty())
    checks_.push_back(sni_check{all.sni});
  if (!all.alpn.empty())
    checks_.push_back(alpn_check{all.alpn});
  if (!all.client.empty())
    checks_.push_back(client_check{network_list{all.client}});
  for (const auto& x : all.cookie)
    checks_.push_back(cookie_check{x});
  for (const auto& x : all.query)
    checks_.push_back(query_check{x});
  for (const auto& x : all.header)
    checks_.push_back(make_header_check(x));
  if (!all.path_regex.empty())
    checks_.push_back(
      regex_check{{all.path_regex.begin(), all.path_regex.end()}});
  if (!all.none_of.empty())
    checks_.push_back(none_check{{all.none_of.begin(), all.none_of.end()}});
}

condition_block::header_check
condition_block::make_header_check(const header_condition& from) {
  header_check result{from.name, {}, {}};
  for (const auto& test : from.any_of)
    switch (test.what) {
    case header_test::kind::exact:
      result.exact.push_back(test.text);
      break;
    case header_test::kind::regex:
      result.regexes.emplace_back(test.text);
      break;
    case header_test::kind::present:
      result.present = true;
      break;
    case header_test::kind::absent:
      result.absent = true;
      break;
    }
  return result;
}

bool condition_block::holds(const request_view& request,
                            std::string_view path) const {
  const question ask{request, path};
  return std::all_of(checks_.begin(), checks_.end(),
                     [&](const check& x) { return std::visit(ask, x); });
}

} // namespace troupe::routing
