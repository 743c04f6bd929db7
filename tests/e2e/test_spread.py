# SPDX-License-Identifier: BSD-3-Clause
"""How the connections of a frontend lie on its workers."""

import contextlib
from collections import Counter

from harness import eventually

WORKERS = 8


def spread_node(t, **frontend):
    return t.node(t.servers("a1"), frontend=frontend, config={"global": {"workers": WORKERS}})


def by_worker(node):
    _, answer = node.api("GET", "/v1/connections")
    return Counter(int(connection["id"]) >> 48 for connection in answer["connections"])


def test_connections_that_stay_lie_evenly_on_the_workers(t):
    node = spread_node(t)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(node.client()) for _ in range(50)]
        for _ in range(2):
            for client in clients:
                assert client.get("/").status == 200
        counts = by_worker(node)
        assert sum(counts.values()) == 50
        assert max(counts.values()) <= 1.15 * 50 / WORKERS, counts
        assert node.metric("frontend_connections") == 50
        assert node.metric("frontend_connections_total") == 50
        # Those that come after others have left fill the gaps.
        for client in clients[::2]:
            client.close()
        eventually(lambda: node.metric("frontend_connections") == 25)
        more = [stack.enter_context(node.client()) for _ in range(25)]
        for client in more:
            assert client.get("/").status == 200
        counts = by_worker(node)
        assert max(counts.values()) <= 1.15 * 50 / WORKERS, counts
    eventually(lambda: node.metric("frontend_connections") == 0)


def test_a_connection_that_changes_workers_counts_once_against_the_limit(t):
    node = spread_node(t, max_connections=20)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(node.client()) for _ in range(20)]
        for client in clients:  # all busy: none gives way to another
            client.send_request("GET", "/delay/5000")
        eventually(lambda: node.metric("server_connections") == 20)
        for _ in range(3):
            with node.client() as client:
                assert client.get("/").status == 503
        assert node.metric("frontend_connections") == 20
        for client in clients:
            assert client.read_response().status == 200
        assert node.metric("frontend_connections") == 20
    eventually(lambda: node.metric("frontend_connections") == 0)
    assert node.get().status == 200


def test_a_stop_loses_none_that_are_on_their_way(t):
    for _ in range(5):
        node = spread_node(t)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(node.client()) for _ in range(40)]
            for client in clients:
                client.send_request("GET", "/")
            node.stop()
            for client in clients:
                assert client.read_response().status == 200
