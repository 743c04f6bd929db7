// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE core_routing_path_readings
#include "caf_test.hpp"

#include "core/routing/path_readings.hpp"

#include <array>
#include <chrono>
#include <random>
#include <string>
#include <vector>

using namespace troupe::routing;
using namespace std::literals;

namespace {

constexpr auto unreserved =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"sv;
constexpr auto reserved = "!$&'()*+,;=:@"sv;

std::string encoded(unsigned char c) {
  constexpr auto digits = "0123456789ABCDEF"sv;
  return {'%', digits[c / 16], digits[c % 16]};
}

/// The byte of a triplet, or -1.
int byte_at(const std::string& text, size_t i) {
  if (text.size() - i < 3 || text[i] != '%'
      || !std::isxdigit(static_cast<unsigned char>(text[i + 1]))
      || !std::isxdigit(static_cast<unsigned char>(text[i + 2])))
    return -1;
  return std::stoi(text.substr(i + 1, 2), nullptr, 16);
}

/// Reading A as the header has it, step by step.
std::string slow_a(const std::string& path) {
  std::string text;
  for (size_t i = 0; i < path.size(); ++i) {
    const int byte = byte_at(path, i);
    const char c = byte < 0 ? path[i] : static_cast<char>(byte);
    const bool plain = unreserved.find(c) != unreserved.npos;
    const bool may_stand =
      plain || c == '/' || reserved.find(c) != reserved.npos;
    if (byte < 0 ? may_stand : plain)
      text += c;
    else
      text += encoded(static_cast<unsigned char>(c));
    i += byte < 0 ? 0 : 2;
  }
  std::vector<std::string> segments{""};
  for (const char c : text)
    if (c == '/')
      segments.emplace_back();
    else
      segments.back() += c;
  std::vector<std::string> kept;
  for (const auto& x : segments)
    if (x == ".." && !kept.empty())
      kept.pop_back();
    else if (x != ".." && x != "." && !x.empty())
      kept.push_back(x);
  std::string result;
  for (const auto& x : kept)
    result += "/" + x;
  const auto& last = segments.back();
  if (result.empty() || last.empty() || last == "." || last == "..")
    result += "/";
  return result;
}

/// Reading B likewise: one triplet after the other, in any order.
std::string slow_b(std::string path) {
  for (bool again = true; again;) {
    again = false;
    for (size_t i = 0; i < path.size() && !again; ++i) {
      const int byte = byte_at(path, i);
      const char c = static_cast<char>(byte);
      if (byte >= 0
          && ((std::string{unreserved} + std::string{reserved}).find(c)
                != std::string::npos
              || "/\\%\0"s.find(c) != std::string::npos)) {
        path.replace(i, 3, 1, c);
        again = true;
      }
    }
  }
  path = path.substr(0, path.find('\0'));
  for (auto& c : path)
    if (c == '\\')
      c = '/';
  for (auto i = path.find(';'); i != path.npos; i = path.find(';'))
    path.erase(i, std::min(path.find('/', i), path.size()) - i);
  return slow_a(path);
}

struct readings {
  std::string a;
  std::string b;
};

readings read(const std::string& path) {
  std::string buffer(readings_bytes(path.size()), '?');
  const auto result = read_path(path, buffer).value();
  return {std::string{result.a}, std::string{result.b}};
}

struct example {
  std::string sent;
  std::string a;
  std::string b;
};

void check(const std::vector<example>& examples) {
  for (const auto& x : examples) {
    const auto found = read(x.sent);
    CAF_MESSAGE("sent " << x.sent);
    CAF_CHECK_EQUAL(found.a, x.a);
    CAF_CHECK_EQUAL(found.b, x.b);
  }
}

} // namespace

CAF_TEST(almost every path is its own reading and needs no buffer) {
  for (const auto path :
       {"/"sv, "/a"sv, "/a/"sv, "/v1/users/42"sv, "/a.b/c~d-e_f"sv,
        "/@scope/x:y"sv, "/a!$&'()*+,=b"sv, "*"sv, ""sv, "no/slash"sv}) {
    const auto result = read_path(path, {});
    CAF_REQUIRE(result.has_value());
    CAF_CHECK(result->a.data() == path.data() && result->a == path);
    CAF_CHECK(result->b.data() == path.data() && result->b == path);
  }
}

