# SPDX-License-Identifier: BSD-3-Clause
"""The containers of docker-compose.yml, as the tests see them."""

import json
import os
import pathlib
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BALANCERS = {"lb1": 8081, "lb2": 8082, "lb3": 8083}
SERVERS = ("a1", "a2", "a3")


class Failure(Exception):
    """What the cluster did is not what it should."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


def wait_until(condition, seconds, what):
    """Waits for condition(). @returns the seconds it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise Failure(f"waited {seconds} s for: {what}")
        time.sleep(0.2)
    return time.monotonic() - started


def run(*command, seconds=120, check=True, **options):
    """Runs a command to its end. @returns its standard output."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, **options)
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def compose_command():
    """docker compose (v2) if there is one, else docker-compose (v1)."""
    v2 = ["docker", "compose"]
    found = subprocess.run([*v2, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return v2 if found.returncode == 0 else ["docker-compose"]


class Cluster:
    """One project of its own name, so that nothing of the user's is touched."""

    def __init__(self, base, extra_files=()):
        self.project = f"troupe-test-{os.getpid()}"
        files = [word for name in ("docker-compose.yml", *extra_files) for word in ("-f", str(name))]
        self.command = [*compose_command(), "-p", self.project, *files]
        self.environment = os.environ | {"TROUPE_BASE": base}

    def compose(self, *words, **options):
        return run(*self.command, *words, cwd=ROOT, env=self.environment, **options)

    def container(self, service):
        """The id of a service's running container; empty if none runs."""
        wanted = {"project": self.project, "service": service}
        filters = [word for key, value in wanted.items() for word in ("-f", f"label=com.docker.compose.{key}={value}")]
        return run("docker", "ps", "-q", *filters).strip()

    def ask(self, node, path):
        """What a node answers on its metrics address; None if it does not."""
        # Not by compose, which takes ten times as long.
        container = self.container(node)
        if not container:
            return None
        words = ["docker", "exec", container, "/usr/local/lib/troupe/ask", path]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
        return done.stdout if done.returncode == 0 else None

    def metric(self, node, name):
        """The value of one metric with its labels, as it is written; None if absent."""
        found = re.search(rf"^{re.escape(name)} (\S+)\s*$", self.ask(node, "/metrics") or "", re.MULTILINE)
        return float(found[1]) if found else None

    def ctl(self, node, *words):
        """What troupectl says on a node, as JSON."""
        return json.loads(self.compose("exec", "-T", node, "troupectl", "-o", "json", *words))

    def uses(self, node, server):
        """Whether a balancer would give new requests to a server."""
        return self.metric(node, f'troupe_server_up{{backend="app",server="{server}"}}') == 1

    def wait_used(self, server, wanted, seconds):
        """Waits until all balancers use a server, or none does."""

        def agreed():
            return all(self.uses(node, server) == wanted for node in BALANCERS)

        return wait_until(agreed, seconds, f"every balancer {'uses' if wanted else 'avoids'} {server}")

    def wait_ready(self, seconds=60):
        def ready():
            return all(self.ask(node, "/readyz") is not None for node in BALANCERS)

        return wait_until(ready, seconds, "every balancer is ready")

    def wait_together(self, seconds=60, nodes=BALANCERS, alive=len(BALANCERS)):
        """Waits until these nodes see this many of the cluster alive, themselves included."""

        def together():
            return all(self.metric(node, 'troupe_cluster_nodes{state="alive"}') == alive for node in nodes)

        return wait_until(together, seconds, f"{', '.join(nodes)} see {alive} nodes alive")

    def logs(self):
        return self.compose("logs", "--no-color", "--tail", "60", check=False)

    def left(self):
        """Containers, volumes and networks of this project, by name."""
        label = f"label=com.docker.compose.project={self.project}"
        return [
            line
            for words in (("ps", "-a"), ("volume", "ls"), ("network", "ls"))
            for line in run("docker", *words, "-q", "--filter", label).split()
        ]
