# SPDX-License-Identifier: BSD-3-Clause
"""What the measurements of clusters share: nodes in network namespaces of their
own, made with the harness of the end-to-end tests. Needs root."""

import argparse
import contextlib
import json
import pathlib
import signal
import statistics
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "e2e"))

from harness import Context, Skip, Unfinished  # noqa: E402
from harness.network import run  # noqa: E402

# One process serves all of them, each at an address of its own.
SERVER_ADDRESSES = [f"10.77.0.{101 + n}" for n in range(100)]


def parser(doc, trials=None):
    result = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--bin", default=str(HERE.parents[1] / "build/release/bin"))
    result.add_argument("--json", metavar="FILE", help="write all numbers there")
    if trials:
        result.add_argument("--trials", type=int, default=trials)
    return result


@contextlib.contextmanager
def cluster(arguments, size, servers=5, **options):
    """A formed cluster, and the end of all its processes."""
    # Interrupted, it still has to end what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as directory:
        context = Context(pathlib.Path(arguments.bin).resolve(), pathlib.Path(directory))
        try:
            yield context.cluster(size, servers=[f"a{n + 1}" for n in range(servers)], **options)
        except Skip as reason:
            sys.exit(f"cannot run here: {reason}")
        finally:
            context.end()


def numbers(text):
    """Of an option such as "3,7,15"."""
    return [int(word) for word in text.split(",")]


def give_servers(c, count, interval="2s"):
    """So many servers for nodes that are not started yet."""
    for address in SERVER_ADDRESSES[:count]:
        run("ip", "addr", "add", f"{address}/24", "dev", "br0")
    port = c.context.server("all", host="0.0.0.0").port
    entries = [
        {"name": f"s{n}", "address": f"{SERVER_ADDRESSES[n % len(SERVER_ADDRESSES)]}:{port}"}
        for n in range(count)
    ]
    for node in c:
        node.config["backends"][0].update(servers=entries, health_check={"interval": interval})


def servers_not_up(c):
    """On all nodes together."""
    return sum(1 for x in c for name, _, value in x.samples() if name == "server_up" and value != 1)


def records(node):
    """{(epoch, generation): (hash, message)} of its history."""
    status, answer = node.api("GET", "/v1/config/history")
    assert status == 200, answer
    return {(x["epoch"], x["generation"]): (x["hash"], x["message"]) for x in answer["history"]}


class Watch:
    """When a condition first held on each node, looked at every few
    milliseconds by a thread a node."""

    def __init__(self, nodes, condition, limit=30):
        self.seen = {}
        self.started = time.monotonic()
        self._threads = [
            threading.Thread(target=self._run, args=(node, condition, limit), daemon=True) for node in nodes
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, node, condition, limit):
        while time.monotonic() < self.started + limit:
            if condition(node):
                self.seen[node.name] = time.monotonic()
                return
            time.sleep(0.003)

    def times(self, since):
        """Seconds for each node; fails if one never saw it."""
        for thread in self._threads:
            thread.join()
        if len(self.seen) != len(self._threads):
            sys.exit(f"not seen in time by all: only {sorted(self.seen)}")
        return {name: at - since for name, at in self.seen.items()}


class Table:
    """Rows of numbers against their bounds; `end` says whether all held."""

    def __init__(self, arguments, *columns):
        self.arguments = arguments
        self.rows = []
        self.columns = columns
        self.missed = 0
        print("".join(f"{column:>16}" for column in columns))

    def add(self, *cells, ok=True):
        self.rows.append([*cells, ok])
        self.missed += not ok
        words = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells]
        print("".join(f"{word:>16}" for word in words) + ("" if ok else "   MISSED"), flush=True)

    def end(self):
        if self.arguments.json:
            pathlib.Path(self.arguments.json).write_text(
                json.dumps({"columns": self.columns, "rows": self.rows}, indent=2)
            )
        return 1 if self.missed else 0


def median_and_max(values):
    return statistics.median(values), max(values)
