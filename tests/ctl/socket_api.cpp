// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE ctl_socket_api

#include "ctl/socket_api.hpp"

#include "caf_test.hpp"

#include "api/http/http_server.hpp"
#include "ctl/failure.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::ctl;

namespace {

/// A directory, and a server in it on a thread of its own if one is started.
struct fixture {
  fixture() {
    auto pattern =
      (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
    CAF_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
    path = directory / "admin.sock";
  }

  ~fixture() {
    if (server) {
      boost::asio::post(loop, [this] {
        unanswered.clear();
        server.reset();
      });
      work.reset();
      thread.join();
    }
    std::filesystem::remove_all(directory);
  }

  void serve(admin::request_handler answer) {
    server = admin::listen(loop, *endpoint::parse("unix:" + path.string()),
                           [answer = std::move(answer)](const auto&) {
                             admin::decision result;
                             result.handle = answer;
                             result.body_bytes_max = uint64_t{1} << 20;
                             return result;
                           });
    thread = std::thread{[this] { loop.run(); }};
  }

  /// What a failed call says.
  std::string refusal(const request& what, exit_code code) {
    try {
      socket_api{path.string()}.call(what);
    } catch (const failure& x) {
      CAF_CHECK(x.code() == code);
      return x.what();
    }
    CAF_ERROR("the call did not fail");
    return {};
  }

  std::filesystem::path directory;
  std::filesystem::path path;
  boost::asio::io_context loop;
  std::optional<
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type>>
    work{loop.get_executor()};
  std::unique_ptr<admin::http_server> server;
  std::vector<admin::responder> unanswered; ///< belong to the thread
  std::thread thread;
};

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(ctl_socket_api_tests, fixture)

CAF_TEST(a call brings method path query and body and takes the answer back) {
  serve([](const admin::request& x, const admin::responder& reply) {
    const bool right = x.method == "POST" && x.path == "/v1/a b"
                    && x.query == "c=d" && x.body == "{}";
    reply({right ? 202u : 400u, "application/json", "{\"a\":1}\n"});
  });
  socket_api node{path.string()};
  const request what{
    .method = "POST", .path = "/v1/" + path_part("a b") + "?c=d", .body = "{}"};
  for (int i = 0; i < 2; ++i) { // a connection each
    const auto got = node.call(what);
    CAF_CHECK_EQUAL(got.status, 202u);
    CAF_CHECK_EQUAL(got.text, "{\"a\":1}\n");
    CAF_CHECK(got.body.contains("a"));
  }
}

CAF_TEST(large answers come whole) {
  const std::string text(9'000'000, 'x');
  serve([&](const admin::request&, const admin::responder& reply) {
    reply({200, "application/json", "{\"a\":\"" + text + "\"}"});
  });
  const auto got = socket_api{path.string()}.call({.path = "/"});
  CAF_CHECK_EQUAL(got.body.at("a").as_string().size(), text.size());
}

CAF_TEST(a node that keeps silent is given up) {
  serve([&](const admin::request&, admin::responder reply) {
    unanswered.push_back(std::move(reply));
  });
  const auto said =
    refusal({.path = "/", .timeout = milliseconds{100}}, exit_code::incomplete);
  CAF_CHECK(has(said, "did not answer within 0.1s"));
}

CAF_TEST(somebody else behind the socket is told from a node) {
  serve([](const admin::request&, const admin::responder& reply) {
    reply({200, "text/plain", "hello"});
  });
  CAF_CHECK(has(refusal({.path = "/"}, exit_code::failed),
                "does not answer as trouped's admin.socket"));
}

CAF_TEST(without a socket the question is whether trouped runs) {
  const auto said = refusal({.path = "/"}, exit_code::failed);
  CAF_CHECK(has(said, "there is no socket " + path.string()));
  CAF_CHECK(has(said, "is trouped running?"));
  CAF_CHECK(has(said, "--socket PATH"));
}

CAF_TEST(a socket that was left behind is told from one that is missing) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  CAF_REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address)
              == 0);
  ::close(fd);
  CAF_CHECK(
    has(refusal({.path = "/"}, exit_code::failed), "nothing listens on"));
}

CAF_TEST(a node that does not accept is given up too) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  CAF_REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address)
              == 0);
  CAF_REQUIRE(::listen(fd, 0) == 0);
  const int first = ::socket(AF_UNIX, SOCK_STREAM, 0);
  CAF_REQUIRE(
    ::connect(first, reinterpret_cast<sockaddr*>(&address), sizeof address)
    == 0);
  const auto said =
    refusal({.path = "/", .timeout = milliseconds{100}}, exit_code::incomplete);
  CAF_CHECK(has(said, "does not accept connections"));
  ::close(first);
  ::close(fd);
}

CAF_TEST(a plain file is no socket) {
  std::ofstream{path} << "x";
  CAF_CHECK(has(refusal({.path = "/"}, exit_code::failed), "is not a socket"));
}

CAF_TEST(a path that fits no socket is refused) {
  path = directory / std::string(120, 'x');
  CAF_CHECK(has(refusal({.path = "/"}, exit_code::failed), "107 bytes"));
}

CAF_TEST(who may open the socket is told with the way in) {
  std::ofstream{path} << "x";
  std::filesystem::permissions(path, std::filesystem::perms{0660});
  const auto said = explain_connect(path.string(), EACCES);
  CAF_CHECK(has(said, "you may not open " + path.string()));
  CAF_CHECK(has(said, "mode 0660"));
  CAF_CHECK(has(said, "sudo"));
}

CAF_TEST(a group other than that of root is named) {
  constexpr gid_t mail = 8; // fixed in every Debian
  std::ofstream{path} << "x";
  std::filesystem::permissions(path, std::filesystem::perms{0660});
  if (::chown(path.c_str(), static_cast<uid_t>(-1), mail) != 0)
    return; // not root, and not in that group
  CAF_CHECK(
    has(explain_connect(path.string(), EACCES), "sudo usermod -aG mail $USER"));
}

CAF_TEST(a directory that is shut is named and not the socket in it) {
  path = directory / "shut" / "admin.sock";
  const auto said = explain_connect(path.string(), EACCES);
  CAF_CHECK(has(said, "you may not enter " + directory.string() + " ("));
}

CAF_TEST_FIXTURE_SCOPE_END()
