// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_shared

#include "config/shared.hpp"

#include "caf_test.hpp"

#include "parsing.hpp"

#include <sys/stat.h>

using namespace troupe;
using config::split;

namespace {

/// A file as people write it, with comments in all places.
constexpr std::string_view file = R"(# head
version: 1
global: {workers: 2}

# who we are
cluster:
    name: prod   # the name
    # the members
    nodes:
    # the first
    - {name: lb1, address: "lb1:7946"}
    - {name: lb2, address: "${LB2:-lb2}:7946"}   # the second

    # for now
    insecure: true
    listen: 0.0.0.0:7946
# pools
backends:
- name: app
  # the only one
  servers: [{name: a1, address: "10.0.0.1:80"}]


# clients
frontends:
- {name: web, listen: "0.0.0.0:8080", backend: app}
# tail
metrics: {listen: ""}
)";

constexpr std::string_view file_shared = R"(frontends:
- {name: web, listen: "0.0.0.0:8080", backend: app}
backends:
- name: app
  # the only one
  servers: [{name: a1, address: "10.0.0.1:80"}]
cluster:
  nodes:
  # the first
  - {name: lb1, address: "lb1:7946"}
  - {name: lb2, address: "${LB2:-lb2}:7946"}   # the second
)";

/// The same sections without any layout.
constexpr std::string_view one_line =
  R"({"frontends": [{"name": "web", "listen": "0.0.0.0:8080", )"
  R"("backend": "app"}], "cluster": {"nodes": [{"name": "lb1", )"
  R"("address": "lb1:7946"}], "name": "prod"}})";

std::string shared_of(std::string_view text) {
  const auto result = split(text, "f");
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  return result.text;
}

std::string split_problems(std::string_view text) {
  return parsing::lines(split(text, "f").problems);
}

std::string replace(std::string text, std::string_view what,
                    std::string_view by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos;
       at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

std::string with_crlf(std::string_view text) {
  return replace(std::string{text}, "\n", "\r\n");
}

/// Good configurations of the tests and the examples.
std::vector<std::string> good_files() {
  const auto examples =
    std::filesystem::path{__FILE__}.parent_path().parent_path().parent_path()
    / "examples";
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator{examples})
    if (entry.path().extension() == ".yaml")
      result.push_back(entry.path().string());
  for (const auto* name : {"minimal.yaml", "full.yaml", "every_key.yaml",
                           "cluster.yaml", "cluster.json"})
    result.push_back(parsing::data_file(name));
  return result;
}

/// A directory with the files that examples/cluster.yaml wants beside it.
struct certificates {
  certificates() {
    directory =
      (std::filesystem::temp_directory_path() / "troupe-test-XXXXXX").string();
    CAF_REQUIRE(::mkdtemp(directory.data()) != nullptr);
    for (const auto* name : {"/ca.pem", "/lb1.pem", "/lb1.key"}) {
      std::ofstream{directory + name} << "pem";
      CAF_REQUIRE_EQUAL(::chmod((directory + name).c_str(), 0600), 0);
    }
  }
  ~certificates() { std::filesystem::remove_all(directory); }
  std::string directory;
};

std::string pulled(std::string_view text, std::string_view shared) {
  const auto result = config::pull(text, "f", shared);
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  return result.text;
}

} // namespace

CAF_TEST(the shared sections are taken out as they are written) {
  CAF_CHECK_EQUAL(shared_of(file), file_shared);
}

CAF_TEST(what was taken out is its own shared part) {
  for (const auto& text : {std::string{file_shared}, shared_of(one_line)})
    CAF_CHECK_EQUAL(shared_of(text), text);
}

CAF_TEST(local sections and line ends and order do not matter) {
  CAF_CHECK_EQUAL(shared_of(with_crlf(file)), file_shared);
  CAF_CHECK_EQUAL(shared_of("\xEF\xBB\xBF" + std::string{file}), file_shared);
  CAF_CHECK_EQUAL(shared_of("---\n" + std::string{file} + "...\n"),
                  file_shared);
  CAF_CHECK_EQUAL(
    shared_of(replace(std::string{file}, "workers: 2", "user: x")),
    file_shared);
  const auto cut = file.find("# clients");
  const auto turned =
    std::string{file.substr(cut)} + std::string{file.substr(0, cut)};
  CAF_CHECK_EQUAL(shared_of(turned), file_shared);
  CAF_CHECK_EQUAL(shared_of(file.substr(0, file.size() - 1)), file_shared);
}

