# SPDX-License-Identifier: BSD-3-Clause
"""A problem with certificates never means less protection (rule 131)."""

import datetime
import os
import pathlib
import re
import shutil
import socket
import subprocess

from harness import eventually, limit
from harness.cluster import Certificates
from harness.processes import free_port


class Pair:
    """lb1, whose cluster is lb1 and lb2, on loopback; lb2 is there if asked for."""

    def __init__(self, t):
        self.t = t
        self.certificates = Certificates(t.directory / "tls")
        self.files = self.certificates.directory
        self.addresses = {name: f"127.0.0.1:{free_port()}" for name in ("lb1", "lb2")}
        self.servers = t.servers("a1")
        for name in self.addresses:
            self.certificates.issue(name)

    def section(self, name, **security):
        nodes = [{"name": n, "address": a} for n, a in self.addresses.items()]
        security = security or {"tls": self.certificates.settings(name)}
        return {"name": "prod", "listen": self.addresses[name], "nodes": nodes, **security}

    def node(self, name, start=True, **security):
        config = {"cluster": self.section(name, **security)}
        node = self.t.node(self.servers, config=config, environment={"TROUPE_NODE": name}, start=False)
        node.write()
        if start:
            node.launch()
            eventually(node.ready, 20, f"{name} is ready")
        return node

    def alive(self, node):
        return node.metric("cluster_nodes", state="alive")

    def wait_linked(self, node):
        eventually(lambda: self.alive(node) == 2, 20, "the two are linked")

    def check(self, node):
        command = [str(self.t.binary("trouped")), "--check", "-c", str(node.file), "--node", "lb1"]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def openssl(pair, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=pair.files)


def expired(pair):
    openssl(
        pair, "x509", "-req", "-in", "lb1.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "-1", "-extfile", "lb1.ext", "-out", "lb1.pem",
    )  # fmt: skip


def one_sided(pair):
    (pair.files / "lb1.ext").write_text("subjectAltName=DNS:lb1\nextendedKeyUsage=serverAuth\n")
    openssl(
        pair, "x509", "-req", "-in", "lb1.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "30", "-extfile", "lb1.ext", "-out", "lb1.pem",
    )  # fmt: skip


def foreign(pair):
    pair.certificates.authority("other")
    pair.certificates.issue("lb1", ca="other")


def with_passphrase(pair):
    openssl(pair, "ec", "-in", "lb1.key", "-aes128", "-passout", "pass:x", "-out", "locked.key")
    os.replace(pair.files / "locked.key", pair.files / "lb1.key")
    (pair.files / "lb1.key").chmod(0o600)


def write(name, text):
    def action(pair):
        (pair.files / name).write_text(text)

    return action


# What is wrong, the key of the configuration that is named, and what is said.
BAD = [
    (lambda p: p.certificates.issue("lb1", san="other"), "certificate", "lb1.pem: is for other, but this node is lb1"),
    (lambda p: shutil.copy(p.files / "lb2.key", p.files / "lb1.key"), "key", "lb1.key: expected the key of "),
    (foreign, "certificate", "lb1.pem: does not lead to "),
    (expired, "certificate", "lb1.pem: certificate has expired"),
    (one_sided, "certificate", "lb1.pem: may not be used for both sides of TLS"),
    (with_passphrase, "key", "without a passphrase"),
    (write("lb1.pem", "garbage\n"), "certificate", "lb1.pem: expected a certificate in PEM"),
    (write("lb1.key", "-----BEGIN PRIVATE KEY-----\nMIG"), "key", "lb1.key: expected the key of"),
    (write("lb1.key", ""), "key", "lb1.key: expected the key of"),
    (write("ca.pem", ""), "ca", "ca.pem: expected certificates in PEM"),
    (write("ca.pem", "garbage\n"), "ca", "ca.pem: expected certificates in PEM"),
    (lambda p: (p.files / "ca.pem").unlink(), "ca", "cannot be read: No such file"),
    (lambda p: (p.files / "lb1.pem").unlink(), "certificate", "cannot be read: No such file"),
    (lambda p: (p.files / "lb1.key").unlink(), "key", "cannot be read: No such file"),
    (lambda p: (p.files / "lb1.key").chmod(0o644), "key", "a secret that others may access"),
    (lambda p: (p.files / "lb1.key").unlink() or (p.files / "lb1.key").mkdir(), "key", "expected a file"),
]


@limit(300)
def test_a_node_whose_certificates_cannot_be_used_does_not_start(t):
    pair = Pair(t)
    for make_bad, key, text in BAD:
        shutil.copytree(pair.files, t.directory / "kept", symlinks=True)
        make_bad(pair)
        node = pair.node("lb1", start=False)
        checked = pair.check(node)
        assert checked.returncode == 1, checked
        node.launch()
        code = node.process.wait(60)
        said = node.log()
        assert code == 1, f"{text}: exit code {code}: {said}"
        for where in (checked.stderr, said):
            problems = [line for line in where.splitlines() if f"cluster.tls.{key}: " in line]
            assert len(problems) == 1 and text in problems[0], where
            assert re.search(r"troupe\.yaml:\d+:\d+: ", problems[0]), where
            assert "1 problem in" in where, where
        shutil.rmtree(pair.files)
        os.rename(t.directory / "kept", pair.files)


