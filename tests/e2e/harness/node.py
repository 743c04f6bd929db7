# SPDX-License-Identifier: BSD-3-Clause
"""trouped as the tests use it."""

import json
import os
import re
import signal
import time

from .client import Client, get
from .processes import Process, free_port
from .waiting import eventually, patience

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
SANITIZER = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion .* failed"
)


def merge(into, changes):
    """Puts nested dictionaries into one another; other values replace."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
    return into


class Node:
    """One trouped with a configuration of its own.

    Without more it has a frontend "web" for a backend "app" of `servers`, no
    active checks and two workers. `frontend`, `backend` and `config` are merged
    into that.
    """

    def __init__(
        self,
        context,
        servers=(),
        frontend=None,
        backend=None,
        config=None,
        protocol="http",
        descriptors=None,
        environment=None,
        host=None,
        name=None,
        hosts=None,
        start=True,
    ):
        self.context = context
        self.host = host  # of a Network; this machine's loopback otherwise
        self.name = name
        self.descriptors = descriptors
        self.hosts = hosts  # a file it sees as /etc/hosts; needs root
        self.disk = None  # bytes of a file system of its own for its state; needs root
        self.environment = environment
        self.process = None
        self.expect_clean_log = True
        self.directory = context.directory / (name or f"node{len(context.nodes)}")
        self.directory.mkdir()
        self.file = self.directory / "troupe.yaml"
        self.socket = str(self.directory / "admin.sock")
        self.stderr = self.directory / "stderr.txt"
        self.stdout = self.directory / "stdout.txt"
        self.config = self._default_config(servers, protocol)
        merge(self.config["frontends"][0], frontend or {})
        merge(self.config["backends"][0], backend or {})
        merge(self.config, config or {})
        context.nodes.append(self)
        if start:
            self.start()

    def _default_config(self, servers, protocol):
        self.metrics_port = 9090 if self.host else free_port()
        return {
            "global": {"workers": 2, "state_dir": str(self.directory / "state"), "drain_timeout": "5s"},
            "admin": {"socket": self.socket},
            "metrics": {"listen": f"{self.ip}:{self.metrics_port}"},
            "frontends": [
                {
                    "name": "web",
                    "listen": f"{self.ip}:{free_port()}",
                    "protocol": protocol,
                    "backend": "app",
                }
            ],
            "backends": [
                {
                    "name": "app",
                    "servers": [self.server_entry(server) for server in servers],
                    "health_check": {"enabled": False},
                }
            ],
        }

    @property
    def ip(self):
        return self.host.address if self.host else "127.0.0.1"

    @staticmethod
    def server_entry(server, **more):
        return {"name": server.name, "address": f"127.0.0.1:{server.port}", **more}

    # -- the process -----------------------------------------------------------

    def write(self, text=None):
        """Replaces the file at once, as editors and deployments do."""
        # JSON is YAML, and needs no writer of our own.
        new = self.file.with_suffix(".new")
        new.write_text(text if text is not None else json.dumps(self.config, indent=2))
        os.replace(new, self.file)

    def launch(self, *arguments):
        """Starts trouped and does not wait."""
        command = [self.context.binary("trouped"), "-c", self.file, *arguments]
        if self.host:
            command = [*self.host.command, *command, "--node", self.name]
        if self.descriptors:
            command = ["bash", "-c", f'ulimit -n {self.descriptors}; exec "$0" "$@"', *command]
        if self.hosts:
            mount = 'mount --bind "$0" /etc/hosts && exec "$@"'
            command = ["unshare", "--mount", "bash", "-c", mount, self.hosts, *command]
        if self.disk:
            mount = f'mkdir -p "$0" && mount -t tmpfs -o size={self.disk},mode=700 tmpfs "$0" && exec "$@"'
            command = ["unshare", "--mount", "bash", "-c", mount, self.directory / "state", *command]
        environment = {**os.environ, **(self.environment or {})}
        self.process = Process(command, self.stdout, self.stderr, env=environment)

    def start(self):
        for _ in range(3):
            self.write()
            self.launch()
            if self._came_up():
                return
            self._choose_other_ports()
        raise AssertionError("trouped did not start: " + self.log()[-2000:])

    def _came_up(self):
        def ready_or_over():
            return not self.process.alive() or self.ready()

        eventually(ready_or_over, 20, "/readyz says 200")
        if self.process.alive():
            return True
        assert "in use" in self.log(), f"trouped ended: {self.log()[-2000:]}"
        return False

    def _choose_other_ports(self):
        self.metrics_port = free_port()
        self.config["metrics"]["listen"] = f"127.0.0.1:{self.metrics_port}"
        for frontend in self.config["frontends"]:
            if not frontend["listen"].startswith("unix:"):
                frontend["listen"] = f"127.0.0.1:{free_port()}"

    def ready(self):
        try:
            return get((self.ip, self.metrics_port), "/readyz", timeout=5).status == 200
        except OSError:
            return False

    def stop(self, seconds=15, code=0):
        """SIGTERM; it has to end by itself with this exit code."""
        if self.process.alive():
            self.process.signal(signal.SIGTERM)
        result = self.process.wait(seconds * patience())
        assert result == code, f"trouped ended with {result}: {self.log()[-2000:]}"

    def check_and_stop(self):
        """What must hold after every test: nothing in flight, a clean end."""
        if self.process is None or not self.process.alive():
            self.check_log()
            return
        eventually(
            lambda: self.metric("server_connections", 0) == 0, 10, "nothing in flight"
        )
        self.stop()
        self.check_log()

    def check_log(self):
        found = SANITIZER.search(self.log())
        assert not found, f"{found[0]} in the log"

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def end(self):
        if self.process:
            self.process.kill()

    def log(self):
        return self.stderr.read_text(errors="replace") if self.stderr.exists() else ""

    def rss(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def cpu(self):
        """Processor seconds so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # -- traffic ---------------------------------------------------------------

    def address_of(self, index=0):
        listen = self.config["frontends"][index]["listen"]
        if listen.startswith("unix:"):
            return listen[5:]
        host, port = listen.rsplit(":", 1)
        return (self.ip if host == "0.0.0.0" else host, int(port))

    @property
    def address(self):
        return self.address_of(0)

    def client(self, **options):
        return Client(self.address, **options)

    def get(self, target="/", **options):
        return get(self.address, target, **options)

    # -- configuration ---------------------------------------------------------

    def generation(self):
        return int(self.metric("config_generation"))

    def reload(self, text=None, seconds=15):
        """Writes the configuration, sends SIGHUP, waits for its generation."""
        before = self.generation()
        self.write(text)
        self.hang_up()
        eventually(lambda: self.generation() > before, seconds, "the next generation")
        time.sleep(0.05 * patience())  # "at once" is within 50 ms, on every worker

    def hang_up(self):
        """SIGHUP: read the file again."""
        self.process.signal(signal.SIGHUP)

    def reload_refused(self, text):
        """Writes a bad configuration, sends SIGHUP, waits for the refusal."""
        before = self.metric("config_reloads_total", result="failure")
        self.write(text)
        self.process.signal(signal.SIGHUP)
        eventually(
            lambda: self.metric("config_reloads_total", result="failure") > before,
            what="the reload is refused",
        )

    # -- metrics and admin -----------------------------------------------------

    def metrics_text(self):
        response = get((self.ip, self.metrics_port), "/metrics")
        assert response.status == 200, response
        return response.text

    def samples(self):
        """[(name without troupe_, labels, value)]"""
        result = []
        for line in self.metrics_text().splitlines():
            if not line or line.startswith("#"):
                continue
            match = SAMPLE.fullmatch(line)
            assert match, f"bad sample: {line!r}"
            labels = dict(LABEL.findall(match[2] or ""))
            result.append((match[1].removeprefix("troupe_"), labels, float(match[3])))
        return result

    def metric(self, metric_name, otherwise=None, /, **labels):
        """The sum of the series with these labels; fails if there is none."""
        found = [
            value
            for name, own, value in self.samples()
            if name == metric_name and labels.items() <= own.items()
        ]
        if not found and otherwise is not None:
            return otherwise
        assert found, f"no series {metric_name} {labels}"
        return sum(found)

    def expect_metric(self, value, metric_name, /, **labels):
        """That metric() comes to `value`: a reply leaves before it is counted."""

        def matches():
            found = self.metric(metric_name, **labels)
            assert found == value, found
            return True

        eventually(matches, 5, f"{metric_name} {labels} is {value}")

    def server_up(self, server):
        return self.metric("server_up", server=server) == 1

    def wait_up(self, *servers, seconds=10):
        for server in servers:
            eventually(lambda: self.server_up(server), seconds, f"{server} is up")

    def wait_down(self, *servers, seconds=10):
        for server in servers:
            eventually(lambda: not self.server_up(server), seconds, f"{server} is down")

    def api(self, method, path, body=None):
        """One call of the admin API over its Unix socket. @returns (status, JSON)."""
        data = json.dumps(body).encode() if body is not None else None
        response = get(self.socket, path, method, {"Content-Type": "application/json"}, data)
        return response.status, json.loads(response.body or b"null")

    def set_server(self, server, admin=None, weight=None):
        """An operator's change; waits until it is in force."""
        wanted = {"admin": admin, "weight": weight}
        change = {key: value for key, value in wanted.items() if value is not None}
        status, answer = self.api("POST", f"/v1/servers/app/{server}", change)
        assert status == 200, answer
        if admin:
            eventually(lambda: self.metric("server_admin_state", server=server, state=admin) == 1)
        if weight:
            eventually(lambda: self.metric("server_weight", server=server) == weight)

    def access_log(self, at_least=1):
        """The lines of the access log, which must all be JSON objects."""
        path = self.directory / "access.log"
        deadline = time.monotonic() + 5 * patience()
        while True:
            text = path.read_text() if path.exists() else ""
            if text.count("\n") >= at_least or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        assert text.count("\n") >= at_least, f"only {text!r}"
        return [json.loads(line) for line in text.splitlines()]

    def access_log_settings(self):
        return {"global": {"access_log": {"path": str(self.directory / "access.log")}}}
