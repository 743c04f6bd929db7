// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/socket_api.hpp"

#include "ctl/failure.hpp"
#include "ctl/wording.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

namespace troupe::ctl {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using local_socket = asio::local::stream_protocol::socket;

/// 10,000 connections are 2 MiB; every actor of a full node is the most.
constexpr uint64_t answer_size_max = uint64_t{256} << 20;

/// Bounds what the kernel may wait in connect() while the backlog is full; Asio
/// takes that refusal for a connection under way.
int connect_within(int fd, const std::string& path, milliseconds timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return ENAMETOOLONG;
  std::memcpy(static_cast<void*>(address.sun_path), path.data(), path.size());
  const auto us = std::chrono::microseconds{timeout}.count();
  const timeval limit{us / 1'000'000, us % 1'000'000};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const auto* plain = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(fd, plain, sizeof address) == 0 ? 0 : errno;
}

http::request<http::string_body> to_http(const request& what) {
  http::request<http::string_body> result;
  result.method_string(what.method);
  result.target(what.path);
  result.version(11);
  result.set(http::field::host, "node");
  result.set(http::field::user_agent, "troupectl/" TROUPE_VERSION);
  result.keep_alive(false);
  if (!what.body.empty())
    result.set(http::field::content_type, "application/json");
  result.body() = what.body;
  result.prepare_payload();
  return result;
}

/// Sends one request and reads one response, within a time.
class exchange {
public:
  exchange(asio::io_context& loop, local_socket& peer, const request& what)
    : loop_(loop), peer_(peer), message_(to_http(what)) {
    parser_.body_limit(answer_size_max);
  }

  /// @returns nothing if time ran out.
  std::optional<error_code> run(milliseconds timeout) {
    http::async_write(peer_, message_, [this](const error_code& ec, size_t) {
      // A node that refuses early answers before it has read everything.
      write_error_ = ec;
      read();
    });
    loop_.run_for(timeout);
    return result_;
  }

  http::response<http::string_body> take() { return parser_.release(); }

private:
  void read() {
    http::async_read(peer_, buffer_, parser_,
                     [this](const error_code& ec, size_t) {
                       result_ = ec && write_error_ ? write_error_ : ec;
                     });
  }

  asio::io_context& loop_;
  local_socket& peer_;
  http::request<http::string_body> message_;
  http::response_parser<http::string_body> parser_;
  boost::beast::flat_buffer buffer_;
  error_code write_error_;
  std::optional<error_code> result_;
};

answer to_answer(http::response<http::string_body> response,
                 const std::string& path) {
  answer result;
  result.status = response.result_int();
  result.text = std::move(response.body());
  error_code ec;
  auto value = boost::json::parse(result.text, ec);
  if (ec || !value.is_object())
    throw no_answer{exit_code::failed,
                    fmt::format("{} does not answer as trouped's admin.socket "
                                "does: status {} without a JSON object",
                                path, result.status)};
  result.body = std::move(value.get_object());
  return result;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
      || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
}

} // namespace

answer socket_api::call(const request& what) {
  asio::io_context loop{1};
  local_socket peer{loop};
  error_code ec;
  peer.open(asio::local::stream_protocol{}, ec);
  if (ec)
    throw failure{exit_code::failed, "socket: " + ec.message()};
  if (int error = connect_within(peer.native_handle(), path_, what.timeout))
    throw failure{error == EAGAIN ? exit_code::incomplete : exit_code::failed,
                  explain_connect(path_, error)};
  exchange both{loop, peer, what};
  const auto result = both.run(what.timeout);
  if (!result)
    throw no_answer{exit_code::incomplete,
                    fmt::format("{}: trouped did not answer within {}; is it "
                                "stopped or overloaded? Its log says more",
                                path_, elapsed(what.timeout))};
  if (*result)
    throw no_answer{exit_code::failed,
                    fmt::format("{}: trouped gave no answer ({}); if it has "
                                "just ended, its log says why",
                                path_, result->message())};
  return to_answer(both.take(), path_);
}

std::string path_part(std::string_view name) {
  std::string result;
  for (char c : name)
    if (unreserved(c))
      result += c;
    else
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return result;
}

} // namespace troupe::ctl
