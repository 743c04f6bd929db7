# SPDX-License-Identifier: BSD-3-Clause
"""One night of an operator, from a server that flaps to a node that dies.

With TROUPE_TRANSCRIPT=FILE it writes what it typed and saw, as a page:
docs/a-bad-night.md is that.
"""

import json
import os
import pathlib
import re

from harness import eventually, limit
from test_ctl import ctl

INTRODUCTION = """# A bad night

This page shows what an operator of three nodes types and sees, from a server that flaps to a node that dies. A test
performs these steps with real processes and writes this page; times and ports are replaced by fixed ones:
`TROUPE_TRANSCRIPT=docs/a-bad-night.md tests/e2e/run -k bad_night`.
"""

CHECKED = {"enabled": True, "interval": "300ms", "timeout": "300ms", "rise": 1, "fall": 2}


class Transcript:
    """What was typed and what came, with what differs by run made plain."""

    def __init__(self, directory, servers):
        self.directory = f"{directory}/"
        self.ports = {f":{server.port}": f":{9001 + n}" for n, server in enumerate(servers)}
        self.text = ""

    def say(self, sentence):
        self.text += f"\n{sentence}\n"

    def type(self, node, *arguments, code=0):
        result = ctl(node, *arguments, code=code)
        words = [pathlib.Path(x).name if isinstance(x, pathlib.Path) else x for x in arguments]
        line = " ".join(f'"{x}"' if " " in x else x for x in words)
        shown = self._plain(result.stdout + result.stderr)
        self.text += f"\n```console\n{node.name}$ troupectl {line}\n{shown}```\n"
        return result

    def _plain(self, text):
        text = text.replace(self.directory, "")
        text = re.sub(r"\d\d-\d\d \d\d:\d\d:\d\d", "03-14 02:14:07", text)
        for port, plain in self.ports.items():
            text = re.sub(rf"{port}\b", plain, text)
        return text

    def write(self):
        if path := os.environ.get("TROUPE_TRANSCRIPT"):
            pathlib.Path(path).write_text(INTRODUCTION + self.text)


def write_shared(cluster, change, name="shared.yaml"):
    text = cluster.edited(change)
    text["cluster"] = {"nodes": cluster["lb1"].config["cluster"]["nodes"]}
    path = cluster.context.directory / name
    path.write_text(json.dumps(text, indent=2) + "\n")
    return path


def with_a_typo(config):
    backend = config["backends"][0]
    backend["helth_check"] = backend.pop("health_check")


def more_patient(config):
    config["backends"][0]["health_check"]["fall"] = 5


def flap(cluster, server, times):
    for _ in range(times):
        server.kill()
        cluster.wait_server(server.name, up=False)
        server.start()
        cluster.wait_server(server.name, up=True)


@limit(180)
def test_a_bad_night_is_walked_through_with_troupectl_alone(t):
    c = t.cluster(3, check=CHECKED)
    lb1, lb2, night = c["lb1"], c["lb2"], Transcript(t.directory, c.servers)

    night.say("Server a1 flaps. The operator asks why.")
    flap(c, c.servers[0], times=2)
    c.servers[0].kill()
    eventually(lambda: "3 of 3 say down" in ctl(lb1, "why", "app/a1").stdout, 10, "all nodes see it")
    assert "refused" in night.type(lb1, "why", "app/a1").stdout
    told = night.type(lb1, "events", "--kind", "verdict").stdout
    assert told.count("a1") >= 2, told
    c.servers[0].start()
    c.wait_server("a1", up=True)

    night.say("The operator takes it out of rotation on every node, until somebody has examined it.")
    night.type(lb1, "drain", "app/a1", "-m", "it flaps")
    for node in c:
        eventually(lambda: "drain" in ctl(node, "why", "app/a1").stdout, 10, f"{node.name} drains a1")
    served = {lb2.get().field("X-Server") for _ in range(6)}
    assert "a1" not in served, served

    night.say("The health checks should be more patient. The first attempt has a typo.")
    wrong = night.type(lb1, "config", "apply", write_shared(c, with_a_typo), code=1)
    assert "helth_check" in wrong.stdout + wrong.stderr, wrong
    assert {c.generation_of(x.name) for x in c} == {1}
    night.say("The second attempt is correct.")
    night.type(lb1, "config", "apply", write_shared(c, more_patient), "-m", "more patient checks")
    c.wait_formed(generation=2)

    night.say("It turns out that the server was at fault, not the checks. The operator rolls back.")
    night.type(lb1, "config", "rollback", "1", "-m", "it was a1 itself")
    c.wait_formed(generation=3)
    night.type(lb1, "config", "history")
    night.type(lb1, "ready", "app/a1")

    night.say("Then node lb3 dies.")
    c["lb3"].process.kill()
    eventually(lambda: {"name": "lb3", "state": "gone"}.items() <= node_seen(c, "lb3").items(), 20, "lb3 is gone")
    assert "lb3" in night.type(lb1, "nodes").stdout
    assert lb1.get().status == 200 and lb2.get().status == 200

    night.say("It returns, and has the committed configuration.")
    c["lb3"].launch()
    eventually(c["lb3"].ready, 20, "lb3 is ready")
    c.wait_alive()
    c.wait_formed(generation=3)
    assert "alive" in night.type(lb1, "nodes").stdout
    told = night.type(lb1, "events", "--kind", "cluster").stdout
    assert "lb3" in told, told
    night.write()


def node_seen(cluster, name):
    return next(x for x in cluster.nodes_seen_by("lb1")["nodes"] if x["name"] == name)
