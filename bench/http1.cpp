// SPDX-License-Identifier: BSD-3-Clause

// Cost of one head, parsed and written, in nanoseconds. Rounds are short, so
// that the best one has seen no other process.
#include "net/http1/chunk_scanner.hpp"
#include "net/http1/forward.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

using namespace troupe;
using namespace troupe::net::http1;

namespace {

constexpr std::string_view small_request =
  "GET /api/items/42 HTTP/1.1\r\nHost: t.example\r\n\r\n";

constexpr std::string_view browser_request =
  "GET /shop/catalogue/shoes?page=3&sort=price HTTP/1.1\r\n"
  "Host: www.shop.example\r\n"
  "Connection: keep-alive\r\n"
  "Cache-Control: max-age=0\r\n"
  "sec-ch-ua: \"Chromium\";v=\"126\", \"Not)A;Brand\";v=\"8\"\r\n"
  "sec-ch-ua-mobile: ?0\r\n"
  "sec-ch-ua-platform: \"Linux\"\r\n"
  "Upgrade-Insecure-Requests: 1\r\n"
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, "
  "like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n"
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,"
  "image/avif,image/webp,*/*;q=0.8\r\n"
  "Sec-Fetch-Site: same-origin\r\n"
  "Sec-Fetch-Mode: navigate\r\n"
  "Accept-Encoding: gzip, deflate, br\r\n"
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
  "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark\r\n"
  "\r\n";

constexpr std::string_view small_response =
  "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/plain\r\n"
  "Content-Length: 13\r\n\r\n";

/// Prints the best of several rounds: the least disturbed one.
template <class Work>
void measure(const char* name, size_t bytes, Work work) {
  constexpr int rounds = 400;
  constexpr int times = 1000;
  double best = 1e18;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i)
      work();
    const std::chrono::duration<double, std::nano> took =
      std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / times);
  }
  std::printf("%-34s %5zu bytes %8.1f ns\n", name, bytes, best);
}

void require(bool condition) {
  if (!condition)
    std::abort();
}

void measure_request(const char* name, std::string_view bytes) {
  auto head = std::make_unique<request_head>();
  measure(name, bytes.size(), [&] {
    require(parse_request(bytes, {}, *head) == parse_status::done);
  });
  const forward_rules rules{};
  const forward_context context{"192.0.2.1", false, "http", "0123456789ab"};
  std::array<char, 4096> out;
  measure("  write_request", bytes.size(), [&] {
    require(request_size_max(*head, rules, context) <= out.size());
    require(write_request(*head, rules, context, out) > 0);
  });
}

void measure_response() {
  auto head = std::make_unique<response_head>();
  measure("parse_response small", small_response.size(), [&] {
    require(parse_response(small_response, {}, false, *head)
            == parse_status::done);
  });
  std::array<char, 1024> out;
  measure("  write_response", small_response.size(),
          [&] { require(write_response(*head, {}, {}, out) > 0); });
}

void measure_chunks() {
  std::string body;
  for (int i = 0; i < 16; ++i)
    body += "400\r\n" + std::string(1024, 'x') + "\r\n";
  body += "0\r\n\r\n";
  chunk_scanner scanner;
  measure("chunk_scanner, 16 chunks of 1 KiB", body.size(), [&] {
    scanner.reset();
    require(scanner.scan(body).status == chunk_scanner::status::done);
  });
}

} // namespace

int main() {
  measure_request("parse_request small", small_request);
  measure_request("parse_request browser", browser_request);
  measure_response();
  measure_chunks();
}
