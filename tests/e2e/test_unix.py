# SPDX-License-Identifier: BSD-3-Clause
"""Unix sockets on either side."""

import os
import select
import socket
import stat
import threading
import time

from harness import Client, Skip, eventually

NOBODY = 65534


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def unix_node(t, path, **file):
    frontend = {"listen": f"unix:{path}"}
    if file:
        frontend["unix"] = file
    return t.node(t.servers("a1"), frontend=frontend)


def test_any_local_user_may_connect_unless_told_otherwise(t):
    path = t.directory / "web.sock"
    node = unix_node(t, path)
    assert mode_of(path) == 0o666
    node.config["frontends"][0]["unix"] = {"mode": "0640"}
    node.reload()
    assert mode_of(path) == 0o640
    with node.client() as client:
        assert client.get("/").status == 200


def test_a_socket_belongs_to_whom_the_configuration_says(t):
    if os.geteuid() != 0:
        raise Skip("only root may give files away")
    path = t.directory / "web.sock"
    unix_node(t, path, mode="0660", owner="nobody", group=str(NOBODY))
    info = os.stat(path)
    assert (info.st_uid, info.st_gid, mode_of(path)) == (NOBODY, NOBODY, 0o660)


def test_an_owner_that_does_not_exist_is_a_problem_at_the_start(t):
    path = t.directory / "web.sock"
    node = t.node(t.servers("a1"), frontend={"listen": f"unix:{path}", "unix": {"owner": "no-such-user"}}, start=False)
    node.write()
    node.launch()
    assert node.process.wait(10) == 1
    assert 'frontend web: unix: there is no user "no-such-user"' in node.log()
    assert not path.exists()


class BusyServer:
    """Listens with a backlog of one, and accepts when it is told to."""

    def __init__(self, path):
        self.name, self.port = "s1", 0
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(1)

    def accept(self):
        def serve(connection):
            with connection:
                while connection.recv(65536):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        def run():
            while True:
                try:
                    connection, _ = self.socket.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=[connection], daemon=True).start()

        threading.Thread(target=run, daemon=True).start()


def readable(clients):
    found, _, _ = select.select([client.socket for client in clients], [], [], 0)
    return [client for client in clients if client.socket in found]


def busy_node(t, **backend):
    server = BusyServer(t.directory / "app.sock")
    node = t.node([server], backend=backend, start=False)
    node.config["backends"][0]["servers"][0]["address"] = f"unix:{server.path}"
    node.start()
    clients = [node.client() for _ in range(8)]
    for client in clients:
        client.send_request("GET", "/")
    return server, node, clients


def test_a_full_backlog_is_waited_for_and_no_evidence(t):
    server, node, clients = busy_node(t)
    before = node.cpu()
    time.sleep(0.7)
    assert node.cpu() - before < 0.3  # it waits, it does not spin
    server.accept()
    for client in clients:
        assert client.read_response().status == 200
        client.close()
    assert node.metric("server_connect_failures_total") == 0
    assert node.server_up("s1")


def test_a_backlog_that_stays_full_ends_with_503_and_no_blame(t):
    server, node, clients = busy_node(t, timeout_connect="300ms", health_check={"passive": {"failures": 1}})
    # Two or three are in the backlog and get no answer; which ones, nobody knows.
    eventually(lambda: node.metric("refused_total", reason="connect_timeout") >= 5)
    refused = eventually(lambda: answered if len(answered := readable(clients)) >= 5 else None)
    assert [client.read_response().status for client in refused] == [503] * len(refused)
    assert node.metric("server_connect_failures_total") == 0
    server.accept()
    for client in clients:
        client.close()
    eventually(lambda: node.get().status == 200)
