// SPDX-License-Identifier: BSD-3-Clause

// Nanoseconds of processor time for a match in tables of several sizes, each
// request for another of their routes. Rule 122 has the limits: 1 µs, and not
// twice as much in the largest table as in the smallest. The last lines show
// what grows, as their routes lie in one place.
#include "core/routing/matcher.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace troupe::routing;

constexpr std::array<uint32_t, 4> sizes{1, 100, 1'000, 10'000};

/// A text with a number of five digits in it, written anew for each request as
/// a head is: it is in the cache, and the table need not be.
class numbered {
public:
  explicit numbered(std::string text)
    : text_(std::move(text)), at_(text_.find("00000")) {}

  std::string_view with(uint32_t number) {
    if (at_ != text_.npos)
      for (size_t i = at_ + 5; i > at_; number /= 10)
        text_[--i] = static_cast<char>('0' + number % 10);
    return text_;
  }

private:
  std::string text_;
  size_t at_;
};

struct row {
  const char* name;
  uint32_t largest; ///< table that is measured
  // Of one route; what is empty is no condition.
  const char* host;
  const char* path;
  const char* prefix;
  const char* regex;
  bool header; ///< X-Tenant is the number
  // Of a request.
  const char* sent_host;
  const char* sent_path;
};

constexpr std::array<row, 11> rows{{
  {"hosts", 10'000, "h00000.example.com", "", "", "", false,
   "h00000.example.com", "/api/v1/users/42"},
  {"hosts by wildcard", 10'000, "*.h00000.example.com", "", "", "", false,
   "a.h00000.example.com", "/api/v1/users/42"},
  {"paths on one host", 10'000, "example.com", "/api/v00000/status", "", "",
   false, "example.com", "/api/v00000/status"},
  {"prefixes on one host", 10'000, "example.com", "", "/api/v00000", "", false,
   "example.com", "/api/v00000/users/42"},
  {"prefixes on any host", 10'000, "", "", "/api/v00000", "", false,
   "example.com", "/api/v00000/users/42"},
  {"hosts, each a prefix", 10'000, "h00000.example.com", "", "/api", "", false,
   "h00000.example.com", "/api/v1/users/42"},
  {"... an encoded slash", 10'000, "h00000.example.com", "", "/api", "", false,
   "h00000.example.com", "/api/v1/users%2F42"},
  {"... none matches", 10'000, "h00000.example.com", "", "/api", "", false,
   "h00000.example.com", "/other/v1/users/42"},
  {"hosts, each a regex", 1'000, "h00000.example.com", "", "",
   "^/api/v[0-9]+/users/[0-9]+$", false, "h00000.example.com",
   "/api/v1/users/42"},
  {"in one place: headers", 100, "example.com", "", "", "", true, "example.com",
   "/api/v1/users/42"},
  {"in one place: regexes", 100, "example.com", "", "",
   "^/api/v00000/users/[0-9]+$", false, "example.com", "/api/v00000/users/42"},
}};

std::vector<conditions> make_table(const row& how, uint32_t size) {
  numbered host{how.host};
  numbered path{how.path};
  numbered prefix{how.prefix};
  numbered regex{how.regex};
  std::vector<conditions> result(size);
  for (uint32_t i = 0; i < size; ++i) {
    const auto add = [&](auto& to, numbered& text) {
      if (const auto value = text.with(i); !value.empty())
        to.emplace_back(value);
    };
    add(result[i].host, host);
    add(result[i].path, path);
    add(result[i].path_prefix, prefix);
    add(result[i].path_regex, regex);
    if (how.header)
      result[i].header = {
        {"X-Tenant", {{header_test::kind::exact, std::to_string(10'000 + i)}}}};
  }
  return result;
}

/// This thread's processor time: what else runs on the machine must not count.
double cpu_ns() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9
       + static_cast<double>(now.tv_nsec);
}

double ns_per_match(const row& how, uint32_t size) {
  matcher routes{make_table(how, size)};
  numbered host{how.sent_host};
  numbered path{how.sent_path};
  std::array<header_line, 6> lines{{{"User-Agent", "Mozilla/5.0"},
                                    {"Accept", "*/*"},
                                    {"Accept-Encoding", "gzip"},
                                    {"Cookie", "session=0123456789abcdef"},
                                    {"X-Tenant", ""},
                                    {"X-Request-Id", "0123456789abcdef"}}};
  request_view request;
  request.method = "GET";
  request.headers = header_lines{std::span<const header_line>{lines}};
  uint64_t random = 122;
  uint64_t sum = 0;
  const auto ask = [&](uint32_t count) {
    std::string tenant;
    while (count-- > 0) {
      random = random * 6364136223846793005ull + 1442695040888963407ull;
      const auto number = static_cast<uint32_t>(((random >> 32) * size) >> 32);
      request.host = host.with(number);
      request.path = path.with(number);
      if (how.header) {
        tenant = std::to_string(10'000 + number);
        lines[4].value = tenant;
      }
      sum += routes.match(request).a;
    }
  };
  ask(20'000);
  constexpr uint32_t matches = 300'000;
  const auto start = cpu_ns();
  ask(matches);
  const auto took = cpu_ns() - start;
  if (sum == 0 && size > 1)
    std::printf("(always the first route)");
  return took / matches;
}

} // namespace

int main() {
  std::printf("ns per match\n%-22s", "routes");
  for (const auto size : sizes)
    std::printf("%8u", size);
  for (const auto& how : rows) {
    std::printf("\n%-22s", how.name);
    for (const auto size : sizes)
      if (size <= how.largest)
        std::printf("%8.0f", ns_per_match(how, size));
    std::fflush(stdout);
  }
  std::printf("\n");
}
