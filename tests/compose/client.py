# SPDX-License-Identifier: BSD-3-Clause
"""A client as one should be that has several balancers to choose from: it spreads its
connections over them, and when one cannot be reached it tries the next."""

import collections
import http.client
import threading
import time


class Unreachable(Exception):
    """Connecting failed: not one byte of the request was sent."""


class Unanswered(Exception):
    """The connection ended before one byte of the answer came."""


class Client:
    """One client with one kept connection at a time. Not for use by several threads."""

    def __init__(self, ports, first=0):
        self.ports = ports
        self.turn = first
        self.connection = None
        self.used = 0

    def get(self, path="/"):
        """Asks once, where the connection leads.
        @returns the response, its body read."""
        if self.connection is None:
            self._connect()
        try:
            self.connection.request("GET", path)
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError) as error:
            raise Unanswered(repr(error)) from error
        response.read()
        self.used += 1
        if response.will_close:
            self.leave()
        return response

    def leave(self):
        """The next request goes to the next balancer."""
        if self.connection:
            self.connection.close()
        self.connection, self.used = None, 0
        self.turn += 1

    def _connect(self):
        port = self.ports[self.turn % len(self.ports)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.connect()
        except OSError as error:
            raise Unreachable(f"{port}: {error!r}") from error
        # What follows may take the time that the balancer needs for its retries.
        connection.sock.settimeout(10)
        self.connection, self.used = connection, 0


class Load:
    """Clients that send GETs one after the other until the end of the context.

    `served` counts (balancer, server). `failures` are requests that no balancer
    answered with 200. What a client may cure by itself is counted apart:
    `unreachable` (went to the next balancer), `stale` (a kept connection was closed
    just as it was used again), `unanswered` (the same on a fresh connection)."""

    def __init__(self, ports, clients=6, requests_per_connection=20, pause=0.01):
        self.ports, self.pause = ports, pause
        self.requests_per_connection = requests_per_connection
        self.served = collections.Counter()
        self.unreachable = self.stale = self.unanswered = 0
        self.failures = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def during(self, action):
        """Runs action(). @returns what was served meanwhile."""
        with self.lock:
            before = self.served.copy()
        action()
        with self.lock:
            return self.served - before

    def summary(self):
        return (
            f"{sum(self.served.values())} requests, {len(self.failures)} failed "
            f"(next balancer {self.unreachable}, kept connection gone {self.stale}, unanswered {self.unanswered})"
        )

    def _run(self, number):
        client = Client(self.ports, first=number)
        while not self.over.is_set():
            self._one(client)
            if client.used >= self.requests_per_connection:
                client.leave()
            time.sleep(self.pause)
        client.leave()

    def _one(self, client):
        """One request, carried to an answer: a GET may be sent again as long as no
        byte of an answer came, at most once a balancer and for a stale connection."""
        problems = []
        for _ in range(len(self.ports) + 1):
            fresh = client.used == 0
            try:
                self._count(client.get())
                return
            except Unreachable as problem:
                kind, problems = "unreachable", [*problems, problem]
            except Unanswered as problem:
                kind, problems = "unanswered" if fresh else "stale", [*problems, problem]
            except (OSError, http.client.HTTPException) as problem:
                problems.append(problem)
                break
            client.leave()
            with self.lock:
                setattr(self, kind, getattr(self, kind) + 1)
        client.leave()
        with self.lock:
            self.failures.append(f"{[repr(problem) for problem in problems]}")

    def _count(self, response):
        who = response.headers["X-Balancer"], response.headers["X-Server"]
        with self.lock:
            if response.status == 200:
                self.served[who] += 1
            else:
                self.failures.append(f"status {response.status} from {who[0]}")
