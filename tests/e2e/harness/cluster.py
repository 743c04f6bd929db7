# SPDX-License-Identifier: BSD-3-Clause
"""Several trouped as one cluster, each on a host of its own."""

import copy
import json
import subprocess

from .network import DRIVER
from .waiting import eventually

PORT = 7946
FRONTEND = 8080


class Certificates:
    """A CA and one certificate a node, made by openssl."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.authority("ca")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.directory)

    def authority(self, name):
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-days", 30, "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip

    def issue(self, node, san=None, ca="ca", days=30):
        """Writes node.pem and node.key, replacing what was there."""
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={node}", "-keyout", f"{node}.key", "-out", f"{node}.csr",
        )  # fmt: skip
        extension = self.directory / f"{node}.ext"
        extension.write_text(f"subjectAltName=DNS:{san or node}\n")
        self._openssl(
            "x509", "-req", "-in", f"{node}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
            "-CAcreateserial", "-days", days, "-extfile", extension, "-out", f"{node}.pem",
        )  # fmt: skip
        (self.directory / f"{node}.key").chmod(0o600)

    def settings(self, node):
        return {
            "ca": str(self.directory / "ca.pem"),
            "certificate": str(self.directory / f"{node}.pem"),
            "key": str(self.directory / f"{node}.key"),
        }


class Cluster:
    """`size` nodes lb1, lb2, ... and the servers of one backend "app".

    The servers run on the host of the test. All nodes have one text but for
    their own sections. The first `listed` nodes are in it (by default all), and
    are started.
    """

    def __init__(
        self,
        context,
        size,
        servers,
        tls=False,
        check=None,
        backend=None,
        config=None,
        start=True,
        listed=None,
    ):
        self.context = context
        self.network = context.network()
        self.hosts = {f"lb{n + 1}": self.network.host() for n in range(size)}
        self.servers = servers
        self.listed = list(self.hosts)[:listed]
        self.certificates = Certificates(context.directory / "tls") if tls else None
        self.nodes = {}
        for name, host in self.hosts.items():
            if tls:
                self.certificates.issue(name)
            self.nodes[name] = context.node(
                host=host,
                name=name,
                frontend={"listen": f"0.0.0.0:{FRONTEND}"},
                backend={
                    "servers": [
                        {"name": server.name, "address": f"{DRIVER}:{server.port}"} for server in servers
                    ],
                    "health_check": check or {"enabled": True, "interval": "500ms", "timeout": "500ms"},
                    **(backend or {}),
                },
                config={"cluster": self.section(name), **(config or {})},
                start=False,
            )
        if start:
            self.start()

    def entries(self, names):
        """`cluster.nodes` with these."""
        return [{"name": name, "address": f"{self.hosts[name].address}:{PORT}"} for name in names]

    def section(self, name):
        section = {"name": "prod", "listen": f"0.0.0.0:{PORT}", "nodes": self.entries(self.listed)}
        if self.certificates:
            return {**section, "tls": self.certificates.settings(name)}
        return {**section, "insecure": True}

    def __iter__(self):
        return iter(self.nodes.values())

    def __getitem__(self, name):
        return self.nodes[name]

    def start(self):
        for name in self.listed:
            self[name].write()
            self[name].launch()
        for name in self.listed:
            eventually(self[name].ready, 20, f"{name} is ready")
        self.wait_formed()
        self.wait_alive()

    # -- what nodes say --------------------------------------------------------

    def nodes_seen_by(self, name):
        status, answer = self[name].api("GET", "/v1/nodes")
        assert status == 200, answer
        return answer

    def generation_of(self, name):
        return int(self[name].metric("cluster_generation"))

    def wait_formed(self, generation=1, among=None, seconds=20):
        """Every node runs `generation` or a later one, and all the same."""
        names = list(among or self.listed)

        def formed():
            seen = {self.generation_of(name) for name in names}
            running = {self[name].generation() for name in names}
            return len(seen | running) == 1 and min(seen) >= generation

        eventually(formed, seconds, f"{names} run generation {generation}")

    def wait_alive(self, seconds=20):
        """Every node sees every other: a majority is enough to form, and comes first."""

        def sees_all(name):
            seen = {x["name"]: x["state"] for x in self.nodes_seen_by(name)["nodes"]}
            return sorted(seen) == sorted(self.listed) and set(seen.values()) <= {"self", "alive"}

        for name in self.listed:
            eventually(lambda: sees_all(name), seconds, f"{name} sees all nodes alive")

    def wait_majority(self, *names, has=True, seconds=20):
        for name in names or self.listed:
            eventually(
                lambda: self[name].metric("cluster_has_majority") == (1 if has else 0),
                seconds,
                f"{name} {'has' if has else 'lost'} the majority",
            )

    def wait_server(self, server, up, among=None, seconds=15):
        for name in among or self.listed:
            eventually(
                lambda: self[name].server_up(server) == up,
                seconds,
                f"{server} is {'up' if up else 'down'} on {name}",
            )

    # -- changes ---------------------------------------------------------------

    def edited(self, change):
        """The shared text after `change(config)`, to be written on some nodes."""
        config = copy.deepcopy(next(iter(self)).config)
        change(config)
        text = {key: config[key] for key in ("frontends", "backends") if key in config}
        return {**text, "cluster": {"nodes": config["cluster"]["nodes"]}}

    def edit(self, name, change):
        """Edits one node's file and sends SIGHUP; does not wait."""
        node = self[name]
        change(node.config)
        node.write()
        node.hang_up()

    def apply(self, name, text, **options):
        """`config apply` on one node. @returns (status, answer)."""
        return self[name].api("POST", "/v1/config", {"text": json.dumps(text), **options})

    def change_nodes(self, by, names):
        """Commits another list of nodes through `by`. @returns the answer."""
        text = self.edited(lambda config: config["cluster"].update(nodes=self.entries(names)))
        status, answer = self.apply(by, text)
        if answer["outcome"] == "committed":
            self.listed = list(names)
        return status, answer

    # -- faults ----------------------------------------------------------------

    def cut(self, *groups):
        """Only members of one group reach each other."""
        for group in groups:
            for name in group:
                for other, host in self.hosts.items():
                    if other not in group:
                        self.hosts[name].drop_from(host.address)

    def heal(self):
        for host in self.hosts.values():
            host.heal()
