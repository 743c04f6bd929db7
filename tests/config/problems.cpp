// SPDX-License-Identifier: BSD-3-Clause
#define CAF_SUITE config_problems

#include "caf_test.hpp"

#include "parsing.hpp"

using parsing::problems_of;

namespace {

/// A value at `key`, and what is said about it ("" when it is good).
struct row {
  std::string value;
  std::string said;
};

/// Checks one row after another in the place of `@` of a text whose other
/// parts are good. `place` is line, column and path of the value.
void check(const std::string& text, const std::string& place,
           const std::vector<row>& rows) {
  for (const auto& [value, said] : rows) {
    auto filled = text;
    filled.replace(filled.find('@'), 1, value);
    const auto wanted = said.empty() ? "" : "f:" + place + ": " + said + "\n";
    CAF_CHECK_EQUAL(problems_of(filled), wanted);
  }
}

const std::string good = R"(frontends:
- {name: web, listen: "127.0.0.1:80", backend: app}
backends:
- {name: app, servers: [{name: a1, address: "10.0.0.1:80"}]}
)";

const std::string backend_end =
  "\nfrontends: [{name: web, listen: \"127.0.0.1:80\", backend: app}]\n";

std::string in_backend(const std::string& line) {
  return "backends:\n- name: app\n  servers: [{name: a1, address: \"h:80\"}]\n "
         " "
       + line + backend_end;
}

std::string in_server(const std::string& line) {
  return "backends:\n- name: app\n  servers:\n  - name: a1\n    " + line
       + backend_end;
}

std::string in_frontend(const std::string& line) {
  return "frontends:\n- name: web\n  backend: app\n  " + line
       + "\nbackends: [{name: app, servers: [{name: a1, address: "
         "\"h:80\"}]}]\n";
}

std::string in_check(const std::string& line) {
  return in_backend("health_check:\n    " + line);
}

std::string in_http(const std::string& line) {
  return in_frontend("listen: 127.0.0.1:80\n  http:\n    " + line);
}

} // namespace

CAF_TEST(a file without mistakes has no problems) {
  CAF_CHECK_EQUAL(problems_of(good), "");
}

CAF_TEST(all problems of a file come out in its order) {
  const auto file = parsing::data_file("many_problems.yaml");
  const auto wanted =
    parsing::contents(parsing::data_file("many_problems.expected"));
  CAF_CHECK_EQUAL(problems_of(parsing::contents(file)), wanted);
}

CAF_TEST(a file that holds nothing says what it needs) {
  const auto empty = "f: empty; it needs at least frontends and backends\n";
  CAF_CHECK_EQUAL(problems_of(""), empty);
  CAF_CHECK_EQUAL(problems_of("# nothing\n\n"), empty);
  CAF_CHECK_EQUAL(problems_of("---\n~\n"), empty);
}

CAF_TEST(a file that is not a map says so) {
  CAF_CHECK_EQUAL(problems_of("- a\n"),
                  "f:1:1: got a list, expected a map of sections such as "
                  "frontends and backends\n");
  CAF_CHECK_EQUAL(problems_of("hello"),
                  "f:1:1: got \"hello\", expected a map of sections such as "
                  "frontends and backends\n");
}

CAF_TEST(required keys are missed at the map that lacks them) {
  CAF_CHECK_EQUAL(problems_of("version: 1\n"),
                  "f:1:1: required key \"frontends\" is missing\n"
                  "f:1:1: required key \"backends\" is missing\n");
  CAF_CHECK_EQUAL(
    problems_of("frontends:\n- {}\nbackends:\n- name: b\n- servers:\n  - {}\n"),
    "f:2:3: frontends[0]: required key \"name\" is missing\n"
    "f:2:3: frontends[0]: required key \"listen\" is missing\n"
    "f:2:3: frontends[0]: required key \"backend\" is missing\n"
    "f:4:3: backends[0]: required key \"servers\" is missing\n"
    "f:5:3: backends[1]: required key \"name\" is missing\n"
    "f:6:5: backends[1].servers[0]: required key \"name\" is missing\n"
    "f:6:5: backends[1].servers[0]: required key \"address\" is missing\n");
}

CAF_TEST(lists that must not be empty are refused when they are) {
  CAF_CHECK_EQUAL(
    problems_of("frontends: []\nbackends:\n"),
    "f:1:12: frontends: got an empty list, expected at least one element\n"
    "f:2:1: backends: got nothing, expected a list of backends\n");
  check("backends:\n- name: app\n  servers: @" + backend_end,
        "3:12: backends[0].servers",
        {{"[]", "got an empty list, expected at least one element"},
         {"a1", "got \"a1\", expected a list of servers"}});
}

