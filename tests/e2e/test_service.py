# SPDX-License-Identifier: BSD-3-Clause
"""What a service manager is told (sd_notify)."""

import os
import shutil
import socket
import tempfile
import time

from harness import eventually
from harness.waiting import patience


class ServiceManager:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self):
        # Not in the test's directory: the path of a socket is short.
        self.directory = tempfile.mkdtemp(prefix="troupe-notify-")
        self.path = os.path.join(self.directory, "s")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(20 * patience())
        self.heard = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        shutil.rmtree(self.directory)

    def environment(self, **more):
        # WATCHDOG_PID absent: meant for whoever reads it.
        return {"NOTIFY_SOCKET": self.path, **more}

    def next(self):
        lines = self.socket.recv(65536).decode().split("\n")
        self.heard.append(dict(line.split("=", 1) for line in lines))
        return self.heard[-1]

    def until(self, key, text=""):
        """The next message with this key, and this text in its status."""
        while True:
            message = self.next()
            if key in message and text in message.get("STATUS", ""):
                return message

    def waiting(self):
        """How many messages came meanwhile; they are gone then."""
        self.socket.setblocking(False)
        count = 0
        try:
            while True:
                self.socket.recv(65536)
                count += 1
        except BlockingIOError:
            return count
        finally:
            self.socket.settimeout(20 * patience())


def test_the_service_manager_hears_of_start_reloads_and_stop(t):
    with ServiceManager() as manager:
        node = t.node(t.servers("a1", "a2"), environment=manager.environment())
        ready = manager.until("READY")
        assert ready["STATUS"] == "generation 1 is running: 1 frontend, 1 backend, 2 servers", ready

        before = time.monotonic_ns() // 1000
        node.config["backends"][0]["servers"].pop()
        node.reload()
        reloading = manager.until("RELOADING")
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000, reloading
        ready = manager.until("READY", "generation 2")
        assert ready["STATUS"] == "generation 2 is running: 1 frontend, 1 backend, 1 server", ready

        node.reload_refused("frontends: 1")
        refused = manager.until("READY", "the last reload was refused")["STATUS"]
        assert refused.startswith("generation 2 is running"), refused
        assert "troupe.yaml:1:" in refused, refused

        node.stop()
        manager.until("STATUS", "stopping: requests under way")
        manager.until("STOPPING")
        assert manager.waiting() == 0  # the last word
        assert not any("WATCHDOG" in message for message in manager.heard)  # nobody asked


def test_a_node_of_a_cluster_tells_of_reloads_and_of_what_others_changed(t):
    cluster = t.cluster(size=2, servers=("a1", "a2"), start=False)
    with ServiceManager() as manager:
        cluster["lb1"].environment = manager.environment()
        cluster.start()
        manager.until("STATUS", "generation 1 is running")

        cluster["lb2"].config["backends"][0]["servers"].pop()
        cluster["lb2"].reload()
        assert "1 server" in manager.until("STATUS", "generation 2 is running")["STATUS"]

        cluster["lb1"].reload_refused("frontends: 1")
        manager.until("RELOADING")
        refused = manager.until("READY", "the last reload was refused")["STATUS"]
        assert refused.startswith("generation 2 is running") and "troupe.yaml:1:" in refused, refused


def test_the_control_loop_gives_signs_of_life_and_a_standing_one_none(t):
    with ServiceManager() as manager:
        node = t.node(t.servers("a1"), environment=manager.environment(WATCHDOG_USEC="200000"))
        for _ in range(5):
            assert manager.until("WATCHDOG")["WATCHDOG"] == "1"
        node.freeze()
        try:
            eventually(lambda: is_stopped(node.process.pid), 5, "it stands still")
            manager.waiting()
            time.sleep(0.5)  # what must not happen cannot be awaited
            assert manager.waiting() == 0
        finally:
            node.thaw()
        manager.until("WATCHDOG")


def is_stopped(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "T"