CAF_TEST(a file that ends in a shared section without a line feed is whole) {
  CAF_CHECK_EQUAL(shared_of("global: {}\nfrontends:\n- a"),
                  "frontends:\n- a\n");
  CAF_CHECK_EQUAL(shared_of("frontends: []"), "frontends: []\n");
}

CAF_TEST(missing and empty sections stay what they are) {
  CAF_CHECK_EQUAL(shared_of(""), "");
  CAF_CHECK_EQUAL(shared_of("# nothing\n"), "");
  CAF_CHECK_EQUAL(shared_of("global: {}\ncluster: {name: x}\n"), "");
  CAF_CHECK_EQUAL(shared_of("cluster:\n"), "");
  CAF_CHECK_EQUAL(shared_of("backends:\nfrontends: []\n"),
                  "frontends: []\nbackends:\n");
}

CAF_TEST(sections that share lines are written anew) {
  CAF_CHECK_EQUAL(shared_of(one_line), R"(frontends:
  - name: web
    listen: 0.0.0.0:8080
    backend: app
cluster:
  nodes:
    - name: lb1
      address: lb1:7946
)");
  CAF_CHECK_EQUAL(shared_of("{\n\"frontends\": [a],\n\"backends\": [b]\n}\n"),
                  "frontends:\n  - a\nbackends:\n  - b\n");
  CAF_CHECK_EQUAL(shared_of("frontends: [a] # one\n"
                            "cluster: {nodes: [b], name: c}\n"),
                  "frontends: [a] # one\ncluster:\n  nodes:\n    - b\n");
  CAF_CHECK_EQUAL(shared_of("? frontends\n: - a\nbackends: [b] # two\n"),
                  "frontends:\n  - a\nbackends:\n  - b\n");
}

