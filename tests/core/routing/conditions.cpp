// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_routing_conditions
#include "core/routing/both_matchers.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace troupe::routing;
using namespace std::literals;
using kind = header_test::kind;

namespace {

/// The same condition alone, with others beside it, and under a `not`: matchers
/// find routes by host and path in other ways than by the rest.
class asked {
public:
  explicit asked(const conditions& all)
    : alone_({all}), negated_({negation(all)}),
      deep_({negation(negation(all))}) {}

  bool holds(const sample_request& request) {
    const bool result = alone_.holds(request);
    CAF_CHECK_EQUAL(negated_.holds(request), !result);
    CAF_CHECK_EQUAL(deep_.holds(request), result);
    return result;
  }

  bool holds(std::string sample_request::*key, std::string_view value) {
    sample_request request;
    request.*key = value;
    return holds(request);
  }

  bool holds_with(std::vector<sample_request::line> headers) {
    sample_request request;
    request.headers = std::move(headers);
    return holds(request);
  }

private:
  static conditions negation(const conditions& of) {
    conditions result;
    result.none_of = {of};
    return result;
  }

  both_matchers alone_;
  both_matchers negated_;
  both_matchers deep_;
};

asked with(const std::function<void(conditions&)>& set) {
  conditions all;
  set(all);
  return asked{all};
}

} // namespace

CAF_TEST(a route without conditions takes everything) {
  both_matchers table{{conditions{}}};
  CAF_CHECK(table.holds({}));
  sample_request nothing;
  nothing.host = nothing.method = nothing.path = "";
  nothing.client.reset();
  CAF_CHECK(table.holds(nothing));
}

CAF_TEST(a table without routes takes nothing) {
  both_matchers table{{}};
  CAF_CHECK(table.match({}).what == answer::kind::none);
}

CAF_TEST(host is exact or has labels in place of the asterisk) {
  const auto host = &sample_request::host;
  auto exact = with([](auto& x) { x.host = {"a.org", "[2001:db8::1]"}; });
  CAF_CHECK(exact.holds(host, "a.org"));
  CAF_CHECK(exact.holds(host, "[2001:db8::1]"));
  for (const auto other : {"b.a.org", "org", "aa.org", "a.org.", "A.org",
                           "a.org:80", "", "*.a.org"})
    CAF_CHECK(!exact.holds(host, other));
  auto wildcard = with([](auto& x) { x.host = {"*.a.org"}; });
  for (const auto below : {"b.a.org", "c.b.a.org", "*.a.org", "-.a.org"})
    CAF_CHECK(wildcard.holds(host, below));
  for (const auto other :
       {"a.org", ".a.org", "ba.org", "b.a.org.uk", "org", ""})
    CAF_CHECK(!wildcard.holds(host, other));
}

CAF_TEST(no host is none of the hosts and not even any) {
  auto any = with([](auto& x) { x.host = {"*"}; });
  CAF_CHECK(any.holds(&sample_request::host, "localhost"));
  CAF_CHECK(any.holds(&sample_request::host, "[::1]"));
  CAF_CHECK(!any.holds(&sample_request::host, ""));
  auto empty = with([](auto& x) { x.host = {""}; });
  CAF_CHECK(!empty.holds(&sample_request::host, ""));
}

CAF_TEST(path is exact) {
  auto path = with([](auto& x) { x.path = {"/health", "*"}; });
  CAF_CHECK(path.holds(&sample_request::path, "/health"));
  CAF_CHECK(path.holds(&sample_request::path, "*"));
  for (const auto other :
       {"/health/", "/healt", "/healthy", "/Health", "/", ""})
    CAF_CHECK(!path.holds(&sample_request::path, other));
}

CAF_TEST(path prefix counts whole segments) {
  const auto path = &sample_request::path;
  for (const auto written : {"/v1", "/v1/"}) {
    auto prefix = with([&](auto& x) { x.path_prefix = {written}; });
    for (const auto below : {"/v1", "/v1/", "/v1/x", "/v1/x/y"})
      CAF_CHECK(prefix.holds(path, below));
    for (const auto other : {"/v1x", "/v", "/", "/V1", "/x/v1", "*", ""})
      CAF_CHECK(!prefix.holds(path, other));
  }
  auto root = with([](auto& x) { x.path_prefix = {"/"}; });
  CAF_CHECK(root.holds(path, "/"));
  CAF_CHECK(root.holds(path, "/x"));
  CAF_CHECK(!root.holds(path, "*"));
  auto deep = with([](auto& x) { x.path_prefix = {"/a/b/c", "/a"}; });
  CAF_CHECK(deep.holds(path, "/a/b"));
  CAF_CHECK(!deep.holds(path, "/ab"));
}

