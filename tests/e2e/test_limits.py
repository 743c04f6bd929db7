# SPDX-License-Identifier: BSD-3-Clause
"""Limits, and running out of things."""

import time

from harness import eventually, limit, patience


def busy_clients(node, count):
    """Clients in the middle of a request; one more byte completes it."""
    clients = [node.client() for _ in range(count)]
    for client in clients:
        client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n")
    eventually(lambda: node.metric("server_connections") == count)
    return clients


def test_a_frontend_takes_no_more_connections_than_it_may(t):
    node = t.node(t.servers("a1"), frontend={"max_connections": 3})
    clients = busy_clients(node, 3)
    with node.client() as extra:
        response = extra.get("/")
        assert response.status == 503 and not response.keeps_alive
        assert extra.at_end()
    node.expect_metric(1, "refused_total", reason="frontend_limit")
    assert node.metric("frontend_connections") == 3
    for client in clients:
        client.send("x")
        assert client.read_response().status == 200
        client.close()
    eventually(lambda: node.get().status == 200, what="there is room again")


def test_a_client_that_is_one_too_many_is_in_the_log_with_the_id_it_was_told(t):
    log = {"path": str(t.directory / "node0/access.log")}
    node = t.node(t.servers("a1"), frontend={"max_connections": 1}, config={"global": {"access_log": log}})
    (first,) = busy_clients(node, 1)
    with node.client() as extra:
        response = extra.get("/")
        assert response.status == 503
    first.send("x")
    assert first.read_response().status == 200
    first.close()
    line = next(line for line in node.access_log(2) if line["status"] == 503)
    assert line["reason"] == "frontend_limit" and line["frontend"] == "web"
    assert line["client"].startswith("127.0.0.1:")
    assert len(line["request_id"]) == 16
    assert f"request id: {line['request_id']}" in response.body.decode()


@limit(90)
def test_running_out_of_descriptors_is_survived_without_a_busy_loop(t):
    node = t.node(t.servers("a1"), descriptors=140)
    before = node.cpu()
    first = busy_clients(node, 10)
    waiting = [node.client() for _ in range(240)]
    for client in waiting:
        client.send_request("GET", "/", [("Connection", "close")])
    time.sleep(2)
    assert node.process.alive()
    assert node.cpu() - before < 1.0 * patience(), f"{node.cpu() - before} s of processor time"
    # What it has it serves, and the operator's doors stay open.
    for client in first:
        client.send("x")
        assert client.read_response().status == 200
        client.close()
    assert node.api("GET", "/v1/status")[0] == 200
    assert node.metric("config_generation") >= 1
    # Nobody was turned away half-served: who waited has its turn as others leave.
    for client in waiting:
        assert client.read_response().status == 200
        client.close()
    assert node.get().status == 200
    assert node.server_up("a1")  # our own shortage is no evidence against it


def test_many_idle_connections_cost_little_memory(t):
    node = t.node(t.servers("a1"))
    before = node.rss()
    clients = [node.client() for _ in range(1_000)]
    for client in clients:
        client.send_request("GET", "/")
    for client in clients:
        assert client.read_response().status == 200
    node.expect_metric(1_000, "frontend_connections")
    grown = node.rss() - before
    assert grown < 20e6 or patience() > 1, f"{grown / 1_000:.0f} bytes a connection"
    for client in clients:
        client.close()
    eventually(lambda: node.metric("frontend_connections") == 0)


def test_new_connections_come_and_go_without_a_trace(t):
    node = t.node(t.servers("a1"))
    for _ in range(300):
        with node.client() as client:
            assert client.request("GET", "/", {"Connection": "close"}).status == 200
    eventually(lambda: node.metric("frontend_connections") == 0)
    node.expect_metric(300, "frontend_connections_total")
    descriptors = node.metric("process_open_fds", 0)
    assert descriptors < 120, descriptors
