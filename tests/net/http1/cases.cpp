// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE http1_cases
#include "caf_test.hpp"

#include "net/http1/beast_heads.hpp"
#include "net/http1/chunk_scanner.hpp"
#include "net/http1/forward.hpp"
#include "net/http1/head.hpp"
#include "net/http1/second_reading.hpp"

#include <boost/json/src.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <regex>
#include <set>

using namespace troupe;
using namespace troupe::net::http1;

namespace {

/// JSON strings hold one Latin-1 character a byte.
std::string to_bytes(const boost::json::value& text) {
  const std::string_view utf8 = text.as_string();
  std::string bytes;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    bytes +=
      static_cast<char>(c < 0x80 ? c : ((c & 3) << 6) | (utf8[++i] & 0x3f));
  }
  return bytes;
}

std::vector<boost::json::object> load(const char* name) {
  const auto path = std::filesystem::path{__FILE__}.parent_path() / "../../data"
                  / "http" / name;
  std::ifstream file{path};
  CAF_REQUIRE(file.is_open());
  std::vector<boost::json::object> cases;
  for (std::string line; std::getline(file, line);)
    cases.push_back(boost::json::parse(line).as_object());
  return cases;
}

/// What a server would have received, and whether the client was refused.
struct outcome {
  std::vector<std::string> requests; ///< complete ones, as sent on
  bool refused = false;
  bool incomplete = false;
};

enum class body_end { complete, incomplete, bad };

/// Appends a body as it goes on, and takes it off `rest`.
body_end relay_body(framing body, uint64_t length, std::string_view& rest,
                    std::string& sent) {
  if (body == framing::length) {
    const auto size = std::min<uint64_t>(length, rest.size());
    sent += rest.substr(0, size);
    rest.remove_prefix(size);
    return size == length ? body_end::complete : body_end::incomplete;
  }
  if (body != framing::chunked)
    return body_end::complete;
  chunk_scanner scanner;
  while (!rest.empty()) {
    const auto step = scanner.scan(rest);
    if (step.status == chunk_scanner::status::bad)
      return body_end::bad;
    CAF_REQUIRE(step.consumed > 0);
    sent += step.forward;
    rest.remove_prefix(step.consumed);
    if (step.status == chunk_scanner::status::done)
      return body_end::complete;
  }
  return body_end::incomplete;
}

/// A whole client connection in memory, every head parsed by `parse_request`.
outcome play(std::string_view bytes) {
  outcome result;
  auto head = std::make_unique<request_head>();
  const forward_context context{"192.0.2.1", false, "http", "id-1"};
  const forward_rules rules;
  while (!bytes.empty()) {
    const auto status = parse_request(bytes, {}, *head);
    result.refused = status == parse_status::bad;
    result.incomplete = status == parse_status::need_more;
    if (status != parse_status::done)
      return result;
    std::string sent(request_size_max(*head, rules, context), '\0');
    sent.resize(write_request(*head, rules, context, sent));
    bytes.remove_prefix(head->size);
    const bool keep_alive = head->keep_alive;
    const auto end = relay_body(head->body, head->content_length, bytes, sent);
    result.refused = end == body_end::bad;
    result.incomplete = end == body_end::incomplete;
    if (end != body_end::complete)
      return result;
    result.requests.push_back(sent);
    if (!keep_alive)
      break;
  }
  return result;
}

size_t count_lines(std::string_view head, const char* pattern) {
  const std::string text{head};
  const std::regex line{pattern, std::regex::icase};
  return static_cast<size_t>(
    std::distance(std::sregex_iterator{text.begin(), text.end(), line}, {}));
}

/// The invariants of whatever was sent on; returns what is wrong.
std::string flaw(std::string_view message) {
  const auto head = message.substr(0, message.find("\r\n\r\n") + 2);
  const auto lengths = count_lines(head, "\ncontent-length:");
  const auto codings = count_lines(head, "\ntransfer-encoding:");
  if (lengths + codings > 1)
    return "two framings";
  if (lengths != count_lines(head, "\nContent-Length: (0|[1-9][0-9]*)\r\n"))
    return "length not canonical";
  if (codings != count_lines(head, "\nTransfer-Encoding: chunked\r\n"))
    return "coding not canonical";
  for (size_t i = 0; i < head.size(); ++i) {
    const bool cr = i > 0 && head[i - 1] == '\r';
    if (head[i] == '\0' || (head[i] == '\n') != cr)
      return "bare CR, bare LF or NUL";
  }
  if (count_lines(head, "\r\n[ \t:]") > 0)
    return "folded or nameless line";
  return {};
}

std::string request_flaw(const std::string& request) {
  if (count_lines(request.substr(0, request.find("\r\n\r\n") + 2),
                  "\nhost: [^\r ]+\r")
      != 1)
    return "not one Host";
  return flaw(request);
}