CAF_TEST(sections may be left empty) {
  CAF_CHECK_EQUAL(problems_of(good
                              + "global:\nadmin:\nmetrics:\ncluster:\n"
                                "health_check_defaults:\n"),
                  "");
}

CAF_TEST(unknown keys name the nearest or all that are allowed) {
  CAF_CHECK_EQUAL(problems_of(good + "fronted: 1\n"),
                  "f:5:1: fronted: unknown key; did you mean \"frontends\"?\n");
  CAF_CHECK_EQUAL(problems_of(good + "metrics: {address: x}\n"),
                  "f:5:11: metrics.address: unknown key; allowed here: "
                  "listen\n");
  CAF_CHECK_EQUAL(problems_of(good + "metrics: {<<: x}\n"),
                  "f:5:11: metrics.<<: merge keys are not supported; write the "
                  "keys out, or set them in health_check_defaults\n");
}

CAF_TEST(duplicate keys are found although the parser takes them) {
  CAF_CHECK_EQUAL(problems_of(good + "version: 1\nversion: 1\n"),
                  "f:6:1: version: duplicate key; the first is on line 5\n");
}

CAF_TEST(keys that are not names are refused) {
  CAF_CHECK_EQUAL(problems_of(good + "? [a]\n: b\n"),
                  "f:5:3: ?: got a list, expected a name as key\n");
}

CAF_TEST(durations need a unit and lie in a range) {
  const auto wanted =
    ", expected a number and its unit, such as 500ms, 2s, 1m or 1h";
  check(in_backend("timeout_connect: @"), "4:20: backends[0].timeout_connect",
        {{"500ms", ""},
         {"2s", ""},
         {"1m", ""},
         {"1h", ""},
         {"\"3s\"", ""},
         {"3", std::string{"got 3"} + wanted},
         {"3 s", std::string{"got \"3 s\""} + wanted},
         {"3sec", std::string{"got 3sec"} + wanted},
         {"1.5s", std::string{"got 1.5s"} + wanted},
         {"-1s", std::string{"got -1s"} + wanted},
         {"99999999999999999999s",
          std::string{"got 99999999999999999999s"} + wanted},
         {"9999999999999999h", std::string{"got 9999999999999999h"} + wanted},
         {"soon", std::string{"got \"soon\""} + wanted},
         {"0", "got 0, expected 1ms..1h"},
         {"2h", "got 2h, expected 1ms..1h"},
         {"[1s]", "got a list, expected a duration such as 2s"}});
  CAF_CHECK_EQUAL(problems_of(in_backend("timeout_connect:")),
                  "f:4:3: backends[0].timeout_connect: got nothing, expected a "
                  "duration such as 2s\n");
  check(good + "global: {stop_delay: @}", "5:22: global.stop_delay",
        {{"0", ""}, {"0s", ""}});
}

CAF_TEST(sizes are bytes or have a binary unit) {
  const auto wanted =
    ", expected bytes or a size such as 16KiB, 256MiB or 1GiB";
  check(in_http("max_header_bytes: @"),
        "6:23: frontends[0].http.max_header_bytes",
        {{"16384", ""},
         {"16KiB", ""},
         {"64KiB", ""},
         {"16KB", std::string{"got 16KB"} + wanted},
         {"16k", std::string{"got 16k"} + wanted},
         {"17179869184GiB", std::string{"got 17179869184GiB"} + wanted},
         {"1MiB", "got 1MiB, expected 1KiB..64KiB"},
         {"0", "got 0, expected 1KiB..64KiB"},
         {"{}", "got a map, expected a size such as 16KiB"}});
}

CAF_TEST(numbers lie in their range) {
  check(in_server("address: h:80\n    weight: @"),
        "6:13: backends[0].servers[0].weight",
        {{"1", ""},
         {"1000", ""},
         {"0", "got 0, expected 1..1000; to take a server out of rotation use "
               "`troupectl drain`"},
         {"1001", "got 1001, expected 1..1000; to take a server out of "
                  "rotation use `troupectl drain`"},
         {"1e2", "got 1e2, expected 1..1000; to take a server out of rotation "
                 "use `troupectl drain`"},
         {"[1]", "got a list, expected a number"}});
  check(in_check("rise: @"), "5:11: backends[0].health_check.rise",
        {{"1", ""}, {"0", "got 0, expected 1..1000"}});
  check(in_check("port: @"), "5:11: backends[0].health_check.port",
        {{"0", ""}, {"65535", ""}, {"65536", "got 65536, expected 0..65535"}});
  check(
    good + "version: @", "5:10: version",
    {{"1", ""}, {"2", "got 2, expected 1; this is the only version there is"}});
}

