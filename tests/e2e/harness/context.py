# SPDX-License-Identifier: BSD-3-Clause
"""What a test is given, and the marks a test may carry."""

import pathlib

from .cluster import Cluster
from .network import DRIVER, Network, Unavailable
from .node import Node
from .processes import Process, free_port
from .server import Server


class Skip(Exception):
    """This machine cannot run the test."""


def limit(seconds):
    """The test may take so long; 60 s otherwise."""

    def mark(test):
        test.limit = seconds
        return test

    return mark


def smoke(test):
    """One of the few for slow builds."""
    test.smoke = True
    return test


class Context:
    """Everything a test starts; ended with the test."""

    def __init__(self, bin_dir, directory):
        self.bin = pathlib.Path(bin_dir)
        self.directory = directory
        self.nodes = []
        self.started_servers = []
        self.started_processes = []
        self._network = None

    @staticmethod
    def note(text):
        """Says something that is shown although the test passed."""
        print(f"note: {text}")

    @staticmethod
    def free_port():
        return free_port()

    def binary(self, name):
        path = self.bin / name
        assert path.exists(), f"{path} is not built"
        return path

    def is_sanitized(self):
        """Whether the programs carry the address sanitizer, which allocates for itself and keeps what is freed."""
        return b"__asan_init" in self.binary("trouped").read_bytes()

    def server(self, name="a1", mode="http", **options):
        server = Server(self, name, mode, **options)
        self.started_servers.append(server)
        return server

    def servers(self, *names, **options):
        return [self.server(name, **options) for name in names]

    def process(self, command):
        """Any other program."""
        base = self.directory / f"process{len(self.started_processes)}"
        self.started_processes.append(Process(command, base.with_suffix(".out"), base.with_suffix(".err")))
        return self.started_processes[-1]

    def node(self, servers=(), **options):
        return Node(self, servers, **options)

    def network(self):
        """Hosts on one bridge. Before anything else is started: it is another
        network than the machine's."""
        if not self._network:
            try:
                self._network = Network()
            except Unavailable as error:
                raise Skip(f"no network namespaces: {error}") from error
        return self._network

    def cluster(self, size=3, servers=("a1", "a2", "a3"), **options):
        self.network()
        started = [self.server(name, host=DRIVER) for name in servers]
        return Cluster(self, size, started, **options)

    def check_and_stop(self):
        for node in self.nodes:
            node.check_and_stop()

    def end(self):
        for process in [*self.nodes, *self.started_servers, *self.started_processes]:
            try:
                process.end() if isinstance(process, Node) else process.kill()
            except OSError as error:
                print(f"could not end a process: {error}")
        if self._network:
            self._network.end()

    def print_logs(self):
        for node in self.nodes:
            print(f"--- {node.directory.name}: trouped ({node.address}) ---")
            print(node.log()[-6000:])
