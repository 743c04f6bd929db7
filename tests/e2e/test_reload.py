# SPDX-License-Identifier: BSD-3-Clause
"""Changing the configuration of a running daemon."""

import json
import threading
import time

from harness import Load, eventually, limit, patience, smoke
from harness.processes import free_port


@limit(120)
def test_30_fast_reloads_under_load_fail_no_request(t):
    node = t.node(t.servers("a1", "a2", "a3"))
    with Load(node.address) as load:
        for n in range(30):
            node.config["backends"][0]["timeout_connect"] = f"{3000 + n}ms"
            node.config["frontends"][0]["algorithm"] = ("round_robin", "random")[n % 2]
            node.reload()
    load.assert_no_failures(at_least=300)


@smoke
def test_a_kept_connection_survives_20_reloads(t):
    node = t.node(t.servers("a1", "a2"))
    with node.client() as client:
        for n in range(20):
            node.config["backends"][0]["timeout_connect"] = f"{3000 + n}ms"
            node.reload()
            response = client.get("/")
            assert response.status == 200 and response.keeps_alive
    node.expect_metric(1, "frontend_connections_total")


def test_counters_and_health_survive_a_reload(t):
    a1, a2 = t.servers("a1", "a2")
    check = {"enabled": True, "type": "http", "path": "/health", "interval": "100ms", "fall": 1}
    node = t.node([a1, a2], backend={"health_check": check})
    a1.set_health(503)
    node.wait_down("a1")
    for _ in range(10):
        assert node.get().status == 200
    node.config["backends"][0]["timeout_connect"] = "2s"
    node.reload()
    node.expect_metric(10, "http_requests_total", code="2xx")
    node.expect_metric(10, "server_requests_total", server="a2", code="2xx")
    assert node.metric("server_state_changes_total", server="a1", to="down") == 1
    assert node.metric("server_state_changes_total", server="a1", to="up") == 0
    assert not node.server_up("a1")
    for _ in range(10):
        assert node.get().field("X-Server") == "a2"


def test_a_frontend_that_gets_another_backend_keeps_its_clients(t):
    a1, b1 = t.servers("a1", "b1")
    node = t.node([a1], frontend={"max_connections": 3})
    clients = [node.client() for _ in range(3)]
    for client in clients:
        assert client.get("/").field("X-Server") == "a1"
    other = json.loads(json.dumps(node.config["backends"][0]))
    other["name"] = "other"
    other["servers"] = [{"name": "b1", "address": f"{b1.address[0]}:{b1.address[1]}"}]
    node.config["backends"].append(other)
    node.config["frontends"][0]["backend"] = "other"
    node.reload()
    # They are connected still: no other may come beside them, once they are
    # busy. Those that rest would give way to it.
    node.expect_metric(3, "frontend_connections")
    for client in clients:
        client.send_request("GET", "/delay/1500")
    node.expect_metric(3, "server_connections")
    with node.client() as extra:
        assert extra.get("/").status == 503
    for client in clients:
        assert client.read_response().field("X-Server") == "b1"
        client.close()
    node.expect_metric(0, "frontend_connections")
    node.expect_metric(1, "refused_total", reason="frontend_limit")
    node.expect_metric(3, "frontend_connections_total")


def test_a_reply_under_way_is_finished(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1, a2], frontend={"algorithm": "round_robin"})
    with node.client() as client:
        client.send_request("GET", "/slow/20/100")
        eventually(lambda: node.metric("server_connections") == 1)
        node.config["backends"][0]["timeout_connect"] = "2s"
        node.reload()
        response = client.read_response()
        assert len(response.body) == 20 and response.keeps_alive
        assert client.get("/").status == 200


def test_an_invalid_file_changes_nothing_and_all_its_problems_are_logged(t):
    node = t.node(t.servers("a1"))
    before = node.generation()
    bad = json.loads(json.dumps(node.config))
    bad["frontends"][0]["algorithm"] = "roundest_robin"
    bad["backends"][0]["retries_max"] = -1
    bad["backends"][0]["tymeout"] = "1s"
    with node.client() as client:
        assert client.get("/").status == 200
        node.reload_refused(json.dumps(bad, indent=2))
        assert client.get("/").status == 200
    assert node.generation() == before
    for path in ("frontends[0].algorithm", "backends[0].retries_max", "backends[0].tymeout"):
        assert path in node.log(), path
    assert "the running configuration was kept" in node.log()
    assert node.metric("config_last_reload_successful") == 0
    node.config["backends"][0]["retries_max"] = 1
    node.reload()
    assert node.metric("config_last_reload_successful") == 1