CAF_TEST(workers are auto or a number) {
  check(good + "global: {workers: @}", "5:19: global.workers",
        {{"auto", ""},
         {"1", ""},
         {"256", ""},
         {"0", "got 0, expected auto or 1..256"},
         {"257", "got 257, expected auto or 1..256"},
         {"many", "got \"many\", expected auto or 1..256"},
         {"[]", "got a list, expected a number or auto"}});
}

CAF_TEST(kept connections are auto or a number and reused as a word says) {
  check(in_backend("pool:\n    idle_max: @"), "5:15: backends[0].pool.idle_max",
        {{"auto", ""},
         {"0", ""},
         {"65536", ""},
         {"65537", "got 65537, expected auto or 0..65536"},
         {"Auto", "got \"Auto\", expected auto or 0..65536"},
         {"{}", "got a map, expected a number or auto"}});
  check(in_backend("pool:\n    reuse: @"), "5:12: backends[0].pool.reuse",
        {{"always", ""},
         {"safe", ""},
         {"never", "got \"never\", expected always or safe"}});
}

CAF_TEST(booleans are the two words only) {
  check(in_check("enabled: @"), "5:14: backends[0].health_check.enabled",
        {{"true", ""},
         {"false", ""},
         {"yes", "got \"yes\", expected true or false"},
         {"1", "got 1, expected true or false"}});
}

CAF_TEST(words of a choice are suggested) {
  check(
    in_frontend("listen: 127.0.0.1:80\n  algorithm: @"),
    "5:14: frontends[0].algorithm",
    {{"p2c", ""},
     {"least_connections", ""},
     {"roundrobin", "got \"roundrobin\", expected round_robin, weighted, "
                    "least_connections, ip_hash, random or p2c; did you mean "
                    "\"round_robin\"?"},
     {"best", "got \"best\", expected round_robin, weighted, "
              "least_connections, ip_hash, random or p2c"}});
}

CAF_TEST(names are short and plain) {
  const auto wanted = ", expected 1 to 64 letters, digits, \"_\", \"-\" or "
                      "\".\", the first a letter or digit";
  check("backends:\n- servers: [{name: a1, address: \"h:80\"}]\n  name: @"
        "\nfrontends: [{name: w, listen: \"127.0.0.1:80\", backend: app}]",
        "3:9: backends[0].name",
        {{"app", ""},
         {"\"a b\"", std::string{"got \"a b\""} + wanted},
         {"-a", std::string{"got -a"} + wanted},
         {"a/b", std::string{"got \"a/b\""} + wanted},
         {"\"\"", std::string{"got \"\""} + wanted},
         {std::string(65, 'x'),
          "got \"" + std::string(60, 'x') + "...\"" + wanted}});
}

CAF_TEST(listen addresses are literal) {
  const std::string forms = "IPv4:port, [IPv6]:port or unix:/path";
  check(in_frontend("listen: @"), "4:11: frontends[0].listen",
        {{"0.0.0.0:8080", ""},
         {"\"[::]:8080\"", ""},
         {"127.0.0.1:0", ""},
         {"unix:/run/app.sock", ""},
         {"localhost:80", "got \"localhost:80\", expected " + forms
                            + "; host names are not looked up for listening, "
                              "write the IP address"},
         {"8080", "got 8080, expected an address and a port, such as "
                  "0.0.0.0:8080"},
         {"\":8080\"", "got \":8080\", expected an address before the port, "
                       "such as 0.0.0.0:8080"},
         {"::1:80", "got \"::1:80\", expected brackets around an IPv6 address, "
                    "as in [::1]:80"},
         {"10.0.0.256:80", "got \"10.0.0.256:80\", expected " + forms},
         {"10.0.0.1:65536", "got \"10.0.0.1:65536\", expected " + forms},
         {"unix:app.sock",
          "got \"unix:app.sock\", expected unix: and an absolute path of at "
          "most 107 bytes, such as unix:/run/app.sock"},
         {"unix:/" + std::string(107, 'x'),
          "got \"unix:/" + std::string(54, 'x')
            + "...\", expected unix: and an absolute path of at most 107 "
              "bytes, such as unix:/run/app.sock"}});
}

