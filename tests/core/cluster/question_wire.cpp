// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE cluster_question_wire

#include "core/cluster/question_message.hpp"

#include "caf_test.hpp"

#include <string>

using namespace troupe::cluster::question;

CAF_TEST(questions and answers are read back) {
  const asked one{7, "/v1/why/app/a1", "limit=3", "uid 0"};
  CAF_CHECK(decode(encode(one)) == message{one});
  const answered two{7, 404, R"({"error":"no"})"};
  CAF_CHECK(decode(encode(two)) == message{two});
}

CAF_TEST(every cut is noticed) {
  for (const auto& whole : {encode(asked{300, "/v1/status", "a=b", "uid 0"}),
                            encode(answered{300, 200, "{}"})})
    for (size_t n = 0; n < whole.size(); ++n)
      CAF_CHECK(std::holds_alternative<undecodable>(
        decode(std::string_view{whole}.substr(0, n))));
}

CAF_TEST(what is longer than allowed is not read) {
  const std::string long_path(target_bytes_max + 1, 'x');
  const std::string long_body(body_bytes_max + 1, 'x');
  CAF_CHECK(std::holds_alternative<undecodable>(
    decode(encode(asked{1, long_path, "", ""}))));
  CAF_CHECK(std::holds_alternative<undecodable>(
    decode(encode(answered{1, 200, long_body}))));
  CAF_CHECK(
    std::holds_alternative<undecodable>(decode(encode(answered{1, 600, ""}))));
}

CAF_TEST(fields of a later version are ignored) {
  const asked one{7, "/v1/status", "", "uid 0"};
  CAF_CHECK(decode(encode(one) + "more") == message{one});
}
