# SPDX-License-Identifier: BSD-3-Clause
"""What the measurements share: servers, proxies with equal work, wrk, and the
processor time a proxy has used. Everything runs on loopback, the proxy on one
core, everything else on another."""

import argparse
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PROXY_CORE, LOAD_CORE = 1, 0


def parser(doc):
    result = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--bin", default=str(HERE.parent / "build/release/bin"))
    result.add_argument("--json", metavar="FILE", help="write all numbers there")
    return result


def free_port():
    """Below the range of client ports, so that no connection can take it."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def wait_for(condition, what, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"gave up: {what}")
        time.sleep(0.02)


def on_core(core):
    """For preexec_fn; with one core there is nothing to choose."""

    def pin():
        if core in os.sched_getaffinity(0) and os.cpu_count() > 1:
            os.sched_setaffinity(0, {core})

    return pin


class Rig:
    """Owns a directory and every process it starts."""

    def __init__(self, bin_dir):
        self.bin = pathlib.Path(bin_dir).resolve()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="troupe-bench-"))
        self.children = []
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.children:
            stop(child)
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, command, core, log):
        with open(self.directory / f"{log}.log", "ab") as output:
            child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=on_core(core),
            )
        self.children.append(child)
        return child

    def server(self, name, port=None):
        """Starts a troupe-backend. @returns (process, port)"""
        port = port or free_port()
        command = [self.bin / "troupe-backend", "--name", name, "--listen", f"127.0.0.1:{port}"]
        child = self.start(command, LOAD_CORE, name)
        wait_for(lambda: accepts(port), f"{name} listens")
        return child, port

    def servers(self, count):
        return [self.server(f"a{n + 1}")[1] for n in range(count)]

    def proxy(self, kind, servers, **options):
        return {"troupe": Troupe, "haproxy": Haproxy, "nginx": Nginx}[kind](self, servers, **options)


def stop(child):
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(3)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()


class Proxy:
    """One running proxy under test."""

    kind = ""

    def __init__(self, rig, servers):
        self.rig = rig
        self.servers = servers
        self.port = free_port()
        self.directory = rig.directory / f"{self.kind}-{self.port}"
        self.directory.mkdir()
        self.child = rig.start(self.command(), PROXY_CORE, self.kind)
        wait_for(lambda: accepts(self.port) or self.child.poll() is not None, f"{self.kind} listens")
        if self.child.poll() is not None:
            sys.exit(f"{self.kind} ended: " + (rig.directory / f"{self.kind}.log").read_text()[-2000:])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        stop(self.child)

    def pids(self):
        """The process and its children; nginx works in a child."""
        pid = self.child.pid
        found = [pid]
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                found += map(int, children.read().split())
        return found

    def cpu(self):
        """Nanoseconds used so far by all threads: (user, system). The sum is
        the scheduler's; how it splits is what the kernel's ticks say."""
        total = user = system = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                    total += int(file.read().split()[0])
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            user += int(fields[11])
            system += int(fields[12])
        share = user / max(1, user + system)
        return total * share, total * (1 - share)

    def pss(self):
        """Bytes of memory, shared pages counted in part."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup") as file:
                total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
        return total

    def rss(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as file:
                total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))
        return total