CAF_TEST(written anew means the same) {
  // Each would read as something else if it lost its quotes.
  for (const auto* value :
       {R"("")", R"("~")", R"("null")", R"("true")", R"("- a")", R"("a: b")",
        R"("#")", R"("a #b")", R"("${A:-b c}")", R"("\"")", R"("\\")",
        R"(" a ")", R"("a\nb")", R"("[")", R"("*x")", R"("é")", "~", "null"}) {
    const auto text = R"({"frontends": [)" + std::string{value} + "]}";
    const auto shared = shared_of(text);
    CAF_CHECK_EQUAL(shared_of(shared), shared);
    CAF_CHECK_EQUAL(shared.substr(0, 11), "frontends:\n");
    // Through a pull and back: the file still says what the record says.
    CAF_CHECK_EQUAL(shared_of(pulled("global: {}\n", shared)), shared);
  }
}

CAF_TEST(text in many lines stays whole) {
  for (const auto* text : {
         "frontends:\n- name: |-\n    # no comment\n\n    b\n",
         "frontends:\n- \"a\n\n  # no comment\n\n  b\"\n",
         "frontends: >-\n  folded\n  text\n",
       })
    CAF_CHECK_EQUAL(shared_of(text + std::string{"# outside\nglobal: {}\n"}),
                    text);
}

CAF_TEST(an anchor may be used on its own side of the border) {
  const std::string_view ordered = "frontends: &f [a]\nbackends: *f\n";
  CAF_CHECK_EQUAL(shared_of(ordered), ordered);
  CAF_CHECK_EQUAL(shared_of("global: &g {}\nadmin: *g\nfrontends: [a]\n"),
                  "frontends: [a]\n");
  // The order of a record would put the alias first.
  CAF_CHECK_EQUAL(shared_of("backends: &b [a]\nfrontends: *b\n"),
                  "frontends:\n  - a\nbackends: &b [a]\n");
}

CAF_TEST(an anchor used across the border is refused) {
  CAF_CHECK_EQUAL(
    split_problems("x: &a [1]\nfrontends: *a\n"),
    "f:1:4: this anchor ties x to frontends, but one of them belongs to the "
    "cluster and the other to this node; write the value out instead of the "
    "alias\n");
  CAF_CHECK_EQUAL(
    split_problems("cluster:\n  nodes: [&a {name: b}]\n  tls: *a\n"),
    "f:2:11: this anchor ties cluster.nodes to cluster.tls, but one of them "
    "belongs to the cluster and the other to this node; write the value out "
    "instead of the alias\n");
}

CAF_TEST(what cannot be split is refused with its place) {
  CAF_CHECK_EQUAL(split_problems("frontends: 1\nglobal: 2\nfrontends: 3\n"),
                  "f:3:1: frontends: duplicate key; the first is on line 1\n");
  CAF_CHECK_EQUAL(
    split_problems("cluster: {nodes: 1, nodes: 2}\n"),
    "f:1:21: cluster.nodes: duplicate key; the first is on line 1\n");
  CAF_CHECK_EQUAL(split_problems("- a\n"),
                  "f:1:1: expected a map of sections such as frontends and "
                  "backends\n");
  CAF_CHECK(split_problems("frontends: [\n").find("not valid YAML")
            != std::string::npos);
  CAF_CHECK_EQUAL(split_problems(std::string((1 << 20) + 1, '#')),
                  "f: larger than 1MiB\n");
}

CAF_TEST(aliases do not make a record without bound) {
  std::string text = "{x: &a " + std::string(10'000, 'x') + ", frontends: [";
  text = replace(text, "x: &a", "health_check_defaults: &a");
  for (int i = 0; i < 1000; ++i)
    text += "*a,";
  CAF_CHECK_EQUAL(split_problems(text + "]}"),
                  "f: the shared sections take more than 1MiB when their "
                  "aliases are written out\n");
}

CAF_TEST(the hash follows the text and ignores blank lines at its end) {
  const auto hash = config::shared_hash(file_shared);
  const std::string text{file_shared};
  CAF_CHECK_EQUAL(hash.size(), 16u);
  CAF_CHECK_EQUAL(hash.find_first_not_of("0123456789abcdef"),
                  std::string::npos);
  for (const auto& same :
       {text + "\n", text + " \r\n\n", text.substr(0, text.size() - 1)})
    CAF_CHECK_EQUAL(config::shared_hash(same), hash);
  for (const auto& other :
       {"\n" + text, text.substr(0, text.size() - 1) + " \n", text + "#",
        replace(text, "  # the only one\n", "")})
    CAF_CHECK_NOT_EQUAL(config::shared_hash(other), hash);
  CAF_CHECK_EQUAL(config::shared_hash(""), config::shared_hash("\n\n"));
  // Part of the wire format: must never change.
  CAF_CHECK_EQUAL(config::shared_hash("frontends: []\n"), "7ff7cadf61faf461");
}

CAF_TEST(nodes are read as they are written) {
  const auto listed = config::nodes_of(file_shared, "generation 7");
  CAF_CHECK(listed.ok());
  const std::vector<node_settings> wanted = {{"lb1", "lb1:7946"},
                                             {"lb2", "${LB2:-lb2}:7946"}};
  CAF_CHECK(listed.nodes == wanted);
  CAF_CHECK(config::nodes_of("frontends: []\n", "x").nodes.empty());
  CAF_CHECK(config::nodes_of("", "x").ok());
}

CAF_TEST(names of nodes are the same everywhere) {
  const auto listed = config::nodes_of(
    "cluster: {nodes: [{name: \"${node}\", address: \"a:1\"}, {name: a/b, "
    "address: b}]}\n",
    "candidate");
  CAF_CHECK_EQUAL(
    parsing::lines(listed.problems),
    "candidate:1:26: cluster.nodes[0].name: variables are not allowed here: "
    "every node must read the same name\n"
    "candidate:1:61: cluster.nodes[1].name: got \"a/b\", expected 1 to 63 "
    "letters, digits, \"_\", \"-\" or \".\"\n"
    "candidate:1:75: cluster.nodes[1].address: got \"b\", expected a port "
    "after the host, such as 10.0.0.1:8080\n");
}

CAF_TEST(a record and the own file are the file again) {
  const certificates beside;
  for (const auto& name : good_files()) {
    const auto text = parsing::contents(name);
    for (const auto& variant : {text, with_crlf(text)}) {
      const auto file = beside.directory + "/f";
      const auto alone = config::parse(variant, file, "lb1", nullptr);
      CAF_CHECK_EQUAL(parsing::lines(alone.problems), "");
      const auto both = config::parse_with({shared_of(variant), "record"},
                                           variant, file, "lb1", nullptr);
      CAF_CHECK_EQUAL(parsing::lines(both.problems), "");
      CAF_CHECK(alone.settings == both.settings);
    }
  }
}

CAF_TEST(a pulled file says what the record says and keeps the rest) {
  const auto files = good_files();
  for (const auto& own : files)
    for (const auto& other : files) {
      const auto text = parsing::contents(own);
      const auto record = shared_of(parsing::contents(other));
      const auto result = pulled(text, record);
      CAF_CHECK_EQUAL(shared_of(result), record);
      if (own == other && own.ends_with(".yaml"))
        CAF_CHECK_EQUAL(result, text);
    }
}

CAF_TEST(a pull changes only the lines of shared sections) {
  auto record = replace(std::string{file_shared}, "lb2", "lb3");
  record = replace(record, "10.0.0.1", "10.0.0.9");
  auto wanted = replace(std::string{file}, "lb2", "lb3");
  wanted = replace(wanted, "10.0.0.1", "10.0.0.9");
  CAF_CHECK_EQUAL(pulled(file, record), wanted);
  CAF_CHECK_EQUAL(pulled(with_crlf(file), record), with_crlf(wanted));
  CAF_CHECK_EQUAL(pulled("\xEF\xBB\xBF" + std::string{file}, record),
                  "\xEF\xBB\xBF" + wanted);
}

CAF_TEST(a pull adds and removes sections) {
  CAF_CHECK_EQUAL(pulled("global: {} # last", "frontends: [a]\n"),
                  "global: {} # last\nfrontends: [a]\n");
  CAF_CHECK_EQUAL(pulled("# why\nfrontends: [a]\nglobal: {}\n", ""),
                  "# why\nglobal: {}\n");
  CAF_CHECK_EQUAL(
    pulled("cluster:\n   name: x\n# end\n", "cluster:\n  nodes: [b]\n"),
    "cluster:\n   name: x\n   nodes: [b]\n# end\n");
  CAF_CHECK_EQUAL(
    pulled("cluster:\n  nodes: [a]\n  name: x\n", "frontends: [b]\n"),
    "cluster:\n  name: x\nfrontends: [b]\n");
  CAF_CHECK_EQUAL(pulled("", "frontends: [a]\n"), "frontends: [a]\n");
  CAF_CHECK_EQUAL(pulled("cluster:\n", "cluster:\n  nodes: [a]\n"),
                  "cluster:\n  nodes: [a]\n");
}

CAF_TEST(a pull into sections that share lines writes them anew) {
  CAF_CHECK_EQUAL(pulled("# c\ncluster: {name: x, nodes: [a]} # d\n",
                         "cluster:\n  nodes: [b] # e\n"),
                  "# c\ncluster:\n  name: x\n  nodes: [b] # e\n");
  CAF_CHECK_EQUAL(
    pulled("{global: {user: u}, frontends: [a]}", "frontends: [b] # c\n"),
    "global:\n  user: u\nfrontends: [b] # c\n");
}

CAF_TEST(a pull of what cannot be read changes nothing) {
  const auto result = config::pull("x: [\n", "own", "frontends: {\n");
  CAF_CHECK(!result.ok());
  CAF_CHECK_EQUAL(result.text, "");
  CAF_CHECK_EQUAL(result.problems.size(), 2u);
  CAF_CHECK_EQUAL(result.problems[0].file, "own");
  CAF_CHECK_EQUAL(result.problems[1].file, "record");
}
