# SPDX-License-Identifier: BSD-3-Clause
"""What anybody may send to metrics.listen and admin.listen, and what it must
not cost: places, processor time, the log, the cluster."""

import contextlib
import json
import re
import socket
import threading
import time

from harness import get, limit


def speak(address, data, seconds=10):
    """Sends bytes; what comes back until the other side closes."""
    with contextlib.closing(socket.create_connection(address, seconds)) as peer:
        received = b""
        with contextlib.suppress(OSError):  # closed early: what came counts
            peer.sendall(data)
            while piece := peer.recv(65536):
                received += piece
        return received


def statuses(address, data):
    return [int(x) for x in re.findall(rb"HTTP/1\.1 (\d+)", speak(address, data))]


def guarded_node(t, **config):
    """A node with admin.listen; its address, and the tokens' field lines."""
    port = t.free_port()
    tokens = []
    for role in ("read", "operator"):
        file = t.directory / role
        file.write_text(role + "-secret\n")
        tokens.append({"file": str(file), "role": role})
    admin = {"listen": f"127.0.0.1:{port}", "tokens": tokens}
    node = t.node(t.servers("a1"), config={"admin": admin, **config})
    fields = {role: f"Authorization: Bearer {role}-secret\r\n".encode() for role in ("read", "operator")}
    return node, ("127.0.0.1", port), fields


def many_servers(count):
    return [{"name": f"s{n}", "address": f"127.77.{n >> 8}.{n & 255}:80"} for n in range(count)]


@contextlib.contextmanager
def half_requests(address, count, data=b"G"):
    with contextlib.ExitStack() as held:
        for _ in range(count):
            peer = held.enter_context(contextlib.closing(socket.create_connection(address, 10)))
            peer.sendall(data)
        yield


def test_half_requests_lock_nobody_out(t):
    node, admin, _ = guarded_node(t)
    for address, path in ((("127.0.0.1", node.metrics_port), "/healthz"), (admin, "/")):
        for data in (b"G", b"", f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()):
            with half_requests(address, 80, data):
                for _ in range(5):
                    assert get(address, path).status == 200, (address, data)


def test_whoever_does_not_read_the_metrics_locks_nobody_out(t):
    node = t.node(backend={"servers": many_servers(2_000)})
    address = ("127.0.0.1", node.metrics_port)
    with half_requests(address, 70, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 5):
        for path in ("/healthz", "/readyz", "/metrics"):
            assert get(address, path).status == 200


@limit(180)
def test_scrapes_without_pause_cost_no_peer(t):
    c = t.cluster(2, backend={"servers": many_servers(600), "health_check": {"enabled": False}})
    lb1 = c["lb1"]
    over = threading.Event()

    def scrape():
        while not over.is_set():
            with contextlib.suppress(OSError):
                with contextlib.closing(socket.create_connection((lb1.ip, lb1.metrics_port), 10)) as peer:
                    peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n" * 50)
                    while not over.is_set() and peer.recv(1 << 20):
                        pass

    crowd = [threading.Thread(target=scrape, daemon=True) for _ in range(60)]
    for one in crowd:
        one.start()
    end = time.monotonic() + 8
    while time.monotonic() < end:
        assert get((lb1.ip, lb1.metrics_port), "/healthz").status == 200
        time.sleep(0.2)
    over.set()
    for one in crowd:
        one.join(15)
    for node in c:
        assert " is gone" not in node.log() and "did not run for" not in node.log(), node.log()[-2000:]


def test_scrapers_of_one_second_share_a_text(t):
    """Of 5,000 servers: some 40 ms of work each."""
    node = t.node(backend={"servers": many_servers(5_000)})
    texts = []

    def scrape():
        texts.append(node.metrics_text())

    crowd = [threading.Thread(target=scrape) for _ in range(12)]
    before = node.cpu()
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    took = node.cpu() - before
    assert len(texts) == 12 and all("troupe_build_info" in x for x in texts)
    distinct = {re.search(r"^process_cpu_seconds_total .*", x, re.M)[0] for x in texts}
    t.note(f"12 scrapes: {len(distinct)} texts, {took:.2f} s of processor time")
    assert len(distinct) <= 6, distinct  # a busy machine may need some seconds


