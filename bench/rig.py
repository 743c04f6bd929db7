# SPDX-License-Identifier: BSD-3-Clause
"""What the measurements share: processes and where they run, servers, wrk.
Everything runs on loopback, the proxy on one core, everything else on another."""

import argparse
import contextlib
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
MIB = 1 << 20
ORIGIN = """daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 19000;
pid {root}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 9000; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path {root}/body;
  proxy_temp_path {root}/proxy;
  fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi;
  scgi_temp_path {root}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {root};
    location = / {{  # takes a body whole, then answers
      client_body_buffer_size 2m;
      proxy_pass http://127.0.0.1:{port}/done;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
    location = /done {{ return 200 "done"; }}
  }}
}}
"""


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


def nginx_user():
    """Its worker must read what only root may."""
    return "user root;" if os.geteuid() == 0 else ""


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


def own_network():
    """Loopback of one's own: no other traffic, ports or congestion control."""
    if os.geteuid() != 0 or os.environ.get("TROUPE_BENCH_NETWORK") or not shutil.which("ip"):
        return
    os.environ["TROUPE_BENCH_NETWORK"] = "own"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


def prepare_network():
    if os.environ.get("TROUPE_BENCH_NETWORK") != "own":
        print("note: without root this measures with the machine's own congestion control")
        return
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for network in ("127.0.0.0/8", "127.0.0.1"):  # of a namespace, not the machine's default
        route = f"ip route replace local {network} dev lo table local proto kernel scope host src 127.0.0.1"
        subprocess.run([*route.split(), "congctl", "cubic"], check=True)
    pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("32768 65000")


class Rig:
    """Owns a directory and every process it starts."""

    def __init__(self, bin_dir):
        self.bin = pathlib.Path(bin_dir).resolve()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="troupe-bench-"))
        self.children = []
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of __exit__
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

    def server(self, name, port=None, mode="http", address="127.0.0.1"):
        """Starts a troupe-backend. @returns (process, port)"""
        port = port or free_port()
        command = [self.bin / "troupe-backend", "--name", name, "--mode", mode, "--listen", f"{address}:{port}"]
        child = self.start(command, LOAD_CORE, name)
        wait_for(lambda: accepts(port), f"{name} listens")
        return child, port

    def origin(self):
        """nginx with large files, which no proxy is faster than. @returns its
        port, alone, as servers() does."""
        root = self.directory / "origin"
        root.mkdir()
        for size in (MIB, 64 * MIB):
            (root / str(size)).write_bytes(b"x" * size)
        port = free_port()
        (root / "nginx.conf").write_text(ORIGIN.format(root=root, port=port, user=nginx_user()))
        self.start(["nginx", "-p", root, "-c", root / "nginx.conf", "-e", root / "error.log"], LOAD_CORE, "origin")
        wait_for(lambda: accepts(port), "the origin listens")
        return [port]

    def servers(self, count, mode="http"):
        return [self.server(f"a{n + 1}", mode=mode)[1] for n in range(count)]

    def one_as_many(self, count, mode="http"):
        """One process behind so many addresses: a core that servers take turns
        on is the first to be full, and then it is not the proxy one measures."""
        _, port = self.server("all", mode=mode, address="0.0.0.0")
        return addresses(count, port)


def addresses(count, port):
    """Different ones of this machine, to proxies so many servers."""
    return [f"127.1.{n // 250}.{1 + n % 250}:{port}" for n in range(count)]


def stop(child):
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(3)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()


def wrk_command(url, connections, seconds, *more):
    return ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *more, url]


def parse_wrk(text):
    """What wrk counted. Errors are by kind; all 0 is what one wants."""
    requests = re.search(r"(\d+) requests in", text)
    if not requests:
        sys.exit(f"wrk failed: {text}")
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    p99 = re.search(r"^\s+99%\s+(\S+)", text, re.M)
    read = re.search(r"([\d.]+)([KMGT]?)B read", text)
    return {
        "requests": int(requests[1]),
        "bytes_read": float(read[1]) * 1024 ** " KMGT".index(read[2] or " "),
        "requests_per_s": float(re.search(r"Requests/sec:\s+(\S+)", text)[1]),
        "p99": p99[1] if p99 else "",
        "socket_errors": sum(map(int, errors.groups())) if errors else 0,
        "non_2xx": int(bad[1]) if bad else 0,
    }


def yields():
    """Whoever else has work on this core goes first."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


@contextlib.contextmanager
def awake(core):
    """Work without end that yields: a virtual core that sleeps is woken when its
    host finds the time, and that would be most of every percentile."""

    def prepare():
        on_core(core)()
        yields()

    child = subprocess.Popen(["sh", "-c", "while :; do :; done"], preexec_fn=prepare)
    try:
        yield
    finally:
        child.kill()
        child.wait()


def on_load_core(command, seconds, yielding=False):
    """Runs it to its end. @returns what it printed.
    yielding: it never sleeps, and lets all others go first."""

    def prepare():
        on_core(LOAD_CORE)()
        if yielding:
            yields()

    result = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        preexec_fn=prepare,
        check=False,
        timeout=seconds + 60,
    )
    return result.stdout + result.stderr


def wrk(url, connections, seconds, *more):
    """One run, to its end."""
    return parse_wrk(on_load_core(wrk_command(url, connections, seconds, *more), seconds))


def one_request(port):
    """@returns the connection, kept open after one whole reply."""
    link = socket.create_connection(("127.0.0.1", port), 10)
    link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    text = b""
    while b"hello" not in text:
        data = link.recv(4096)
        if not data:
            sys.exit("a connection ended early")
        text += data
    return link


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
