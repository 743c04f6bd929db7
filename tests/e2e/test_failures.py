# SPDX-License-Identifier: BSD-3-Clause
"""What clients notice when servers fail: as little as can be."""

import time

from harness import Load, eventually, get, limit, patience

CHECKED = {
    "health_check": {
        "enabled": True,
        "interval": "200ms",
        "timeout": "200ms",
        "rise": 1,
        "fall": 2,
        "passive": {"failures": 5, "cooldown": "1s"},
    }
}


@limit(90)
def test_killing_and_restarting_servers_under_load_fails_no_request(t):
    servers = t.servers("a1", "a2", "a3")
    node = t.node(servers, backend=CHECKED)
    with Load(node.address) as load:
        for round_number in range(6):
            victim = servers[round_number % 3]
            time.sleep(0.4)
            victim.kill()
            time.sleep(0.6)
            victim.start()
            node.wait_up(victim.name)
    load.assert_no_failures(at_least=500)
    assert set(load.by_server) == {"a1", "a2", "a3"}


def test_a_server_that_refuses_connections_is_passed_over(t):
    a1, a2 = t.servers("a1", "a2")
    a1.kill()
    node = t.node([a1, a2], config={"global": {"workers": 1}})
    for method in ("GET", "POST", "PUT", "DELETE"):
        body = b"x" if method in ("POST", "PUT") else None
        with node.client() as client:
            for _ in range(3):
                response = client.request(method, "/echo", body=body)
                assert response.status == 200 and response.field("X-Server") == "a2"
    eventually(lambda: node.metric("server_connect_failures_total", server="a1") >= 2)
    eventually(lambda: node.metric("retries_total", result="success") >= 2)


def test_without_a_healthy_server_the_answer_is_503_at_once(t):
    servers = t.servers("a1", "a2", options=["--fail-health"])
    check = {"enabled": True, "type": "http", "path": "/health", "interval": "100ms"}
    node = t.node(servers, backend={"health_check": check})
    node.wait_down("a1", "a2")
    started = time.monotonic()
    response = node.get()
    assert response.status == 503
    assert time.monotonic() - started < 0.5 * patience()
    eventually(lambda: node.metric("refused_total", reason="no_healthy_backend") == 1)
    for server in servers:
        assert server.times("GET /") == 0


def test_every_server_refusing_gives_503_and_not_a_hang(t):
    a1, a2 = t.servers("a1", "a2")
    a1.kill()
    a2.kill()
    node = t.node([a1, a2])
    started = time.monotonic()
    assert node.get().status in (502, 503)
    assert time.monotonic() - started < 2 * patience()


def test_a_server_that_resets_is_ejected_and_returns_after_its_cooldown(t):
    passive = {"failures": 3, "cooldown": "1500ms"}
    node = t.node(
        t.servers("a1", "a2"),
        backend={"health_check": {"enabled": False, "passive": passive}},
        config={"global": {"workers": 1}},
    )
    with node.client() as client:
        for _ in range(10):
            assert client.get("/reset?only=a1").status == 200
        node.wait_down("a1")
        for _ in range(10):
            assert client.get("/").field("X-Server") == "a2"
        node.wait_up("a1")
        assert {client.get("/").field("X-Server") for _ in range(10)} == {"a1", "a2"}
    assert node.metric("server_state_changes_total", server="a1", to="down") == 1
    assert node.metric("server_state_changes_total", server="a1", to="up") == 1


def test_a_request_that_every_server_resets_ejects_none(t):
    passive = {"failures": 3, "cooldown": "30s"}
    node = t.node(
        t.servers("a1", "a2", "a3"),
        backend={"health_check": {"enabled": False, "passive": passive}},
        config={"global": {"workers": 1}},
    )
    for _ in range(12):
        assert node.get("/reset").status == 502
    assert all(node.server_up(name) for name in ("a1", "a2", "a3"))
    with node.client() as client:
        assert {client.get("/").field("X-Server") for _ in range(6)} == {"a1", "a2", "a3"}


