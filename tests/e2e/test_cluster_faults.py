# SPDX-License-Identifier: BSD-3-Clause
"""What a cluster makes of links and nodes that fail in part."""

import socket
import threading
import time

from harness import Load, eventually, get, limit
from harness.client import Client
from harness.cluster import PORT
from harness.network import DRIVER
from harness.waiting import patience

CHECK = {"enabled": True, "type": "http", "path": "/health", "interval": "500ms", "timeout": "2s"}


def retries(count):
    return lambda config: config["backends"][0].update(retries_max=count)


def changes_of_state(c):
    return {node.name: node.metric("server_state_changes_total", 0) for node in c}


def wait_all_alive(c, seconds=30):
    for name in c.listed:
        eventually(
            lambda: c[name].metric("cluster_nodes", state="alive") == len(c.listed),
            seconds,
            f"{name} sees all alive",
        )


def state_of(c, peer, on):
    return {x["name"]: x["state"] for x in c.nodes_seen_by(on)["nodes"]}[peer]


def committed(c, name):
    return c.nodes_seen_by(name)["committed"]


# -- two nodes -------------------------------------------------------------------


@limit(150)
def test_of_two_nodes_each_avoids_what_it_cannot_reach_and_one_alone_serves_on(t):
    c = t.cluster(2)
    a1 = c.servers[0]
    c.hosts["lb1"].reject_to(a1.host, a1.port)
    with Load(c["lb1"].address, threads=2) as load:
        eventually(lambda: not c["lb1"].server_up("a1"), 10, "lb1 avoids a1")
    load.assert_no_failures()
    for node in c:  # one against one is a tie: up
        assert node.metric("server_verdict", server="a1") == 1
    assert c["lb2"].server_up("a1")
    c.hosts["lb1"].heal()
    c.wait_server("a1", up=True)

    c["lb2"].process.kill()
    c.wait_majority("lb1", has=False)
    status, answer = c.apply("lb1", c.edited(retries(1)))
    assert status != 200 and answer["outcome"] != "committed", answer
    with Load(c["lb1"].address, threads=2) as load:
        eventually(lambda: load.answered > 100)
        a1.kill()  # there is nobody else to ask
        c.wait_server("a1", up=False, among=["lb1"])
        a1.start()
        c.wait_server("a1", up=True, among=["lb1"])
    load.assert_no_failures()
    c["lb2"].launch()
    c.wait_majority()
    status, answer = c.apply("lb2", c.edited(retries(1)))
    assert status == 200, answer
    c.wait_formed(generation=2)


# -- links that are bad ------------------------------------------------------------


@limit(150)
def test_a_link_of_one_direction_costs_no_verdict_and_no_change(t):
    c = t.cluster(3, check=CHECK)
    before = changes_of_state(c)
    c.hosts["lb2"].drop_from(c.hosts["lb1"].address)
    for name, peer in (("lb1", "lb2"), ("lb2", "lb1")):
        eventually(lambda: state_of(c, peer, name) != "alive", 20, f"{name} misses {peer}")
    c.wait_majority()
    status, answer = c.apply("lb1", c.edited(retries(1)))
    assert status == 200, answer
    c.wait_formed(generation=2)  # lb2 hears of it from lb3
    status, answer = c["lb1"].api("POST", "/v1/servers/app/a3", {"admin": "drain"})
    assert status == 200, answer
    for node in c:
        eventually(lambda: node.metric("server_admin_state", server="a3", state="drain") == 1)
    c.heal()
    wait_all_alive(c)
    assert changes_of_state(c) == before


@limit(180)
def test_a_link_that_loses_a_fifth_of_its_packets_makes_nothing_flap(t):
    c = t.cluster(3, check=CHECK)
    before = changes_of_state(c)
    for name, host in c.hosts.items():
        for other, peer in c.hosts.items():
            if other != name:
                host.lose_from(peer.address, percent=20)
    until = time.monotonic() + 10  # the fault's length: some sixty heartbeats of each node
    while time.monotonic() < until:
        for node in c:
            assert all(node.metric("server_verdict", server=server.name) == 1 for server in c.servers)
        time.sleep(0.1)
    assert changes_of_state(c) == before

    def commits():
        status, answer = c.apply("lb1", c.edited(retries(1)))
        return status == 200, answer

    eventually(lambda: commits()[0], 60, "a change is committed over such links")
    c.heal()
    wait_all_alive(c)
    c.wait_formed(generation=2)


