# SPDX-License-Identifier: BSD-3-Clause
"""What a request costs, counted and not timed: see tests/counting."""

import contextlib
import os
import struct

from harness import Client, Skip, eventually

SLOT = struct.Struct("5Q")
SLOTS = 64
CONNECTIONS = 32


class Counts:
    """What the worker threads of one node have counted so far."""

    def __init__(self, context):
        if context.is_sanitized():
            raise Skip("a sanitizer allocates and calls for itself")
        self.file = context.directory / "counts"
        self.file.write_bytes(bytes(SLOT.size * SLOTS))
        library = context.binary("troupe-counting.so")
        self.environment = {"LD_PRELOAD": str(library), "TROUPE_COUNTS": str(self.file)}

    def of_workers(self, node):
        """@returns (allocations, waits for events, other system calls, connects among these)."""
        totals = [0, 0, 0, 0]
        for thread, *counts in SLOT.iter_unpack(self.file.read_bytes()):
            if thread and self._name(node, thread).startswith("troupe-w"):
                totals = [total + count for total, count in zip(totals, counts)]
        return totals

    @staticmethod
    def _name(node, thread):
        try:
            with open(f"/proc/{node.process.pid}/task/{thread}/comm") as file:
                return file.read()
        except FileNotFoundError:
            return ""


def counted(t, **options):
    counts = Counts(t)
    node = t.node(t.servers("a1"), environment=counts.environment, config={"global": {"workers": 1}}, **options)
    return node, lambda: counts.of_workers(node)


def ask(clients, rounds):
    for _ in range(rounds):
        for client in clients:
            client.send_request("GET", "/")
        for client in clients:
            assert client.read_response().status == 200


def messages_of_connections(node, clients):
    ask(clients, 1)  # those that rest have no actor
    _, answer = node.api("GET", "/v1/actors")
    assert sum(x["count"] for x in answer["connections"]) == CONNECTIONS, answer
    return sum(x["handled"] for x in answer["connections"])


def test_a_request_costs_four_system_calls_no_allocation_and_no_message(t):
    node, counts = counted(t)
    clients = [node.client() for _ in range(CONNECTIONS)]
    ask(clients, 20)
    messages = messages_of_connections(node, clients)
    rounds = 50
    seen = []
    # A server connection more, because so many answers were never awaited at
    # once before, is not yet the steady state; what each request costs would
    # show every time.
    for _ in range(5):
        allocations, _, calls, _ = counts()
        ask(clients, rounds)
        more_allocations, _, more_calls, _ = counts()
        seen.append((more_allocations - allocations, (more_calls - calls) / rounds / CONNECTIONS))
        if not seen[-1][0]:
            break
    assert messages_of_connections(node, clients) <= messages  # fewer if some have rested
    allocations, calls_per_request = seen[-1]
    assert not allocations, f"(allocations, calls a request): {seen}"
    # Two reads and two writes; a server connection that was made anew now and
    # then would show.
    assert calls_per_request <= 4.1, seen


def connects_per_request(t, servers, clients, rounds=20):
    """With the pool's defaults, after the load has run for a while."""
    counts = Counts(t)
    one = t.server("a", host="0.0.0.0")  # so many servers to the node
    addresses = [f"127.1.0.{n + 1}:{one.port}" for n in range(servers)]
    entries = [{"name": f"a{n + 1}", "address": address} for n, address in enumerate(addresses)]
    node = t.node(
        environment=counts.environment, config={"global": {"workers": 1}}, backend={"servers": entries}
    )
    clients = [node.client() for _ in range(clients)]
    seen = []
    # Until no more answers are awaited of one server at once than ever before.
    for _ in range(8):
        ask(clients, rounds)
        before = counts.of_workers(node)[3]
        ask(clients, rounds)
        seen.append((counts.of_workers(node)[3] - before) / rounds / len(clients))
        if seen[-1] < 0.01:
            break
    for client in clients:
        client.close()
    assert seen[-1] < 0.01, f"connects a request, time by time: {seen}"


def test_64_clients_connect_to_1_server_once(t):
    connects_per_request(t, 1, 64)


def test_256_clients_connect_to_1_server_once(t):
    connects_per_request(t, 1, 256, rounds=6)


def test_64_clients_connect_to_4_servers_once(t):
    connects_per_request(t, 4, 64)


def test_256_clients_connect_to_4_servers_once(t):
    connects_per_request(t, 4, 256, rounds=6)


def test_64_clients_connect_to_50_servers_once(t):
    connects_per_request(t, 50, 64)


def test_256_clients_connect_to_50_servers_once(t):
    connects_per_request(t, 50, 256, rounds=6)


@contextlib.contextmanager
def frozen(node):
    """What is sent meanwhile is there when the node looks: whether it has looked
    too early before is the machine's matter, and a call more."""
    tasks = f"/proc/{node.process.pid}/task"

    def stands_still():
        states = []
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/stat") as file:
                states.append(file.read().rsplit(")", 1)[1].split()[0])
        return set(states) == {"T"}

    node.freeze()
    try:
        eventually(stands_still)
        yield
    finally:
        node.thaw()


def calls_of_each(node, counts, exchange, times=30):
    """System calls of a worker for one exchange on a connection of its own."""

    def all_closed():
        eventually(lambda: node.metric("frontend_connections", frontend="web") == 0)

    for _ in range(10):
        exchange()
    all_closed()
    _, _, calls, _ = counts()
    for _ in range(times):
        exchange()
    all_closed()
    _, _, more_calls, _ = counts()
    return (more_calls - calls) / times


def begin(node, *fields):
    """@returns a client whose request comes with its connection."""
    with frozen(node):
        client = Client(node.address)
        client.send_request("GET", "/", *fields)
    return client


def test_a_forwarded_connection_costs_at_most_12_system_calls(t):
    """A connection from the client and one to the server for each request:
    accept, connect with socket and option, two reads, two writes, and two times
    to be registered and closed."""
    node, counts = counted(t, backend={"pool": {"idle_max": 0}})

    def ask_once():
        with begin(node, {"Connection": "close"}) as client:
            assert client.read_response().status == 200
            assert client.at_end()

    calls = calls_of_each(node, counts, ask_once)
    assert calls <= 12.1, calls


def test_a_tcp_connection_that_both_sides_finish_costs_at_most_15_system_calls(t):
    """Besides: each side's FIN is read, and the client's is passed on."""
    node, counts = counted(t, protocol="tcp")

    def echo():
        with begin(node) as client:
            assert client.read_response().status == 200
            client.finish()
            assert client.at_end()

    calls = calls_of_each(node, counts, echo)
    assert calls <= 15.1, calls
