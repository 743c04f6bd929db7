# SPDX-License-Identifier: BSD-3-Clause
"""Ending, in order."""

import signal
import time

from harness import Client, Load, eventually, get, patience, smoke


def begin(node, target, count=1):
    """Requests that are at a server now."""
    clients = [node.client() for _ in range(count)]
    for client in clients:
        client.send_request("GET", target)
    eventually(lambda: node.metric("server_connections") == count)
    return clients


@smoke
def test_requests_under_way_are_finished_before_the_end(t):
    node = t.node(t.servers("a1", "a2"))
    clients = begin(node, "/delay/1000", 10)
    node.process.signal(signal.SIGTERM)
    for client in clients:
        response = client.read_response()
        assert response.status == 200 and not response.keeps_alive
        assert client.at_end()
    assert node.process.wait(10 * patience()) == 0


def test_sigint_stops_as_sigterm_does(t):
    node = t.node(t.servers("a1"))
    (client,) = begin(node, "/delay/500")
    node.process.signal(signal.SIGINT)
    assert client.read_response().status == 200
    assert node.process.wait(10 * patience()) == 0


def test_new_connections_are_refused_while_it_drains(t):
    node = t.node(t.servers("a1"))
    (client,) = begin(node, "/delay/1500")
    node.process.signal(signal.SIGTERM)

    def refused():
        try:
            Client(node.address).close()
            return False
        except ConnectionRefusedError:
            return True

    eventually(refused, 1.2, "the listener closes")
    assert client.read_response().status == 200
    assert node.process.wait(10 * patience()) == 0


def test_idle_connections_do_not_delay_the_end(t):
    node = t.node(t.servers("a1"), config={"global": {"drain_timeout": "30s"}})
    clients = [node.client() for _ in range(10)]
    for client in clients[:5]:
        assert client.get("/").status == 200
    node.process.signal(signal.SIGTERM)
    assert node.process.wait(4 * patience()) == 0
    for client in clients:
        assert client.at_end()


def test_a_second_signal_stops_at_once(t):
    node = t.node(t.servers("a1"), config={"global": {"drain_timeout": "60s"}})
    begin(node, "/hang")
    node.process.signal(signal.SIGTERM)
    eventually(lambda: "stop" in node.log().lower() or "drain" in node.log().lower())
    assert node.process.alive()
    started = time.monotonic()
    node.process.signal(signal.SIGTERM)
    node.process.wait(5 * patience())
    assert time.monotonic() - started < 3 * patience()


def test_the_drain_timeout_ends_what_does_not_end(t):
    node = t.node(t.servers("a1"), config={"global": {"drain_timeout": "700ms"}})
    (client,) = begin(node, "/hang")
    started = time.monotonic()
    node.process.signal(signal.SIGTERM)
    assert node.process.wait(5 * patience()) == 0
    assert 0.5 < time.monotonic() - started < 4 * patience()


def test_streams_and_tunnels_are_drained(t):
    node = t.node(t.servers("a1"), config={"global": {"drain_timeout": "30s"}})
    with node.client() as tunnel:
        tunnel.send("GET /upgrade HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        assert tunnel.read_response().status == 101
        node.process.signal(signal.SIGTERM)
        time.sleep(0.3)
        tunnel.send("bye")
        assert tunnel.read_exactly(3) == b"bye"
        tunnel.finish()
        assert tunnel.at_end()
    assert node.process.wait(5 * patience()) == 0


def test_readyz_says_no_before_the_listeners_close(t):
    node = t.node(t.servers("a1"), config={"global": {"stop_delay": "1500ms"}})
    metrics = ("127.0.0.1", node.metrics_port)
    assert get(metrics, "/readyz").status == 200
    node.process.signal(signal.SIGTERM)
    eventually(lambda: get(metrics, "/readyz").status == 503, 1.2)
    assert get(metrics, "/healthz").status == 200
    assert node.get().status == 200
    assert node.process.wait(10 * patience()) == 0


def test_stopping_under_load_cuts_no_reply_short(t):
    node = t.node(t.servers("a1", "a2"))
    with Load(node.address, "/bytes/20000") as load:
        eventually(lambda: load.answered > 100)
        node.process.signal(signal.SIGTERM)
        assert node.process.wait(10 * patience()) == 0
        load._stop.set()
    # What was refused, or closed while idle, was never answered in part.
    for failure in load.failures:
        assert "refused" in failure or "Reset" in failure or "had b''" in failure or "Pipe" in failure, failure


def test_the_admin_socket_is_gone_afterwards(t):
    import os

    node = t.node(t.servers("a1"))
    node.stop()
    assert not os.path.exists(node.socket)


def test_the_socket_file_of_a_frontend_goes_with_it(t):
    path = t.directory / "web.sock"
    node = t.node(t.servers("a1"), frontend={"listen": f"unix:{path}"})
    assert path.is_socket()
    with Client(str(path)) as client:
        assert client.get("/").status == 200
    node.stop()
    assert not path.exists()