CAF_TEST(a path that must be read needs the buffer it was told) {
  std::string buffer(readings_bytes(3), '\0');
  CAF_CHECK(read_path("/.a", buffer).has_value());
  buffer.pop_back();
  CAF_CHECK(!read_path("/.a", buffer).has_value());
  // The most that a path can grow to, in both readings.
  const std::string path = "/" + std::string(99, '\xff');
  buffer.assign(readings_bytes(path.size()), '\0');
  const auto result = read_path(path, buffer).value();
  CAF_CHECK_EQUAL(result.a.size(), 1u + 3u * 99u);
  CAF_CHECK(result.a == result.b);
}

CAF_TEST(reading A is the normal form of RFC 3986) {
  check({
    {"/%61%2D%2e%5F%7e", "/a-._~", "/a-._~"},
    {"/%7euser", "/~user", "/~user"},
    {"//a///b//", "/a/b/", "/a/b/"},
    {"/a/./b/../c", "/a/c", "/a/c"},
    {"/a//../b", "/b", "/b"},
    {"/a/.", "/a/", "/a/"},
    {"/a/..", "/", "/"},
    {"/..", "/", "/"},
    {"/../../a", "/a", "/a"},
    {"/.a/..b/...", "/.a/..b/...", "/.a/..b/..."},
    {"/%2e%2E/a", "/a", "/a"},
    {"/caf%c3%a9", "/caf%C3%A9", "/caf%C3%A9"},
    {"/caf\xc3\xa9", "/caf%C3%A9", "/caf%C3%A9"},
    {"/a b\"<>^`{|}", "/a%20b%22%3C%3E%5E%60%7B%7C%7D",
     "/a%20b%22%3C%3E%5E%60%7B%7C%7D"},
    {"/100%", "/100%25", "/100%25"},
    {"/100%25", "/100%25", "/100%25"},
    {"/50%25off", "/50%25off", "/50%25off"},
    {"/%zz%4", "/%25zz%254", "/%25zz%254"},
    {"/what%3f%23", "/what%3F%23", "/what%3F%23"},
    {"/%ff%fe", "/%FF%FE", "/%FF%FE"},
  });
}

CAF_TEST(reading B is what the most lenient server makes of it) {
  check({
    {"/a%2fb", "/a%2Fb", "/a/b"},
    {"/a%252Fb", "/a%252Fb", "/a/b"},
    {"/a%25252fb", "/a%25252fb", "/a/b"},
    {"/a%5cb", "/a%5Cb", "/a/b"},
    {"/a\\b", "/a%5Cb", "/a/b"},
    {"/a%255Cb", "/a%255Cb", "/a/b"},
    {"/a%%35cb", "/a%255cb", "/a/b"},
    {"/a%25%35%63b", "/a%255cb", "/a/b"},
    {"/a%2%46b", "/a%252Fb", "/a/b"},
    {"/a;x=1/b;y", "/a;x=1/b;y", "/a/b"},
    {"/a%3bx/b", "/a%3Bx/b", "/a/b"},
    {"/a;x%2fb", "/a;x%2Fb", "/a/b"},
    {"/;/a", "/;/a", "/a"},
    {"/a/..;/b", "/a/..;/b", "/b"},
    {"/a/..%5cb", "/a/..%5Cb", "/b"},
    {"/a/%252e%252E/b", "/a/%252e%252E/b", "/b"},
    {"/%40scope", "/%40scope", "/@scope"},
    {"/a%00.png", "/a%00.png", "/a"},
    {"/a%2500.png", "/a%2500.png", "/a"},
    {"/group%2Fname", "/group%2Fname", "/group/name"},
  });
}

