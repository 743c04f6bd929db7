# SPDX-License-Identifier: BSD-3-Clause
"""troupectl, the operator's command line, against real nodes."""

import grp
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys

from harness import Skip, eventually, patience


def ctl(node, *words, code=0, binary=None, **options):
    """Runs troupectl to its end. @returns its process, with texts."""
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    result = subprocess.run(
        [str(binary or node.context.binary("troupectl")), "--socket", node.socket, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=40 * patience(),
        env=environment,
        **options,
    )
    assert result.returncode == code, (words, result)
    return result


def rows(text):
    """The lines of a table, without its titles, as lists of words."""
    return [line.split() for line in text.splitlines()[1:]]


def test_a_node_without_a_cluster_is_a_cluster_of_one(t):
    node = t.node(t.servers("a1"))
    assert "none: " in ctl(node, "nodes").stdout
    name = json.loads(ctl(node, "-o", "json", "nodes").stdout)["node"]
    everywhere = ctl(node, "--node", "all", "status").stdout
    assert everywhere.startswith(name + "\n"), everywhere
    assert "has the shared sections of generation 1" in ctl(node, "config", "diff", node.file).stdout
    node.config["backends"][0]["retries_max"] = 1
    node.write()
    assert "retries_max" in ctl(node, "config", "diff", node.file).stdout
    node.reload()
    assert "has the shared sections of generation 2" in ctl(node, "config", "diff", node.file).stdout
    history = json.loads(ctl(node, "-o", "json", "config", "history").stdout)["history"]
    assert [x["generation"] for x in history] == [1, 2], history
    assert all(x["time_ms"] > 1.7e12 for x in history), history
    assert history[0]["author"] == "the start" and history[1]["author"] != "the start", history
    assert "retries_max" in history[1]["text"] and "admin" not in history[1]["text"], history[1]
    assert ctl(node, "--node", "lb77", "status", code=1).stderr.endswith('there is no node "lb77"\n')


def test_a_degraded_node_says_so_and_the_status_fails(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1, a2], backend={"health_check": {"enabled": True, "interval": "200ms", "timeout": "200ms"}})
    assert json.loads(ctl(node, "-o", "json", "status").stdout)["degraded"] == []
    a1.kill()
    eventually(lambda: not node.server_up(a1.name), 10, "a1 is down")
    assert "degraded" not in ctl(node, "status").stdout  # the other one is there for that
    a2.kill()
    eventually(lambda: not node.server_up(a2.name), 10, "a2 is down")
    assert "backend app has no usable server" in ctl(node, "status", code=1).stdout


def test_every_reading_verb_answers_within_80_columns(t):
    node = t.node(t.servers("a1", "a2"))
    with node.client() as client:
        assert client.get("/").status == 200
        for verb in ("status", "backends", "why app/a1", "actors", "actors --tree",
                     "connections", "events", "config show", "log-level", "version"):
            result = ctl(node, *verb.split())
            assert result.stdout and not result.stderr, (verb, result)
            assert "\033" not in result.stdout
            assert max(map(len, result.stdout.splitlines())) <= 80, (verb, result.stdout)


def test_json_is_what_the_api_answers(t):
    node = t.node(t.servers("a1"))
    for words, path in (("backends", "/v1/backends"), ("config show", "/v1/config"),
                        ("version", "/v1/version"), ("why app/a1", "/v1/why/app/a1")):
        shown = json.loads(ctl(node, *words.split(), "-o", "json").stdout)
        _, answer = node.api("GET", path)
        assert shown.keys() == answer.keys()
        if words != "why app/a1":
            assert shown == answer


def test_a_dead_server_is_shown_down_and_why_tells_the_evidence(t):
    a1, a2 = t.servers("a1", "a2")
    a1.kill()
    node = t.node([a1, a2], backend={"health_check": {"enabled": True, "interval": "100ms"}})
    node.wait_down("a1")
    states = {row[0]: row[1] for row in rows(ctl(node, "backends").stdout)}
    assert states == {"app/a1": "down", "app/a2": "up"}
    assert "refused" in ctl(node, "why", "app/a1").stdout


