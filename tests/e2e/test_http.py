# SPDX-License-Identifier: BSD-3-Clause
"""HTTP/1.1 as clients and servers must find it through the balancer."""

import zlib

from harness import pattern, smoke

ONE_WORKER = {"global": {"workers": 1}}


def one(t, **options):
    server = t.server("a1")
    return server, t.node([server], config=ONE_WORKER, **options)


def headers_seen(response):
    """What /echo says the server got: [(name in lower case, value)]"""
    return [(name.lower(), value) for name, value in response_json(response)["headers"]]


def response_json(response):
    import json

    assert response.status == 200, response
    return json.loads(response.body)


def values(response, name):
    return [value for key, value in headers_seen(response) if key == name.lower()]


def test_connections_are_kept_on_both_sides(t):
    server, node = one(t)
    with node.client() as client:
        for _ in range(100):
            assert client.get("/").text == "hello from a1\n"
    assert server.count()["connections"] <= 2  # ours to ask is one
    assert node.metric("frontend_connections_total") == 1
    node.expect_metric(100, "http_requests_total", code="2xx")


def test_pipelined_requests_are_answered_in_order(t):
    node = t.node(t.servers("a1", "a2", "a3"))
    with node.client() as client:
        targets = [f"/echo?n={n}" if n % 5 else f"/delay/30?n={n}" for n in range(40)]
        client.send("".join(f"GET {x} HTTP/1.1\r\nHost: t\r\n\r\n" for x in targets))
        for target in targets:
            response = client.read_response()
            if target.startswith("/echo"):
                assert response_json(response)["target"] == target
            else:
                assert "slow" in response.text


def test_pipelined_bodies_are_not_mixed_up(t):
    _, node = one(t)
    with node.client() as client:
        bodies = [b"%d-" % n * (n * 100 + 1) for n in range(20)]
        for body in bodies:
            client.send_request("POST", "/echo", body=body)
        for body in bodies:
            seen = response_json(client.read_response())
            assert (seen["body_length"], seen["body_crc"]) == (len(body), zlib.crc32(body))


def test_a_request_in_single_bytes_is_understood(t):
    _, node = one(t)
    with node.client() as client:
        for byte in b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc":
            client.send(bytes([byte]))
        assert response_json(client.read_response())["body_length"] == 3


