# SPDX-License-Identifier: BSD-3-Clause
"""troupe-backend as the tests use it."""

import json
import signal

from .client import get
from .processes import Process, free_port
from .waiting import eventually


class Server:
    """One troupe-backend. It keeps its port over restarts."""

    def __init__(self, context, name, mode="http", start=True, options=(), host="127.0.0.1"):
        self.context = context
        self.host = host
        self.name = name
        self.mode = mode
        self.options = list(options)
        self.port = free_port()
        self.process = None
        if start:
            self.start()

    @property
    def address(self):
        return (self.host, self.port)

    def start(self):
        base = self.context.directory / f"{self.name}-{self.port}"
        self.stdout = base.with_suffix(".out")
        self.stdout.write_text("")
        command = [self.context.binary("troupe-backend")]
        command += ["--listen", f"{self.host}:{self.port}", "--name", self.name]
        command += ["--mode", self.mode, *self.options]
        self.process = Process(command, self.stdout, base.with_suffix(".err"))
        eventually(lambda: "listening" in self.stdout.read_text(), what=f"{self.name} listens", pause=0.005)

    def kill(self):
        """As a crash: connections are reset or closed by the kernel."""
        if self.process:
            self.process.kill()

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def count(self):
        """What it saw, as JSON."""
        return json.loads(get(self.address, "/count").body)

    def times(self, request):
        """How often it saw e.g. "GET /echo"."""
        return self.count()["by"].get(request, 0)

    def set_health(self, code):
        assert get(self.address, f"/set-health/{code}").status == 200

    def lines(self):
        return self.stdout.read_text().splitlines()