def test_streams_that_rest_behind_their_heads_eject_nobody(t):
    passive = {"failures": 3, "cooldown": "30s"}
    node = t.node(
        t.servers("a1", "a2"),
        frontend={"http": {"timeout_idle": "400ms"}},
        backend={"health_check": {"enabled": False, "passive": passive}},
        config={"global": {"workers": 1}},
    )
    clients = [node.client() for _ in range(12)]
    for client in clients:
        client.send_request("GET", "/stall/100")
    for client in clients:
        with client:
            client.read_to_end()
    node.expect_metric(12, "refused_total", reason="server_timeout")
    assert node.server_up("a1") and node.server_up("a2")
    with node.client() as client:
        assert {client.get("/").field("X-Server") for _ in range(6)} == {"a1", "a2"}


def test_each_failed_try_counts_at_its_server(t):
    node = t.node(
        t.servers("a1", "a2"),
        backend={
            "timeout_response": "400ms",
            "health_check": {"enabled": False, "passive": {"failures": 1000}},
        },
        config={"global": {"workers": 1}},
    )

    def failures(server, reason):
        return node.metric("server_failures_total", server=server, reason=reason)

    with node.client() as client:
        for _ in range(10):
            client.request("POST", "/reset?only=a1", body=b"x")
    eventually(lambda: failures("a1", "server_reset") == 5)
    with node.client() as client:
        for _ in range(10):
            assert client.get("/reset?only=a1").status == 200
    eventually(lambda: failures("a1", "server_reset") >= 10, what="also those that were retried")
    assert failures("a2", "server_reset") == 0
    assert node.get("/garbage").status == 502
    assert node.get("/hang").status == 504
    eventually(lambda: sum(failures(name, "bad_response") for name in ("a1", "a2")) == 1)
    eventually(lambda: sum(failures(name, "server_timeout") for name in ("a1", "a2")) == 1)


