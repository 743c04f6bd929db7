# SPDX-License-Identifier: BSD-3-Clause
"""What a node of a cluster does with what only it sees of servers."""

import json
import time

from harness import Load, eventually, limit
from harness.client import get


def readiness(node):
    answer = get((node.ip, node.metrics_port), "/readyz", timeout=5)
    return answer.status, answer.body.decode()


def flips(node, server):
    return {to: node.metric("server_state_changes_total", server=server, to=to) for to in ("up", "down")}


@limit(120)
def test_a_node_that_reaches_no_server_which_is_up_is_not_ready(t):
    c = t.cluster(3)
    lb1 = c["lb1"]
    assert readiness(lb1)[0] == 200
    for server in c.servers[:2]:
        c.hosts["lb1"].reject_to(server.host, server.port)
    eventually(lambda: not lb1.server_up("a1") and not lb1.server_up("a2"), 15, "lb1 avoids two of three")
    assert readiness(lb1)[0] == 200
    c.hosts["lb1"].reject_to(c.servers[2].host, c.servers[2].port)
    eventually(lambda: readiness(lb1)[0] == 503, 15, "lb1 says no")
    assert "backend app" in readiness(lb1)[1], readiness(lb1)
    for name in ("lb2", "lb3"):
        assert readiness(c[name])[0] == 200
        assert c[name].metric("server_verdict", server="a1") == 1
    c.hosts["lb1"].heal()
    eventually(lambda: readiness(lb1)[0] == 200, 15, "lb1 is ready again")


@limit(120)
def test_servers_that_are_down_for_all_make_no_node_unready(t):
    c = t.cluster(3)
    for server in c.servers:
        server.kill()
    for server in c.servers:
        c.wait_server(server.name, up=False)
    eventually(lambda: all(c["lb1"].metric("server_verdict", server=x.name) == 0 for x in c.servers), 15)
    for node in c:
        assert readiness(node)[0] == 200, node.name


@limit(120)
def test_a_lost_majority_brings_no_server_back_that_the_node_avoids(t):
    # Slow enough that what the others saw is still fresh when they are missed.
    c = t.cluster(3, check={"enabled": True, "interval": "1s", "timeout": "500ms"})
    lb1 = c["lb1"]
    a1 = c.servers[0]
    c.hosts["lb1"].reject_to(a1.host, a1.port)
    eventually(lambda: not lb1.server_up("a1"), 15, "lb1 avoids a1")
    others_disagree = "1 of 3 say down"
    eventually(lambda: others_disagree in json.dumps(lb1.api("GET", "/v1/why/app/a1")[1]), 15, others_disagree)
    before = flips(lb1, "a1")
    with Load(lb1.address, threads=4) as load:
        c.cut(["lb1"], ["lb2", "lb3"])
        c.wait_majority("lb1", has=False)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert not lb1.server_up("a1")
            time.sleep(0.02)
    load.assert_no_failures()
    assert flips(lb1, "a1") == before
    assert flips(lb1, "a2") == {"up": 0, "down": 0}
