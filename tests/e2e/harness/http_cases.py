# SPDX-License-Identifier: BSD-3-Clause
"""Plays cases of tests/data/http/ against one node: raw bytes to a frontend, a
strict server behind it, a strict client before it."""

import json
import pathlib
import re
import threading

from .client import Client, Unfinished
from .origin import Origin
from .waiting import eventually, patience

DATA = pathlib.Path(__file__).resolve().parents[2] / "data" / "http"

LANES = 4

# What arrives in one piece is looked at before anything goes on.
ONE_PIECE = 8_192


def load(name):
    with open(DATA / name) as lines:
        return [json.loads(line) for line in lines]


def by_category(cases):
    """{category: cases}, categories in the order of the file."""
    found = {}
    for case in cases:
        found.setdefault(case["category"], []).append(case)
    return found


class Lane:
    """A frontend, its backend and its server: cases here run one by one."""

    def __init__(self, node, index, origin):
        self.node = node
        self.index = index
        self.origin = origin

    def client(self):
        return Client(self.node.address_of(self.index), timeout=20)

    def good_request_is_answered(self):
        with self.client() as client:
            response = client.request("GET", "/after", {"Connection": "close"})
            assert response.status == 200 and response.body == b"ok", f"the next one got {response}"


def start_node(t, lanes):
    """A node with a frontend a lane and short patience, so that input which
    never ends is given up soon."""
    origins = [Origin(f"o{index}") for index in range(lanes)]
    seconds = patience()
    http = {
        "timeout_header": f"{int(500 * seconds)}ms",
        "timeout_idle": f"{int(500 * seconds)}ms",
        "timeout_keep_alive": f"{int(400 * seconds)}ms",
    }
    node = t.node(origins[:1], frontend={"http": http}, backend={"timeout_response": "2s"}, start=False)
    frontend, backend = node.config["frontends"][0], node.config["backends"][0]
    used = {frontend["listen"]}
    for index in range(1, lanes):
        while (listen := f"127.0.0.1:{t.free_port()}") in used:
            pass
        used.add(listen)
        node.config["frontends"].append({**frontend, "name": f"web{index}", "listen": listen, "backend": f"app{index}"})
        node.config["backends"].append(
            {**backend, "name": f"app{index}", "servers": [node.server_entry(origins[index])]}
        )
    node.config["global"]["access_log"] = {"path": str(node.directory / "access.log")}
    node.start()
    return node, [Lane(node, index, origin) for index, origin in enumerate(origins)]


def play(t, cases, check):
    """Runs `check(lane, case)` for every case; fails with all that failed."""
    node, lanes = start_node(t, min(LANES, len(cases)))
    failures = []
    before = node.metric("process_open_fds")

    def run(lane):
        for case in cases[lane.index :: len(lanes)]:
            lane.origin.forget()
            try:
                check(lane, case)
            except (AssertionError, OSError) as problem:
                failures.append(f"{case['id']} ({case['expect']}): {problem}")

    threads = [threading.Thread(target=run, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, f"{len(failures)} of {len(cases)} failed:\n" + "\n".join(sorted(failures))
    eventually(lambda: node.metric("frontend_connections") == 0, 10, "no connection is left")
    # Kept connections to servers, the log and the scrape itself.
    assert node.metric("process_open_fds") <= before + 2 * len(lanes) + 8
    for line in node.access_log(len(cases)):
        assert line["reason"], line
    raw = (node.directory / "access.log").read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw), "control bytes in the log"
    t.note(f"{len(cases)} cases, 0 failures")


# -- requests ------------------------------------------------------------------


def converse(lane, raw):
    """Sends the bytes and reads to the end. @returns the final responses."""
    responses = []
    with lane.client() as client:
        try:
            client.send(raw)
        except OSError:
            pass  # refused before it was through
        while True:
            method = "HEAD" if raw.lstrip(b"\r\n").startswith(b"HEAD ") else "GET"
            try:
                responses.append(client.read_response(method))
            except ConnectionResetError:
                assert not client.pending, f"reset within {bytes(client.pending[:80])!r}"
                return responses
            except Unfinished:
                assert not client.pending, f"ended within {bytes(client.pending[:80])!r}"
                return responses


def check_request(lane, case):
    raw = case["raw_request"].encode("latin-1")
    origin = lane.origin
    responses = converse(lane, raw)
    statuses = [response.status for response in responses]
    requests, sent = list(origin.requests), origin.bytes
    found = f"client {statuses}, server {requests} and {sent} bytes"
    assert not origin.flaws, f"{origin.flaws}; {found}"
    good = [status for status in statuses if status < 300]
    assert len(good) == len(requests), found
    for response in responses[:-1]:
        assert response.status < 400 and response.keeps_alive, f"went on after a refusal: {found}"
    if statuses and statuses[-1] >= 400:
        assert responses[-1].field("Connection") == "close", f"open after a refusal: {found}"
    if case["expect"] == "reject":
        assert not requests, found
        assert sent == 0 or len(raw) > ONE_PIECE, f"reached the server in part: {found}"
    if case["expect"] == "forward":
        assert good, found
    if wanted := re.search(r"origin_requests=(\d+)", case.get("notes", "")):
        assert case["expect"] == "reject" or len(requests) == int(wanted[1]), found
    if wanted := re.search(r"origin body '(\w+)'", case.get("notes", "")):
        assert not requests or requests[0].body == wanted[1].encode(), found
    lane.good_request_is_answered()
    assert not origin.flaws, origin.flaws


# -- responses -----------------------------------------------------------------


def read_one(client, method):
    """(response, None), or (None, what ended it)."""
    try:
        return client.read_response(method), None
    except (Unfinished, ConnectionResetError) as end:
        return None, end


def check_response(lane, case):
    raw, method = case["request"].encode("latin-1"), case["request"].split(" ", 1)[0]
    answer = case["raw_response"].encode("latin-1")
    origin = lane.origin
    origin.script = (answer, case["end"])
    with lane.client() as client:
        client.send(raw)
        response, end = read_one(client, method)
        found = f"client got {response or end!r}"
        expect = case["expect"]
        if expect == "truncate":
            # Without a framing only a reset says that more was due.
            unframed = raw.split(b"\r\n")[0].endswith(b"1.0") and b"Content-Length" not in answer
            cut = response is None or response.status == 502
            assert cut and not (unframed and isinstance(end, Unfinished) and client.pending), found
            assert b"\r\n0\r\n" not in client.pending, "a final chunk of our own"
        else:
            assert response, found
            refused = response.status in (502, 504)
            assert not refused or expect != "forward", found
            assert refused or expect != "502", found
            if "status" in case:
                assert response.status == case["status"], found
            if expect == "bodyless":
                assert response.body == b"", found
            if expect in ("forward", "status") and b"hello" in answer and not refused and method != "HEAD":
                assert response.body == b"hello", found
            if raw.split(b"\r\n")[0].endswith(b"1.0"):
                assert not response.informational and not response.all("Transfer-Encoding"), found
            assert len(response.all("Set-Cookie")) == answer.split(b"\r\n\r\n")[0].count(b"Set-Cookie"), found
        if response is not None and response.keeps_alive:
            assert client.is_idle(0.05), "bytes behind the response"
    used = {request.connection for request in origin.requests}
    origin.script = None
    origin.forget()
    lane.good_request_is_answered()
    spoilt = case["expect"] in ("502", "truncate") or case["category"] == "desync" or case.get("spoilt") or method == "HEAD"
    if spoilt:
        again = {request.connection for request in origin.requests}
        assert not used & again, "the connection was used again"