def test_a_server_that_resets_streams_before_it_speaks_is_ejected(t):
    passive = {"failures": 3, "cooldown": "30s"}
    node = t.node(
        t.servers("a1", "a2"),
        protocol="tcp",
        backend={"health_check": {"enabled": False, "passive": passive}},
        config={"global": {"workers": 1}},
    )
    for _ in range(6):  # every second one meets a1, which takes the connection and resets it
        with node.client() as client:
            client.send(b"GET /reset?only=a1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            try:
                client.read_to_end()
            except ConnectionResetError:
                pass
    node.wait_down("a1")
    assert node.metric("server_connect_failures_total", server="a1") == 0
    for _ in range(4):
        with node.client() as client:
            assert client.get("/").field("X-Server") == "a2"


def test_the_last_server_standing_is_never_ejected(t):
    passive = {"failures": 2, "cooldown": "30s"}
    node = t.node(t.servers("a1"), backend={"health_check": {"enabled": False, "passive": passive}})
    for _ in range(10):
        assert node.get("/reset", method="POST", body=b"x").status == 502
    assert node.get().status == 200


def test_server_errors_eject_only_when_they_are_counted(t):
    def failures(count_5xx):
        passive = {"failures": 3, "cooldown": "30s", "count_5xx": count_5xx}
        node = t.node(
            t.servers("a1", "a2"),
            backend={"health_check": {"enabled": False, "passive": passive}},
            config={"global": {"workers": 1}},
        )
        with node.client() as client:
            for _ in range(20):
                client.get("/status/500?only=a1")
            if count_5xx:
                node.wait_down("a1")
            else:
                assert node.server_up("a1")

    failures(False)
    failures(True)


def test_a_post_is_never_sent_twice_when_the_server_resets(t):
    servers = t.servers("a1", "a2")
    node = t.node(servers)
    response = node.get("/reset", method="POST", body=b"pay 10")
    assert response.status == 502
    assert sum(server.times("POST /reset") for server in servers) == 1


def test_a_post_on_a_pooled_connection_is_never_sent_twice(t):
    server = t.server("a1")
    node = t.node([server], config={"global": {"workers": 1}})
    with node.client() as client:
        assert client.get("/").status == 200
        response = client.request("POST", "/reset-if-reused", body=b"pay 10")
        assert response.status in (200, 502)
    assert server.times("POST /reset-if-reused") == 1
    assert server.count()["bodies"] == {"pay 10": 1}


def test_a_get_is_tried_again_when_a_pooled_connection_breaks(t):
    server = t.server("a1")
    node = t.node([server], config={"global": {"workers": 1}})
    with node.client() as client:
        assert client.get("/").status == 200
        assert client.get("/reset-if-reused").status == 200
    assert server.times("GET /reset-if-reused") == 2
    eventually(lambda: node.metric("retries_total", result="success") >= 1)


def test_a_pooled_connection_the_server_has_closed_fails_no_request(t):
    server = t.server("a1")
    node = t.node([server], config={"global": {"workers": 1}})
    with node.client() as client:
        for _ in range(50):
            assert client.get("/close?silent").status == 200
            assert client.get("/").status == 200  # may meet the FIN half way
            assert client.get("/close?silent").status == 200
            eventually(lambda: server.count()["open"] <= 1, what="the FIN has arrived")
            assert client.request("POST", "/echo", body=b"x").status == 200


def test_a_restarted_server_fails_no_request_from_the_pool(t):
    server = t.server("a1")
    node = t.node([server])
    with node.client() as client:
        for _ in range(5):
            assert client.get("/").status == 200
            server.kill()
            server.start()
            assert client.request("POST", "/echo", body=b"x").status == 200


def test_tries_are_bounded_when_every_server_resets(t):
    servers = t.servers("a1", "a2", "a3", "a4", "a5")
    node = t.node(servers, backend={"retries_max": 2})
    assert node.get("/reset").status == 502
    assert sum(server.times("GET /reset") for server in servers) == 3


def test_a_body_cut_short_by_the_server_is_not_passed_off_as_whole(t):
    node = t.node(t.servers("a1"))
    for target in ("/truncate/500", "/reset-after/5000", "/bad-chunk"):
        try:
            response = node.get(target)
        except (AssertionError, ConnectionResetError):
            continue
        assert response.status == 502, f"{target}: {response}"


def test_replies_that_are_not_http_give_502(t):
    node = t.node(t.servers("a1"))
    for target in ("/garbage", "/two-lengths", "/head-huge", "/reset"):
        assert node.get(target).status == 502, target
    eventually(lambda: node.metric("refused_total", reason="bad_response") >= 2)


def test_bytes_behind_a_response_never_reach_the_next_client(t):
    node = t.node(t.servers("a1"), config={"global": {"workers": 1}})
    with node.client() as one, node.client() as other:
        assert one.get("/extra").body == b"hello"
        for client in (other, one):
            for _ in range(5):
                if client is one and not one.is_idle(0.05):
                    break  # it may have been closed, but not with more bytes
                assert client.get("/").text == "hello from a1\n"


def test_a_frozen_server_is_taken_out_by_its_probes(t):
    a1, a2 = t.servers("a1", "a2")
    check = {"enabled": True, "type": "http", "path": "/health", "interval": "100ms", "timeout": "200ms"}
    node = t.node([a1, a2], backend={"health_check": check})
    node.wait_up("a1", "a2")
    a1.freeze()
    node.wait_down("a1")
    assert node.metric("health_checks_total", server="a1", result="timeout") >= 1
    for _ in range(10):
        assert node.get().field("X-Server") == "a2"
    a1.thaw()
    node.wait_up("a1")
    eventually(lambda: node.get().field("X-Server") == "a1", what="a1 serves again")
    assert get(a1.address).status == 200
