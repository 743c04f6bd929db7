# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the table that compare processor time for a unit of work."""

import dataclasses
import json
import typing

import rig

KIB, MIB = 1 << 10, rig.MIB
POST = """wrk.method = "POST"
wrk.body = string.rep("x", %d)
"""


@dataclasses.dataclass
class Case:
    """load(stage, proxy, seconds) gives what was done: {"units", "errors"}."""

    row: str
    title: str
    unit: str
    load: typing.Callable
    mode: str = "http"
    server_mode: str = "http"
    target: float = None  # of HAProxy's cost, at most
    log: bool = False
    splice: bool = False  # HAProxy's, which only bulk gains by
    paced: tuple = ()  # kind of bench-load and connections, for times at a fixed rate
    scale: float = 1e3  # nanoseconds to what the cost is given in
    servers: int = 4
    tuned: bool = True  # HAProxy and nginx; troupe runs with its defaults in all rows


def generate(stage, proxy, seconds, kind, *more):
    """One run of bench-load."""
    command = [stage.bin / "bench-load", kind, f"127.0.0.1:{proxy.port}", "--seconds", seconds, *more]
    text = rig.on_load_core(command, seconds, yielding="--rate" in more)
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise SystemExit(f"bench-load failed: {text}") from None


def requests(connections, *more):
    def load(_, proxy, seconds):
        counts = rig.wrk(proxy.url + "/", connections, seconds, *more)
        return {"units": counts["requests"], "errors": counts["socket_errors"] + counts["non_2xx"]}

    return load


def downloads(connections, size):
    """In GB, also those that had not ended."""

    def load(_, proxy, seconds):
        counts = rig.wrk(f"{proxy.url}/{size}", connections, seconds)
        return {"units": counts["bytes_read"] / 1e9, "errors": counts["non_2xx"]}

    return load


def uploads(connections, size):
    def load(stage, proxy, seconds):
        script = stage.directory / f"post-{size}.lua"
        script.write_text(POST % size)
        counts = rig.wrk(proxy.url + "/", connections, seconds, "-s", str(script))
        return {"units": counts["requests"] * size / 1e9, "errors": counts["socket_errors"] + counts["non_2xx"]}

    return load


def exchanges(kind, connections):
    def load(stage, proxy, seconds):
        counts = generate(stage, proxy, seconds, kind, "--connections", connections)
        return {"units": counts["count"], "errors": counts["failed"]}

    return load


def streams(connections, block):
    """In GB of both directions."""

    def load(stage, proxy, seconds):
        counts = generate(stage, proxy, seconds, "stream", "--connections", connections, "--bytes", block)
        return {"units": 2 * counts["bytes"] / 1e9, "errors": counts["failed"]}

    return load


def small(connections, target=None, servers=4, tuned=False):
    """Everybody's defaults, or HAProxy and nginx as they are quickest."""
    where = "1 server, " if servers == 1 else ""
    how = ", the others tuned" if tuned else ""
    return Case(
        "l" if tuned else "a",
        f"small HTTP, {where}{connections} connections kept alive{how}",
        "request",
        requests(connections),
        target=target,
        paced=("http", connections),
        servers=servers,
        tuned=tuned,
    )


def bulk(row, title, load, **more):
    return Case(row, title, "GB", load, target=1.0, scale=1e6, splice=True, **more)


CASES = [
    small(8),
    small(64, 0.80),
    small(256, 0.75),
    small(1000),
    small(64, 0.85, servers=1),
    small(256, 0.85, servers=1),
    Case(
        "b",
        "HTTP, a client connection for each request",
        "request",
        requests(64, "-H", "Connection: close"),
        target=0.85,
        paced=("http-close", 64),
    ),
    bulk("c", "HTTP bodies of 1 MiB down, 16 connections", downloads(16, MIB), server_mode="files"),
    bulk("c", "HTTP bodies of 64 MiB down, 4 connections", downloads(4, 64 * MIB), server_mode="files"),
    bulk("c", "HTTP bodies of 1 MiB up, 16 connections", uploads(16, MIB), server_mode="files"),
    Case(
        "d",
        "TCP echo of 64 bytes, 64 connections",
        "echo",
        exchanges("echo", 64),
        mode="tcp",
        server_mode="tcp-echo",
        target=0.85,
        paced=("echo", 64),
    ),
    bulk("e", "TCP one way, 4 connections", downloads(4, 64 * MIB), mode="tcp", server_mode="files"),
    bulk(
        "e",
        "TCP both ways, 4 connections",
        streams(4, 256 * KIB),
        mode="tcp",
        server_mode="tcp-echo",
    ),
    Case(
        "f",
        "TCP connect, echo, close",
        "connection",
        exchanges("connect", 64),
        mode="tcp",
        server_mode="tcp-echo",
        target=0.85,
        paced=("connect", 64),
    ),
    Case(
        "k",
        "small HTTP, 64 connections, with an access log",
        "request",
        requests(64),
        log=True,
        paced=("http", 64),
    ),
    small(64, tuned=True),
    small(256, tuned=True),
    small(64, servers=1, tuned=True),
    small(256, servers=1, tuned=True),
]