CAF_TEST(permissions of a socket are octal) {
  const std::string wanted =
    "expected permissions in octal digits, such as \"0660\"";
  check(in_frontend("listen: unix:/a\n  unix: {mode: @}"),
        "5:16: frontends[0].unix.mode",
        {{"\"0660\"", ""},
         {"0600", ""},
         {"777", ""},
         {"\"1777\"", "got 1777, " + wanted},
         {"\"66\"", "got 66, " + wanted},
         {"\"0668\"", "got 0668, " + wanted},
         {"rw", "got \"rw\", " + wanted}});
}

CAF_TEST(a client of a TCP frontend is not kept until it speaks) {
  check(in_frontend("listen: 127.0.0.1:80\n  protocol: tcp\n  defer_accept: @"),
        "6:17: frontends[0].defer_accept",
        {{"0s", ""},
         {"1s", "not with protocol tcp: there a server may have to speak "
                "first"}});
}

CAF_TEST(server addresses have a host and a port) {
  const std::string forms =
    "host:port with a port in 1..65535, [IPv6]:port or unix:/path";
  check(
    in_server("address: @"), "5:14: backends[0].servers[0].address",
    {{"10.0.0.1:80", ""},
     {"app-1.example.org:80", ""},
     {"\"[::1]:80\"", ""},
     {"unix:/run/a.sock", ""},
     {"10.0.0.1",
      "got 10.0.0.1, expected a port after the host, such as 10.0.0.1:8080"},
     {"http://a", "got \"http://a\", expected host:port without a scheme, "
                  "such as 10.0.0.1:8080"},
     {"10.0.0.1:0", "got \"10.0.0.1:0\", expected " + forms},
     {"10.0.0.300:80", "got \"10.0.0.300:80\", expected " + forms},
     {"a b:80", "got \"a b:80\", expected " + forms}});
}

CAF_TEST(trusted proxies are networks) {
  const std::string wanted =
    "expected an IP address or network, such as 10.0.0.0/8 or ::1, or unix: "
    "for the peers of Unix sockets";
  check(in_http("trusted_proxies: [@]"),
        "6:23: frontends[0].http.trusted_proxies[0]",
        {{"10.0.0.0/8", ""},
         {"192.168.1.1", ""},
         {"\"fd00::/8\"", ""},
         {"\"::1\"", ""},
         {"10.0.0.0/33", "got \"10.0.0.0/33\", expected a prefix length in "
                         "0..32 after the slash"},
         {"10.0.0.0/", "got \"10.0.0.0/\", expected a prefix length in 0..32 "
                       "after the slash"},
         {"10.0.0/8", "got \"10.0.0/8\", " + wanted},
         {"lan", "got \"lan\", " + wanted}});
}

CAF_TEST(status codes come in several forms) {
  const std::string wanted = "expected status codes in 100..599, such as 200, "
                             "200-399 or \"200,204,301-308\"";
  check(in_check("type: http\n    expect_status: @"),
        "6:20: backends[0].health_check.expect_status",
        {{"200", ""},
         {"200-399", ""},
         {"\"200,204, 300-399\"", ""},
         {"[200, 300-399]", ""},
         {"399-200", "got 399-200, " + wanted},
         {"99", "got 99, " + wanted},
         {"600", "got 600, " + wanted},
         {"200-", "got 200-, " + wanted},
         {"2xx", "got 2xx, " + wanted},
         {"\"200,\"", "got \"200,\", " + wanted},
         {"[]", "got an empty list, expected at least one status code"},
         {"{}", "got a map, expected status codes"}});
}

CAF_TEST(probes ask for a proper target) {
  check(in_check("type: http\n    method: @"),
        "6:13: backends[0].health_check.method",
        {{"HEAD", ""},
         {"get", "got \"get\", expected a method in upper case such as GET or "
                 "HEAD, not CONNECT"},
         {"\"GET /\"", "got \"GET /\", expected a method in upper case such as "
                       "GET or HEAD, not CONNECT"},
         {"CONNECT", "got \"CONNECT\", expected a method in upper case such as "
                     "GET or HEAD, not CONNECT"}});
  check(in_check("type: http\n    path: @"),
        "6:11: backends[0].health_check.path",
        {{"/health?full=1", ""},
         {"health", "got \"health\", expected a path that begins with / and "
                    "has no spaces, such as /health"},
         {"\"/a\\r\\nX: y\"",
          "got \"/a\\r\\nX: y\", expected a path that begins with / and "
          "has no spaces, such as /health"}});
}

