# SPDX-License-Identifier: BSD-3-Clause
"""A steady stream of requests that counts every failure."""

import collections
import threading
import time

from .client import Client


class Load:
    """Keep-alive clients in threads. Use it as a context; then look at
    `.answered` and `.failures`."""

    def __init__(self, address, target="/", threads=4, pause=0.001, expect=(200,)):
        self.address = address
        self.target = target
        self.pause = pause
        self.expect = expect
        self.answered = 0
        self.failures = []
        self.by_server = collections.Counter()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def assert_no_failures(self, at_least=1):
        assert not self.failures, (
            f"{len(self.failures)} of {self.answered + len(self.failures)} failed, "
            f"first: {self.failures[:3]}"
        )
        assert self.answered >= at_least, f"only {self.answered} requests"

    def _run(self):
        client = None
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                if client is None:
                    client = Client(self.address)
                response = client.get(self.target)
                assert response.status in self.expect, repr(response)
                with self._lock:
                    self.answered += 1
                    self.by_server[response.field("X-Server")] += 1
                if not response.keeps_alive:
                    client.close()
                    client = None
            except (OSError, AssertionError) as error:
                with self._lock:
                    self.failures.append(f"{time.monotonic() - started:.3f} s: {error!r}")
                if client:
                    client.close()
                client = None
                time.sleep(0.05)
            time.sleep(self.pause)
        if client:
            client.close()
