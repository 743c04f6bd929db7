# SPDX-License-Identifier: BSD-3-Clause
"""Kept connections to servers: whose they are, how many, and when they end."""

import socket
import threading
import time

from harness import eventually

ONE_WORKER = {"global": {"workers": 1}}


class LoginServer:
    """Logs in connections, as NTLM does: a connection that brought credentials
    is that user until it ends."""

    name = "a1"

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.open = 0
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with self.lock:
            self.open += 1
        user, data = None, b""
        while piece := self._receive(peer):
            data += piece
            while b"\r\n\r\n" in data:
                head, data = data.split(b"\r\n\r\n", 1)
                if b"authorization: ntlm alice" in head.lower():
                    user = "alice"
                body = f"user {user}".encode() if user else b""
                line = "200 OK" if user else "401 Unauthorized\r\nWWW-Authenticate: Basic, ntlm"
                peer.sendall(f"HTTP/1.1 {line}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        with self.lock:
            self.open -= 1
        peer.close()

    @staticmethod
    def _receive(peer):
        try:
            return peer.recv(65536)
        except OSError:
            return b""


def test_a_login_of_a_connection_is_its_clients_alone(t):
    server = LoginServer()
    node = t.node([server], config=ONE_WORKER)
    with node.client() as alice:
        assert alice.get("/").status == 401
        assert alice.request("GET", "/", {"Authorization": "NTLM alice"}).text == "user alice"
        for _ in range(20):
            with node.client() as stranger:
                assert stranger.get("/mail").status == 401
            assert alice.get("/mail").text == "user alice"
        open_with_alice = server.open
    eventually(lambda: server.open < open_with_alice, 5, "her connection ends with her")
    with node.client() as stranger:
        assert stranger.get("/mail").status == 401


def test_a_login_lasts_while_its_client_rests(t):
    node = t.node([LoginServer()], config=ONE_WORKER, backend={"pool": {"idle_timeout": "100ms"}})
    with node.client() as alice:
        assert alice.request("GET", "/", {"Authorization": "NTLM alice"}).text == "user alice"
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > 1.5, 3)  # others are parked by then
        assert alice.get("/").text == "user alice"


def open_connections(server):
    return server.count()["open"] - 1  # not the one that asks


def test_a_drained_server_gives_up_its_idle_connections_at_once(t):
    servers = t.servers("a1", "a2")
    node = t.node(servers)
    clients = [node.client() for _ in range(8)]
    for wanted in ("drain", "maint"):
        node.set_server("a1", admin="ready")
        for client in clients * 2:
            assert client.get("/").status == 200
        assert open_connections(servers[0]) > 0
        node.set_server("a1", admin=wanted)
        eventually(lambda: open_connections(servers[0]) == 0, 5, f"nothing is open to a server in {wanted}")
        for client in clients:
            assert client.get("/").field("X-Server") == "a2"
        assert open_connections(servers[0]) == 0


def test_a_login_on_a_drained_server_ends_at_once(t):
    login, other = LoginServer(), t.server("a2")
    node = t.node([login, other], config=ONE_WORKER)
    node.set_server("a2", admin="drain")
    with node.client() as alice:
        assert alice.request("GET", "/", {"Authorization": "NTLM alice"}).text == "user alice"
        node.set_server("a2", admin="ready")
        node.set_server("a1", admin="drain")
        eventually(lambda: login.open == 0, 5, "no connection to a drained server")
        assert alice.get("/").field("X-Server") == "a2"


def test_a_server_that_is_down_or_removed_gives_up_its_idle_connections(t):
    servers = t.servers("a1", "a2")
    check = {"enabled": True, "type": "http", "path": "/health", "interval": "100ms", "rise": 1, "fall": 1}
    node = t.node(servers, backend={"health_check": check})
    with node.client() as client:
        for _ in range(4):
            assert client.get("/").status == 200
    node.config["backends"][0]["servers"].pop(0)
    node.reload()
    # Its last probe may be under way.
    eventually(lambda: open_connections(servers[0]) == 0, 5, "nothing is open to a server that was removed")


def test_safe_reuse_opens_a_connection_for_each_clients_first_request(t):
    server = t.server("a1")
    node = t.node([server], config=ONE_WORKER, backend={"pool": {"reuse": "safe"}})
    before = server.count()["connections"] + 1  # the next one that asks
    for _ in range(5):
        with node.client() as client:
            for _ in range(4):
                assert client.get("/").status == 200
    assert server.count()["connections"] - before == 5


def test_after_a_burst_the_pool_keeps_what_is_needed_now(t):
    """idle_max: auto looks back ten seconds, fifteen at most."""
    server = t.server("a1")
    node = t.node([server], config=ONE_WORKER, backend={"pool": {"idle_timeout": "10m"}})
    clients = [node.client() for _ in range(40)]
    for client in clients:
        client.send_request("GET", "/delay/200")
    for client in clients:
        assert client.read_response().status == 200
    most = open_connections(server)
    assert most > 20, most

    def is_small():
        assert clients[0].get("/").status == 200
        return open_connections(server) <= 3

    eventually(is_small, 30, "the burst is forgotten")
