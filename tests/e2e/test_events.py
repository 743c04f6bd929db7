# SPDX-License-Identifier: BSD-3-Clause
"""What changed on a node, as it is told to those who ask."""

import json
import os
import signal
import socket
import subprocess

from harness import eventually
from harness.waiting import patience

CHECKED = {"enabled": True, "interval": "100ms", "timeout": "100ms", "rise": 1, "fall": 1}


def events(node, query=""):
    status, answer = node.api("GET", f"/v1/events{query}")
    assert status == 200, answer
    return answer


class Stream:
    """GET /v1/events as server-sent events, over the admin socket."""

    def __init__(self, node, query="", fields=""):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10 * patience())
        self.socket.connect(node.socket)
        self.socket.sendall(
            f"GET /v1/events{query} HTTP/1.1\r\nHost: n\r\nAccept: text/event-stream\r\n{fields}\r\n".encode()
        )
        self.data = b""
        self.head = self._until(b"\r\n\r\n")

    def _until(self, end):
        while end not in self.data:
            piece = self.socket.recv(65536)
            assert piece, f"it ended after {self.data!r}"
            self.data += piece
        text, self.data = self.data.split(end, 1)
        return text.decode()

    def next(self):
        """The next event, {"id", "event", "data"}; comments and retry are passed over."""
        while True:
            lines = dict(line.split(": ", 1) for line in self._until(b"\n\n").splitlines())
            if "data" in lines:
                return {**lines, "data": json.loads(lines["data"])}

    def at_end(self):
        return self.socket.recv(65536) == b""

    def close(self):
        self.socket.close()


def test_a_server_that_goes_and_comes_is_told_with_its_evidence(t):
    servers = t.servers("a1", "a2")
    node = t.node(servers, backend={"health_check": CHECKED})
    start = events(node)
    assert any("is ready" in x["text"] for x in start["events"]), start
    servers[0].kill()
    node.wait_down("a1")
    servers[0].start()
    node.wait_up("a1")
    told = eventually(lambda: [x for x in events(node, f"?after={start['last']}")["events"] if x["subject"] == "app/a1"])
    assert {x["kind"] for x in told} == {"server"}, told
    down = [x for x in told if "is down" in x["text"]]
    up = [x for x in told if "is up" in x["text"]]
    assert len(down) == 1 and down[0]["level"] == "warn" and "(" in down[0]["text"], told
    assert len(up) == 1 and up[0]["id"] > down[0]["id"], told
    assert all(x["text"] in node.log() for x in told)


def test_operators_reloads_and_their_problems_are_events(t):
    node = t.node(t.servers("a1", "a2"))
    last = events(node)["last"]
    node.set_server("a1", admin="drain")
    changes = events(node, f"?after={last}&kind=operation")["events"]
    assert any("drain" in x["text"] and x["subject"] == "app/a1" for x in changes), changes
    node.reload_refused("frontends: 1")
    problems = events(node, f"?after={last}&kind=config&limit=1000")["events"]
    assert any(x["level"] == "error" and "troupe.yaml:1:" in x["text"] for x in problems), problems
    assert any("the running configuration was kept" in x["text"] for x in problems), problems
    for bad in ("?limit=0", "?limit=1001", "?kind=servers", "?after=x"):
        assert node.api("GET", f"/v1/events{bad}")[0] == 400, bad


def test_an_action_is_one_event_with_author_and_reason_and_why_knows_both(t):
    node = t.node(t.servers("a1", "a2"))
    last = events(node)["last"]
    change = {"admin": "drain", "message": "kernel update"}
    assert node.api("POST", "/v1/servers/app/a1", change)[0] == 200
    (told,) = events(node, f"?after={last}&kind=operation")["events"]
    assert told["text"].endswith(": kernel update") and f"by uid {os.getuid()}" in told["text"], told
    assert node.log().count(told["text"]) == 1
    set_by = node.api("GET", "/v1/why/app/a1")[1]["server"]["set_by"]
    assert set_by["reason"] == "kernel update" and f"uid {os.getuid()}" in set_by["author"], set_by
    assert node.api("GET", "/v1/why/app/a2")[1]["server"]["set_by"] is None
    command = [str(t.binary("troupectl")), "--socket", node.socket, "why", "app/a1"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "kernel update" in shown and set_by["author"] in shown, shown


def test_a_stream_tells_at_once_and_goes_on_after_a_break(t):
    node = t.node(t.servers("a1", "a2"))
    stream = Stream(node, "?kind=operation")
    assert "200 OK" in stream.head and "text/event-stream" in stream.head, stream.head
    node.set_server("a1", admin="drain")
    first = stream.next()
    assert first["event"] == "operation" and first["data"]["subject"] == "app/a1", first
    assert int(first["id"]) == first["data"]["id"]
    stream.close()
    node.set_server("a1", admin="ready")
    node.set_server("a2", weight=7)
    again = Stream(node, "?kind=operation", f"Last-Event-ID: {first['id']}\r\n")
    seen = []
    while not seen or seen[-1]["data"]["subject"] != "app/a2":
        seen.append(again.next())
    assert [x for x in seen if "ready" in x["data"]["text"]], seen
    assert [int(x["id"]) for x in seen] == sorted({int(x["id"]) for x in seen})
    node.stop()
    assert again.at_end() or again.at_end()  # what was on its way comes first


def test_streams_that_are_not_read_or_are_too_many_cost_nobody_else(t):
    node = t.node(t.servers("a1"))
    streams = [Stream(node) for _ in range(16)]
    one_more = Stream(node)
    assert "503" in one_more.head.split("\r\n")[0], one_more.head
    one_more.close()
    before = node.rss()
    for round in range(300):  # nobody reads the streams
        node.set_server("a1", weight=1 + round % 7)
    assert t.is_sanitized() or node.rss() - before < 8 << 20
    assert node.get().status == 200
    for stream in streams:
        stream.close()

    def is_free():
        stream = Stream(node)
        stream.close()
        return "200 OK" in stream.head

    eventually(is_free, 5, "a place for a stream")


def test_troupectl_follows_events_over_a_restart(t):
    node = t.node(t.servers("a1", "a2"))
    command = [str(t.binary("troupectl")), "--socket", node.socket, "-o", "json", "events", "-f", "--kind", "operation"]
    out, notes = t.directory / "events", t.directory / "notes"
    with open(out, "w") as file, open(notes, "w") as notes_file:
        follower = subprocess.Popen(command, stdout=file, stderr=notes_file)
    try:

        def said():
            return [json.loads(line) for line in out.read_text().splitlines()]

        node.set_server("a1", admin="drain")
        eventually(lambda: any(x["subject"] == "app/a1" for x in said()), 10)
        node.stop()
        eventually(lambda: "retrying" in notes.read_text(), 10)
        node.launch()
        eventually(lambda: "the node is back" in notes.read_text(), 20)
        node.set_server("a2", admin="drain")
        eventually(lambda: any(x["subject"] == "app/a2" for x in said()), 10)
        ids = [x["id"] for x in said()]
        assert ids == sorted(set(ids)), ids
    finally:
        follower.send_signal(signal.SIGINT)
        follower.wait(10)
