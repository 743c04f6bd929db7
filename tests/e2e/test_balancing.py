# SPDX-License-Identifier: BSD-3-Clause
"""How requests and streams are spread over servers."""

import collections

from harness import eventually


def spread(node, requests, target="/", **options):
    """Which servers answered, over one kept connection."""
    with node.client(**options) as client:
        return collections.Counter(client.get(target).field("X-Server") for _ in range(requests))


def test_round_robin_gives_each_of_three_servers_a_third(t):
    node = t.node(t.servers("a1", "a2", "a3"))
    assert spread(node, 300) == {"a1": 100, "a2": 100, "a3": 100}


def test_connections_are_spread_as_evenly_as_requests(t):
    node = t.node(t.servers("a1", "a2", "a3"))
    seen = collections.Counter(node.get().field("X-Server") for _ in range(90))
    assert set(seen) == {"a1", "a2", "a3"}
    assert all(20 <= count <= 40 for count in seen.values()), seen


def test_weighted_follows_the_weights_exactly(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1, a2], frontend={"algorithm": "weighted"})
    node.config["backends"][0]["servers"][0]["weight"] = 3
    node.reload()
    assert spread(node, 400) == {"a1": 300, "a2": 100}


def test_least_connections_avoids_the_busy_server(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node(
        [a1, a2], frontend={"algorithm": "least_connections"}, config={"global": {"workers": 1}}
    )
    busy = [node.client() for _ in range(4)]
    for client in busy:
        client.send_request("GET", "/delay/3000?only=a1")
    eventually(lambda: node.metric("server_connections", server="a1") >= 1, what="a1 is busy")
    seen = spread(node, 20)
    assert seen["a2"] >= 19, seen
    for client in busy:
        assert client.read_response().status == 200
        client.close()


def test_ip_hash_keeps_a_client_and_spreads_clients(t):
    node = t.node(t.servers("a1", "a2", "a3"), frontend={"algorithm": "ip_hash"})
    homes = set()
    for last in range(2, 42):
        seen = spread(node, 5, source=f"127.0.0.{last}")
        assert len(seen) == 1, seen
        homes |= set(seen)
    assert homes == {"a1", "a2", "a3"}


def test_ip_hash_moves_only_the_clients_of_a_lost_server(t):
    servers = t.servers("a1", "a2", "a3")
    node = t.node(servers, frontend={"algorithm": "ip_hash"})
    clients = [f"127.0.0.{last}" for last in range(2, 42)]
    before = {client: next(iter(spread(node, 1, source=client))) for client in clients}
    node.set_server("a2", admin="drain")
    for client in clients:
        now = next(iter(spread(node, 1, source=client)))
        assert now == before[client] or before[client] == "a2", client
        assert now != "a2"


def test_random_and_p2c_use_every_server(t):
    for algorithm in ("random", "p2c"):
        node = t.node(t.servers("a1", "a2", "a3"), frontend={"algorithm": algorithm})
        seen = spread(node, 300)
        assert all(seen[name] >= 30 for name in ("a1", "a2", "a3")), (algorithm, seen)


def test_streams_are_spread_over_tcp_servers(t):
    node = t.node(t.servers("a1", "a2", mode="tcp-greet"), protocol="tcp")
    seen = collections.Counter()
    for _ in range(20):
        with node.client() as client:
            seen[client.read_exactly(len("hello from a1\n"))] += 1
    assert len(seen) == 2 and min(seen.values()) >= 6, seen