def test_drain_waits_until_the_last_request_is_done(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1, a2])
    clients = [node.client() for _ in range(2)]
    for client in clients:
        client.send_request("GET", "/delay/1500")
    eventually(lambda: node.metric("server_connections", server="a1") == 1)
    ctl(node, "drain", "app/a1", "--wait", "100ms", code=1)
    assert node.get().field("X-Server") == "a2"
    result = ctl(node, "drain", "app/a1", "--wait", "20s")
    assert "nothing is under way" in result.stdout
    assert not result.stderr  # no terminal, no progress
    assert node.metric("server_connections", server="a1") == 0
    assert {client.read_response().status for client in clients} == {200}
    for client in clients:
        client.close()
    ctl(node, "ready", "app/a1", "--wait", "10s")
    assert {node.get().field("X-Server") for _ in range(10)} == {"a1", "a2"}


def test_a_weight_holds_until_it_is_reset(t):
    node = t.node(t.servers("a1", "a2"), frontend={"algorithm": "weighted"})
    ctl(node, "weight", "app/a1", "9")
    eventually(lambda: node.metric("server_weight", server="a1") == 9)
    ctl(node, "weight", "app/a1", "--reset")
    eventually(lambda: node.metric("server_weight", server="a1") == 1)


def test_a_connection_is_listed_and_closed(t):
    node = t.node(t.servers("a1"))
    with node.client() as client:
        assert client.get("/").status == 200
        port = str(client.socket.getsockname()[1])
        (found,) = [row for row in rows(ctl(node, "connections").stdout) if row[2].endswith(":" + port)]
        ctl(node, "close", found[0])
        assert client.at_end()


def test_a_reload_tells_what_changed_or_what_is_wrong(t):
    node = t.node(t.servers("a1"))
    before = node.generation()
    node.config["backends"][0]["timeout_connect"] = "2s"
    node.write()
    # The node may have seen the file change by itself meanwhile.
    assert f"generation {before + 1}" in ctl(node, "config", "reload").stdout
    node.write('{"frontends": [{"name": "web"}], "bakends": []}')
    result = ctl(node, "config", "reload", code=1)
    assert f"{node.file}:1:" in result.stderr and "was kept" in result.stderr
    assert "refused" in ctl(node, "config", "show").stdout
    ctl(node, "status", code=1)


def test_check_says_what_trouped_says(t):
    node = t.node(t.servers("a1"))
    text = '{"version": 1, "frontends": [{"name": "web", "lisen": "x"}], "bakends": []}'
    bad = node.directory / "bad.yaml"
    bad.write_text(text)
    daemon = subprocess.run(
        [str(t.binary("trouped")), "--check", "-c", str(bad)], capture_output=True, text=True
    )
    result = ctl(node, "config", "check", str(bad), code=1)
    assert daemon.returncode == 1 and len(daemon.stderr.splitlines()) >= 3
    assert result.stderr == daemon.stderr.replace("trouped: ", "troupectl: ")
    assert ctl(node, "config", "check", str(node.file)).stdout == f"{node.file}: ok\n"


def test_a_node_that_is_gone_frozen_or_shut_is_told_apart(t):
    node = t.node(t.servers("a1"))
    assert "is trouped running?" in ctl(node, "--socket", "/nowhere/admin.sock", "status", code=1).stderr
    if os.geteuid() == 0:
        os.chown(node.socket, 0, grp.getgrnam("mail").gr_gid)
        t.directory.chmod(0o755)
        copy = shutil.copy(t.binary("troupectl"), t.directory)  # where nobody may go
        result = ctl(node, "status", code=1, binary=copy, user="nobody", group="nogroup", extra_groups=[])
        assert "you may not open" in result.stderr and "usermod -aG mail" in result.stderr
    node.process.signal(signal.SIGSTOP)
    try:
        result = ctl(node, "status", code=3)
    finally:
        node.process.signal(signal.SIGCONT)
    assert "did not answer within" in result.stderr
    node.stop()
    assert "is trouped running?" in ctl(node, "status", code=1).stderr


