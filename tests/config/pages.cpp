// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_pages
#include "caf_test.hpp"

#include "parsing.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace troupe;
using parsing::parse;
using parsing::problems_of;

namespace {

struct fixture {
  fixture() {
    char name[] = "/tmp/troupe-pages-XXXXXX";
    directory = ::mkdtemp(name);
    page = directory / "503.html";
    write("<p>soon");
  }
  ~fixture() { std::filesystem::remove_all(directory); }

  void write(const std::string& text) {
    std::ofstream{page, std::ios::binary} << text;
    ::chmod(page.c_str(), 0644);
  }

  /// The pages are line 5 of the file.
  static std::string with(const std::string& pages) {
    return "frontends:\n- name: web\n  listen: \"127.0.0.1:80\"\n  backend: "
           "app\n  error_pages: {"
         + pages
         + "}\nbackends:\n"
           "- {name: app, servers: [{name: a1, address: \"h:80\"}]}\n";
  }

  std::string told() { return problems_of(with("503: " + page.string())); }
  std::string told_at(const std::string& problem) {
    return "f:5:22: frontends[0].error_pages.503: \"" + page.string() + "\" "
         + problem + "\n";
  }

  std::filesystem::path directory;
  std::filesystem::path page;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(pages_tests, fixture)

CAF_TEST(a page is read with the configuration) {
  const auto first = parse(with("503: " + page.string()));
  CAF_CHECK_EQUAL(parsing::lines(first.problems), "");
  const auto& pages = first.settings.frontends.at(0).error_pages;
  CAF_REQUIRE_EQUAL(pages.size(), 1u);
  CAF_CHECK_EQUAL(pages[0].first, 503u);
  CAF_CHECK_EQUAL(pages[0].second.content, "<p>soon");
  write("<p>later");
  const auto second = parse(with("503: " + page.string()));
  CAF_CHECK(second.hash != first.hash); // or a reload would change nothing
  CAF_CHECK(second.settings != first.settings);
}

CAF_TEST(a page that cannot be sent is a problem) {
  write(std::string(65'537, 'x'));
  CAF_CHECK_EQUAL(told(), told_at("has 65537 bytes, expected at most 65536"));
  write(std::string(65'536, 'x'));
  CAF_CHECK_EQUAL(told(), "");
  ::chmod(page.c_str(), 0640);
  CAF_CHECK_EQUAL(told(),
                  told_at("goes to every client, but not everyone may "
                          "read it (mode 0640); `chmod o+r` it if it is "
                          "no secret"));
  std::filesystem::remove(page);
  CAF_CHECK_EQUAL(told(), told_at("cannot be read: No such file or directory"));
  std::filesystem::create_symlink("/etc/passwd", page);
  CAF_CHECK_EQUAL(told(), told_at("is a link; name the file that it leads to"));
  std::filesystem::remove(page);
  std::filesystem::create_directory(page);
  CAF_CHECK_EQUAL(told(), told_at("expected a file"));
  std::filesystem::remove(page);
  ::mkfifo(page.c_str(), 0644);
  CAF_CHECK_EQUAL(told(), told_at("expected a file"));
}

CAF_TEST(pages are for errors and have whole paths) {
  CAF_CHECK(problems_of(with("200: " + page.string())).find("400..599")
            != std::string::npos);
  CAF_CHECK(problems_of(with("503: 503.html")).find("error_pages.503: got ")
            != std::string::npos);
  CAF_CHECK(problems_of(with("503: \"${PAGE:-" + page.string() + "}\""))
              .find("expected a path without variables")
            != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
