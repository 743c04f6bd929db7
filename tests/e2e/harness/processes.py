# SPDX-License-Identifier: BSD-3-Clause
"""Ports and child processes."""

import random
import signal
import socket
import subprocess

# Below the range the kernel takes client ports from, so no connection of a
# test running in parallel can sit on a port between choosing and binding it.
PORTS = range(10_000, 32_000)


given_ports = set()


def free_port():
    """One that nobody listens on, and that was not given to this test before: it may not be in use yet."""
    while True:
        port = random.choice(PORTS)
        if port in given_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                given_ports.add(port)
                return port
            except OSError:
                continue


class Process:
    """A child with its output in files."""

    def __init__(self, command, stdout, stderr, **options):
        self.stdout_path = stdout
        self.stderr_path = stderr
        with open(stdout, "ab") as out, open(stderr, "ab") as err:
            self.popen = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                **options,
            )

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds):
        return self.popen.wait(seconds)

    def kill(self):
        """Ends it at once, if it is still there."""
        if self.alive():
            self.popen.send_signal(signal.SIGCONT)
            self.popen.kill()
        self.popen.wait()