CAF_TEST(path regex is found anywhere unless anchored) {
  const auto path = &sample_request::path;
  auto found = with([](auto& x) { x.path_regex = {"user/[0-9]+$", "%C3"}; });
  CAF_CHECK(found.holds(path, "/x/user/12"));
  CAF_CHECK(!found.holds(path, "/x/user/12a"));
  CAF_CHECK(found.holds(path, "/%c3"));
  auto anchored = with([](auto& x) { x.path_regex = {"^/user/[0-9]+$"}; });
  CAF_CHECK(anchored.holds(path, "/user/1"));
  CAF_CHECK(!anchored.holds(path, "/x/user/1"));
  sample_request with_query;
  with_query.path = "/user/1";
  with_query.query = "x";
  CAF_CHECK(anchored.holds(with_query));
  auto bad = with([](auto& x) { x.path_regex = {"(", "(?=x)"}; });
  CAF_CHECK(!bad.holds(path, "/("));
  CAF_CHECK(!regex_problem("(?=x)").empty());
  CAF_CHECK(regex_problem("^/x").empty());
}

CAF_TEST(a regex reads bytes) {
  auto dots = with([](auto& x) {
    x.header = {{"User-Agent", {{kind::regex, "^.*bot$"}}}};
  });
  CAF_CHECK(dots.holds_with({{"User-Agent", "a bot"}}));
  CAF_CHECK(dots.holds_with({{"User-Agent", "\xff\xfe bot"}}));
  auto text = with([](auto& x) {
    x.header = {{"X", {{kind::regex, "^caf\xc3\xa9$"}}}};
  });
  CAF_CHECK(text.holds_with({{"X", "caf\xc3\xa9"}}));
  CAF_CHECK(!text.holds_with({{"X", "caf\xe9"}}));
}

CAF_TEST(method is exact and HEAD is not GET) {
  auto method = with([](auto& x) { x.method = {"GET", "PURGE"}; });
  CAF_CHECK(method.holds(&sample_request::method, "GET"));
  CAF_CHECK(method.holds(&sample_request::method, "PURGE"));
  for (const auto other : {"HEAD", "get", "POST", ""})
    CAF_CHECK(!method.holds(&sample_request::method, other));
}

CAF_TEST(a header value is exact in any line of the name) {
  auto header = with([](auto& x) {
    x.header = {{"X-Canary", {{kind::exact, "1"}}}};
  });
  CAF_CHECK(header.holds_with({{"X-Canary", "1"}}));
  CAF_CHECK(header.holds_with({{"x-cANARY", "1"}}));
  CAF_CHECK(
    header.holds_with({{"X-Canary", "0"}, {"A", "b"}, {"X-Canary", "1"}}));
  CAF_CHECK(!header.holds_with({{"X-Canary", "0, 1"}}));
  CAF_CHECK(!header.holds_with({{"X-Canary", "11"}}));
  CAF_CHECK(!header.holds_with({{"X-Canar", "1"}, {"X-Canaryy", "1"}}));
  CAF_CHECK(!header.holds_with({{"X_Canary", "1"}}));
  CAF_CHECK(!header.holds_with({}));
  auto letters = with([](auto& x) {
    x.header = {{"X", {{kind::exact, "Yes"}}}};
  });
  CAF_CHECK(!letters.holds_with({{"X", "yes"}}));
}

CAF_TEST(a header is matched by a regex or by being there) {
  auto bot = with([](auto& x) {
    x.header = {{"User-Agent", {{kind::regex, "bot"}}}};
  });
  CAF_CHECK(bot.holds_with({{"user-agent", "a robot"}}));
  CAF_CHECK(bot.holds_with({{"User-Agent", "a"}, {"User-Agent", "bot"}}));
  CAF_CHECK(!bot.holds_with({{"User-Agent", "BOT"}}));
  auto present = with([](auto& x) {
    x.header = {{"X", {{kind::present, ""}}}};
  });
  CAF_CHECK(present.holds_with({{"x", ""}}));
  CAF_CHECK(!present.holds_with({{"y", "1"}}));
  auto absent = with([](auto& x) { x.header = {{"X", {{kind::absent, ""}}}}; });
  CAF_CHECK(!absent.holds_with({{"x", ""}}));
  CAF_CHECK(absent.holds_with({{"y", "1"}}));
  auto either = with([](auto& x) {
    x.header = {{"X", {{kind::exact, "1"}, {kind::absent, ""}}}};
  });
  CAF_CHECK(either.holds_with({{"X", "1"}}));
  CAF_CHECK(either.holds_with({{"Y", "2"}}));
  CAF_CHECK(!either.holds_with({{"X", "2"}}));
}

