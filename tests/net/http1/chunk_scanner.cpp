// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_chunk_scanner
#include "caf_test.hpp"

#include "core/settings.hpp"
#include "net/http1/chunk_scanner.hpp"
#include "net/http1/rules.hpp"

#include <vector>

using namespace troupe::net::http1;

namespace {

using status = chunk_scanner::status;
using output = chunk_scanner::output;

struct relayed {
  status end = status::more;
  std::string sent;
  uint64_t data_bytes = 0;
  size_t consumed = 0;
};

/// Feeds one piece, as often as the contract asks for.
void feed(chunk_scanner& scanner, std::string_view piece, relayed& to) {
  while (!piece.empty() && to.end == status::more) {
    const auto step = scanner.scan(piece);
    to.end = step.status;
    if (step.status == status::bad)
      return;
    CAF_REQUIRE(step.consumed > 0);
    to.sent += step.forward;
    to.data_bytes += step.data_bytes;
    to.consumed += step.consumed;
    piece.remove_prefix(step.consumed);
  }
}

relayed relay(std::string_view bytes, size_t cut = std::string_view::npos,
              output form = output::chunked) {
  chunk_scanner scanner{form};
  relayed result;
  feed(scanner, bytes.substr(0, cut), result);
  if (cut < bytes.size())
    feed(scanner, bytes.substr(cut), result);
  return result;
}

relayed relay_bytewise(std::string_view bytes, output form) {
  chunk_scanner scanner{form};
  relayed result;
  for (size_t i = 0; i < bytes.size(); ++i)
    feed(scanner, bytes.substr(i, 1), result);
  return result;
}

bool is_bad(std::string_view bytes) {
  return relay(bytes).end == status::bad
      && relay_bytewise(bytes, output::chunked).end == status::bad;
}

struct sample {
  std::string bytes;
  std::string sent;
  std::string data;
};

const std::vector<sample> samples{
  {"0\r\n\r\n", "0\r\n\r\n", ""},
  {"5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "hello"},
  {"5;a=b;c=\"d e\"\r\nhello\r\nA \t;x\r\n0123456789\r\n000;z\r\n\r\n",
   "5\r\nhello\r\nA\r\n0123456789\r\n000\r\n\r\n", "hello0123456789"},
  {"1 \r\n\r\r\n0\r\nX-Sum: abc\r\nContent-Length: 50\r\ncontent_length: "
   "1\r\nY:\r\n\r\n",
   "1\r\n\r\r\n0\r\nX-Sum: abc\r\nY:\r\n\r\n", "\r"},
  {"2\r\n\r\n\r\n0\r\nHost: evil\r\n\r\n", "2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
};

} // namespace

CAF_TEST(every split of a body sends the same bytes) {
  for (const auto& [bytes, sent, data] : samples) {
    for (const auto form : {output::chunked, output::data}) {
      const auto& wanted = form == output::chunked ? sent : data;
      for (size_t cut = 0; cut <= bytes.size(); ++cut) {
        const auto got = relay(bytes, cut, form);
        CAF_REQUIRE(got.end == status::done);
        CAF_REQUIRE_EQUAL(got.sent, wanted);
        CAF_REQUIRE_EQUAL(got.data_bytes, data.size());
        CAF_REQUIRE_EQUAL(got.consumed, bytes.size());
      }
      const auto got = relay_bytewise(bytes, form);
      CAF_CHECK(got.end == status::done);
      CAF_CHECK_EQUAL(got.sent, wanted);
    }
  }
}

CAF_TEST(the bytes behind the last chunk are left alone) {
  const auto got = relay("0\r\n\r\nGET / HTTP/1.1\r\n");
  CAF_CHECK(got.end == status::done);
  CAF_CHECK_EQUAL(got.consumed, 5u);
}

CAF_TEST(a plain body passes in one call) {
  const std::string_view bytes = "5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n";
  chunk_scanner scanner;
  const auto step = scanner.scan(bytes);
  CAF_CHECK(step.status == status::done);
  CAF_CHECK(step.forward.data() == bytes.data());
  CAF_CHECK_EQUAL(step.forward.size(), bytes.size());
  CAF_CHECK_EQUAL(step.data_bytes, 8u);
}

CAF_TEST(a body cut short asks for more and a reset forgets it) {
  chunk_scanner scanner;
  CAF_CHECK(scanner.scan("").status == status::more);
  CAF_CHECK(scanner.scan("100\r\nhello").status == status::more);
  scanner.reset();
  CAF_CHECK(scanner.scan("0\r\n\r\n").status == status::done);
}

CAF_TEST(sizes that others read otherwise are refused) {
  for (const char* bytes :
       {"0x5\r\nhello\r\n0\r\n\r\n", "+5\r\n", "-1\r\n", " 5\r\n", "\r\n\r\n",
        ";a\r\n", "5g\r\n", "1these\r\n", "5 5\r\n", "5\nhello\r\n",
        "5\rhello\r\n", "2\r\r;a\r\n", "FFFFFFFFFFFFFFFF\r\n",
        "10000000000000005\r\n", "4000000000000001\r\n",
        "00000000000000005\r\nhello\r\n", "_5\r\n"})
    if (!is_bad(bytes))
      CAF_ERROR(bytes);
  CAF_CHECK(relay("4000000000000000\r\n").end == status::more);
}

CAF_TEST(a chunk ends exactly where its size says) {
  for (const char* bytes :
       {"5\r\nhello!!\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "0\r\n\n", "0\n\r\n"})
    if (!is_bad(bytes))
      CAF_ERROR(bytes);
}

CAF_TEST(extensions are bounded and hold no control bytes) {
  CAF_CHECK(is_bad("5;\nhello\r\n"));
  CAF_CHECK(is_bad(std::string_view{"5;\0x\r\n", 6}));
  CAF_CHECK(is_bad("5;\x7f\r\n"));
  CAF_CHECK(relay("1;" + std::string(255, 'x') + "\r\n").end == status::more);
  CAF_CHECK(is_bad("1;" + std::string(256, 'x') + "\r\n"));
  std::string flood;
  for (int i = 0; i < 200; ++i)
    flood += "1;" + std::string(200, 'e') + "\r\nA\r\n";
  CAF_CHECK(is_bad(flood));
  std::string steady;
  for (int i = 0; i < 200; ++i)
    steady +=
      "64;" + std::string(200, 'e') + "\r\n" + std::string(100, 'A') + "\r\n";
  CAF_CHECK(relay(steady).end == status::more);
}

CAF_TEST(trailers are field lines of a bounded size) {
  for (const char* lines :
       {"no colon\r\n\r\n", ": x\r\n\r\n", " X: a\r\n\r\n",
        "X: a\r\n b\r\n\r\n", "X : a\r\n\r\n", "X: a\nY: b\r\n\r\n",
        "X: a\rb\r\n\r\n", "X: \x01\r\n\r\n", "\r\r\n"})
    if (!is_bad("0\r\n" + std::string{lines}))
      CAF_ERROR(lines);
  std::string many = "0\r\n";
  while (many.size() < chunk_scanner::trailer_bytes_max + 4)
    many += "Content-Length: 1\r\n";
  CAF_CHECK(is_bad(many));
}

CAF_TEST(trailers that could change the message are dropped) {
  for (const char* name : {"Transfer-Encoding",
                           "content-length",
                           "Host",
                           "Authorization",
                           "Set-Cookie",
                           "Content-Type",
                           "If-Match",
                           "X-Forwarded-For",
                           "Via",
                           "Connection",
                           "TE",
                           "Trailer",
                           "Cache-Control",
                           "Forwarded",
                           "X-Real-IP",
                           "X-Forwarded-Foo",
                           "Content_Length",
                           "X_Forwarded_For",
                           "Set_Cookie",
                           "If.Match",
                           "content~type"})
    CAF_CHECK_EQUAL(relay("0\r\n" + std::string{name} + ": x\r\n\r\n").sent,
                    "0\r\n\r\n");
}

CAF_TEST(trailers with an underscore go the way that is configured) {
  const std::string body = "0\r\nX_Y: 1\r\nX-Sum: 1\r\n\r\n";
  CAF_CHECK_EQUAL(relay(body).sent, body);
  chunk_scanner scanner;
  scanner.reset(output::chunked, nullptr, troupe::underscores::drop);
  relayed dropping;
  feed(scanner, body, dropping);
  CAF_CHECK_EQUAL(dropping.sent, "0\r\nX-Sum: 1\r\n\r\n");
  scanner.reset(output::chunked, nullptr, troupe::underscores::refuse);
  relayed refusing;
  feed(scanner, body, refusing);
  CAF_CHECK(refusing.end == status::bad);
}

CAF_TEST(what the operator sets or removes does not come back in a trailer) {
  troupe::header_rules given;
  given.set.emplace_back("X-Tenant", "a");
  given.remove.emplace_back("X-Debug"); // nor under an alias
  given.add.emplace_back("X-More", "a");
  given.replace.push_back({"X-Other", {"a", "b"}});
  const field_rules rules{&given};
  chunk_scanner scanner;
  scanner.reset(output::chunked, &rules);
  relayed result;
  feed(scanner,
       "0\r\nx-tenant: b\r\nX-Sum: 1\r\nX-DEBUG: 1\r\n"
       "X_Debug: 1\r\nX.Tenant: b\r\nX-More: b\r\nx_more: b\r\n"
       "X-Other: a\r\n\r\n",
       result);
  CAF_CHECK(result.end == status::done);
  CAF_CHECK_EQUAL(result.sent, "0\r\nX-Sum: 1\r\n\r\n");
  scanner.reset();
  relayed without;
  feed(scanner, "0\r\nx-tenant: b\r\n\r\n", without);
  CAF_CHECK_EQUAL(without.sent, "0\r\nx-tenant: b\r\n\r\n");
}
