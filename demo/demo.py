#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A five-minute tour: three servers, one trouped, and one of the servers dies.

    ./dev demo           runs through and cleans up
    ./dev demo --keep    leaves everything running until Ctrl-C

Exits with 0 only if no request failed and the server was seen down and up again.
"""

import argparse
import collections
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVERS = ("a1", "a2", "a3")
VICTIM = "a2"
COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ


class DemoError(Exception):
    """Something that the reader has to know about; ends the demo."""


def coloured(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOURED else text


def headline(text):
    print("\n" + coloured("1", text), flush=True)


def line(text):
    print("   " + text, flush=True)


def free_ports(count):
    """Ports nobody listens on; held together so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_until(condition, seconds, what):
    """Waits for condition(). @returns the seconds it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise DemoError(f"waited {seconds} s for: {what}")
        time.sleep(0.02)
    return time.monotonic() - started


def fetch(port, path):
    """@returns (status, body); the status is 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


class House:
    """The processes of the demo, in a directory of their own."""

    def __init__(self, bin_dir):
        self.bin = pathlib.Path(bin_dir)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="troupe-demo-"))
        web, metrics, *servers = free_ports(2 + len(SERVERS))
        self.web, self.metrics = web, metrics
        self.server_ports = dict(zip(SERVERS, servers))
        self.processes = {}
        self.log = self.directory / "trouped.log"

    def variables(self):
        """What ${...} means in troupe.yaml."""
        values = {"DEMO_DIR": self.directory, "DEMO_WEB": self.web, "DEMO_METRICS": self.metrics}
        values |= {f"DEMO_{name.upper()}": port for name, port in self.server_ports.items()}
        return {name: str(value) for name, value in values.items()}

    def configuration(self):
        """troupe.yaml as this trouped reads it, without the comments."""
        values = self.variables()

        def value(match):
            return values.get(match[1], match[2] or "")

        text = re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", value, (HERE / "troupe.yaml").read_text())
        return [each for each in text.splitlines() if each and not each.startswith("#")]

    def launch(self, name, command, log):
        with open(log, "ab") as output:
            self.processes[name] = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | self.variables(),
                start_new_session=True,  # Ctrl-C is for this script, which stops them in order
            )

    def start_server(self, name):
        port = self.server_ports[name]
        command = [self.bin / "troupe-backend", "--listen", f"127.0.0.1:{port}", "--name", name]
        self.launch(name, command, self.directory / f"{name}.log")
        wait_until(lambda: fetch(port, "/health")[0] == 200, 10, f"server {name} answers")

    def kill_server(self, name):
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def start_balancer(self):
        self.launch("trouped", [self.bin / "trouped", "-c", HERE / "troupe.yaml"], self.log)

        def ready_or_ended():
            return self.processes["trouped"].poll() is not None or fetch(self.metrics, "/readyz")[0] == 200

        wait_until(ready_or_ended, 15, "trouped is ready")
        if self.processes["trouped"].poll() is not None:
            raise DemoError("trouped ended at once")

    def server_up(self, name):
        """The gauge troupe_server_up of one server."""
        for sample in fetch(self.metrics, "/metrics")[1].splitlines():
            if sample.startswith("troupe_server_up{") and f'server="{name}"' in sample:
                return float(sample.rsplit(" ", 1)[1]) == 1
        return None

    def stop(self):
        """The balancer first, so that nothing is in flight when servers go.
        @returns trouped's exit code."""
        code = None
        for name in ("trouped", *SERVERS):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                ended = process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                ended = process.wait()
            code = ended if name == "trouped" else code
        return code

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class Stream:
    """Clients that send one request after the other over kept connections."""

    def __init__(self, port, clients=4, pause=0.004):
        self.port, self.pause = port, pause
        self.served = collections.Counter()
        self.failures = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._client, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _client(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        while not self.over.is_set():
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                response.read()
                with self.lock:
                    if response.status == 200:
                        self.served[response.headers["X-Server"]] += 1
                    else:
                        self.failures.append(f"status {response.status}")
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                with self.lock:
                    self.failures.append(repr(error))
            time.sleep(self.pause)
        connection.close()

    def during(self, action):
        """Runs action(). @returns what was served meanwhile, and its result."""
        with self.lock:
            before = self.served.copy()
        result = action()
        with self.lock:
            return self.served - before, result

    def report(self, served):
        counts = "  ".join(f"{name} {served[name]:>5}" for name in SERVERS)
        failed = f"failed {len(self.failures)}"
        line(f"requests: {counts}   {coloured('32' if not self.failures else '31', failed)}")

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def show_balancing(house):
    headline(f"2. Nine requests to http://127.0.0.1:{house.web}/")
    connection = http.client.HTTPConnection("127.0.0.1", house.web, timeout=5)
    for number in range(1, 10):
        connection.request("GET", "/")
        response = connection.getresponse()
        response.read()
        name = response.headers["X-Server"]
        column = SERVERS.index(name) if name in SERVERS else 0
        line(f"request {number}   {response.status}   ->  {'     ' * column}{coloured(f'3{column + 3}', name)}")
    connection.close()


def show_failover(house, stream):
    headline(f"3. A steady stream of requests; server {VICTIM} is killed (kill -9)")
    served, _ = stream.during(lambda: time.sleep(1.5))
    line("before:")
    stream.report(served)

    def fall():
        house.kill_server(VICTIM)
        return wait_until(lambda: house.server_up(VICTIM) is False, 15, f"{VICTIM} is marked down")

    served, seconds = stream.during(fall)
    line(f"{VICTIM} is dead; marked down after {seconds:.1f} s. Until then:")
    stream.report(served)
    served, _ = stream.during(lambda: time.sleep(1.5))
    line(f"with {VICTIM} down:")
    stream.report(served)
    show_health(house)


def show_return(house, stream):
    headline(f"4. Server {VICTIM} is started again")

    def rise():
        house.start_server(VICTIM)
        return wait_until(lambda: house.server_up(VICTIM), 20, f"{VICTIM} is marked up")

    _, seconds = stream.during(rise)
    served, _ = stream.during(lambda: time.sleep(1.5))
    line(f"{VICTIM} answers its probes; marked up after {seconds:.1f} s. Since then:")
    stream.report(served)
    show_health(house)
    if not served[VICTIM]:
        raise DemoError(f"{VICTIM} is up but gets no requests")


def show_health(house):
    for name in SERVERS:
        up = house.server_up(name)
        line(f'troupe_server_up{{backend="app",server="{name}"}} ' + coloured("32" if up else "31", str(int(bool(up)))))


def show_doors(house):
    headline("5. Where to look")
    line(f"traffic   curl http://127.0.0.1:{house.web}/")
    line(f"metrics   curl http://127.0.0.1:{house.metrics}/metrics")
    line(f"admin     {house.bin}/troupectl --socket {house.directory}/admin.sock backends")
    line(f"log       {house.log}")


def tour(house, keep):
    headline("1. Three servers and one trouped")
    for name in SERVERS:
        house.start_server(name)
    house.start_balancer()
    for each in house.configuration():
        line(coloured("2", each))
    wait_until(lambda: all(house.server_up(name) for name in SERVERS), 15, "all servers are up")
    show_balancing(house)
    stream = Stream(house.web)
    try:
        show_failover(house, stream)
        show_return(house, stream)
    finally:
        stream.stop()
    show_doors(house)
    if keep:
        headline("Running until Ctrl-C.")
        signal.pause()
    return stream


def conclude(house, stream):
    """Stops everything. @returns the exit code."""
    code = house.stop()
    total = sum(stream.served.values())
    headline(f"Done: {total} requests, {len(stream.failures)} failed; trouped drained and exited with {code}.")
    for failure in stream.failures[:5]:
        line(coloured("31", failure))
    return 0 if code == 0 and not stream.failures else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(HERE.parent / "build/release/bin"), help="where trouped is")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    house = House(arguments.bin)
    try:
        return conclude(house, tour(house, arguments.keep))
    except KeyboardInterrupt:
        print()
        return 0 if house.stop() == 0 else 1
    except DemoError as error:
        print(coloured("31", f"demo: {error}"), file=sys.stderr)
        if house.log.exists():
            print("trouped said:\n" + house.log.read_text()[-4000:], file=sys.stderr)
        return 1
    finally:
        house.stop()
        house.remove()


if __name__ == "__main__":
    sys.exit(main())
