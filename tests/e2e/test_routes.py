# SPDX-License-Identifier: BSD-3-Clause
"""Routes: which backend a request goes to, and what nobody slips past."""

import json

from harness import eventually, smoke
from harness.client import Client
from test_explain import explain
from test_http import headers_seen


def routed(t, routes, backends=("api",), backend="app", **frontend):
    """A frontend with `routes`; each backend has one server, of the same name."""
    servers = {name: t.server(name) for name in {"app", *backends}}
    node = t.node(frontend={"routes": routes, **frontend}, start=False)
    node.config["backends"] = [
        {"name": name, "servers": [node.server_entry(server)], "health_check": {"enabled": False}}
        for name, server in servers.items()
    ]
    if backend is None:
        del node.config["frontends"][0]["backend"]
    node.start()
    return node


def to(backend, **match):
    return {"match": match, "backend": backend}


def served_by(response):
    """The backend that answered, or the status of an own answer."""
    if response.status != 200:
        return response.status
    assert response.text.startswith("hello from "), response
    return response.text.split()[2]


@smoke
def test_the_first_route_that_matches_decides(t):
    node = routed(
        t,
        [
            to("hosts", host=["api.example.com", "*.example.org"]),
            to("paths", path="/exact"),
            to("prefixes", path_prefix="/v1"),
            to("regexes", path_regex="^/user/[0-9]+$"),
            to("methods", method=["DELETE", "PURGE"]),
            to("headers", header={"X-Canary": "1", "User-Agent": {"regex": "bot"}}),
            to("queries", query={"version": "2"}),
            to("cookies", cookie={"beta": "1"}),
            to("clients", client="127.0.0.9"),
        ],
        ("hosts", "paths", "prefixes", "regexes", "methods", "headers", "queries", "cookies", "clients"),
    )
    with node.client() as client:

        def goes(target="/", method="GET", host="t", **fields):
            return served_by(client.request(method, target, {k.replace("_", "-"): v for k, v in fields.items()}, host=host))

        assert goes(host="API.example.com:8080") == "hosts"
        assert goes(host="a.b.example.org.") == "hosts"
        assert goes(host="example.org") == "app"
        assert goes("http://api.example.com/", host="api.example.com") == "hosts"
        assert goes("/exact") == goes("/exact?x=1") == "paths"
        assert goes("/exact/") == goes("/Exact") == "app"
        assert goes("/v1") == goes("/v1/") == goes("/v1/x") == "prefixes"
        assert goes("/v1x") == "app"
        assert goes("/user/17") == "regexes" and goes("/user/x") == "app"
        assert goes(method="DELETE") == "methods"
        assert goes(X_Canary="1", User_Agent="a bot") == "headers"
        assert goes(X_Canary="1") == "app" and goes(X_Canary="2", User_Agent="bot") == "app"
        assert goes("/?version=2") == "queries" and goes("/?version=22") == "app"
        assert goes(Cookie="a=b; beta=1") == "cookies" and goes(Cookie="beta=0") == "app"
    with Client(node.address, source="127.0.0.9") as client:
        assert served_by(client.get("/")) == "clients"


BYPASSES = [
    "/admin",
    "/admin/x",
    "//admin",
    "/x/../admin",
    "/%61dmin",
    "/x/%2e%2e/admin",
    "/admin%2fx",
    "/public/..%2fadmin",
    "/x/%252e%252e/admin",
    "/admin%25%32%66x",
    "/x\\..\\admin",
    "/x/..%5cadmin",
    "/admin;x=1",
    "/x/..;/admin",
    "/x/..%3b/admin",
    "/admin%00.png",
    "http://t/admin",
    "http://t//admin?x",
    "/" + "x/../" * 800 + "admin",
]


def test_nobody_slips_past_a_deny_list_or_an_allow_list(t):
    deny = routed(t, [to("api", path_prefix="/admin", **{"not": {"client": "192.0.2.0/24"}})])
    allow = routed(t, [to("api", path_prefix="/public")], backend=None)
    for target in BYPASSES:
        for node, others in ((deny, ("api", 400)), (allow, (404, 400))):
            with node.client() as client:
                got = served_by(client.request("GET", target, host="t"))
                assert got in others, (target[:40], got)
    with deny.client() as client:
        assert served_by(client.get("/group%2Fname")) == "app"
        assert served_by(client.get("/Admin")) == "app"
    with allow.client() as client:
        assert served_by(client.get("/public/a%2Fb")) == "api"
        assert served_by(client.get("/public/..%2fprivate")) == 400


def test_hosts_are_compared_as_they_are_meant(t):
    node = routed(t, [to("api", host=["secret.example", "[2001:db8::1]"])])
    for host in ("secret.example", "SECRET.example", "secret.example.", "secret.example:80", "[2001:DB8:0::1]:80"):
        with node.client() as client:
            assert served_by(client.request("GET", "/", host=host)) == "api", host
    with node.client() as client:  # two are none
        assert client.request("GET", "/", {"Host": "t"}, host="secret.example").status == 400


def test_a_request_without_a_route_is_answered_and_counted(t):
    node = routed(t, [to("api", path="/a")], backend=None)
    with node.client() as client:
        assert served_by(client.get("/a")) == "api"
        missed = client.get("/b")
        assert missed.status == 404 and missed.keeps_alive
        assert served_by(client.get("/a")) == "api"
        refused = client.request("GET", "/a%2fb%2f..", {"Accept": "application/json"})
        assert served_by(refused) == 404
    with node.client() as client:
        assert client.get("/a;b").status == 400
    node.expect_metric(2, "refused_total", reason="no_route")
    node.expect_metric(1, "refused_total", reason="ambiguous_path")