/// Empty, or how the outcome differs from what the case wants.
std::string disagreement(const boost::json::object& entry, const outcome& got) {
  for (const auto& request : got.requests)
    if (auto text = request_flaw(request); !text.empty())
      return text;
  const std::string expect{entry.at("expect").as_string()};
  const std::string notes{entry.at("notes").as_string()};
  if (expect == "reject" && !got.requests.empty())
    return "sent on";
  if (expect == "reject" && !got.refused && !got.incomplete)
    return "neither refused nor incomplete";
  if (expect == "forward" && got.requests.empty())
    return "not sent on";
  std::smatch count;
  if (std::regex_search(notes, count,
                        std::regex{"origin_requests(<?=)(\\d+)"})) {
    const auto wanted = std::stoul(count[2]);
    const bool exact = count[1] == "=" && expect == "forward";
    if (got.requests.size() > wanted
        || (exact && got.requests.size() != wanted))
      return std::to_string(got.requests.size()) + " requests";
  }
  return {};
}

/// A server's answer as the client would see it.
struct answer {
  std::string sent;
  bool bad_gateway = false;
  bool complete = false;
};

answer play_response(const boost::json::object& entry) {
  answer result;
  const auto request = to_bytes(entry.at("request"));
  const auto response = to_bytes(entry.at("raw_response"));
  const bool closes = entry.at("end").as_string() != "keep";
  const bool http10 = request.find("HTTP/1.0") != std::string::npos;
  std::string_view rest = response;
  auto head = std::make_unique<response_head>();
  for (unsigned interim = 0; interim < 16;) {
    const auto status =
      parse_response(rest, {}, request.starts_with("HEAD"), *head);
    // This client never asks for an upgrade.
    if (status != parse_status::done || head->upgrade)
      break;
    rest.remove_prefix(head->size);
    if (head->status < 200) {
      ++interim;
      continue;
    }
    const response_context context{.close = http10,
                                   .drop_transfer_encoding = http10};
    result.sent.resize(response_size_max(*head, {}, context));
    result.sent.resize(write_response(*head, {}, context, result.sent));
    if (const auto text = flaw(result.sent); !text.empty())
      CAF_FAIL(std::string{entry.at("id").as_string()} + ": " + text);
    if (head->body == framing::until_close) {
      result.sent += rest;
      result.complete = closes;
    } else {
      result.complete =
        relay_body(head->body, head->content_length, rest, result.sent)
        == body_end::complete;
    }
    return result;
  }
  result.bad_gateway = true;
  return result;
}

std::string response_disagreement(const boost::json::object& entry) {
  const std::string expect{entry.at("expect").as_string()};
  const auto got = play_response(entry);
  if (expect == "forward" && (got.bad_gateway || !got.complete))
    return got.bad_gateway ? "refused" : "incomplete";
  if (expect == "502" && !got.bad_gateway)
    return "sent on";
  if (expect == "truncate" && got.complete)
    return "complete";
  if (expect == "forward_or_502" && !got.bad_gateway && !got.complete)
    return "incomplete";
  return {};
}

/// Takes away, adds or changes bytes here and there.
std::string broken(std::string bytes, std::mt19937& random) {
  constexpr std::string_view dear{"\0\t\n\r\n\r :;,#-.\x1f\x7f\x80\xff", 18};
  const auto below = [&](size_t limit) { return random() % limit; };
  for (auto changes = 1 + below(3); changes > 0 && !bytes.empty(); --changes) {
    const auto at = below(bytes.size());
    const auto length = 1 + below(std::min<size_t>(24, bytes.size() - at));
    const auto c =
      below(4) == 0 ? static_cast<char>(below(256)) : dear[below(dear.size())];
    switch (below(5)) {
    case 0:
      bytes.erase(at, below(2) == 0 ? 1 : length);
      break;
    case 1:
      bytes.insert(at, 1, c);
      break;
    case 2:
      bytes.insert(at, bytes.substr(at, length));
      break;
    default:
      bytes[at] = c;
    }
  }
  return bytes;
}

std::string shown(std::string_view bytes) {
  std::string result;
  for (const unsigned char c : bytes)
    result += c >= 0x20 && c < 0x7f ? std::string(1, static_cast<char>(c))
                                    : "\\" + std::to_string(unsigned{c}) + ' ';
  return result;
}

/// Whole, from each start to each cut, and broken in many ways.
void compare_with_beast(const std::string& bytes, bool request,
                        std::mt19937& random) {
  const auto check = [&](std::string_view text, size_t limit) {
    if (const auto difference = head_difference(text, request, limit);
        !difference.empty())
      CAF_FAIL(difference + " in " + shown(text));
  };
  for (size_t size = 0; size <= std::min<size_t>(bytes.size(), 2048); ++size)
    check(std::string_view{bytes}.substr(0, size), fields_max);
  for (int round = 0; round < 100; ++round) {
    const auto text = broken(bytes.substr(0, 4096), random);
    check(text, round % 4 == 0 ? round % 16 : fields_max);
    check(std::string_view{text}.substr(0, random() % (text.size() + 1)),
          fields_max);
  }
}