@limit(120)
def test_a_check_reads_certificates_and_binds_nothing(t):
    pair = Pair(t)
    node = pair.node("lb1")
    result = pair.check(node)
    assert result.returncode == 0, result
    pair.certificates.issue("lb1", days=2)
    result = pair.check(node)
    assert result.returncode == 0 and "lb1.pem: expires in 4" in result.stderr, result


@limit(120)
def test_a_peer_without_tls_is_never_talked_to(t):
    pair = Pair(t)
    node = pair.node("lb1")
    plain = pair.node("lb2", insecure=True)
    eventually(lambda: node.metric("cluster_links_refused_total") > 0, 30, "the plaintext peer was refused")
    assert pair.alive(node) == 1 and node.metric("cluster_has_majority") == 0
    # What lb1 answers to plaintext is TLS, or nothing.
    host, port = pair.addresses["lb1"].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as one:
        one.sendall(b"TROUPE/1 hello prod lb2\n")
        assert b"TROUPE" not in one.recv(4096)
    plain.stop()
    # What it dials with is a ClientHello.
    host, port = pair.addresses["lb2"].rsplit(":", 1)
    with socket.create_server((host, int(port))) as server:
        server.settimeout(60)
        with server.accept()[0] as one:
            one.settimeout(20)
            assert one.recv(1) == b"\x16"


@limit(240)
def test_a_reload_that_brings_bad_files_keeps_the_good_ones(t):
    pair = Pair(t)
    node = pair.node("lb1")
    for make_bad, key, _ in BAD[:8]:
        shutil.copytree(pair.files, t.directory / "kept")
        make_bad(pair)
        before = node.log().count("the certificates in use are kept")
        node.hang_up()
        eventually(lambda: node.log().count("the certificates in use are kept") > before, 20)
        last = [line for line in node.log().splitlines() if "in use are kept" in line][-1]
        assert f"cluster.tls.{key}: " in last, last
        shutil.rmtree(pair.files)
        os.rename(t.directory / "kept", pair.files)
    events = node.api("GET", "/v1/events")[1]["events"]
    assert any("in use are kept" in event["text"] and event["level"] == "error" for event in events), events
    pair.node("lb2")
    pair.wait_linked(node)


@limit(120)
def test_mended_certificates_bring_links_without_a_restart(t):
    pair = Pair(t)
    mine = t.directory / "mine"
    shutil.copytree(pair.files, mine)
    foreign_pair = Certificates(t.directory / "foreign")
    foreign_pair.issue("lb2")
    one = pair.node("lb1")
    # Good in themselves, but of another authority than lb1 believes.
    two = pair.node("lb2", tls=foreign_pair.settings("lb2"))
    eventually(lambda: one.metric("cluster_links_refused_total") > 0 or "certificate" in one.log(), 30)
    assert pair.alive(one) == 1
    for name in ("ca.pem", "lb2.pem", "lb2.key"):
        shutil.copy(pair.files / name, foreign_pair.directory / name)
    two.hang_up()
    pair.wait_linked(one)
    pair.wait_linked(two)


@limit(90)
def test_certificates_of_the_script_are_good_on_a_node_whose_clock_is_behind(t):
    pair = Pair(t)
    script = pathlib.Path(__file__).parents[2] / "cluster" / "certificates"
    for _ in range(2):  # the second time there is nothing to do
        made = subprocess.run([script, pair.files, "lb1", "lb2"], capture_output=True, text=True, timeout=60)
        assert made.returncode == 0 and not made.stderr, made
    assert "lb1 has a good one" in made.stdout, made
    for name in ("ca/ca.pem", "lb1/node.pem", "lb2/node.pem"):
        shown = subprocess.run(
            ["openssl", "x509", "-in", pair.files / name, "-noout", "-startdate"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        since = datetime.datetime.strptime(shown.strip(), "notBefore=%b %d %H:%M:%S %Y GMT")
        age = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - since
        assert datetime.timedelta(minutes=59) < age < datetime.timedelta(minutes=65), (name, shown)
    assert sorted(os.listdir(pair.files / "ca")) == ["ca.key", "ca.pem"]
    for name in ("lb1", "lb2"):
        files = pair.files / name
        tls = {"ca": str(files / "ca.pem"), "certificate": str(files / "node.pem"), "key": str(files / "node.key")}
        node = pair.node(name, tls=tls)
    pair.wait_linked(node)
