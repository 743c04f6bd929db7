# SPDX-License-Identifier: BSD-3-Clause
"""More requests than servers may have, pools with odd members, and memory that
runs short."""

import contextlib
import threading
import time

from harness import eventually, limit, patience




def node_of(t, servers, per_server=None, **options):
    """A node whose servers have `per_server` keys, by name."""
    node = t.node(servers, start=False, **options)
    for entry in node.config["backends"][0]["servers"]:
        entry.update((per_server or {}).get(entry["name"], {}))
    node.start()
    return node


@contextlib.contextmanager
def busy(node, count, target="/delay/3000"):
    """`count` connections with a request under way each."""
    clients = [node.client(timeout=30) for _ in range(count)]
    for client in clients:
        client.send_request("GET", target)
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


def in_flight(node):
    return node.metric("server_connections")


def test_requests_over_the_limit_of_a_server_wait_their_turn(t):
    node = node_of(t, t.servers("a1"), {"a1": {"max_connections": 2}})
    with busy(node, 8, "/delay/300") as clients:
        eventually(lambda: node.metric("queue_length", backend="app") >= 4, pause=0.01)
        assert in_flight(node) <= 2
        for client in clients:
            assert client.read_response().status == 200
    node.expect_metric(0, "queue_length", backend="app")
    assert node.metric("refused_total", reason="queue_timeout") == 0


def test_a_queue_that_is_full_and_one_that_takes_too_long_give_503(t):
    node = node_of(
        t,
        t.servers("a1"),
        {"a1": {"max_connections": 1}},
        backend={"queue": {"size": 2, "timeout": "700ms"}},
    )
    with busy(node, 1):
        eventually(lambda: in_flight(node) == 1)
        with busy(node, 2, "/") as waiting:
            eventually(lambda: node.metric("queue_length", backend="app") == 2, pause=0.01)
            started = time.monotonic()
            refused = node.get()
            assert refused.status == 503 and time.monotonic() - started < 0.6 * patience()
            for client in waiting:
                response = client.read_response()
                assert response.status == 503 and response.keeps_alive
    node.expect_metric(1, "refused_total", reason="queue_full")
    node.expect_metric(2, "refused_total", reason="queue_timeout")
    eventually(lambda: node.get().status == 200)


def test_a_client_that_leaves_the_queue_reaches_no_server(t):
    server = t.server("a1")
    node = node_of(t, [server], {"a1": {"max_connections": 1}})
    with busy(node, 1, "/delay/800") as first:
        eventually(lambda: in_flight(node) == 1)
        with busy(node, 1, "/never") as leaving:
            eventually(lambda: node.metric("queue_length", backend="app") == 1, pause=0.01)
            # A FIN alone may be half a close: the reply could still be wanted.
            leaving[0].abort()
            eventually(lambda: node.metric("queue_length", backend="app") == 0, pause=0.01)
        assert first[0].read_response().status == 200
        assert node.get().status == 200
    assert server.times("GET /never") == 0
    node.expect_metric(0, "queue_length", backend="app")


def test_a_server_added_by_a_reload_frees_the_queue(t):
    first, second = t.servers("a1", "a2")
    node = node_of(t, [first], {"a1": {"max_connections": 1}}, backend={"queue": {"timeout": "30s"}})
    with busy(node, 1, "/delay/8000"):
        eventually(lambda: in_flight(node) == 1)
        with busy(node, 3, "/") as waiting:
            eventually(lambda: node.metric("queue_length", backend="app") == 3)
            node.config["backends"][0]["servers"].append(node.server_entry(second))
            node.reload()
            for client in waiting:
                assert client.read_response().field("X-Server") == "a2"


