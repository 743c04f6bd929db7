# SPDX-License-Identifier: BSD-3-Clause
"""Scripted conversations through a node, by a judge that is not ours: the
client and the server of each are varnishtest's."""

import pathlib
import shutil
import subprocess

from harness import Skip, limit, patience

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "conversations"


class Scripted:
    """Where the script's server will listen."""

    name = "s1"

    def __init__(self, port):
        self.port = port


def define(script):
    @limit(60)
    def test(t):
        judge = shutil.which("varnishtest")
        if not judge:
            raise Skip("varnishtest is not installed (Debian's package varnish)")
        server = Scripted(t.free_port())
        node = t.node([server], backend={"retries_max": 0})
        host, port = node.address
        command = [judge, "-t", str(int(20 * patience()))]
        command += [f"-Dfront={host}:{port}", f"-Dserver=127.0.0.1:{server.port}", str(script)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr

    name = f"test_{script.stem}"
    test.__name__ = name
    globals()[name] = test


for _script in sorted(SCRIPTS.glob("*.vtc")):
    define(_script)
