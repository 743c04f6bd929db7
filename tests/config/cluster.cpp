// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_cluster

#include "caf_test.hpp"

#include "parsing.hpp"

#include <sys/stat.h>

using namespace troupe;
using parsing::problems_of;

namespace {

const std::string servers = R"(frontends:
- {name: web, listen: "127.0.0.1:80", backend: app}
backends:
- {name: app, servers: [{name: a1, address: "10.0.0.1:80"}]}
)";

/// Line 5 is `cluster:`, line 6 holds what is given.
std::string cluster(const std::string& lines) {
  return servers + "cluster:\n" + lines;
}

/// Line 9 holds what is given.
std::string complete(const std::string& line) {
  return cluster("  name: prod\n  listen: 0.0.0.0:7946\n"
                 "  nodes: [{name: lb1, address: \"lb1:7946\"}]\n  "
                 + line + "\n");
}

/// Lines 8 and after hold nodes.
std::string with_nodes(const std::string& nodes) {
  return cluster("  name: prod\n  insecure: true\n  nodes: " + nodes
                 + "\n  listen: 0.0.0.0:7946\n");
}

/// Certificates as far as loading looks at them, and a file beside them.
struct tls_fixture {
  tls_fixture() {
    dir =
      (std::filesystem::temp_directory_path() / "troupe-test-XXXXXX").string();
    CAF_REQUIRE(::mkdtemp(dir.data()) != nullptr);
    for (const auto* name : {"ca.pem", "lb1.pem", "lb1.key"})
      put(name, 0600);
  }
  ~tls_fixture() { std::filesystem::remove_all(dir); }

  void put(const std::string& name, mode_t mode) const {
    std::ofstream{dir + "/" + name} << "pem";
    CAF_REQUIRE_EQUAL(::chmod((dir + "/" + name).c_str(), mode), 0);
  }

  config::loaded parse(const std::string& tls) const {
    return config::parse(complete("tls: " + tls), dir + "/f", "lb1", nullptr);
  }

  /// Without the directory, which differs each time.
  std::string problems(const std::string& tls) const {
    auto text = parsing::lines(parse(tls).problems);
    for (size_t at = 0; (at = text.find(dir, at)) != std::string::npos;)
      text.replace(at, dir.size(), "DIR");
    return text;
  }

  std::string dir;
};

const std::string good_tls = "{ca: ca.pem, certificate: lb1.pem, key: lb1.key}";

} // namespace

CAF_TEST(a cluster is read into settings) {
  const auto result = parsing::parse(
    cluster("  name: ${CLUSTER:-prod}\n  listen: \"[::]:7946\"\n"
            "  nodes:\n  - {name: lb1, address: \"lb1.example.org:7946\"}\n"
            "  - {name: lb-2.x_y, address: \"[fd00::2]:${PORT}\"}\n"
            "  insecure: true\n"));
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  const auto& read = result.settings.cluster;
  CAF_CHECK_EQUAL(read.name, "prod");
  CAF_CHECK_EQUAL(read.listen, "[::]:7946");
  const std::vector<node_settings> nodes = {{"lb1", "lb1.example.org:7946"},
                                            {"lb-2.x_y", "[fd00::2]:8080"}};
  CAF_CHECK(read.nodes == nodes);
  CAF_CHECK(!read.tls.has_value());
  CAF_CHECK(read.insecure);
  CAF_CHECK(read.enabled());
}

CAF_TEST(no cluster is no problem) {
  for (const auto* text : {"", "cluster:\n", "cluster: {}\n"}) {
    const auto result = parsing::parse(servers + text);
    CAF_CHECK(result.ok());
    CAF_CHECK(!result.settings.cluster.enabled());
  }
}

CAF_TEST(unencrypted links must be asked for and are warned about) {
  CAF_CHECK_EQUAL(problems_of(complete("")),
                  "f:6:3: cluster: nodes need certificates to trust each "
                  "other; add `tls: {ca: ..., certificate: ..., key: ...}`, or "
                  "write `insecure: true` to run without them\n");
  CAF_CHECK_EQUAL(problems_of(complete("insecure: true")), "");
  CAF_CHECK_EQUAL(
    parsing::warnings_of(complete("insecure: true")),
    "f:9:13: cluster.insecure: nodes talk to each other unencrypted, and "
    "anyone who can reach cluster.listen can pose as a node\n");
}