CAF_TEST(the examples of the page on routing are true) {
  check({
    {"/admin/x", "/admin/x", "/admin/x"},
    {"//admin", "/admin", "/admin"},
    {"/x/../admin", "/admin", "/admin"},
    {"/%61dmin", "/admin", "/admin"},
    {"/x/%2e%2e/admin", "/admin", "/admin"},
    {"/admin%2fx", "/admin%2Fx", "/admin/x"},
    {"/public/..%2fadmin", "/public/..%2Fadmin", "/admin"},
    {"/x/%252e%252e/admin", "/x/%252e%252e/admin", "/admin"},
    {"/admin%25%32%66x", "/admin%252fx", "/admin/x"},
    {"/admin%%32%66x", "/admin%252fx", "/admin/x"},
    {"/x\\..\\admin", "/x%5C..%5Cadmin", "/admin"},
    {"/x/..%5cadmin", "/x/..%5Cadmin", "/admin"},
    {"/admin;x=1", "/admin;x=1", "/admin"},
    {"/x/..;/admin", "/x/..;/admin", "/admin"},
    {"/x/..%3b/admin", "/x/..%3B/admin", "/admin"},
    {"/admin%00.png", "/admin%00.png", "/admin"},
    {"/Admin", "/Admin", "/Admin"},
    {"/admin/../x", "/x", "/x"},
    {"/x/%c0%ae%c0%ae/admin", "/x/%C0%AE%C0%AE/admin", "/x/%C0%AE%C0%AE/admin"},
    {"/group%2Fname", "/group%2Fname", "/group/name"},
    {"/100%", "/100%25", "/100%25"},
  });
}

CAF_TEST(both readings are what the rule says step by step) {
  constexpr std::array<std::string_view, 30> parts{
    "/",  "/",   "/",   "a",    "B",   "..",   ".",   "%2f", "%2F", "%5c",
    "\\", "%2e", "%25", "%32",  "%66", "%46",  "%61", ";",   "%3B", "%",
    "2",  "f",   "%00", "\xff", "%C3", "%252", "{",   "%7b", "%3f", "@"};
  std::mt19937 random{121};
  for (unsigned round = 0; round < 100'000; ++round) {
    std::string path = "/";
    for (auto i = random() % 12; i > 0; --i)
      path += parts[random() % parts.size()];
    const auto found = read(path);
    if (found.a != slow_a(path) || found.b != slow_b(path))
      CAF_FAIL("of " << path << ": " << found.a << " and " << found.b);
    const auto again_a = read(found.a);
    const auto again_b = read(found.b);
    if (again_a.a != found.a || again_b.a != found.b || again_b.b != found.b)
      CAF_FAIL("of " << path << ": not in normal form");
  }
}

CAF_TEST(a long path takes time in proportion to its length) {
  const auto times = [](std::string_view text, size_t count) {
    std::string path = "/";
    while (count-- > 0)
      path += text;
    return path;
  };
  // In time squared these take hours.
  CAF_CHECK_EQUAL(read("/%" + times("25", 1'000'000).substr(1) + "2f").b, "/");
  CAF_CHECK_EQUAL(read(times("a/", 500'000) + times("../", 500'000)).a, "/");
  CAF_CHECK_EQUAL(read(times(";", 1'000'000)).b, "/");
  CAF_CHECK_EQUAL(read(times("%2e%2e%2f", 300'000)).b, "/");
}

CAF_TEST(a path of a configuration is its own reading A and B) {
  for (const auto path :
       {"/", "/a", "/a/", "/.well-known/x", "/@scope", "/caf%C3%A9", "/100%25",
        "/a%20b", "/what%3F", "*", "/%7Bid%7D"})
    CAF_CHECK(check_written_path(path).good);
  const std::vector<example> bad{
    {"", "", ""},
    {"a", "a", "a"},
    {"/a//b", "/a/b", "/a/b"},
    {"/a/../b", "/b", "/b"},
    {"/%61", "/a", "/a"},
    {"/a b", "/a%20b", "/a%20b"},
    {"/caf\xc3\xa9", "/caf%C3%A9", "/caf%C3%A9"},
    {"/caf%c3%a9", "/caf%C3%A9", "/caf%C3%A9"},
    {"/a?b", "/a%3Fb", "/a%3Fb"},
    {"/100%", "/100%25", "/100%25"},
    {"/%40scope", "/%40scope", "/@scope"},
    {"/a%2Fb", "/a%2Fb", "/a/b"},
    {"/a;b", "/a;b", "/a"},
    {"/a\\b", "/a%5Cb", "/a/b"},
  };
  for (const auto& x : bad) {
    const auto found = check_written_path(x.sent);
    CAF_CHECK(!found.good);
    CAF_CHECK_EQUAL(found.a, x.a);
    CAF_CHECK_EQUAL(found.b, x.b);
  }
}
