# SPDX-License-Identifier: BSD-3-Clause
"""Nothing waits for ever."""

import contextlib
import socket
import time

from harness import Unfinished, eventually, limit, patience
from harness.server import Server


@contextlib.contextmanager
def black_hole():
    """A port that neither accepts nor refuses: a listener with a full queue."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    try:
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        time.sleep(0.05)
        yield listener.getsockname()[1]
    finally:
        for each in [*fillers, listener]:
            each.close()


def elapsed(action):
    started = time.monotonic()
    result = action()
    return result, time.monotonic() - started


def test_a_slow_head_gets_408(t):
    node = t.node(t.servers("a1"), frontend={"http": {"timeout_header": "500ms"}})
    with node.client() as client:
        client.send("GET / HTTP/1.1\r\nHo")
        response, seconds = elapsed(client.read_response)
        assert response.status == 408
        assert 0.3 < seconds < 3 * patience()
        assert client.at_end()
    node.expect_metric(1, "refused_total", reason="client_timeout")


def test_a_head_that_trickles_in_gets_408_all_the_same(t):
    node = t.node(t.servers("a1"), frontend={"http": {"timeout_header": "600ms"}})
    with node.client() as client:
        started = time.monotonic()
        client.send("GET / HTTP/1.1\r\n")
        while time.monotonic() - started < 5 * patience():
            try:
                client.send("X-A: b\r\n")
            except OSError:
                break
            if not client.is_idle(0.1):
                break
        assert time.monotonic() - started < 3 * patience()
        assert client.read_response().status == 408


def test_a_client_that_says_nothing_is_closed_without_a_reply(t):
    http = {"timeout_header": "500ms", "timeout_keep_alive": "500ms"}
    node = t.node(t.servers("a1"), frontend={"http": http})
    with node.client() as client:
        try:
            data = client.read_to_end()
        except ConnectionResetError:
            data = b""
        assert data == b"" or data.startswith(b"HTTP/1.1 408")


def test_an_idle_kept_connection_is_closed_without_a_reply(t):
    node = t.node(t.servers("a1"), frontend={"http": {"timeout_keep_alive": "400ms"}})
    with node.client() as client:
        for _ in range(4):
            assert client.get("/").status == 200
            assert client.is_idle(0.15)
        _, seconds = elapsed(client.at_end)
        assert seconds < 3 * patience()


def test_a_silent_server_gives_504(t):
    server = t.server("a1")
    node = t.node([server], backend={"timeout_response": "400ms"})
    response, seconds = elapsed(lambda: node.get("/hang"))
    assert response.status == 504
    assert 0.3 < seconds < 4 * patience()
    response, seconds = elapsed(lambda: node.get("/hang", method="POST", body=b"x"))
    assert response.status == 504
    assert server.times("POST /hang") == 1
    node.expect_metric(2, "refused_total", reason="server_timeout")
    assert node.get().status == 200


def test_a_body_that_stalls_is_cut_off(t):
    node = t.node(t.servers("a1"), frontend={"http": {"timeout_idle": "500ms"}})
    started = time.monotonic()
    try:
        node.get("/stall/1000")
        raise RuntimeError("passed off as whole")
    except (Unfinished, ConnectionResetError):
        pass
    assert time.monotonic() - started < 4 * patience()


def test_an_upload_that_stalls_is_cut_off(t):
    node = t.node(t.servers("a1"), frontend={"http": {"timeout_idle": "500ms"}})
    with node.client() as client:
        client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\nabc")
        started = time.monotonic()
        try:
            client.read_to_end()
        except ConnectionResetError:
            pass
        assert time.monotonic() - started < 4 * patience()


def test_a_body_that_takes_too_long_gets_408(t):
    node = t.node(t.servers("a1"), frontend={"http": {"timeout_body": "700ms"}})
    with node.client() as client:
        started = time.monotonic()
        client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n")
        while client.is_idle(0.05) and time.monotonic() - started < 5 * patience():
            client.send(b"x" * 500)
        assert client.read_response().status == 408
        assert 0.5 < time.monotonic() - started < 4 * patience()
    node.expect_metric(1, "refused_total", reason="client_timeout")
    eventually(lambda: node.metric("server_connections", server="a1") == 0)


@limit(150)
def test_a_body_that_trickles_in_does_not_hold_its_server_for_ever(t):
    # As attackers do against `max_connections`; who sends faster may go on.
    node = t.node(t.servers("a1"), frontend={"http": {"timeout_idle": "2s"}})
    with node.client() as slow, node.client() as steady:
        for client in (slow, steady):
            client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n")
        started = time.monotonic()
        sent = 0
        while slow.is_idle(0.25) and time.monotonic() - started < 100:
            slow.send(b"x")
            steady.send(b"x" * 1000)
            sent += 1000
        assert slow.read_response().status == 408
        assert 25 < time.monotonic() - started < 90
        steady.send(b"x" * (1000000 - sent))
        assert steady.read_response().status == 200


def test_a_server_that_does_not_accept_is_passed_over(t):
    with black_hole() as port:
        hole = Server(t, "hole", start=False)
        hole.port = port
        node = t.node([hole, t.server("a1")], backend={"timeout_connect": "300ms"})
        for method in ("GET", "POST", "GET", "GET"):
            body = b"x" if method == "POST" else None
            response, seconds = elapsed(lambda: node.get("/", method=method, body=body))
            assert response.field("X-Server") == "a1"
            assert seconds < 3 * patience()
        eventually(lambda: node.metric("server_connect_failures_total", server="hole") >= 1)


def test_nothing_but_servers_that_do_not_accept_gives_an_error_in_time(t):
    with black_hole() as port:
        hole = Server(t, "hole", start=False)
        hole.port = port
        node = t.node([hole], backend={"timeout_connect": "200ms", "retries_max": 1})
        response, seconds = elapsed(node.get)
        assert response.status in (503, 504), response
        assert seconds < 4 * patience()
        node.expect_metric(1, "refused_total", reason="connect_timeout")


def test_a_long_reply_that_keeps_moving_outlives_the_timeouts(t):
    node = t.node(
        t.servers("a1"),
        frontend={"http": {"timeout_idle": "400ms", "timeout_header": "400ms"}},
        backend={"timeout_response": "400ms"},
    )
    assert len(node.get("/slow/15/100").body) == 15


def test_the_keep_alive_timeout_spares_a_reply_on_its_way(t):
    node = t.node(t.servers("a1"), frontend={"http": {"timeout_keep_alive": "300ms"}})
    size = 8 << 20
    with node.client(receive_buffer=4096) as client:
        client.send_request("GET", f"/bytes/{size}")
        time.sleep(1)
        assert len(client.read_response().body) == size


def test_a_connect_is_not_prolonged_by_what_the_client_sends(t):
    with black_hole() as port:
        hole = Server(t, "hole", start=False)
        hole.port = port
        node = t.node(
            [hole], protocol="tcp", backend={"timeout_connect": "500ms", "retries_max": 0}
        )
        with node.client() as client:
            started = time.monotonic()
            try:
                while time.monotonic() - started < 5 * patience() and client.is_idle(0.1):
                    client.send("x")
            except OSError:
                pass
            assert time.monotonic() - started < 3 * patience()