CAF_TEST(keys of the cluster are checked all at once) {
  CAF_CHECK_EQUAL(
    problems_of(cluster("  nme: prod\n  listen: 7946\n"
                        "  nodes: [{nam: lb1}, {name: lb1}]\n"
                        "  tls: {cert: x}\n  insecure: maybe\n")),
    "f:6:3: cluster.nme: unknown key; did you mean \"name\"?\n"
    "f:6:3: cluster: required key \"name\" is missing\n"
    "f:7:11: cluster.listen: got 7946, expected an address and a port, such as "
    "0.0.0.0:7946\n"
    "f:8:11: cluster.nodes[0]: required key \"name\" is missing\n"
    "f:8:11: cluster.nodes[0]: required key \"address\" is missing\n"
    "f:8:12: cluster.nodes[0].nam: unknown key; did you mean \"name\"?\n"
    "f:8:23: cluster.nodes[1]: required key \"address\" is missing\n"
    "f:9:8: cluster.tls: required key \"ca\" is missing\n"
    "f:9:8: cluster.tls: required key \"certificate\" is missing\n"
    "f:9:8: cluster.tls: required key \"key\" is missing\n"
    "f:9:9: cluster.tls.cert: unknown key; allowed here: ca, certificate, "
    "key\n"
    "f:10:13: cluster.insecure: got \"maybe\", expected true or false\n");
}

CAF_TEST(what a cluster needs is named) {
  CAF_CHECK_EQUAL(problems_of(cluster("  insecure: true\n")),
                  "f:6:3: cluster: required key \"name\" is missing\n"
                  "f:6:3: cluster: required key \"listen\" is missing\n"
                  "f:6:3: cluster: required key \"nodes\" is missing\n");
  CAF_CHECK_EQUAL(problems_of(with_nodes("[]")),
                  "f:8:10: cluster.nodes: got an empty list, expected at least "
                  "one element\n");
}

CAF_TEST(nodes differ in name and address) {
  CAF_CHECK_EQUAL(
    problems_of(with_nodes("[{name: lb1, address: \"a:1\"}, {name: lb1, "
                           "address: \"b:1\"}, {name: c, address: \"a:1\"}]")),
    "f:8:47: cluster.nodes[1].name: got \"lb1\", already the name of "
    "cluster.nodes[0]; nodes must differ\n"
    "f:8:88: cluster.nodes[2].address: got \"a:1\", already the address of "
    "cluster.nodes[0]; nodes must differ\n");
}

CAF_TEST(a name fits into a certificate and an address can be dialled) {
  const auto node = [](const std::string& name, const std::string& address) {
    return with_nodes("\n  - {name: lb1, address: \"lb1:1\"}\n  - {name: "
                      + name + ", address: " + address + "}");
  };
  const std::string name_wanted =
    ", expected 1 to 63 letters, digits, \"_\", \"-\" or \".\"\n";
  const std::string at_name = "f:10:12: cluster.nodes[1].name: ";
  const std::string long_name(64, 'x');
  CAF_CHECK_EQUAL(problems_of(node(std::string(63, 'x'), "\"a:1\"")), "");
  CAF_CHECK_EQUAL(problems_of(node("\"a b\"", "\"a:1\"")),
                  at_name + "got \"a b\"" + name_wanted);
  CAF_CHECK_EQUAL(problems_of(node("\"\"", "\"a:1\"")),
                  at_name + "got \"\"" + name_wanted);
  CAF_CHECK_EQUAL(problems_of(node(long_name, "\"a:1\"")),
                  at_name + "got \"" + long_name.substr(0, 60) + "...\""
                    + name_wanted);
  CAF_CHECK_EQUAL(problems_of(node("\"lb${PORT}\"", "\"a:1\"")),
                  at_name
                    + "variables are not allowed here: every node must read "
                      "the same name\n");
  const std::string at_address = "f:10:26: cluster.nodes[1].address: got ";
  CAF_CHECK_EQUAL(problems_of(node("lb2", "unix:/tmp/x")),
                  at_address
                    + "\"unix:/tmp/x\", expected host:port with a port in "
                      "1..65535 or [IPv6]:port\n");
  CAF_CHECK_EQUAL(problems_of(node("lb2", "\"a:0\"")),
                  at_address
                    + "\"a:0\", expected host:port with a port in 1..65535 "
                      "or [IPv6]:port\n");
  CAF_CHECK_EQUAL(problems_of(node("lb2", "\"${NO}:1\"")),
                  "f:10:26: cluster.nodes[1].address: variable NO is not set; "
                  "set it, or give a default as in ${NO:-value}\n");
}