def test_a_broken_or_missing_file_changes_nothing(t):
    node = t.node(t.servers("a1"))
    before = node.generation()
    for text in ("", "[", "\0\0\0", "backends: {", "version: 99"):
        node.reload_refused(text)
        assert node.get().status == 200
    node.file.unlink()
    import signal

    failures = node.metric("config_reloads_total", result="failure")
    node.process.signal(signal.SIGHUP)
    eventually(lambda: node.metric("config_reloads_total", result="failure") > failures)
    assert node.generation() == before and node.get().status == 200


def test_a_file_put_in_place_by_rename_is_noticed(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1])
    for servers in ([a1, a2], [a2], [a1]):
        before = node.generation()
        node.config["backends"][0]["servers"] = [node.server_entry(x) for x in servers]
        node.write()
        eventually(lambda: node.generation() > before, what="the file is noticed")
        seen = {node.get().field("X-Server") for _ in range(10)}
        assert seen == {server.name for server in servers}


def test_a_file_that_did_not_change_is_no_new_generation(t):
    import signal

    node = t.node(t.servers("a1"))
    before = node.generation()
    for _ in range(3):
        node.write()
        node.process.signal(signal.SIGHUP)
        time.sleep(0.3)
    assert node.generation() == before


def test_a_removed_server_finishes_what_it_has(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1, a2])
    clients = [node.client() for _ in range(6)]
    for client in clients:
        client.send_request("GET", "/delay/1200")
    eventually(lambda: node.metric("server_connections") == 6)
    node.config["backends"][0]["servers"] = [node.server_entry(a1)]
    node.reload()
    for _ in range(20):
        assert node.get().field("X-Server") == "a1"
    served = [client.read_response().field("X-Server") for client in clients]
    assert sorted(set(served)) == ["a1", "a2"], served
    assert not any(labels.get("server") == "a2" for _, labels, _ in node.samples())
    for client in clients:
        client.close()


def test_an_added_server_gets_its_share_at_once(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1])
    with node.client() as client:
        assert client.get("/").field("X-Server") == "a1"
        node.config["backends"][0]["servers"].append(node.server_entry(a2))
        node.reload()
        assert {client.get("/").field("X-Server") for _ in range(10)} == {"a1", "a2"}


def test_a_new_address_is_open_before_the_old_one_closes(t):
    node = t.node(t.servers("a1"))
    old = node.address
    new_port = free_port()
    gap = threading.Event()
    stop = threading.Event()

    def watch():
        """At every moment at least one of the two must take connections."""
        from harness import Client

        while not stop.is_set():
            for address in (old, ("127.0.0.1", new_port), old):
                try:
                    with Client(address):
                        break
                except OSError:
                    continue
            else:
                gap.set()

    with node.client() as client:
        assert client.get("/").status == 200
        client.send_request("GET", "/delay/800")
        eventually(lambda: node.metric("server_connections") == 1)
        watcher = threading.Thread(target=watch)
        watcher.start()
        node.config["frontends"][0]["listen"] = f"127.0.0.1:{new_port}"
        node.reload()
        assert node.get().status == 200
        stop.set()
        watcher.join()
        assert not gap.is_set()
        assert client.read_response().status == 200

    def refused():
        from harness import Client

        try:
            Client(old).close()
            return False
        except ConnectionRefusedError:
            return True

    eventually(refused, what="the old address is closed")


def test_a_frontend_can_be_added_and_removed(t):
    node = t.node(t.servers("a1"))
    extra = {**node.config["frontends"][0], "name": "extra", "listen": f"127.0.0.1:{free_port()}"}
    node.config["frontends"].append(extra)
    node.reload()
    from harness import Client, get

    assert get(node.address_of(1)).status == 200
    assert node.metric("frontend_connections_total", frontend="extra") >= 1
    address = node.address_of(1)
    node.config["frontends"].pop()
    node.reload()

    def refused():
        try:
            Client(address).close()
            return False
        except ConnectionRefusedError:
            return True

    eventually(refused)
    assert node.get().status == 200


