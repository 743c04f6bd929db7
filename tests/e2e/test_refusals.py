# SPDX-License-Identifier: BSD-3-Clause
"""Requests that must not reach a server."""

import json

from harness import eventually

HOST = "Host: t\r\n"
REFUSED = {
    "both framings": (400, f"POST / HTTP/1.1\r\n{HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "two lengths": (400, f"POST / HTTP/1.1\r\n{HOST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    "length list": (400, f"POST / HTTP/1.1\r\n{HOST}Content-Length: 3, 3\r\n\r\nabc"),
    "signed length": (400, f"POST / HTTP/1.1\r\n{HOST}Content-Length: +3\r\n\r\nabc"),
    "hex length": (400, f"POST / HTTP/1.1\r\n{HOST}Content-Length: 0x3\r\n\r\nabc"),
    "huge length": (400, f"POST / HTTP/1.1\r\n{HOST}Content-Length: 99999999999999999999\r\n\r\n"),
    "gzip coding": (400, f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunked twice": (400, f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "chunked 1.0": (400, f"POST / HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "bare LF": (400, "GET / HTTP/1.1\nHost: t\n\n"),
    "bare LF behind a field": (400, f"GET / HTTP/1.1\r\n{HOST}X-A: b\nX-B: c\r\n\r\n"),
    "bare CR": (400, f"GET / HTTP/1.1\r\n{HOST}X-A: a\rb\r\n\r\n"),
    "NUL": (400, f"GET / HTTP/1.1\r\n{HOST}X-A: a\0b\r\n\r\n"),
    "folded line": (400, f"GET / HTTP/1.1\r\n{HOST}X-A: b\r\n c\r\n\r\n"),
    "space before the colon": (400, f"GET / HTTP/1.1\r\n{HOST}X-A : b\r\n\r\n"),
    "no host": (400, "GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, f"GET / HTTP/1.1\r\n{HOST}{HOST}\r\n"),
    "bad method": (400, f"G(T / HTTP/1.1\r\n{HOST}\r\n"),
    "bad target": (400, f"GET x HTTP/1.1\r\n{HOST}\r\n"),
    "space in the target": (400, f"GET /a b HTTP/1.1\r\n{HOST}\r\n"),
    "no version": (400, f"GET /\r\n{HOST}\r\n"),
    "HTTP/2.0": (505, f"GET / HTTP/2.0\r\n{HOST}\r\n"),
    "CONNECT": (501, "CONNECT t:443 HTTP/1.1\r\nHost: t:443\r\n\r\n"),
    "huge head": (431, f"GET / HTTP/1.1\r\n{HOST}X-A: {'x' * 20_000}\r\n\r\n"),
    "many fields": (431, f"GET / HTTP/1.1\r\n{HOST}" + "X-A: b\r\n" * 120 + "\r\n"),
    "long target": (414, f"GET /{'x' * 9_000} HTTP/1.1\r\n{HOST}\r\n"),
    "TLS": (400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 500 + "\r\n\r\n"),
}


def test_malformed_requests_are_refused_and_reach_no_server(t):
    server = t.server("a1")
    node = t.node([server])
    for name, (status, request) in REFUSED.items():
        with node.client() as client:
            client.send(request.encode("latin-1"))
            response = client.read_response()
            assert response.status == status, f"{name}: {response}"
            assert not response.keeps_alive, name
            try:
                client.read_to_end()
            except ConnectionResetError:
                pass
    assert server.count()["requests"] == 0
    eventually(lambda: node.metric("refused_total", reason="bad_request") >= 15)
    eventually(lambda: node.metric("refused_total", reason="header_too_large") >= 2)
    assert node.get().status == 200


def test_a_broken_chunk_ends_the_connection(t):
    server = t.server("a1")
    node = t.node([server])
    for chunk in ("zz\r\n", "ffffffffffffffffff\r\n", "-1\r\n", "3\r\nabcd\r\n", "3\nabc\n"):
        with node.client() as client:
            client.send(f"POST /echo HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{chunk}")
            try:
                response = client.read_response()
                assert response.status == 400, f"{chunk!r}: {response}"
                client.read_to_end()
            except (AssertionError, ConnectionResetError) as error:
                assert "connection ended" in str(error) or isinstance(error, OSError), error
    assert server.count()["bodies"] == {}
    assert node.get().status == 200


def test_nothing_is_smuggled_behind_a_refused_request(t):
    server = t.server("a1")
    node = t.node([server])
    with node.client() as client:
        client.send(
            f"POST / HTTP/1.1\r\n{HOST}Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n"
            f"0\r\n\r\nGET /admin HTTP/1.1\r\n{HOST}\r\n"
        )
        assert client.read_response().status == 400
        try:
            assert client.read_to_end() == b""
        except ConnectionResetError:
            pass
    assert server.times("GET /admin") == 0


def test_bodies_over_the_limit_get_413(t):
    server = t.server("a1")
    node = t.node([server], frontend={"http": {"max_body_bytes": 1000}})
    with node.client() as client:
        assert client.request("POST", "/echo", body=b"x" * 1000).status == 200
        assert client.request("POST", "/echo", body=b"x" * 1001).status == 413
    with node.client() as client:
        client.send(f"POST /echo HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n")
        client.send(b"1f4\r\n" + b"x" * 500 + b"\r\n")
        client.send(b"1f5\r\n" + b"x" * 501 + b"\r\n0\r\n\r\n")
        assert client.read_response().status == 413
    node.expect_metric(2, "refused_total", reason="body_too_large")


def test_an_error_reply_tells_nothing_about_the_inside(t):
    server = t.server("a1")
    node = t.node([server])
    server.kill()
    response = node.get()
    assert response.status in (502, 503)
    # The request's id is random, and hexadecimal enough to spell "caf".
    text = (response.raw_head + response.body).decode().lower().replace(response.field("X-Request-Id", "-").lower(), "")
    for word in (f":{server.port}", "boost", "caf", "exception", "0.1.0"):
        assert word not in text, word


def test_an_error_reply_is_json_for_who_asks_for_it(t):
    server = t.server("a1")
    node = t.node([server], config={"global": {"access_log": {"path": str(t.directory / "node0/access.log")}}})
    server.kill()
    for lines, (accept, kind) in enumerate(
        (("application/json", "application/json"), ("text/html", "text/plain; charset=utf-8")), 1
    ):
        with node.client() as client:
            response = client.get("/", Accept=accept)
            assert response.status == 503 and response.field("Content-Type") == kind, response
            request_id = response.field("X-Request-Id")
            assert request_id
            if kind == "application/json":
                said = json.loads(response.body)
                assert said["status"] == 503 and said["request_id"] == request_id and said["reason"], said
            else:
                assert f"request id: {request_id}" in response.text
            assert node.access_log(lines)[-1]["request_id"] == request_id
