# SPDX-License-Identifier: BSD-3-Clause
"""What the daemon's log is made of: values from outside never become lines of it."""

import json
import re

from harness import eventually, limit
from harness.client import Client
from harness.processes import free_port

FORGED = "2026-01-01 00:00:00.000 info    backend app: server a1 set to maint by token somebody-else"
# A line break of every kind, ESC, C1 controls, what turns text around.
EVIL = f"harmless\n{FORGED}\r\n{FORGED}\u2028{FORGED}\u0085{FORGED}\x1b[2J\x9b2J\u202e\u2066\x00\x7f"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def alone_in_a_cluster(t, log):
    listen = f"127.0.0.1:{free_port()}"
    cluster = {"name": "prod", "listen": listen, "insecure": True, "nodes": [{"name": "lb1", "address": listen}]}
    node = t.node(
        t.servers("a1"),
        config={"cluster": cluster, "global": {"log": {"format": log}}},
        environment={"TROUPE_NODE": "lb1"},
    )
    eventually(lambda: node.metric("cluster_generation") == 1, 20, "the cluster has formed")
    return node


def bring_evil_texts(node):
    """Through every door that takes a text; all of it reaches the log."""
    assert node.api("POST", "/v1/servers/app/a1", {"admin": "drain", "message": EVIL + " 1"})[0] == 200
    shared = {key: node.config[key] for key in ("frontends", "backends")}
    shared["cluster"] = {"nodes": node.config["cluster"]["nodes"]}
    shared["backends"][0]["retries_max"] = 1
    status, answer = node.api("POST", "/v1/config", {"text": json.dumps(shared), "message": EVIL + " 2"})
    assert status == 200, answer
    assert node.api("POST", "/v1/config/rollback", {"generation": 1, "message": EVIL + " 3"})[0] == 200
    node.api("POST", "/v1/config", {"text": "frontends: [{name: \"" + json.dumps(EVIL)[1:-1] + "\"}]"})
    client = Client(node.socket)
    client.send(b"POST /v1/servers/a%0A%1b%9b%C2%9B/%ff%e2%80%a8 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    assert client.read_response().status >= 400
    eventually(lambda: "harmless" in node.log(), 10)
    eventually(lambda: " 2" in node.log() and " 3" in node.log(), 10)


@limit(120)
def test_no_text_of_an_operator_becomes_a_line_of_the_log(t):
    node = alone_in_a_cluster(t, "text")
    bring_evil_texts(node)
    text = node.stderr.read_bytes().decode("utf-8")  # strict
    for line in text.split("\n"):
        assert not CONTROL.search(line), repr(line)
        assert not line.startswith("2026-01-01"), line
    assert f"harmless\\n{FORGED}\\r\\n{FORGED}\\u2028{FORGED}\\u0085" in text


@limit(120)
def test_every_line_of_a_json_log_is_an_object_of_utf8(t):
    node = alone_in_a_cluster(t, "json")
    bring_evil_texts(node)
    for line in node.stderr.read_bytes().decode("utf-8").split("\n"):
        if line.startswith("warning: "):  # of the file, before there is a log
            continue
        if line:
            entry = json.loads(line)
            assert not CONTROL.search(entry["message"]), entry


@limit(120)
def test_events_hold_what_the_log_says(t):
    node = alone_in_a_cluster(t, "text")
    bring_evil_texts(node)
    status, answer = node.api("GET", "/v1/events")
    assert status == 200
    texts = [event["text"] for event in answer["events"]]
    assert any("harmless\\n2026" in text for text in texts), texts
    assert not any(CONTROL.search(event["text"] + event["subject"]) for event in answer["events"])


def test_an_unprintable_name_of_a_file_stays_on_its_line(t):
    import subprocess

    name = t.directory / "a\n\x1b[2J\u0085.yaml"
    result = subprocess.run(
        [t.binary("trouped"), "--check", "-c", name], capture_output=True, stdin=subprocess.DEVNULL, timeout=30
    )
    said = (result.stdout + result.stderr).decode("utf-8")
    assert result.returncode == 1 and "a\\n\\x1b[2J\\u0085.yaml" in said, said
    assert not CONTROL.search(said), repr(said)
