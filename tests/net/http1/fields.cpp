// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_fields
#include "caf_test.hpp"

#include "net/http1/fields.hpp"

#include <map>
#include <string>

using namespace troupe::net::http1;

namespace {

const std::map<std::string, known_field> known{
  {"connection", known_field::connection},
  {"content-length", known_field::content_length},
  {"expect", known_field::expect},
  {"host", known_field::host},
  {"http2-settings", known_field::http2_settings},
  {"keep-alive", known_field::keep_alive},
  {"proxy-connection", known_field::proxy_connection},
  {"te", known_field::te},
  {"trailer", known_field::trailer},
  {"transfer-encoding", known_field::transfer_encoding},
  {"upgrade", known_field::upgrade},
  {"via", known_field::via},
  {"x-forwarded-for", known_field::x_forwarded_for},
  {"x-forwarded-host", known_field::x_forwarded_host},
  {"x-forwarded-proto", known_field::x_forwarded_proto},
  {"x-request-id", known_field::x_request_id}};

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
}

/// One character at a time, as the words of it must agree with.
bool same(char x, char y) { return upper(x) == upper(y); }

} // namespace

CAF_TEST(a known name is found in any case and with no other letter) {
  for (const auto& [text, value] : known) {
    auto name = text;
    CAF_CHECK(lookup(name) == value);
    for (auto& c : name)
      c = upper(c);
    CAF_CHECK(lookup(name) == value);
    for (size_t at = 0; at < text.size(); ++at) {
      name = text;
      name[at] = upper(name[at]);
      CAF_CHECK(lookup(name) == value);
      for (const char c :
           std::string_view{"0123456789abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
        name[at] = c;
        if (!same(c, text[at]) && lookup(name) == value)
          CAF_ERROR(name);
      }
      CAF_CHECK(lookup(text.substr(0, at)) != value);
    }
    CAF_CHECK(lookup(text + "x") != value);
  }
  CAF_CHECK(lookup("") == known_field::other);
}

CAF_TEST(texts are compared without regard to the case of letters alone) {
  for (size_t size = 1; size < 20; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string x(size, 'q');
      std::string y(size, 'Q');
      for (unsigned a = 0; a < 256; ++a) {
        x[at] = static_cast<char>(a);
        for (const unsigned b : {a, a ^ 0x20, a ^ 0x80, (a + 1) % 256}) {
          y[at] = static_cast<char>(b);
          if (iequals(x, y) != same(x[at], y[at]))
            CAF_FAIL(a << " and " << b << " at " << at << " of " << size);
        }
      }
    }
  }
  CAF_CHECK(!iequals("chunked", "chunke"));
  CAF_CHECK(iequals("", ""));
}

CAF_TEST(a list of tokens may have empty members and nothing else) {
  for (const char* list : {"", "a", "a, b", ",, a ,\t,b,", "close"})
    CAF_CHECK(is_token_list(list));
  for (const char* list : {"a b", "a, b c", "\"a\"", "a;q=1", "a,\x80"})
    CAF_CHECK(!is_token_list(list));
}