@limit(120)
def test_a_pile_of_brackets_stalls_nothing(t):
    c = t.cluster(2)
    lb1 = c["lb1"]
    before = lb1.cpu()
    status, answer = lb1.api("POST", "/v1/config", {"text": "[" * 1_000_000, "message": "m"})
    assert status == 422 and "nested more than 32 levels deep" in answer["error"], answer
    # What the parser has to read whole keeps the helper thread busy, not the loop.
    text = "a: [" + "x, " * 300_000 + "]\n"
    status, answer = lb1.api("POST", "/v1/config", {"text": text, "message": "m"})
    assert status in (409, 422), answer
    t.note(f"{lb1.cpu() - before:.2f} s of processor time for two hostile texts")
    for node in c:
        assert " is gone" not in node.log() and "did not run for" not in node.log(), node.log()[-2000:]


def test_the_admin_server_reads_heads_as_frontends_do(t):
    _, admin, fields = guarded_node(t)
    start = b"GET /v1/version HTTP/1.1\r\nHost: x\r\n" + fields["read"]
    after = start + b"Connection: close\r\n\r\n"
    for wrong in (
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Content-Length: 4, 4\r\n",
        b"Content-Length:\r\n 4\r\n",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Host: y\r\n",
    ):
        assert statuses(admin, start + wrong + b"\r\n0\r\n\r\n" + after) == [400], wrong
    old = b"GET /v1/version HTTP/1.0\r\n" + fields["read"] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert statuses(admin, old) == [400]
    assert statuses(admin, after) == [200]


def test_a_token_in_a_trailer_is_none(t):
    node, admin, fields = guarded_node(t)
    head = b"POST /v1/log-level HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
    body = b'11\r\n{"level":"trace"}\r\n0\r\n'
    assert statuses(admin, head + b"\r\n" + body + fields["operator"] + b"\r\n") == [401]
    assert node.api("GET", "/v1/log-level")[1]["level"] == "info"
    assert statuses(admin, head + fields["operator"] + b"\r\n" + body + b"X: y\r\n\r\n") == [200]
    assert node.api("GET", "/v1/log-level")[1]["level"] == "trace"


def test_strangers_are_told_so_before_their_body_comes(t):
    node, admin, fields = guarded_node(t)
    head = b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\nExpect: 100-continue\r\n"
    answer = speak(admin, head + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 401 "), answer
    assert b'\r\nWWW-Authenticate: Bearer realm="troupe"\r\n' in answer, answer
    assert statuses(admin, head + fields["read"] + b"\r\n") == [403]
    nowhere = head.replace(b"/v1/reload", b"/v1/nowhere") + fields["operator"]
    assert statuses(admin, nowhere + b"\r\n") == [404]
    wrong = head.replace(b"/v1/reload", b"/v1/status") + fields["operator"]
    answer = speak(admin, wrong + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ") and b"\r\nAllow: GET\r\n" in answer, answer
    # Bodies of strangers are not gathered.
    before = node.rss()
    with half_requests(admin, 60, head.replace(b"Expect: 100-continue\r\n", b"") + b"\r\n" + b"x" * 300_000):
        assert node.rss() - before < 8 << 20


def test_refusals_fill_no_log(t):
    node, admin, _ = guarded_node(t)
    for _ in range(30):
        assert get(admin, "/v1/" + "x" * 12_000).status == 401
    lines = [x for x in node.log().splitlines() if "refused: expected a field" in x]
    assert len(lines) == 1 and len(lines[0]) < 400, lines
    speak(admin, b"GET /v1/%c2%9b2J HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert "\x9b" not in node.log()


def test_errors_are_json_whatever_was_asked_for(t):
    _, admin, fields = guarded_node(t)
    for path in (b"/v1/why/app/%ff", b"/v1/backends/%c3%28", b"/v1/%22%5c"):
        answer = speak(admin, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields["read"] + b"\r\n")
        assert "error" in json.loads(answer.split(b"\r\n\r\n", 1)[1].decode("utf-8"))


def test_a_name_that_leads_elsewhere_reads_no_metrics(t):
    """DNS rebinding: a page of evil.example, in a browser on this host."""
    node = t.node(t.servers("a1"))
    address = ("127.0.0.1", node.metrics_port)
    for host, status in (("evil.example", 421), ("localhost:9090", 200), ("127.0.0.1", 200), ("lb1", 200)):
        request = f"GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        assert statuses(address, request) == [status], host