CAF_TEST(all names of headers and queries and cookies must hold) {
  auto headers = with([](auto& x) {
    x.header = {{"A", {{kind::exact, "1"}}}, {"B", {{kind::exact, "2"}}}};
  });
  CAF_CHECK(headers.holds_with({{"B", "2"}, {"A", "1"}}));
  CAF_CHECK(!headers.holds_with({{"A", "1"}}));
  auto queries = with([](auto& x) {
    x.query = {{"a", {"1"}}, {"b", {"2", "3"}}};
  });
  CAF_CHECK(queries.holds(&sample_request::query, "b=3&a=1"));
  CAF_CHECK(!queries.holds(&sample_request::query, "a=1&b=1"));
  auto cookies = with([](auto& x) {
    x.cookie = {{"a", {"1"}}, {"b", {"2", "3"}}};
  });
  CAF_CHECK(cookies.holds_with({{"Cookie", "b=3; a=1"}}));
  CAF_CHECK(!cookies.holds_with({{"Cookie", "a=1"}}));
}

CAF_TEST(a query value is any of the name decoded once) {
  const auto query = &sample_request::query;
  auto version = with([](auto& x) { x.query = {{"version", {"2"}}}; });
  for (const auto good :
       {"version=2", "a=b&version=2", "version=1&version=2", "version=%32",
        "%76ersion=2", "&&version=2&", "version=2&version=1"})
    CAF_CHECK(version.holds(query, good));
  for (const auto bad :
       {"", "version", "version=", "version=22", "version=%2532", "Version=2",
        "version=2;a", "a=version=2", "version=2%", "version=2=", "version%3D2",
        "a%26version=2", " version=2"})
    CAF_CHECK(!version.holds(query, bad));
  auto odd = with([](auto& x) {
    x.query = {{"q", {"a+b", "a=b", "", "%", "%4", "\xff", "\0"s, "a&b"}}};
  });
  for (const auto good : {"q=a+b", "q=a%2Bb", "q=a=b", "q=a%3db", "q", "q=",
                          "q=%", "q=%4", "q=%25", "q=%FF", "q=%00", "q=a%26b"})
    CAF_CHECK(odd.holds(query, good));
  for (const auto bad : {"q=a%20b", "q=a b", "q=%%", "q=%zz", "q=a&b", "="})
    CAF_CHECK(!odd.holds(query, bad));
}

CAF_TEST(of a cookie the first one counts) {
  auto beta = with([](auto& x) { x.cookie = {{"beta", {"1"}}}; });
  CAF_CHECK(beta.holds_with({{"cookie", "a=b; beta=1;beta=2"}}));
  CAF_CHECK(beta.holds_with({{"Cookie", "a=b"}, {"Cookie", "beta=1"}}));
  CAF_CHECK(beta.holds_with({{"Cookie", "\t beta\t = 1 \t; c"}}));
  CAF_CHECK(beta.holds_with({{"Cookie", "beta; beta=1"}}));
  for (const auto bad :
       {"beta=2; beta=1", "Beta=1", "beta=\"1\"", "beta=%31", "xbeta=1", "beta",
        "beta=", "a=beta=1", "a=\"; beta=2; beta=1\""})
    CAF_CHECK(!beta.holds_with({{"Cookie", bad}}));
  CAF_CHECK(!beta.holds_with({{"Cookie", "beta=2"}, {"Cookie", "beta=1"}}));
  CAF_CHECK(!beta.holds_with({{"Cookies", "beta=1"}}));
}

CAF_TEST(client is in a network) {
  auto networks = with([](auto& x) {
    x.client = {"10.0.0.0/8", "2001:db8::/32"};
  });
  const auto from = [&](const char* address) {
    sample_request request;
    request.client = troupe::endpoint::parse_ip(address, 4711);
    return networks.holds(request);
  };
  CAF_CHECK(from("10.1.2.3"));
  CAF_CHECK(from("::ffff:10.1.2.3"));
  CAF_CHECK(from("2001:db8::7"));
  CAF_CHECK(!from("192.0.2.1"));
  CAF_CHECK(!from("2001:db9::"));
  sample_request unknown;
  unknown.client.reset();
  CAF_CHECK(!networks.holds(unknown));
}