def test_watching_redraws_on_a_terminal_and_ends_with_ctrl_c(t):
    node = t.node(t.servers("a1"))
    leader, follower = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "NO_COLOR": ""}
    watch = subprocess.Popen(
        [str(t.binary("troupectl")), "--socket", node.socket, "backends", "-w"],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        env=environment,
    )
    os.close(follower)
    shown = b""

    def has_drawn_again():
        nonlocal shown
        if select.select([leader], [], [], 0.1)[0]:
            shown += os.read(leader, 65536)
        return shown.count(b"\033[H") >= 2 and b"drain" in shown

    try:
        node.set_server("a1", admin="drain")
        eventually(has_drawn_again, what="a second picture")
        assert b"\033[32mup" in shown or b"\033[33mdrain" in shown
        watch.send_signal(signal.SIGINT)
        assert watch.wait(10) == -signal.SIGINT
    finally:
        watch.kill()
        watch.wait()
        os.close(leader)


def test_the_socket_may_come_from_the_environment(t):
    node = t.node(t.servers("a1"))
    result = subprocess.run(
        [str(t.binary("troupectl")), "status"],
        env=os.environ | {"TROUPE_SOCKET": node.socket},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0 and "trouped" in result.stdout


def test_bash_completes_verbs_options_and_servers(t):
    node = t.node(t.servers("a1", "a2"))
    script = node.context.directory / "completion.bash"
    script.write_text(ctl(node, "completion", "bash").stdout)
    binaries = os.path.dirname(node.context.binary("troupectl"))

    def completed(*words):
        command = f"source {script}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _troupectl; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        result = subprocess.run(
            ["bash", "-c", command, "bash", "troupectl", "--socket", node.socket, *words],
            capture_output=True,
            text=True,
            timeout=20 * patience(),
            env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"},
        )
        assert not result.stderr, result
        return result.stdout.split()

    assert completed("conf") == ["config"]
    assert completed("config", "a") == ["apply"]
    assert completed("config", "apply", "--re") == ["--rebase"]
    assert completed("drain", "app/") == ["app/a1", "app/a2"]
    assert completed("backends", "a") == ["app"]
    assert completed("status", "-o", "j") == ["json"]
    assert str(script) in completed("config", "check", str(script)[:-3])


def test_the_manual_has_every_verb_and_formats_without_a_warning(t):
    groff = shutil.which("groff")
    if not groff:
        raise Skip("groff is not installed")
    binaries = os.path.dirname(t.binary("troupectl"))
    script = pathlib.Path(__file__).parents[2] / "packaging" / "man.py"
    subprocess.run([sys.executable, script, binaries, t.directory], check=True)
    pages = {}
    for page in ("trouped.8", "troupectl.1"):
        shown = subprocess.run(
            [groff, "-man", "-Tascii", "-ww", "-P-cbou", t.directory / page], capture_output=True, text=True
        )
        assert shown.returncode == 0 and not shown.stderr, shown
        pages[page] = shown.stdout
    for verb in ("status", "why", "drain", "config apply", "cluster recover", "completion"):
        assert f"\n   {verb}\n" in pages["troupectl.1"], verb
    assert "Exit codes: 0 done" in " ".join(pages["troupectl.1"].split())
    assert "SIGHUP reads the configuration again" in " ".join(pages["trouped.8"].split())


def test_the_configuration_is_shown_by_the_names_of_routes(t):
    routes = [
        {"name": "api", "match": {"path_prefix": "/v1"}, "backend": "app"},
        {"match": {"path": "/old"}, "redirect": {"path": "/"}},
        {"name": "share", "match": {"host": "a"}, "split": {"app": 1}},
    ]
    node = t.node(t.servers("a1"), frontend={"routes": routes})
    shown = ctl(node, "config", "show").stdout
    for line in ("api: backend app", "routes[1]: redirects with 308", "share: split: app 1", "backend app"):
        assert line in shown, shown
    changed = json.loads(json.dumps(node.config))
    changed["frontends"][0]["routes"][0]["timeout_response"] = "60s"
    changed["frontends"][0]["routes"].insert(0, {"name": "new", "match": {"path": "/"}, "backend": "app"})
    file = t.directory / "changed.yaml"
    file.write_text(json.dumps(changed))
    told = ctl(node, "config", "diff", file).stdout
    assert told.startswith("frontend web, route new: new\n"), told
    assert "frontend web, route api: timeout_response: 60s; it was not set\n" in told, told
    answer = json.loads(ctl(node, "config", "diff", file, "-o", "json").stdout)
    assert "frontend web, route new: new" in answer["changes"], answer