/// Feeds byte by byte as a session does.
/// @param verify Parses also where a session would not.
/// @returns how often the head was parsed.
size_t parses(std::string_view bytes, const head_limits& limits, bool verify) {
  auto head = std::make_unique<request_head>();
  size_t count = 0;
  for (size_t size = 1; size <= bytes.size(); ++size) {
    const auto received = bytes.substr(0, size);
    const bool stays =
      stays_incomplete(head->tail, received.substr(size - 1), size, limits);
    if (stays && !verify)
      continue;
    const auto status = parse_request(received, limits, *head);
    if (stays && status != parse_status::need_more)
      CAF_FAIL("not looked at: " + shown(received));
    count += stays ? 0 : 1;
    if (status != parse_status::need_more)
      break;
  }
  return count;
}

} // namespace

CAF_TEST(every request case agrees with its expectation) {
  const auto cases = load("requests.jsonl");
  CAF_CHECK(cases.size() >= 200);
  for (const auto& entry : cases) {
    const auto bytes = to_bytes(entry.at("raw_request"));
    const auto text = disagreement(entry, play(bytes));
    if (!text.empty())
      CAF_ERROR(std::string{entry.at("id").as_string()} + ": " + text);
  }
}

CAF_TEST(what is accepted another parser reads the same) {
  auto head = std::make_unique<request_head>();
  size_t accepted = 0;
  for (const auto& entry : load("requests.jsonl")) {
    const auto bytes = to_bytes(entry.at("raw_request"));
    if (parse_request(bytes, {}, *head) != parse_status::done)
      continue;
    ++accepted;
    if (const auto text = request_difference(bytes, *head); !text.empty())
      CAF_ERROR(std::string{entry.at("id").as_string()} + ": " + text);
    const auto sent = play(bytes).requests;
    for (const auto& request : sent) {
      CAF_REQUIRE(parse_request(request, {}, *head) == parse_status::done);
      if (const auto text = request_difference(request, *head); !text.empty())
        CAF_ERROR(std::string{entry.at("id").as_string()}
                  + ", sent on: " + text);
    }
  }
  CAF_CHECK_GREATER(accepted, 60u);
}

CAF_TEST(every response case agrees with its expectation) {
  const auto cases = load("responses.jsonl");
  CAF_CHECK(cases.size() >= 40);
  for (const auto& entry : cases)
    if (const auto text = response_disagreement(entry); !text.empty())
      CAF_ERROR(std::string{entry.at("id").as_string()} + ": " + text);
}

CAF_TEST(a request is judged alike however its bytes are cut) {
  auto head = std::make_unique<request_head>();
  for (const auto& entry : load("requests.jsonl")) {
    const auto bytes = to_bytes(entry.at("raw_request"));
    if (bytes.size() > 4096)
      continue;
    const auto whole = parse_request(bytes, {}, *head);
    const auto whole_error = head->error;
    auto status = parse_status::need_more;
    for (size_t size = 0; status == parse_status::need_more;) {
      status =
        parse_request(std::string_view{bytes}.substr(0, size), {}, *head);
      if (++size > bytes.size())
        break;
    }
    if (status != whole || head->error != whole_error)
      CAF_ERROR(std::string{entry.at("id").as_string()} + ": "
                + std::string{head->error_detail});
  }
}

CAF_TEST(heads are read as Beast reads them whole and cut and broken) {
  std::mt19937 random{20'260'731};
  for (const auto& entry : load("requests.jsonl"))
    compare_with_beast(to_bytes(entry.at("raw_request")), true, random);
  for (const auto& entry : load("responses.jsonl"))
    compare_with_beast(to_bytes(entry.at("raw_response")), false, random);
}

CAF_TEST(a head that comes byte by byte is parsed a few times a line) {
  const head_limits limits;
  const auto long_text = std::string(limits.bytes_max - 400, 'a');
  const std::string line = "GET / HTTP/1.1\r\n";
  for (const auto& bytes :
       {line + "Host: a\r\nX-A: " + long_text + "\r\n\r\n",
        line + "Host: a\r\n" + long_text + ": 1\r\n\r\n",
        "GET /" + long_text.substr(0, 8'000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
        line + std::string(limits.bytes_max, ' '),
        line + std::string(limits.bytes_max, 'a')})
    CAF_CHECK_LESS(parses(bytes, limits, false), 400u);
  std::string many = line;
  for (int i = 0; i < 100; ++i)
    many +=
      "X-Name-" + std::to_string(i) + ": " + std::string(100, 'b') + "\r\n";
  CAF_CHECK_LESS(parses(many, limits, false), 800u);
  std::mt19937 random{1};
  for (const auto& entry : load("requests.jsonl"))
    for (int round = 0; round < 2; ++round) {
      const auto bytes = to_bytes(entry.at("raw_request")).substr(0, 1'000);
      parses(round == 0 ? bytes : broken(bytes, random), {800, 20, 100}, true);
    }
}