class SlowRelay:
    """Passes bytes on `delay` seconds later, both ways, to `target`."""

    def __init__(self, target, delay):
        self.target = target
        self.delay = delay
        self.listener = socket.create_server((DRIVER, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.carried = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target, timeout=10)
            except OSError:
                near.close()  # it has not started yet
                continue
            far.settimeout(None)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source, sink):
        queue, arrived, done = [], threading.Condition(), object()

        def deliver():
            while True:
                with arrived:
                    arrived.wait_for(lambda: queue)
                    due, data = queue.pop(0)
                time.sleep(max(0, due - time.monotonic()))
                try:
                    if data is done:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        threading.Thread(target=deliver, daemon=True).start()
        data = b""
        while data is not done:
            try:
                data = source.recv(65536) or done
            except OSError:
                data = done
            with arrived:
                queue.append((time.monotonic() + self.delay, data))
                arrived.notify()
            self.carried += 0 if data is done else len(data)


@limit(150)
def test_links_with_a_fifth_of_a_second_each_way_work(t):
    c = t.cluster(3, check=CHECK, start=False)
    relays = {
        name: SlowRelay((host.address, PORT), 0.2) for name, host in c.hosts.items()
    }
    for name, host in c.hosts.items():
        for other, relay in relays.items():
            if other != name:
                host.redirect(c.hosts[other].address, PORT, DRIVER, relay.port)
    c.start()
    wait_all_alive(c)
    assert sum(relay.carried > 0 for relay in relays.values()) > 1, "nothing went the slow way"
    before = changes_of_state(c)
    status, answer = c.apply("lb2", c.edited(retries(1)))
    assert status == 200, answer
    c.wait_formed(generation=2)
    a1 = c.servers[0]
    a1.kill()
    c.wait_server("a1", up=False)
    a1.start()
    c.wait_server("a1", up=True)
    after = changes_of_state(c)
    assert all(after[name] == before[name] + 2 for name in after), (before, after)


# -- nodes that are away -----------------------------------------------------------


@limit(180)
def test_a_node_that_slept_for_30_seconds_serves_at_once_and_catches_up(t):
    c = t.cluster(3)
    before = changes_of_state(c)
    c["lb2"].freeze()
    asleep = time.monotonic()
    eventually(lambda: c["lb1"].metric("cluster_nodes", state="alive") == 2, 10)
    status, answer = c.apply("lb1", c.edited(retries(1)))
    assert status == 200, answer
    assert "lb2" in answer["not_checked"], answer
    time.sleep(max(0, 30 - (time.monotonic() - asleep)))  # the fault's length
    c["lb2"].thaw()
    awake = time.monotonic()
    assert c["lb2"].get().status == 200
    assert time.monotonic() - awake < 1 * patience()
    c.wait_formed(generation=2)
    wait_all_alive(c)
    assert changes_of_state(c) == before


class Clients:
    """Clients that know all nodes and do what HTTP clients do: a refused
    connection, or a kept one that was closed, is one reason to ask the next."""

    def __init__(self, addresses, threads=4):
        self.addresses = addresses
        self.answered = 0
        self.failures = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, at):
        client = None
        while not self._stop.is_set():
            response, errors = None, []
            while response is None and len(errors) < 2 * len(self.addresses):
                try:
                    client = client or Client(self.addresses[at % len(self.addresses)])
                    response = client.get()
                except (OSError, AssertionError) as error:
                    errors.append(repr(error))
                    client, at = None, at + 1
            with self._lock:
                if response is None or response.status != 200:
                    self.failures.append((response, errors))
                else:
                    self.answered += 1
            if response is None or not response.keeps_alive:
                client, at = None, at + 1
            time.sleep(0.002)


