# SPDX-License-Identifier: BSD-3-Clause
"""Rewrites: what the server is asked for, and what the client hears of it."""

import json

from harness import eventually, smoke
from test_ctl import ctl
from test_explain import explain
from test_http import headers_seen, response_json
from test_routes import routed, to


def asked(client, target, **options):
    """The target and the host that the server got."""
    got = client.request("GET", target, **options)
    return response_json(got)["target"], dict(headers_seen(got))["host"]


@smoke
def test_a_server_is_asked_for_another_path_and_host(t):
    node = routed(
        t,
        [
            {**to("api", path_prefix="/shop"), "rewrite": {"path_prefix": "/echo", "host": "app.internal"}},
            {**to("api", path="/whole"), "rewrite": {"path": "/echo/{host}?from={path}"}},
            {**to("api", path_prefix="/user"), "rewrite": {"path_regex": {"match": "^/user/([0-9]+)", "to": "/echo/u\\1"}}},
        ],
    )
    with node.client() as client:
        assert asked(client, "/shop/a?b=c", host="shop.example:81") == ("/echo/a?b=c", "app.internal")
        assert asked(client, "//shop/./a%20b%2fc", host="t") == ("/echo/a%20b%2Fc", "app.internal")
        assert asked(client, "/shop", host="t")[0] == "/echo"
        assert asked(client, "http://t/shop/x?y", host="t") == ("/echo/x?y", "app.internal")
        assert asked(client, "/whole?a=b", host="t") == ("/echo/t?from=/whole", "t")
        assert asked(client, "/user/17/x?y", host="t") == ("/echo/u17/x?y", "t")
        seen = dict(headers_seen(client.request("GET", "/shop", host="shop.example")))
        assert seen["x-forwarded-host"] == "shop.example", seen


def test_without_a_rewrite_the_server_gets_the_bytes(t):
    node = routed(t, [{**to("api"), "rewrite": {"path_regex": {"match": "^/old", "to": "/new"}}}])
    with node.client() as client:
        for target in ("/echo//a/../%7e?x=%7e", "/echo/a%2Fb;c"):
            assert asked(client, target, host="t")[0] == target


def test_nobody_leaves_the_path_or_makes_up_a_host(t):
    node = routed(
        t,
        [
            {**to("api", path="/echo"), "rewrite": {"path": "/echo/{query}", "host": "{header:X-Host}"}},
        ],
    )
    with node.client() as client:
        target, host = asked(client, "/echo?a?b%0d%0aX:", fields={"X-Host": "a.internal:81"}, host="t")
        assert target == "/echo/a%3Fb%0d%0aX:?a?b%0d%0aX:" and host == "a.internal:81", target
        for bad in ("a/b", "a b", "a,b", "", "[::1", "a@b"):
            assert client.request("GET", "/echo", {"X-Host": bad}, host="t").status == 400, bad
    node.expect_metric(6, "refused_total", reason="bad_request")


def test_what_a_rewrite_did_is_undone_in_the_response(t):
    route = {
        **to("api", path_prefix="/shop"),
        "rewrite": {"path_prefix": "/status", "host": "app.internal"},
        "rewrite_response": {"cookie_domain": {"app.internal": "shop.example"}, "cookie_path": {"/status": "/shop"}},
    }
    node = routed(t, [route])

    def answered(fields, target="/shop/302"):
        with node.client() as client:
            return client.request("GET", target, [("X-Reply", x) for x in fields], host="shop.example:81")

    got = answered(
        [
            "Location: http://app.internal/status/200?a",
            "Content-Location: /status/x",
            "Set-Cookie: a=b; Path=/status; Domain=app.internal",
            "Set-Cookie: c=d",
        ]
    )
    assert got.field("Location") == "http://shop.example:81/shop/200?a", got
    assert got.field("Content-Location") == "/shop/x", got
    assert got.all("Set-Cookie") == ["a=b; Path=/shop; Domain=shop.example", "c=d"], got
    for other in ("http://other.example/status/x", "/elsewhere", "x"):
        assert answered([f"Location: {other}"]).field("Location") == other
    route["rewrite_response"] = {"location": False}
    node.config["frontends"][0]["routes"] = [route]
    node.reload()
    assert answered(["Location: /status/x"]).field("Location") == "/status/x"


def test_explain_shows_what_the_request_becomes(t):
    route = {"name": "shop", **to("api", path_prefix="/shop"), "rewrite": {"path_prefix": "/echo", "host": "app.internal"}}
    route["request_headers"] = {"set": {"X-Client": "{client_ip}"}}
    moved = {"name": "moved", "match": {"path_prefix": "/old"}, "redirect": {"scheme": "https", "path_prefix": "/shop"}}
    node = routed(t, [route, moved])
    told = explain(node, "http://shop.example/shop/x?y", client="192.0.2.1")
    headers = {x["name"]: x["value"] for x in told["request"]["headers"]}
    assert told["request"]["line"] == "GET /echo/x?y HTTP/1.1", told
    assert headers["Host"] == "app.internal" and headers["X-Forwarded-Host"] == "shop.example", told
    assert headers["X-Client"] == "192.0.2.1", told
    with node.client() as client:
        got = response_json(client.request("GET", "/shop/x?y", host="shop.example"))
    assert got["target"] == "/echo/x?y", got
    redirected = explain(node, "https://shop.example/old/a")
    assert redirected["request"] is None and redirected["route"]["name"] == "moved", redirected
    assert redirected["pick_why"] == "it redirects with 308 to https://shop.example/shop/a", redirected
    shown = ctl(node, "explain", "GET", "https://shop.example/old/a").stdout
    assert "sent on" not in shown and "https://shop.example/shop/a" in shown, shown
    bad = {"name": "bad", **to("api"), "rewrite": {"host": "{query}"}}
    node.config["frontends"][0]["routes"] = [bad]
    node.reload()
    refused = explain(node, "/?a/b")
    assert refused["refused"]["status"] == 400 and refused["request"] is None, refused


def test_the_access_log_has_the_path_of_the_client(t):
    log = t.directory / "access.log"
    route = {**to("app", path_prefix="/shop"), "rewrite": {"path_prefix": "/"}}
    node = t.node(t.servers("a1"), frontend={"routes": [route]}, config={"global": {"access_log": {"path": str(log)}}})
    with node.client() as client:
        assert client.request("GET", "/shop/?a=b", host="t").status == 200
    line = json.loads(eventually(lambda: log.exists() and log.read_text().strip(), 10, "a line"))
    assert line["path"] == "/shop/?a=b", line
