# SPDX-License-Identifier: BSD-3-Clause
"""Several hosts on one machine: network namespaces on one bridge.

The test's own process moves into a fresh namespace, which holds the bridge and
is one more host (10.77.0.254). Everything goes with the process.
"""

import ctypes
import os
import shutil
import subprocess

from .waiting import eventually

CLONE_NEWNET = 0x40000000
DRIVER = "10.77.0.254"


class Unavailable(Exception):
    """No rights to make namespaces, or a tool is missing."""


def run(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise Unavailable(f"{' '.join(map(str, command))}: {result.stderr.strip()}")


def namespace_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


class Host:
    """One namespace with the address 10.77.0.`number`."""

    def __init__(self, number):
        self.address = f"10.77.0.{number}"
        self.redirects = False
        # A process of ours keeps the namespace alive.
        self.keeper = subprocess.Popen(["unshare", "-n", "sleep", "3600"])
        mine = namespace_of("self")
        eventually(lambda: namespace_of(self.keeper.pid) != mine, 5, "a namespace")
        self.command = ["nsenter", "-t", str(self.keeper.pid), "-n"]
        port = f"v{number}"
        run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", self.keeper.pid)
        run("ip", "link", "set", port, "master", "br0", "up")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("nft", "add", "table", "inet", "faults")
        for chain in ("input", "output"):
            hook = f"{{ type filter hook {chain} priority 0; }}"
            self.run("nft", "add", "chain", "inet", "faults", chain, hook)

    def run(self, *command):
        run(*self.command, *command)

    def drop_from(self, address, *match):
        """What `address` sends vanishes here; match e.g. "tcp", "dport", 80."""
        self.run("nft", "add", "rule", "inet", "faults", "input", "ip", "saddr", address, *match, "drop")

    def drop_to(self, address, *match):
        self.run("nft", "add", "rule", "inet", "faults", "output", "ip", "daddr", address, *match, "drop")

    def reject_to(self, address, port):
        """Connects to there are refused, at once and by this host."""
        tcp = ("tcp", "dport", port, "reject", "with", "tcp", "reset")
        self.run("nft", "add", "rule", "inet", "faults", "output", "ip", "daddr", address, *tcp)

    def lose_from(self, address, percent):
        """So many in a hundred of its packets vanish here."""
        self.drop_from(address, "numgen", "random", "mod", 100, "<", percent)

    def redirect(self, address, port, to_address, to_port):
        """Connects to there go elsewhere. heal() does not end it."""
        if not self.redirects:
            self.run("nft", "add", "table", "ip", "detours")
            self.run("nft", "add", "chain", "ip", "detours", "output", "{ type nat hook output priority -100; }")
        self.redirects = True
        match = ("ip", "daddr", address, "tcp", "dport", port)
        self.run("nft", "add", "rule", "ip", "detours", "output", *match, "dnat", "to", f"{to_address}:{to_port}")

    def heal(self):
        self.run("nft", "flush", "chain", "inet", "faults", "input")
        self.run("nft", "flush", "chain", "inet", "faults", "output")

    def end(self):
        self.keeper.kill()
        self.keeper.wait()


class Network:
    def __init__(self):
        for tool in ("ip", "nft", "nsenter", "unshare"):
            if not shutil.which(tool):
                raise Unavailable(f"{tool} is not installed")
        self.hosts = []
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            raise Unavailable(f"unshare: {os.strerror(ctypes.get_errno())}")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "br0", "type", "bridge")
        run("ip", "addr", "add", f"{DRIVER}/24", "dev", "br0")
        run("ip", "link", "set", "br0", "up")

    def host(self):
        self.hosts.append(Host(len(self.hosts) + 1))
        return self.hosts[-1]

    def end(self):
        for host in self.hosts:
            host.end()
