# SPDX-License-Identifier: BSD-3-Clause
"""Connections that nobody works for give way when places run out."""

from harness import eventually, limit

FEW = 256  # descriptors: enough for about 70 clients
MANY = 300


def is_served(node):
    """Whether a client that comes now is answered, however full the node is."""
    with node.client() as client:
        return client.request("GET", "/", {"Connection": "close"}).status == 200


def evicted(node, reason):
    return node.metric("connections_evicted_total", reason=reason)


def check_the_living(node, reason):
    for _ in range(5):
        assert is_served(node)
    assert evicted(node, reason) > 0
    assert node.metric("refused_total", reason="no_healthy_backend") == 0


@limit(120)
def test_clients_that_say_nothing_give_way_when_descriptors_run_out(t):
    node = t.node(t.servers("a1"), descriptors=FEW)
    silent = [node.client() for _ in range(MANY)]
    check_the_living(node, "local_resource")
    for client in silent:
        client.close()


@limit(120)
def test_clients_that_rest_give_way_when_descriptors_run_out(t):
    node = t.node(t.servers("a1"), descriptors=FEW)
    resting = []
    for _ in range(MANY):
        resting.append(node.client())
        assert resting[-1].get("/").status == 200
    check_the_living(node, "local_resource")
    # Those that have come last rest on, and their connections are good.
    assert resting[-1].get("/").status == 200
    for client in resting:
        client.close()


@limit(120)
def test_half_heads_give_way_when_descriptors_run_out(t):
    node = t.node(t.servers("a1"), descriptors=FEW)
    slow = [node.client() for _ in range(MANY)]
    for client in slow:
        client.send("GET / HTTP/1.1\r\nHo")
    check_the_living(node, "local_resource")
    assert slow[0].read_response().status == 503
    eventually(lambda: node.metric("refused_total", reason="local_resource") > 0)
    for client in slow:
        client.close()


def test_a_full_frontend_gives_up_who_rests_on_any_worker(t):
    node = t.node(t.servers("a1"), frontend={"max_connections": 4}, config={"global": {"workers": 4}})
    clients = [node.client() for _ in range(4)]
    for client in clients:
        assert client.get("/").status == 200
    for _ in range(12):
        clients.append(node.client())
        assert clients[-1].get("/").status == 200
    assert node.metric("frontend_connections") <= 4
    assert evicted(node, "frontend_limit") >= 12
    assert node.metric("refused_total", reason="frontend_limit") == 0
    for client in clients:
        client.close()


def test_requests_under_way_never_give_way(t):
    node = t.node(t.servers("a1"), frontend={"max_connections": 2})
    busy = [node.client() for _ in range(2)]
    for client in busy:
        client.send_request("GET", "/delay/1500")
    eventually(lambda: node.metric("server_connections") == 2)
    assert node.get().status == 503
    for client in busy:
        assert client.read_response().status == 200
        client.close()
    assert evicted(node, "frontend_limit") == 0