def test_chunked_requests_arrive_with_their_trailers(t):
    _, node = one(t)
    with node.client() as client:
        data = pattern(100_000)
        client.send(
            "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        )
        for start in range(0, len(data), 7_777):
            piece = data[start : start + 7_777]
            client.send(b"%x;ext=1\r\n" % len(piece) + piece + b"\r\n")
        client.send("0\r\nX-Sum: 42\r\n\r\n")
        seen = response_json(client.read_response())
        assert (seen["body_length"], seen["body_crc"]) == (len(data), zlib.crc32(data))
        assert seen["trailers"] == ["X-Sum: 42"]
        assert client.get("/").status == 200


def test_chunked_responses_arrive_with_their_trailers(t):
    _, node = one(t)
    with node.client() as client:
        for chunk in (1, 100, 5_000, 65_000):
            size = min(200_000, chunk * 2_000)
            response = client.get(f"/chunked/{size}?chunk={chunk}&trailer")
            assert response.body == pattern(size)
            assert response.trailers == [("X-Checksum", f"{zlib.crc32(response.body):08x}")]


def test_head_and_bodiless_replies_leave_the_connection_in_step(t):
    _, node = one(t)
    with node.client() as client:
        for _ in range(3):
            head = client.request("HEAD", "/bytes/1000")
            assert head.field("Content-Length") == "1000" and head.body == b""
            assert client.request("HEAD", "/chunked/1000").body == b""
            assert client.get("/status/204").status == 204
            assert client.get("/status/304").status == 304
            assert client.get("/status/304?length=10").status == 304
            assert client.get("/bytes/10").body == pattern(10)
            assert client.get("/bytes/0").body == b""


def test_a_client_that_expects_100_is_told_to_continue_by_the_server(t):
    _, node = one(t)
    with node.client() as client:
        client.send(
            "POST /continue HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        assert client.read_response(final=False).status == 100
        client.send("hello")
        assert response_json(client.read_response())["body_length"] == 5
        assert client.get("/").status == 200


def test_a_server_may_refuse_before_the_body_was_sent(t):
    _, node = one(t)
    with node.client() as client:
        client.send(
            "POST /early HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 500000\r\n\r\n"
        )
        assert client.read_response().status == 413
    with node.client() as client:
        client.send("POST /early HTTP/1.1\r\nHost: t\r\nContent-Length: 500000\r\n\r\n")
        client.send(b"x" * 1000)
        assert client.read_response().status == 413


def test_informational_replies_are_passed_on(t):
    _, node = one(t)
    with node.client() as client:
        response = client.get("/early-hints")
        assert [x.status for x in response.informational] == [103]
        assert response.informational[0].field("Link") == "</a.css>"
        assert response.status == 200
        assert client.get("/").status == 200


def test_http_1_0_clients_get_neither_informational_replies_nor_chunks(t):
    _, node = one(t)
    with node.client() as client:
        response = client.request("GET", "/early-hints", version="1.0")
        assert not response.informational and response.status == 200
        assert client.at_end()
    with node.client() as client:
        response = client.request("GET", "/chunked/100000", version="1.0")
        assert not response.all("Transfer-Encoding")
        assert response.body == pattern(100_000)


def test_http_1_0_keep_alive_is_honoured(t):
    _, node = one(t)
    with node.client() as client:
        for _ in range(3):
            response = client.request("GET", "/", {"Connection": "keep-alive"}, version="1.0")
            assert response.status == 200
            assert "keep-alive" in response.field("Connection").lower()
        assert client.request("GET", "/", version="1.0").status == 200
        assert client.at_end()


def test_connection_close_is_honoured(t):
    _, node = one(t)
    with node.client() as client:
        response = client.request("GET", "/", {"Connection": "close"})
        assert not response.keeps_alive
        assert client.at_end()


def test_a_server_that_closes_does_not_close_the_client(t):
    _, node = one(t)
    with node.client() as client:
        for _ in range(5):
            response = client.get("/close")
            assert response.status == 200 and response.keeps_alive
            assert client.get("/http10").body == b"old\n"


def test_bodies_that_end_with_the_connection_arrive_whole(t):
    _, node = one(t)
    for size in (0, 1, 1_000, 300_000):
        with node.client() as client:
            assert client.get(f"/until-close/{size}").body == pattern(size)


@smoke
def test_an_upgrade_becomes_a_tunnel(t):
    _, node = one(t)
    with node.client() as client:
        client.send(
            "GET /upgrade HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        response = client.read_response()
        assert response.status == 101
        assert response.field("Upgrade") == "websocket"
        assert "upgrade" in response.field("Connection").lower()
        for n in range(50):
            client.send(b"frame %d" % n)
            assert client.read_exactly(len(b"frame %d" % n)) == b"frame %d" % n
        data = pattern(150_000)
        client.send(data)
        assert client.read_exactly(len(data)) == data
        client.finish()
        assert client.at_end()


def test_an_upgrade_the_server_declines_is_an_ordinary_reply(t):
    _, node = one(t)
    with node.client() as client:
        fields = {"Connection": "Upgrade", "Upgrade": "h2c"}
        assert client.request("GET", "/", fields).text == "hello from a1\n"
        assert client.get("/").status == 200


def test_forwarding_fields_are_added_and_forged_ones_replaced(t):
    _, node = one(t)
    with node.client() as client:
        response = client.request(
            "GET",
            "/echo",
            {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil"},
            host="shop.example",
        )
        assert values(response, "X-Forwarded-For") == ["127.0.0.1"]
        assert values(response, "X-Forwarded-Proto") == ["http"]
        assert values(response, "X-Forwarded-Host") == ["shop.example"]
        assert values(response, "Host") == ["shop.example"]
        assert "1.1 troupe" in ",".join(values(response, "Via"))
        (first,) = values(response, "X-Request-Id")
        (second,) = values(client.get("/echo"), "X-Request-Id")
        assert first and second and first != second
        assert values(client.request("GET", "/echo", {"X-Request-Id": "mine"}), "X-Request-Id") == ["mine"]


def test_a_trusted_proxy_is_believed(t):
    _, node = one(t, frontend={"http": {"trusted_proxies": ["127.0.0.0/8"]}})
    with node.client() as client:
        response = client.request("GET", "/echo", {"X-Forwarded-For": "9.9.9.9"})
        assert ", ".join(values(response, "X-Forwarded-For")).replace(" ", "") == "9.9.9.9,127.0.0.1"


def test_hop_by_hop_fields_stay_behind(t):
    _, node = one(t)
    with node.client() as client:
        response = client.request(
            "GET",
            "/echo",
            {
                "Connection": "keep-alive, X-Secret",
                "X-Secret": "1",
                "Keep-Alive": "timeout=5",
                "Proxy-Connection": "keep-alive",
                "Proxy-Authorization": "Basic x",
                "TE": "trailers",
                "Keep_Alive": "timeout=5",
                "X-Kept": "yes",
            },
        )
        names = {name for name, _ in headers_seen(response)}
        assert "x-kept" in names
        for gone in ("x-secret", "keep-alive", "proxy-connection", "keep_alive"):
            assert gone not in names, gone


def test_header_rules_set_and_remove_fields(t):
    rules = {
        "request_headers": {"set": {"X-Env": "prod"}, "remove": ["X-Debug"]},
        "response_headers": {"set": {"Strict-Transport-Security": "max-age=60"}, "remove": ["X-Server"]},
    }
    _, node = one(t, frontend={"http": rules})
    with node.client() as client:
        response = client.request("GET", "/echo", {"X-Debug": "1", "X-Env": "forged"})
        assert values(response, "X-Env") == ["prod"]
        assert values(response, "X-Debug") == []
        assert response.field("Strict-Transport-Security") == "max-age=60"
        assert response.field("X-Server") is None


def test_an_absolute_target_is_understood_if_it_agrees_with_host(t):
    _, node = one(t)
    with node.client() as client:
        client.send("GET http://shop.example/echo?x=1 HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        response = client.read_response()
        assert response_json(response)["target"] == "/echo?x=1"
        assert values(response, "Host") == ["shop.example"]
        client.send("GET http://shop.example/echo HTTP/1.1\r\nHost: other.example\r\n\r\n")
        assert client.read_response().status == 400


def test_a_client_that_has_sent_its_fin_still_gets_its_replies(t):
    _, node = one(t)
    with node.client() as client:
        client.send_request("GET", "/delay/100")
        client.send_request("GET", "/bytes/100000")
        client.finish()
        assert client.read_response().status == 200
        assert client.read_response().body == pattern(100_000)
        assert client.at_end()


def test_a_unix_socket_can_be_a_frontend_and_a_server(t):
    from harness import Client

    path = str(t.directory / "web.sock")
    server = t.server("a1")
    node = t.node([server], frontend={"listen": f"unix:{path}"})
    with Client(path) as client:
        for _ in range(3):
            assert client.get("/").text == "hello from a1\n"
