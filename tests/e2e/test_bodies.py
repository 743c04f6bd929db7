# SPDX-License-Identifier: BSD-3-Clause
"""Large bodies, slow peers and peers that leave."""

import json
import random
import threading
import time
import zlib

from harness import Client, eventually, limit, pattern, pattern_crc

MIB = 1 << 20


def one(t, **options):
    server = t.server("a1")
    return server, t.node([server], **options)


@limit(120)
def test_pipelined_megabytes_survive_random_stalls(t):
    _, node = one(t)

    def run(seed, failures):
        chance = random.Random(seed)
        try:
            with node.client(receive_buffer=chance.choice([8_192, 65_536])) as client:
                for offset in (seed, seed + 5_000):
                    client.send_request("GET", f"/bytes/{MIB}?offset={offset}")
                for offset in (seed, seed + 5_000):
                    response = client._read_head()
                    assert response.field("Content-Length") == str(MIB)
                    body = b""
                    while len(body) < MIB:
                        body += client.read_exactly(min(MIB - len(body), chance.randint(1, 90_000)))
                        if chance.random() < 0.2:
                            time.sleep(chance.random() * 0.02)
                    assert body == pattern(MIB, offset), f"seed {seed}, offset {offset}"
        except Exception as error:  # collected, not lost with the thread
            failures.append(f"seed {seed}: {error!r}")

    failures = []
    threads = [threading.Thread(target=run, args=(seed, failures)) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_chunked_megabytes_survive(t):
    _, node = one(t)
    with node.client() as client:
        for chunk in (1_000, 16_384, 65_000):
            response = client.get(f"/chunked/{8 * MIB}?chunk={chunk}&trailer")
            assert zlib.crc32(response.body) == pattern_crc(8 * MIB)


@limit(120)
def test_a_large_upload_arrives_whole(t):
    _, node = one(t)
    size = 48 * MIB
    with node.client(timeout=60) as client:
        client.send(f"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: {size}\r\n\r\n")
        for start in range(0, size, MIB):
            client.send(pattern(MIB, start))
        seen = json.loads(client.read_response().body)
        assert (seen["body_length"], seen["body_crc"]) == (size, pattern_crc(size))
        assert client.get("/").status == 200


def test_clients_that_do_not_read_cost_no_memory(t):
    _, node = one(t)
    node.get()
    before = node.rss()
    clients = [node.client(receive_buffer=4_096) for _ in range(20)]
    for client in clients:
        client.send_request("GET", "/bytes/500000000")
    eventually(lambda: node.metric("server_connections") == 20)
    time.sleep(1.5)  # the time in which an unbounded relay would fill up
    assert node.rss() - before < 24 * MIB, f"grew by {node.rss() - before}"
    for client in clients:
        client.abort()
    eventually(lambda: node.metric("server_connections") == 0)


def test_servers_that_do_not_read_cost_no_memory(t):
    server, node = one(t)
    node.get()
    server.freeze()
    before = node.rss()
    clients = [node.client() for _ in range(10)]
    sent = 0
    for client in clients:
        client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 500000000\r\n\r\n")
        client.socket.settimeout(0.3)
        try:
            while True:
                sent += client.socket.send(pattern(MIB))
        except TimeoutError:
            pass
    assert node.rss() - before < 24 * MIB, f"grew by {node.rss() - before}, took {sent}"
    for client in clients:
        client.abort()
    server.thaw()
    eventually(lambda: node.metric("server_connections") == 0)


def test_a_slow_reader_gets_everything(t):
    _, node = one(t)
    with node.client(receive_buffer=4_096) as client:
        client.send_request("GET", "/bytes/400000")
        head = client._read_head()
        assert head.status == 200
        body = b""
        while len(body) < 400_000:
            body += client.read_exactly(min(10_000, 400_000 - len(body)))
            time.sleep(0.01)
        assert body == pattern(400_000)


def test_a_slow_server_is_waited_for(t):
    _, node = one(t)
    assert node.get("/slow/300/5?step=10").body == pattern(300)


def test_clients_that_leave_in_the_middle_leave_nothing_behind(t):
    log = {"path": str(t.directory / "node0/access.log")}
    server, node = one(t, config={"global": {"access_log": log}})
    for n in range(30):
        client = node.client()
        if n % 3 == 0:
            client.send_request("GET", "/bytes/50000000")
            client.read_exactly(1_000)
        elif n % 3 == 1:
            client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n")
            client.send(pattern(5_000))
        else:
            client.send_request("GET", "/hang")
        # A FIN alone may be a client that still waits for its reply.
        if n % 2 or n % 3 == 2:
            client.abort()
        else:
            client.close()
    eventually(lambda: node.metric("server_connections") == 0, what="nothing in flight")
    eventually(lambda: node.metric("frontend_connections") == 0, what="no clients")
    # What was left half done must not stay connected to the server either.
    eventually(lambda: server.count()["open"] <= 8, what="server connections closed")
    # A RST may overtake a head; such a request has left no trace at all.
    reasons = [line["reason"] for line in node.access_log(20)]
    assert set(reasons) == {"client_abort"}, reasons
    assert node.get().status == 200


def test_responses_never_go_to_another_client(t):
    node = t.node(t.servers("a1", "a2"))
    failures = []

    def run(number):
        chance = random.Random(number)
        client = None
        try:
            for n in range(60):
                if client is None:
                    client = Client(node.address)
                tag = f"{number}-{n}"
                client.send_request("GET", f"/echo?tag={tag}")
                if chance.random() < 0.15:
                    client.abort()  # its reply must not be someone else's
                    client = None
                    continue
                target = json.loads(client.read_response().body)["target"]
                assert target == f"/echo?tag={tag}", f"asked {tag}, got {target}"
        except Exception as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