@limit(180)
def test_restarting_the_nodes_one_by_one_costs_no_request(t):
    c = t.cluster(3)
    before = changes_of_state(c)
    with Clients([node.address for node in c]) as clients:
        for name in c.listed:
            answered = clients.answered
            eventually(lambda: clients.answered > answered + 50)
            c[name].stop()
            c[name].launch()
            eventually(c[name].ready, 20, f"{name} is ready")
            wait_all_alive(c)
    assert not clients.failures, clients.failures[:3]
    assert clients.answered > 150
    assert all(count <= before[name] for name, count in changes_of_state(c).items())
    c.wait_formed(generation=1)


# -- what only an operator decides -------------------------------------------------


@limit(150)
def test_nodes_whose_files_differ_wait_for_a_word_and_then_form(t):
    c = t.cluster(3, start=False)
    for count, name in enumerate(c.listed):
        retries(count)(c[name].config)
        c[name].write()
        c[name].launch()
    for name in c.listed:
        eventually(lambda: c.nodes_seen_by(name)["obstacle"], 20, f"{name} says what is in the way")
        assert committed(c, name)["generation"] == 0
        assert c[name].get().status == 200  # on its own file
    c.wait_alive()
    status, answer = c["lb3"].api("POST", "/v1/cluster/form", {"node": "lb2"})
    assert status == 200, answer
    c.wait_formed(generation=1)
    for name in c.listed:
        _, history = c[name].api("GET", "/v1/config/history")
        assert "retries_max: 1" in history["history"][-1]["text"].replace('"', ""), history


@limit(180)
def test_two_sides_that_recovered_apart_wait_for_a_word_and_keep_the_losers_text(t):
    c = t.cluster(3)
    c["lb3"].process.kill()
    c.cut(["lb1"], ["lb2"], ["lb3"])
    c.wait_majority("lb1", "lb2", has=False)
    for name, count in (("lb1", 1), ("lb2", 2)):
        status, answer = c[name].api("POST", "/v1/cluster/recover", {"nodes": [name], "message": "apart"})
        assert status == 200, answer
        text = {**c.edited(retries(count)), "cluster": {"nodes": c.entries([name])}}
        status, answer = c.apply(name, text, message=f"on {name} alone")
        assert status == 200, answer
        assert committed(c, name)["epoch"] == 2
    c.heal()
    for name in ("lb1", "lb2"):
        eventually(lambda: c.nodes_seen_by(name)["conflict"], 20, f"{name} says what is wrong")
        assert c[name].get().status == 200
    for name in ("lb1", "lb2"):
        _, history = c[name].api("GET", "/v1/config/history")
        assert history["history"][-1]["message"] == f"on {name} alone"

    status, answer = c["lb2"].api("POST", "/v1/cluster/adopt", {"node": "lb1"})
    assert status == 200, answer

    def messages(name):
        _, history = c[name].api("GET", "/v1/config/history")
        return [(record["message"], record["superseded"]) for record in history["history"]]

    eventually(lambda: ("on lb1 alone", False) in messages("lb2"), 20, "lb2 has taken lb1's side")
    assert ("on lb2 alone", True) in messages("lb2"), messages("lb2")
    eventually(lambda: not c.nodes_seen_by("lb1")["conflict"], 20)


@limit(60)
def test_a_node_of_another_version_is_told_so_and_does_no_harm(t):
    c = t.cluster(3)
    address = (c.hosts["lb1"].address, PORT)
    with socket.create_connection(address, timeout=10) as peer:
        peer.sendall(b"TROUPE/2 hello prod lb3 with=words nobody=knows\n")
        peer.settimeout(10 * patience())
        answer = b""
        while piece := peer.recv(4096):
            answer += piece
    assert answer.startswith(b"TROUPE/1 refused "), answer
    assert b"TROUPE/2" in answer and b"TROUPE/1" in answer[len(b"TROUPE/1") :], answer
    eventually(lambda: "TROUPE/2" in c["lb1"].log(), 5, "the log names both versions")
    wait_all_alive(c)
    assert get(c["lb1"].address).status == 200
