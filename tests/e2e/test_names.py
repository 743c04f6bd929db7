# SPDX-License-Identifier: BSD-3-Clause
"""Servers by name: several addresses, and addresses that change."""

import os
import socket
import time

from harness import Skip, eventually, patience

NAME = "app.troupe.test"
CHECK = {"enabled": True, "interval": "200ms", "timeout": "500ms", "fall": 2, "rise": 2}


def named_node(t, server, addresses, **options):
    """A node whose one server is that name, which stands for `addresses`."""
    if os.geteuid() != 0:
        raise Skip("needs root for a hosts file of its own")
    hosts = t.directory / "hosts"
    resolve_to(hosts, addresses)
    node = t.node([server], hosts=hosts, start=False, **options)
    node.config["backends"][0]["servers"][0]["address"] = f"{NAME}:{server.port}"
    node.start()
    return node, hosts


def resolve_to(hosts, addresses):
    """In place: the file is mounted where the node sees it."""
    hosts.write_text("".join(f"{address} {NAME}\n" for address in addresses))


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


def test_a_name_serves_when_only_its_second_address_does(t):
    first = "::1" if has_ipv6() else "127.0.0.77"
    for check in ({"enabled": False}, CHECK):
        node, _ = named_node(t, t.server(f"a{len(t.nodes)}"), [first, "127.0.0.1"], backend={"health_check": check})
        for _ in range(10):
            assert node.get().status == 200
        name = node.config["backends"][0]["servers"][0]["name"]
        node.wait_up(name)
        assert node.metric("refused_total", reason="connect_failed") == 0
        node.end()


def test_a_changed_address_is_in_use_within_two_seconds(t):
    server = t.server("a1", host="127.0.0.2")
    node, hosts = named_node(t, server, ["127.0.0.1"], backend={"health_check": CHECK})
    node.wait_down("a1")
    assert node.get().status == 503
    resolve_to(hosts, ["127.0.0.2"])
    changed = time.monotonic()
    eventually(lambda: node.get().status == 200, 5)
    assert time.monotonic() - changed < 2.5 * patience()
    # The same while everything is well.
    second = t.server("a1", host="127.0.0.3", start=False)
    second.port = server.port
    second.start()
    node.wait_up("a1")
    resolve_to(hosts, ["127.0.0.3"])
    changed = time.monotonic()
    eventually(lambda: second.times("GET /") > 0 or not node.get(), 5)
    assert time.monotonic() - changed < 2.5 * patience()


def test_a_name_that_fails_to_resolve_keeps_its_address(t):
    node, hosts = named_node(t, t.server("a1"), ["127.0.0.1"], backend={"health_check": CHECK})
    assert node.get().status == 200
    hosts.write_text("")
    eventually(lambda: "cannot resolve" in node.log(), 10)
    for _ in range(5):
        assert node.get().status == 200