CAF_TEST(header rules cannot touch framing or inject lines) {
  const std::string own =
    "expected a header that troupe does not manage itself (those that frame "
    "or route a message are its own)";
  check(in_http("response_headers: {remove: [@]}"),
        "6:33: frontends[0].http.response_headers.remove[0]",
        {{"Server", ""},
         {"host", "got \"host\", " + own},
         {"Content-Length", "got \"Content-Length\", " + own},
         {"TRANSFER-ENCODING", "got \"TRANSFER-ENCODING\", " + own},
         {"Connection", "got \"Connection\", " + own},
         {"\"X Y\"", "got \"X Y\", expected a header name such as X-Env"},
         {"\"\"", "got \"\", expected a header name such as X-Env"}});
  check(in_http("request_headers: {set: {X-Env: @}}"),
        "6:36: frontends[0].http.request_headers.set.X-Env",
        {{"prod", ""},
         {"\"\"", ""},
         {"\"a\\r\\nHost: b\"", "got \"a\\r\\nHost: b\", expected one line "
                                "without control characters"},
         {"\"${EVIL}\"", "got \"${EVIL}\", expected one line "
                         "without control characters"}});
  CAF_CHECK_EQUAL(
    problems_of(in_http("request_headers: {set: {X-A: 1, x-a: 2}}")),
    "f:6:37: frontends[0].http.request_headers.set.x-a: is there twice; header "
    "names are compared without case\n");
}

CAF_TEST(what decides about overload and odd pools has bounds) {
  check(in_backend("slow_start: @"), "4:15: backends[0].slow_start",
        {{"0s", ""}, {"0", ""}, {"5s", ""}, {"1h", ""}});
  check(in_backend("panic_threshold: @"), "4:20: backends[0].panic_threshold",
        {{"0", ""}, {"50", ""}, {"200", "got 200, expected 0..100"}});
  check(in_backend("queue: {size: @}"), "4:17: backends[0].queue.size",
        {{"0", ""}, {"1024", ""}, {"10", ""}});
  check(in_backend("queue: {timeout: @}"), "4:20: backends[0].queue.timeout",
        {{"1ms", ""}, {"5s", ""}, {"1h", ""}});
  check(in_backend("on_down: @"), "4:12: backends[0].on_down",
        {{"finish", ""},
         {"close", ""},
         {"closed", "got \"closed\", expected finish or close; did you mean "
                    "\"close\"?"}});
  check(in_backend("initial: @"), "4:12: backends[0].initial",
        {{"up", ""}, {"down", ""}});
  check(in_backend("health_check: {enabled: false}\n  initial: @"),
        "5:12: backends[0].initial",
        {{"up", ""},
         {"down", "got down, but health_check.enabled is false: no probe would "
                  "ever find a server up"}});
  check(in_server("address: h:80\n    backup: @"),
        "6:13: backends[0].servers[0].backup", {{"false", ""}, {"true", ""}});
}

CAF_TEST(the API is not exposed without a token and without saying so) {
  const std::string token = "\n  tokens: [{file: /etc/t, role: read}]\n";
  check(good + "admin:\n  listen: @" + token, "6:11: admin.listen",
        {{"\"\"", ""},
         {"127.0.0.1:9091", ""},
         {"\"[::1]:9091\"", ""},
         {"0.0.0.0:9091",
          "got \"0.0.0.0:9091\", expected a loopback address such as "
          "127.0.0.1:9091, because tokens would cross the network unencrypted; "
          "write `insecure: true` to accept that"},
         {"unix:/a", "got \"unix:/a\", expected IPv4:port, [IPv6]:port"}});
  check(good + "admin: {listen: \"@\"}", "5:17: admin.listen",
        {{"127.0.0.1:9091", "got \"127.0.0.1:9091\" without any token; add one "
                            "to admin.tokens, or use admin.socket alone"}});
  CAF_CHECK_EQUAL(
    problems_of(good + "admin:\n  insecure: true\n  listen: 0.0.0.0:9091"
                + token),
    "");
}

CAF_TEST(tokens have a file and a role) {
  CAF_CHECK_EQUAL(problems_of(good
                              + "admin: {tokens: [{file: t, role: "
                                "admin}]}"),
                  "f:5:25: admin.tokens[0].file: got \"t\", expected an "
                  "absolute path of at most 4095 bytes\n"
                  "f:5:34: admin.tokens[0].role: got \"admin\", expected read "
                  "or operator\n");
}