def test_as_sent_looks_at_the_strict_reading_alone(t):
    node = routed(t, [to("api", path="/a")], http={"ambiguous_paths": "as_sent"})
    with node.client() as client:
        assert served_by(client.get("/a;b")) == "app"


def test_a_route_has_rules_of_its_own(t):
    own = {
        "request_headers": {"set": {"X-Zone": "inner"}, "remove": ["X-Both"]},
        "response_headers": {"set": {"X-Route": "api"}},
        "max_body_bytes": 10,
        "timeout_response": "200ms",
    }
    node = routed(
        t,
        [{**to("api", path_prefix="/echo"), **own}, {**to("api", path_prefix="/delay"), **own}],
        http={
            "request_headers": {"set": {"X-Zone": "outer", "X-Both": "1", "X-All": "1"}},
            "response_headers": {"set": {"X-Frontend": "web"}},
        },
    )
    with node.client() as client:
        got = client.get("/echo")
        seen = dict(headers_seen(got))
        assert (seen["x-zone"], seen["x-all"]) == ("inner", "1") and "x-both" not in seen, seen
        assert (got.field("X-Route"), got.field("X-Frontend")) == ("api", "web"), got
        plain = client.get("/")
        assert plain.field("X-Route") is None and plain.field("X-Frontend") == "web"
        assert client.request("POST", "/", body=b"x" * 11).status == 200
        assert client.request("POST", "/echo", body=b"x" * 11).status == 413
    with node.client() as client:
        assert client.get("/delay/2000").status == 504


def test_routes_have_names_in_log_and_metrics(t):
    log = t.directory / "access.log"
    node = t.node(
        t.servers("a1"),
        frontend={"routes": [{"name": "canary", **to("app", path="/a")}, to("app", path="/b")]},
        config={"global": {"access_log": {"path": str(log)}}},
    )
    assert node.metric("http_requests_total", 0, route="canary") == 0
    with node.client() as client:
        for target in ("/a", "/a", "/b", "/c"):
            assert client.get(target).status == 200
    node.expect_metric(2, "http_requests_total", route="canary", backend="app", code="2xx")
    node.expect_metric(2, "http_requests_total", route="", backend="app", code="2xx")
    lines = eventually(lambda: (found := log.read_text().splitlines()) and len(found) == 4 and found, 10, "four lines")
    assert [json.loads(line)["route"] for line in lines] == ["canary", "canary", "", ""]
    _, traffic = node.api("GET", "/v1/traffic")
    web = traffic["frontends"][0]
    assert web["requests"]["2xx"] == 4 and web["routes"][0]["requests"]["2xx"] == 2, web


def test_a_reload_changes_routes_under_load_and_loses_nothing(t):
    node = routed(t, [to("api", path_prefix="/v1")])
    with node.client() as client:
        assert served_by(client.get("/v1")) == "api"
        node.config["frontends"][0]["routes"] = [to("app", path="/v1"), to("api", host="t2")]
        node.reload()
        assert served_by(client.get("/v1")) == "app"
        assert served_by(client.request("GET", "/", host="t2")) == "api"
        del node.config["frontends"][0]["routes"]
        node.reload()
        assert served_by(client.request("GET", "/", host="t2")) == "app"


def test_explain_says_what_becomes_of_a_request(t):
    node = routed(
        t,
        [
            {"name": "writes", **to("api", method=["POST", "PUT"], path_prefix="/v1")},
            to("app", path="/v1/old"),
            {"name": "v1", **to("api", path_prefix="/v1"), "retries_max": 0},
        ],
        backend=None,
    )
    told = explain(node, "/v1/x", method="GET")
    assert told["route"] == {"index": 2, "name": "v1"} and told["backend"] == "api", told
    assert [x["index"] for x in told["readings"][0]["passed_over"]] == [0, 1], told
    assert told["readings"][0]["passed_over"][0]["why"] == 'method is "GET", not POST or PUT', told
    assert told["retries_max"] == 0, told
    lost = explain(node, "/other", method="GET")
    assert lost["route"] is None and lost["backend"] is None and lost["refused"]["status"] == 404, lost
    parted = explain(node, "/v1/..%2fx", method="GET")
    assert parted["refused"]["reason"] == "ambiguous_path" and len(parted["readings"]) == 2, parted
    with node.client() as client:
        assert client.get("/other").status == 404
        assert client.get("/v1/..%2fx").status == 400


def test_streams_are_routed_by_client(t):
    servers = {name: t.server(name, "tcp-greet") for name in ("app", "inner")}
    node = t.node(protocol="tcp", frontend={"routes": [to("inner", client="127.0.0.7")]}, start=False)
    node.config["backends"] = [
        {"name": name, "servers": [node.server_entry(server)], "health_check": {"enabled": False}}
        for name, server in servers.items()
    ]
    node.start()

    def greeted(source):
        with Client(node.address, source=source) as client:
            return client.read_to_end() if source == "127.0.0.9" else client.read_exactly(len("hello from a")).decode()

    assert greeted("127.0.0.7") == "hello from i"
    assert greeted("127.0.0.1") == "hello from a"
    del node.config["frontends"][0]["backend"]
    node.reload()
    assert greeted("127.0.0.9") == b""
    node.expect_metric(1, "refused_total", reason="no_route")
