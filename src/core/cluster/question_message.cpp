// SPDX-License-Identifier: BSD-3-Clause
#include "core/cluster/question_message.hpp"

#include "core/cluster/wire.hpp"

namespace troupe::cluster::question {

namespace {

enum type : uint64_t { question = 1, answer = 2 };

constexpr uint64_t status_max = 599;

std::string read_text(wire_reader& in, size_t bytes_max) {
  const auto text = in.string();
  if (text.size() > bytes_max)
    in.fail();
  return std::string{in.ok() ? text : std::string_view{}};
}

asked read_asked(wire_reader& in) {
  asked x;
  x.id = in.u64();
  x.path = read_text(in, target_bytes_max);
  x.query = read_text(in, target_bytes_max);
  x.who = read_text(in, target_bytes_max);
  return x;
}

answered read_answered(wire_reader& in) {
  answered x;
  x.id = in.u64();
  x.status = in.u64_up_to(status_max);
  x.body = read_text(in, body_bytes_max);
  return x;
}

} // namespace

std::string encode(const asked& x) {
  wire_writer out;
  out.u64(question);
  out.u64(x.id);
  out.string(x.path);
  out.string(x.query);
  out.string(x.who);
  return out.take();
}

std::string encode(const answered& x) {
  wire_writer out;
  out.u64(answer);
  out.u64(x.id);
  out.u64(x.status);
  out.string(x.body);
  return out.take();
}

message decode(std::string_view bytes) {
  wire_reader in{bytes};
  message result;
  switch (in.u64()) {
  case question:
    result = read_asked(in);
    break;
  case answer:
    result = read_answered(in);
    break;
  default:
    break;
  }
  return in.ok() ? result : undecodable{};
}

} // namespace troupe::cluster::question