class Troupe(Proxy):
    kind = "troupe"

    def __init__(self, rig, servers, backend=None, workers=1, frontend=None, per_server=None, access_log=""):
        self.backend = backend or {}
        self.frontend = frontend or {}
        self.per_server = per_server or {}
        self.access_log = {"access_log": {"path": str(access_log)}} if access_log else {}
        self.workers = workers
        self.metrics_port = free_port()
        super().__init__(rig, servers)

    def config(self, **backend):
        return {
            "global": {"workers": self.workers, "state_dir": str(self.directory), "log": {"level": "warn"}, **self.access_log},
            "admin": {"socket": str(self.directory / "admin.sock")},
            "metrics": {"listen": f"127.0.0.1:{self.metrics_port}"},
            "frontends": [
                {
                    "name": "web",
                    "listen": f"127.0.0.1:{self.port}",
                    "backend": "app",
                    "http": {"timeout_keep_alive": "600s"},
                    **self.frontend,
                }
            ],
            "backends": [
                {
                    "name": "app",
                    "servers": [
                        {"name": f"a{n + 1}", "address": f"127.0.0.1:{port}", **self.per_server}
                        for n, port in enumerate(self.servers)
                    ],
                    "pool": {"idle_max": 256},
                    **self.backend,
                    **backend,
                }
            ],
        }

    def write(self, **backend):
        file = self.directory / "troupe.yaml"
        file.with_suffix(".new").write_text(json.dumps(self.config(**backend), indent=2))
        os.replace(file.with_suffix(".new"), file)
        return file

    def command(self):
        return [self.rig.bin / "trouped", "-c", self.write()]

    def metric(self, name):
        """The sum of all series of this name."""
        with socket.create_connection(("127.0.0.1", self.metrics_port), 5) as link:
            link.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = b""
            while data := link.recv(65536):
                text += data
        values = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)\r?$", text.decode(), re.M)
        return sum(map(float, values))


class Haproxy(Proxy):
    kind = "haproxy"

    def command(self):
        lines = "\n".join(
            f"  server a{n + 1} 127.0.0.1:{port} check inter 2s"
            for n, port in enumerate(self.servers)
        )
        file = self.directory / "haproxy.cfg"
        file.write_text(
            f"""global
  nbthread 1
  maxconn 9000
defaults
  mode http
  http-reuse always
  option forwardfor
  timeout connect 3s
  timeout client 600s
  timeout server 30s
  timeout http-keep-alive 600s
  unique-id-format %[uuid()]
frontend web
  bind 127.0.0.1:{self.port}
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request add-header Via "1.1 haproxy"
  unique-id-header X-Request-Id
  default_backend app
backend app
  balance roundrobin
{lines}
"""
        )
        return ["haproxy", "-db", "-f", file]


class Nginx(Proxy):
    kind = "nginx"

    def command(self):
        lines = "\n".join(f"    server 127.0.0.1:{port};" for port in self.servers)
        file = self.directory / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        file.write_text(
            f"""daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 19000;
pid {self.directory}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 9000; }}
http {{
  access_log off;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_body_temp_path {self.directory}/body;
  proxy_temp_path {self.directory}/proxy;
  fastcgi_temp_path {self.directory}/fastcgi;
  uwsgi_temp_path {self.directory}/uwsgi;
  scgi_temp_path {self.directory}/scgi;
  upstream app {{
{lines}
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location / {{
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto http;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header Via "1.1 nginx";
    }}
  }}
}}
"""
        )
        return ["nginx", "-p", self.directory, "-c", file, "-e", self.directory / "error.log"]


def wrk_command(url, connections, seconds):
    return ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]


def parse_wrk(text):
    """What wrk counted. Errors are by kind; all 0 is what one wants."""
    requests = re.search(r"(\d+) requests in", text)
    if not requests:
        sys.exit(f"wrk failed: {text}")
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    p99 = re.search(r"^\s+99%\s+(\S+)", text, re.M)
    return {
        "requests": int(requests[1]),
        "requests_per_s": float(re.search(r"Requests/sec:\s+(\S+)", text)[1]),
        "p99": p99[1] if p99 else "",
        "socket_errors": sum(map(int, errors.groups())) if errors else 0,
        "non_2xx": int(bad[1]) if bad else 0,
    }


def wrk(url, connections, seconds):
    """One run, to its end."""
    result = subprocess.run(
        wrk_command(url, connections, seconds),
        capture_output=True,
        text=True,
        preexec_fn=on_core(LOAD_CORE),
        check=False,
    )
    return parse_wrk(result.stdout + result.stderr)


def spread(values):
    """Median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def machine():
    """What the numbers depend on besides the code."""

    def read(path):
        try:
            return pathlib.Path(path).read_text().strip()
        except OSError:
            return ""

    return {
        "kernel": os.uname().release,
        "cores": os.cpu_count(),
        "congestion_control": read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "load_before": os.getloadavg()[0],
    }


def save(path, result):
    if path:
        pathlib.Path(path).write_text(json.dumps(result, indent=2) + "\n")