CAF_TEST(scheme is http or https) {
  auto https = with([](auto& x) { x.scheme = {scheme::https}; });
  sample_request request;
  CAF_CHECK(!https.holds(request));
  request.scheme = scheme::https;
  CAF_CHECK(https.holds(request));
}

CAF_TEST(a stream is known by its name and protocols and TLS) {
  auto sni = with([](auto& x) { x.sni = {"db.example.com", "*.b.org"}; });
  CAF_CHECK(sni.holds(&sample_request::sni, "db.example.com"));
  CAF_CHECK(sni.holds(&sample_request::sni, "x.y.b.org"));
  CAF_CHECK(!sni.holds(&sample_request::sni, "b.org"));
  CAF_CHECK(!sni.holds(&sample_request::sni, ""));
  auto alpn = with([](auto& x) { x.alpn = {"h2", "imap"}; });
  sample_request request;
  CAF_CHECK(!alpn.holds(request));
  request.alpn = {"http/1.1", "h2"};
  CAF_CHECK(alpn.holds(request));
  request.alpn = {"H2"};
  CAF_CHECK(!alpn.holds(request));
  auto tls = with([](auto& x) { x.tls = true; });
  auto clear = with([](auto& x) { x.tls = false; });
  CAF_CHECK(!tls.holds(request));
  CAF_CHECK(clear.holds(request));
  request.is_tls = true;
  CAF_CHECK(tls.holds(request));
  CAF_CHECK(!clear.holds(request));
}

CAF_TEST(different keys must all hold) {
  auto all = with([](auto& x) {
    x.host = {"a.org", "*.a.org"};
    x.path = {"/p/q"};
    x.path_prefix = {"/p", "/r"};
    x.path_regex = {"q$"};
    x.method = {"GET"};
    x.header = {{"H", {{kind::exact, "1"}}}};
    x.query = {{"q", {"1"}}};
    x.cookie = {{"c", {"1"}}};
    x.client = {"192.0.2.0/24"};
    x.scheme = {scheme::http};
    x.sni = {"a.org"};
    x.alpn = {"h2"};
    x.tls = true;
  });
  sample_request good;
  good.host = "a.org";
  good.path = "/p/q";
  good.query = "q=1";
  good.headers = {{"H", "1"}, {"Cookie", "c=1"}};
  good.sni = "a.org";
  good.alpn = {"h2"};
  good.is_tls = true;
  CAF_CHECK(all.holds(good));
  const std::vector<std::function<void(sample_request&)>> spoilers{
    [](auto& x) { x.host = "b.org"; },
    [](auto& x) { x.path = "/p/x/q"; },
    [](auto& x) { x.method = "POST"; },
    [](auto& x) { x.headers.pop_back(); },
    [](auto& x) { x.headers[0].value = "2"; },
    [](auto& x) { x.query = ""; },
    [](auto& x) { x.client.reset(); },
    [](auto& x) { x.scheme = scheme::https; },
    [](auto& x) { x.sni = ""; },
    [](auto& x) { x.alpn.clear(); },
    [](auto& x) { x.is_tls = false; },
  };
  for (const auto& spoil : spoilers) {
    auto request = good;
    spoil(request);
    CAF_CHECK(!all.holds(request));
  }
}

CAF_TEST(a block under not holds as a whole or not ) {
  auto both = with([](auto& x) {
    conditions block;
    block.client = {"192.0.2.0/24"};
    block.method = {"GET"};
    x.none_of = {block};
  });
  sample_request request;
  CAF_CHECK(!both.holds(request));
  request.method = "POST";
  CAF_CHECK(both.holds(request));
  request.method = "GET";
  request.client = troupe::endpoint::parse_ip("10.0.0.1", 0);
  CAF_CHECK(both.holds(request));
  auto list = with([](auto& x) {
    x.none_of.resize(2);
    x.none_of[0].client = {"192.0.2.0/24"};
    x.none_of[1].method = {"GET"};
  });
  CAF_CHECK(!list.holds(request));
  request.method = "POST";
  CAF_CHECK(list.holds(request));
}

CAF_TEST(an empty block under not always holds and so its route never matches) {
  auto never = with([](auto& x) { x.none_of.resize(1); });
  CAF_CHECK(!never.holds(sample_request{}));
}