@limit(120)
def test_no_waiter_is_forgotten_between_workers(t):
    node = node_of(t, t.servers("a1"), {"a1": {"max_connections": 3}}, backend={"queue": {"timeout": "30s"}})
    failures = []

    def work():
        try:
            with node.client(timeout=40) as client:
                for _ in range(40):
                    response = client.get("/")
                    if response.status != 200:
                        failures.append(response)
        except (AssertionError, OSError) as problem:
            failures.append(problem)

    threads = [threading.Thread(target=work) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    node.expect_metric(24 * 40, "http_requests_total", code="2xx")
    node.expect_metric(0, "queue_length", backend="app")


def test_a_backup_serves_while_no_other_does(t):
    a1, b1 = t.servers("a1", "b1")
    check = {"enabled": True, "interval": "200ms", "timeout": "200ms", "fall": 2, "rise": 1}
    node = node_of(t, [a1, b1], {"b1": {"backup": True}}, backend={"health_check": check})
    node.wait_up("a1", "b1")
    for _ in range(10):
        assert node.get().field("X-Server") == "a1"
    a1.kill()
    node.wait_down("a1")
    for _ in range(10):
        assert node.get().field("X-Server") == "b1"
    a1.start()
    node.wait_up("a1")
    eventually(lambda: {node.get().field("X-Server") for _ in range(5)} == {"a1"})


def test_a_request_that_reaches_no_server_is_served_by_an_idle_backup(t):
    a1, b1 = t.servers("a1", "b1")
    node = node_of(t, [a1, b1], {"b1": {"backup": True}})
    assert node.get().field("X-Server") == "a1"
    a1.kill()
    for _ in range(3):  # nobody has called a1 down yet
        response = node.get()
        assert (response.status, response.field("X-Server")) == (200, "b1")


def test_of_several_backups_one_serves_if_only_one_may(t):
    servers = t.servers("a1", "b1", "b2")
    check = {"enabled": True, "interval": "200ms", "timeout": "200ms", "fall": 1, "rise": 1}
    backups = {"b1": {"backup": True}, "b2": {"backup": True}}
    node = node_of(t, servers, backups, backend={"health_check": check, "backups": "one"})
    servers[0].kill()
    node.wait_down("a1")
    assert {node.get().field("X-Server") for _ in range(6)} == {"b1"}
    _, answer = node.api("GET", "/v1/why/app/b2")
    assert answer["rule"] == "backup_spare", answer
    servers[1].kill()
    node.wait_down("b1")
    assert {node.get().field("X-Server") for _ in range(6)} == {"b2"}


def test_a_server_that_is_down_at_first_waits_for_its_probe(t):
    (a1,) = servers = t.servers("a1")
    a1.set_health(500)
    check = {"enabled": True, "type": "http", "path": "/health", "interval": "200ms", "rise": 1}
    node = t.node(servers, backend={"health_check": check, "initial": "down"})
    assert node.get().status == 503
    a1.set_health(200)
    node.wait_up("a1")
    assert node.get().status == 200


def test_below_the_panic_threshold_servers_that_are_down_are_tried(t):
    servers = t.servers("a1", "a2")
    check = {"enabled": True, "type": "http", "path": "/health", "interval": "200ms", "timeout": "200ms", "fall": 2, "rise": 1}
    node = node_of(t, servers, backend={"health_check": check, "panic_threshold": 60})
    node.wait_up("a1", "a2")
    assert node.metric("panic", backend="app") == 0
    servers[0].set_health(500)
    node.wait_down("a1")
    eventually(lambda: node.metric("panic", backend="app") == 1)
    answered = {node.get().field("X-Server") for _ in range(20)}
    assert answered == {"a1", "a2"}, answered
    servers[0].set_health(200)
    node.wait_up("a1")
    eventually(lambda: node.metric("panic", backend="app") == 0)


@limit(90)
def test_a_server_that_comes_back_is_not_flooded(t):
    a1, a2 = t.servers("a1", "a2")
    check = {"enabled": True, "interval": "200ms", "timeout": "200ms", "fall": 2, "rise": 1}
    node = node_of(t, [a1, a2], backend={"health_check": check, "slow_start": f"{int(8 * patience())}s"})
    node.wait_up("a1", "a2")
    a1.kill()
    node.wait_down("a1")
    a1.start()
    node.wait_up("a1")
    with node.client() as client:
        early = [client.get("/").field("X-Server") for _ in range(60)].count("a1")
        assert 0 < early < 20, f"{early} of 60 just after it came back"
        eventually(lambda: [client.get("/").field("X-Server") for _ in range(40)].count("a1") >= 18, 25, pause=0.3)


def test_memory_that_runs_short_refuses_requests_and_recovers(t):
    node = node_of(
        t,
        t.servers("a1"),
        {"a1": {"max_connections": 1}},
        config={"global": {"buffers_max": "1MiB", "workers": 1}},
        backend={"queue": {"timeout": "60s"}},
    )
    assert node.get().status == 200
    busy = node.client()
    busy.send_request("GET", "/delay/5000")
    eventually(lambda: node.metric("server_connections", server="a1") == 1)
    # Requests that wait for the server, each with its body in a buffer.
    hogs = [node.client() for _ in range(120)]
    for client in hogs:
        client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 14000\r\n\r\n" + "x" * 14_000)
    eventually(lambda: node.metric("refused_total", reason="memory") > 0)
    assert node.metric("buffer_bytes") < (1 << 20) + (1 << 16)
    response = node.get()
    assert response.status == 503 and not response.keeps_alive, response
    for client in hogs:
        client.close()
    assert busy.read_response().status == 200
    eventually(lambda: node.get().status == 200)
    eventually(lambda: node.metric("buffer_bytes") < 1 << 19)


def test_heads_that_do_not_end_give_way_when_memory_runs_short(t):
    node = t.node(
        t.servers("a1"),
        config={"global": {"buffers_max": "1MiB", "workers": 1}},
        frontend={"http": {"timeout_header": "60s"}},
    )
    half = "GET / HTTP/1.1\r\nHost: t\r\nX-A: " + "x" * 14_000
    slow = []
    for _ in range(240):
        slow.append(node.client())
        slow[-1].send(half)
        if len(slow) % 40 == 0:
            assert node.get().status == 200
    eventually(lambda: node.metric("refused_total", reason="memory") > 150)
    assert node.metric("buffer_bytes") <= 1 << 20
    refused = slow[0].read_response()
    assert refused.status == 503 and not refused.keeps_alive, refused
    slow[-1].send("\r\n\r\n")
    assert slow[-1].read_response().status == 200
    # None of them is left after a while: whoever asks for something whole is served.
    eventually(lambda: node.get().status == 200 and node.metric("buffer_bytes") < (1 << 20) * 8 / 10)


def test_memory_that_runs_short_closes_connections_that_rest(t):
    node = t.node(
        t.servers("a1"),
        config={"global": {"buffers_max": "1MiB", "workers": 1}},
        frontend={"http": {"timeout_header": "30s", "timeout_keep_alive": "60s"}},
    )
    resting = [node.client() for _ in range(5)]
    for client in resting:
        assert client.get("/").keeps_alive
    new = node.client()  # has not asked for anything yet
    busy = node.client()
    busy.send_request("GET", "/delay/1500")
    hogs = [node.client() for _ in range(54)]
    for client in hogs:
        client.send("GET / HTTP/1.1\r\nHost: t\r\nX-A: " + "x" * 14_000)
    for client in resting:
        assert client.at_end()
    assert node.metric("buffer_bytes") < 1 << 20
    assert busy.read_response().status == 200
    assert new.get("/").status == 200


def test_a_stream_waits_as_a_request_does(t):
    server = t.server("a1", mode="tcp-echo")
    node = node_of(t, [server], {"a1": {"max_connections": 1}}, protocol="tcp")
    first = node.client()
    first.send(b"ping\n")
    eventually(lambda: in_flight(node) == 1)
    with node.client() as second:
        second.send(b"pong\n")
        eventually(lambda: node.metric("queue_length", backend="app") == 1)
        assert second.is_idle()
        first.close()
        assert second.read_exactly(1)
        node.expect_metric(0, "queue_length", backend="app")