CAF_TEST(a cluster has at most fifteen nodes) {
  const auto nodes = [](unsigned count) {
    std::string text = "[";
    for (unsigned n = 1; n <= count; ++n)
      text += "{name: lb" + std::to_string(n)
            + ", address: \"h:" + std::to_string(n) + "\"},";
    return with_nodes(text + "]");
  };
  CAF_CHECK_EQUAL(problems_of(nodes(15)), "");
  CAF_CHECK_EQUAL(problems_of(nodes(16)),
                  "f:8:10: cluster.nodes: got 16 nodes, expected at most 15\n");
}

CAF_TEST(this node must be on the list of its own file) {
  const auto text = with_nodes("[{name: lb2, address: \"a:1\"}, {name: lb3, "
                               "address: \"b:1\"}]");
  CAF_CHECK_EQUAL(problems_of(text),
                  "f:8:10: cluster.nodes: this node is \"lb1\", which is not "
                  "listed; there are: lb2, lb3; say which one this is with "
                  "--node NAME or TROUPE_NODE, or add it\n");
  CAF_CHECK(config::parse(text, "f", "lb3", nullptr).ok());
}

CAF_TEST(the address for peers is not one of a frontend) {
  auto text = complete("insecure: true");
  text.replace(text.find("0.0.0.0:7946"), 12, "127.0.0.1:80");
  CAF_CHECK_EQUAL(problems_of(text),
                  "f:2:23: frontends[0].listen: got \"127.0.0.1:80\", already "
                  "used by cluster.listen\n");
  text.replace(text.find("listen: 127.0.0.1:80\n"), 20, "listen: unix:/tmp/x");
  CAF_CHECK_EQUAL(problems_of(text),
                  "f:7:11: cluster.listen: got \"unix:/tmp/x\", expected "
                  "IPv4:port, [IPv6]:port\n");
}

CAF_TEST_FIXTURE_SCOPE(cluster_tls_tests, tls_fixture)

CAF_TEST(certificates are found beside the file) {
  const auto result = parse(good_tls);
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
  CAF_REQUIRE(result.settings.cluster.tls.has_value());
  const auto& tls = *result.settings.cluster.tls;
  CAF_CHECK_EQUAL(tls.ca, dir + "/ca.pem");
  CAF_CHECK_EQUAL(tls.certificate, dir + "/lb1.pem");
  CAF_CHECK_EQUAL(tls.key, dir + "/lb1.key");
  const auto absolute = parse("{ca: " + dir + "/ca.pem, certificate: " + dir
                              + "/lb1.pem, key: " + dir + "/lb1.key}");
  CAF_CHECK(absolute.settings.cluster == result.settings.cluster);
}

CAF_TEST(variables name the files of each node) {
  const auto result =
    parse("{ca: ca.pem, certificate: \"${node}.pem\", key: \"${node}.key\"}");
  CAF_CHECK_EQUAL(parsing::lines(result.problems), "");
}

CAF_TEST(files that cannot be read are named) {
  CAF_CHECK_EQUAL(
    problems("{ca: no.pem, certificate: ., key: \"\"}"),
    "DIR/f:9:13: cluster.tls.ca: got \"DIR/no.pem\", cannot be read: No such "
    "file or directory\n"
    "DIR/f:9:34: cluster.tls.certificate: got \"DIR/.\", expected a file\n"
    "DIR/f:9:42: cluster.tls.key: got \"\", expected the path of a file\n");
}

CAF_TEST(a key that others may read is refused) {
  for (const auto& [mode, shown] :
       {std::pair{0640u, "0640"}, {0604u, "0604"}, {0660u, "0660"}}) {
    put("lb1.key", mode);
    CAF_CHECK_EQUAL(problems(good_tls),
                    "DIR/f:9:48: cluster.tls.key: got \"DIR/lb1.key\", a "
                    "secret that others may access (mode "
                      + std::string{shown} + "); `chmod 600` it\n");
  }
  put("lb1.key", 0400);
  CAF_CHECK_EQUAL(problems(good_tls), "");
}

CAF_TEST(tls and insecure contradict each other) {
  CAF_CHECK_EQUAL(problems(good_tls + "\n  insecure: true"),
                  "DIR/f:10:13: cluster.insecure: got true beside tls; remove "
                  "one of the two\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
