# SPDX-License-Identifier: BSD-3-Clause
"""Connections that rest for a second give up their actor (decision 0013)."""

import signal

from harness import eventually, patience

REST = 10  # seconds; parked after one of them


def rested(t, count=1, keep_alive=None):
    """Clients that have made a request and whose connections are parked."""
    frontend = {"http": {"timeout_keep_alive": keep_alive}} if keep_alive else {}
    node = t.node(t.servers("a1"), frontend=frontend)
    clients = [node.client() for _ in range(count)]
    for client in clients:
        assert client.get("/").status == 200
    eventually(lambda: not actors(node), REST * patience())
    assert node.metric("frontend_connections") == count
    return node, clients


def actors(node):
    _, answer = node.api("GET", "/v1/actors?connections=1")
    return [x for x in answer["actors"] if x["kind"] == "connection"]


def connections(node):
    return node.api("GET", "/v1/connections")[1]["connections"]



def test_the_next_request_wakes_a_parked_connection(t):
    node, clients = rested(t, 5)
    for _ in range(2):
        for client in clients:
            assert client.get("/").status == 200
        assert len(actors(node)) == 5
        eventually(lambda: not actors(node), REST * patience())
    assert node.metric("frontend_connections_total") == 5
    (first, *_) = connections(node)
    assert (first["requests"], first["phase"]) == (3, "idle"), first


def test_half_a_head_wakes_it_and_is_waited_for(t):
    node, (client,) = rested(t)
    client.send("GET / HTTP/1.1\r\n")
    eventually(lambda: len(actors(node)) == 1)
    client.send("Host: t\r\n\r\n")
    assert client.read_response().status == 200


def test_a_client_that_leaves_while_parked_is_forgotten(t):
    node, clients = rested(t, 3)
    for client in clients:
        client.close()
    eventually(lambda: node.metric("frontend_connections") == 0)
    eventually(lambda: not connections(node))


def test_the_keep_alive_time_goes_on_while_parked(t):
    node, (client,) = rested(t, keep_alive="2500ms")
    assert client.at_end()
    eventually(lambda: node.metric("frontend_connections") == 0)


def test_an_operator_can_list_and_close_a_parked_connection(t):
    node, (client,) = rested(t)
    (found,) = connections(node)
    assert (found["phase"], found["requests"], found["frontend"]) == ("idle", 1, "web"), found
    node.api("POST", f"/v1/connections/{found['id']}/close")
    assert client.at_end()
    eventually(lambda: node.metric("frontend_connections") == 0)


def test_parked_connections_do_not_delay_the_end(t):
    node, clients = rested(t, 5)
    node.process.signal(signal.SIGTERM)
    assert node.process.wait(5 * patience()) == 0
    for client in clients:
        assert client.at_end()


def test_a_frontend_that_goes_takes_its_parked_connections_along(t):
    node, clients = rested(t, 3)
    node.config["frontends"][0]["listen"] = "127.0.0.1:0"
    node.reload()
    for client in clients:
        assert client.at_end()
    eventually(lambda: node.metric("frontend_connections") == 0)