def test_a_frontend_that_returns_while_it_drains_is_one_of_its_own(t):
    node = t.node(t.servers("a1"), config={"global": {"drain_timeout": "30s"}})
    extra = {**node.config["frontends"][0], "name": "extra", "listen": f"127.0.0.1:{free_port()}"}
    node.config["frontends"].append(extra)
    node.reload()
    from harness import Client, get

    address = node.address_of(1)
    with Client(address) as client:
        client.send_request("GET", "/delay/1500")
        eventually(lambda: node.metric("server_connections") == 1)
        node.config["frontends"].pop()
        node.reload()
        node.config["frontends"].append(extra)
        node.reload()
        assert get(address).status == 200
        assert client.read_response().status == 200
    # Updates and the stop still reach it when its older self has ended.
    extra["http"] = {"response_headers": {"set": {"X-Rules": "new"}}}
    node.reload()
    assert get(address).field("X-Rules") == "new"
    node.stop(seconds=5 * patience())


def test_streams_of_a_removed_backend_end_with_the_drain_timeout(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1], config={"global": {"drain_timeout": "500ms"}})
    with node.client() as tunnel:
        tunnel.send("GET /upgrade HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        assert tunnel.read_response().status == 101
        backend = node.config["backends"][0]
        node.config["backends"] = [{**backend, "name": "other", "servers": [node.server_entry(a2)]}]
        node.config["frontends"][0]["backend"] = "other"
        node.reload()
        assert node.get().field("X-Server") == "a2"
        try:
            ended = not tunnel.is_idle(5 * patience())
        except ConnectionResetError:
            ended = True
        assert ended


def test_a_port_that_cannot_be_bound_refuses_the_reload_as_a_whole(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1])
    bad = json.loads(json.dumps(node.config))
    bad["frontends"].append(
        {**bad["frontends"][0], "name": "extra", "listen": f"127.0.0.1:{a2.port}"}
    )
    bad["backends"][0]["servers"] = [node.server_entry(a2)]
    before = node.generation()
    node.reload_refused(json.dumps(bad))
    assert node.generation() == before
    for _ in range(5):
        assert node.get().field("X-Server") == "a1"
    assert str(a2.port) in node.log()


def test_rules_of_a_frontend_change_with_the_next_request(t):
    node = t.node(t.servers("a1"))
    with node.client() as client:
        assert client.get("/").field("X-New") is None
        node.config["frontends"][0]["http"] = {"response_headers": {"set": {"X-New": "1"}}}
        node.reload()
        assert client.get("/").field("X-New") == "1"


def test_a_tunnel_and_a_stream_outlive_reloads(t):
    web, echo = t.server("a1"), t.server("e1", "tcp-echo")
    node = t.node([web])
    node.config["backends"].append(
        {"name": "echo", "servers": [node.server_entry(echo)], "health_check": {"enabled": False}}
    )
    node.config["frontends"].append(
        {"name": "tcp", "listen": f"127.0.0.1:{free_port()}", "protocol": "tcp", "backend": "echo"}
    )
    node.reload()
    from harness import Client

    with node.client() as tunnel, Client(node.address_of(1)) as stream:
        tunnel.send("GET /upgrade HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        assert tunnel.read_response().status == 101
        for n in range(5):
            node.config["backends"][0]["timeout_connect"] = f"{2000 + n}ms"
            node.reload()
            for each in (tunnel, stream):
                each.send(b"still there?")
                assert each.read_exactly(12) == b"still there?"


@limit(120)
def test_memory_stays_flat_over_reloads(t):
    node = t.node(t.servers("a1", "a2", "a3"))

    def reload_some(first, last):
        for n in range(first, last):
            node.config["backends"][0]["timeout_connect"] = f"{3000 + n}ms"
            node.reload()
            node.get()
        return node.rss()

    early = reload_some(0, 15)
    late = reload_some(15, 75)
    assert late - early <= 1 << 20 or patience() > 1, f"grew by {late - early} bytes in 60 reloads"
