# SPDX-License-Identifier: BSD-3-Clause
"""What troupectl says would become of a request, against what becomes of it."""

import json
from urllib.parse import quote, urlencode

from harness import eventually
from harness.client import get
from harness.processes import free_port
from test_ctl import ctl
from test_http import headers_seen


def explain(node, url="/", status=200, **query):
    got, answer = node.api("GET", "/v1/explain?" + urlencode({"url": url, **query}, doseq=True, quote_via=quote))
    assert got == status, answer
    return answer


def test_the_request_a_server_gets_is_the_one_that_was_explained(t):
    node = t.node(
        t.servers("a1"),
        frontend={
            "http": {
                "request_headers": {"set": {"X-Zone": "eu"}, "remove": ["X-Debug"]},
                "max_body_bytes": 1000,
            }
        },
    )
    fields = [("Accept", "text/html"), ("X-Debug", "1"), ("Connection", "close, X-Hop"), ("X-Hop", "2"), ("X-Zone", "us")]
    told = explain(node, "http://shop.test/echo?a=b", header=[f"{n}: {v}" for n, v in fields], client="127.0.0.1")
    assert told["refused"] is None and told["idempotent"] is True, told
    with node.client() as client:
        got = client.request("GET", "/echo?a=b", fields, host="shop.test")
    seen = sorted((n, v) for n, v in headers_seen(got) if n != "x-request-id")
    expected = sorted(
        (x["name"].lower(), x["value"]) for x in told["request"]["headers"] if x["name"].lower() != "x-request-id"
    )
    assert seen == expected, told
    changes = {x["name"].lower(): x["change"] for x in told["request"]["headers"]}
    assert changes["accept"] == "kept" and changes["x-zone"] == "changed" and changes["x-forwarded-for"] == "added", told
    assert sorted(x.lower() for x in told["request"]["removed"]) == ["connection", "x-debug", "x-hop"], told
    big = explain(node, method="POST", header="Content-Length: 1001")
    assert big["refused"]["status"] == 413 and big["request"] is None, big
    assert node.get("/", method="POST", body=b"x" * 1001).status == 413


def test_what_is_refused_is_explained_as_it_is_answered(t):
    node = t.node(t.servers("a1"), frontend={"http": {"max_header_bytes": 4096}})
    cases = [
        ("GET", ["Content-Length: 1", "Content-Length: 2"]),
        ("GET", ["Transfer-Encoding: gzip"]),
        ("CONNECT", []),
        ("G@T", []),
        ("GET", [f"X-{n}: 1" for n in range(101)]),
        ("GET", [f"X-{n}: " + "x" * 300 for n in range(20)]),
    ]
    for method, headers in cases:
        told = explain(node, method=method, header=headers)
        with node.client() as client:
            lines = "".join(f"{x}\r\n" for x in headers)
            client.send(f"{method} / HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
            assert client.read_response().status == told["refused"]["status"], (method, headers[:1], told)


def test_the_server_that_ip_hash_picks_is_named(t):
    node = t.node(t.servers("a1", "a2", "a3"), frontend={"algorithm": "ip_hash"})
    used = node.get().field("X-Server")
    told = explain(node, client="127.0.0.1")
    assert told["pick"] == used, told
    assert explain(node)["pick"] is None
    node.set_server(used, admin="drain")
    eventually(lambda: explain(node, client="127.0.0.1")["pick"] not in (None, used))
    assert node.get().field("X-Server") == explain(node, client="127.0.0.1")["pick"]
    states = {x["server"]: (x["usable"], x["rule"]) for x in explain(node)["candidates"]}
    assert states[used] == (False, "admin_drain"), states


def test_an_explanation_takes_no_turn_and_counts_nothing(t):
    node = t.node(t.servers("a1", "a2"), config={"global": {"workers": 1}})
    with node.client() as client:
        order = [client.get().field("X-Server") for _ in range(2)]
        for _ in range(3):
            assert "in turn" in explain(node)["pick_why"]
        assert [client.get().field("X-Server") for _ in range(2)] == order
    assert node.metric("http_requests_total", code="2xx") == 4


def test_troupectl_explains_in_80_columns_and_says_what_is_missing(t):
    servers = t.servers("a1", "a2")
    node = t.node(servers)
    shown = ctl(node, "explain", "GET", "http://shop.test/cart", "-H", "Accept: text/html", "-H", "Connection: close").stdout
    assert "GET /cart HTTP/1.1" in shown and "removed" in shown and "a2" in shown, shown
    assert max(map(len, shown.splitlines())) <= 80, shown
    for server in servers:
        node.set_server(server.name, admin="maint")
    told = json.loads(eventually(lambda: ctl(node, "-o", "json", "explain", "GET", "/").stdout))
    eventually(lambda: explain(node)["refused"] and explain(node)["refused"]["status"] == 503)
    assert told["frontend"] == "web"
    assert "frontend" in ctl(node, "explain", "GET", "http://shop.test:1/", code=1).stderr
    assert "/PATH" in ctl(node, "explain", "GET", "shop.test", code=1).stderr


def test_values_from_the_environment_are_not_for_everybody(t):
    port = free_port()
    for role in ("read", "operator"):
        (t.directory / role).write_text(f"token-{role}\n")
        (t.directory / role).chmod(0o600)
    tokens = [{"file": str(t.directory / role), "role": role} for role in ("read", "operator")]
    rules = {"set": {"X-Zone": "${ZONE}", "X-Api-Key": "${SECRET}", "Authorization": "Bearer ${SECRET}"}}
    node = t.node(
        t.servers("a1"),
        frontend={"http": {"request_headers": rules, "response_headers": {"set": {"X-Origin": "${SECRET}"}}}},
        config={"admin": {"listen": f"127.0.0.1:{port}", "tokens": tokens}},
        environment={"ZONE": "zone-value", "SECRET": "very-secret-value", "BROKEN": "very-secret-value\nx"},
    )

    def ask(path, role):
        return get(("127.0.0.1", port), path, fields={"Authorization": f"Bearer token-{role}"})

    def told(role, *headers):
        query = urlencode({"url": "/", "header": headers}, doseq=True, quote_via=quote)
        answer = json.loads(ask("/v1/explain?" + query, role).body)
        return {x["name"]: (x["value"], x["change"]) for x in answer["request"]["headers"]}

    assert {told("read")[name] for name in rules["set"]} == {("(set)", "added")}
    as_operator = told("operator")
    assert as_operator["X-Zone"] == ("zone-value", "added"), as_operator
    assert as_operator["X-Api-Key"][0] == as_operator["Authorization"][0] == "(set)", as_operator
    # A right guess looks as a wrong one does.
    for guess in ("very-secret-value", "wrong"):
        assert told("read", f"X-Api-Key: {guess}")["X-Api-Key"] == ("(set)", "changed")
    # The servers get the values, and a reload that is refused does not tell them either.
    assert ("x-zone", "zone-value") in headers_seen(node.get("/echo"))
    rules["set"]["X-Api-Key"] = "${BROKEN}"
    node.reload_refused(json.dumps(node.config))
    for path in ("status", "config", "config/history", "backends", "why/app/a1", "events", "nodes", "traffic", "actors"):
        assert b"very-secret" not in ask(f"/v1/{path}", "read").body, path
    assert "very-secret" not in node.log()
