# SPDX-License-Identifier: BSD-3-Clause
"""Header rules: what servers and clients get, whatever a client sends."""

from harness import smoke
from test_http import headers_seen
from test_routes import routed, to


def seen(client, target="/echo", fields=(), **options):
    """The values of each field that the server got."""
    result = {}
    for name, value in headers_seen(client.request("GET", target, fields, **options)):
        result.setdefault(name, []).append(value)
    return result


@smoke
def test_values_have_variables_of_the_request(t):
    node = routed(
        t,
        [{"name": "inner", **to("api", path_prefix="/echo"), "request_headers": {"set": {"X-Route": "{frontend}/{route}"}}}],
        http={
            "request_headers": {
                "set": {
                    "X-Client": "{client_ip}",
                    "X-Asked": "{method} {scheme}://{host}:{port}{path}?{query}",
                    "X-Both": "{header:X-One} {cookie:two}",
                    "X-Id": "{request_id}",
                    "X-Cert": "{client_cert_subject}",
                    "X-Json": '{"a": {"b": 1}}',
                }
            }
        },
    )
    with node.client() as client:
        fields = [("X-Client", "forged"), ("x_client", "forged"), ("X-Cert", "CN=admin"), ("X-One", "1"), ("Cookie", "two=2")]
        got = seen(client, "/echo?a=b", fields, host="Shop.example:8080")
        assert got["x-client"] == ["127.0.0.1"] and "x_client" not in got, got
        assert got["x-asked"] == ["GET http://shop.example:8080/echo?a=b"], got
        assert got["x-both"] == ["1 2"] and got["x-route"] == ["web/inner"], got
        assert got["x-id"] == got["x-request-id"] and "x-cert" not in got, got
        assert got["x-json"] == ['{"a": {"b": 1}}'], got
        assert "x-id" in seen(client, "/echo", host="t")


def test_lines_are_removed_set_added_and_replaced_in_this_order(t):
    node = routed(
        t,
        [
            {
                **to("api", path_prefix="/echo"),
                "request_headers": {
                    "add": {"X-Both": "route"},
                    "replace": {"X-Both": {"match": "^", "to": "> "}, "X-Old": {"match": "([0-9]+)", "to": "<\\1>"}},
                },
                "response_headers": {"add": {"X-Line": ["one", "two"]}},
            }
        ],
        http={"request_headers": {"remove": ["X-Gone"], "add": {"X-Gone": "new", "X-Both": "{host}"}}},
    )
    with node.client() as client:
        fields = [("X-Gone", "old"), ("X-Both", "client"), ("x.both", "alias"), ("X-Old", "a1b22"), ("x-old", "c")]
        got = seen(client, "/echo", fields, host="t")
        assert got["x-gone"] == ["new"], got
        assert got["x-both"] == ["> client", "> t", "> route"] and "x.both" not in got, got
        assert got["x-old"] == ["a<1>b<22>", "c"], got
        assert client.get("/echo").all("X-Line") == ["one", "two"]


def test_responses_name_the_request_and_the_server(t):
    rules = {
        "set": {"X-Served-By": "{server} at {node}", "Access-Control-Allow-Origin": "{header:Origin}"},
        "replace": {"Content-Type": {"match": "text/(.*)", "to": "text/\\1; by={server}"}},
    }
    node = routed(t, [to("api", path="/api")], http={"response_headers": rules})
    with node.client() as client:
        for target, server in (("/", "app"), ("/api", "api")):
            got = client.request("GET", target, {"Origin": "http://a"}, host="t")
            assert got.field("X-Served-By").startswith(f"{server} at "), got
            assert got.field("Access-Control-Allow-Origin") == "http://a", got
            assert got.field("Content-Type") == f"text/plain; by={server}", got
        assert client.get("/").field("Access-Control-Allow-Origin") is None
        assert client.request("HEAD", "/", host="t").field("X-Served-By").startswith("app at ")


def test_own_answers_have_them_too(t):
    node = routed(
        t,
        [
            {"match": {"path": "/moved"}, "redirect": {"path": "/"}},
            to("api", path="/a"),
        ],
        backend=None,
        http={"response_headers": {"set": {"X-For": "{client_ip}", "X-Frontend": "web", "X-Origin": "{header:Origin}"}, "remove": ["Cache-Control"]}},
    )
    with node.client() as client:
        for target, status in (("/moved", 308), ("/lost", 404), ("/a;b", 400)):
            got = client.request("GET", target, {"Origin": "http://a"}, host="t")
            assert got.field("X-Origin") == "http://a", got
            assert got.status == status and got.field("X-For") == "127.0.0.1", got
            assert got.field("Date") and not got.field("Server") and not got.field("Cache-Control"), got
    with node.client() as client:  # refused before it has a route
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\nBad Name: x\r\n\r\n")
        got = client.read_response()
        assert got.status == 400 and got.field("X-For") == "127.0.0.1" and got.field("X-Frontend") == "web", got


def test_nothing_from_a_client_ends_a_line(t):
    node = routed(t, [], http={"request_headers": {"set": {"X-A": "{path} {query} {header:X-B} {cookie:c}"}}})
    with node.client() as client:
        got = seen(client, "/echo?%0d%0aX-Evil:1", [("X-B", "%0aX-Evil: 1"), ("Cookie", "c=%0dX-Evil")], host="t")
        assert got["x-a"] == ["/echo %0d%0aX-Evil:1 %0aX-Evil: 1 %0dX-Evil"] and "x-evil" not in got, got
    for raw in (b"X-B: a\rX-Evil: 1", b"X-B: a\0", b"X-B: a\n X-Evil: 1"):
        with node.client() as client:
            client.send(b"GET /echo HTTP/1.1\r\nHost: t\r\n" + raw + b"\r\n\r\n")
            assert client.read_response().status == 400, raw


def test_what_becomes_too_long_is_refused(t):
    node = routed(t, [], http={"request_headers": {"set": {f"X-{n}": "{header:X-Big}" for n in range(10)}}})
    with node.client() as client:
        assert client.request("GET", "/", {"X-Big": "x" * 8000}).status == 431
        assert client.request("GET", "/", {"X-Big": "x" * 10}).status == 200


def test_trailers_bring_nothing_that_a_route_sets(t):
    route = {**to("api", path_prefix="/echo"), "request_headers": {"set": {"X-User": "{cookie:user}"}}}
    node = routed(t, [route])
    with node.client() as client:
        client.send(
            b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\nx\r\n0\r\nX-User: admin\r\nX_User: admin\r\nX-Other: 1\r\n\r\n"
        )
        got = client.read_response()
        assert "admin" not in got.text and "X-Other" in got.text, got
