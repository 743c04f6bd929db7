# SPDX-License-Identifier: BSD-3-Clause
"""troupectl against a cluster: what the nodes agree on, and how an operator changes it."""

import json
import signal

from harness import eventually, limit, patience
from test_ctl import ctl, rows


def shared(cluster, change=lambda config: None):
    """A file as an operator would keep it beside the nodes."""
    text = cluster.edited(change)
    text["cluster"] = {"nodes": cluster["lb1"].config["cluster"]["nodes"]}
    path = cluster.context.directory / "shared.yaml"
    path.write_text(json.dumps(text))
    return path


def retries(count):
    return lambda config: config["backends"][0].update(retries_max=count)


@limit(150)
def test_a_change_is_shown_applied_told_and_rolled_back(t):
    c = t.cluster(3)
    file = shared(c, retries(1))
    shown = ctl(c["lb2"], "config", "diff", file).stdout
    assert shown.startswith("backend app: retries_max: 1; it was not set\n\n--- generation 1\n"), shown
    assert "retries_max" in shown
    applied = ctl(c["lb2"], "config", "apply", file, "-m", "one retry is enough").stdout
    assert "generation 2 is committed" in applied, applied
    for name in ("lb1", "lb2", "lb3"):
        assert [name, "ok"] in rows(applied) + [x.split() for x in applied.splitlines()], applied
    c.wait_formed(generation=2)
    assert "has the shared sections of generation 2" in ctl(c["lb3"], "config", "diff", file).stdout
    history = ctl(c["lb3"], "config", "history").stdout
    assert "one retry is enough" in history and max(map(len, history.splitlines())) <= 80, history
    back = ctl(c["lb1"], "config", "rollback", "1", "-m", "it was not").stdout
    assert "generation 3 is committed" in back, back
    c.wait_formed(generation=3)
    one, three = (ctl(c["lb1"], "config", "history", str(n)).stdout for n in (1, 3))
    assert one == three and one
    again = ctl(c["lb1"], "config", "apply", file, code=1)
    assert "is a copy of generation 2, but the cluster is at 3" in again.stderr, again


@limit(120)
def test_the_status_says_what_the_cluster_is_and_fails_when_it_is_degraded(t):
    c = t.cluster(3)
    for name in c.listed:
        eventually(lambda: "prod: 3 of 3 nodes alive, a majority" in ctl(c[name], "status").stdout, 10, "all is well")
    c["lb3"].process.kill()
    eventually(lambda: c["lb1"].metric("cluster_nodes", state="alive") == 2, 15, "lb3 is missed")
    shown = ctl(c["lb1"], "status", code=1).stdout
    assert "prod: 2 of 3 nodes alive, a majority" in shown and "node lb3 is gone" in shown, shown
    rows_seen = {x["name"]: x for x in json.loads(ctl(c["lb1"], "-o", "json", "nodes").stdout)["nodes"]}
    assert rows_seen["lb3"]["text"], rows_seen  # why the link was lost


@limit(120)
def test_a_refused_change_names_the_node_and_its_reason(t):
    c = t.cluster(3)

    def on_a_port_that_is_taken(config):
        second = {**config["frontends"][0], "name": "second", "listen": "0.0.0.0:9090"}
        config["frontends"].append(second)

    result = ctl(c["lb1"], "config", "apply", shared(c, on_a_port_that_is_taken), code=1)
    assert "refused" in result.stdout and "9090" in result.stdout, result
    assert result.stderr.startswith("troupectl: refused: lb"), result
    assert all(c.generation_of(node.name) == 1 for node in c)
    outcome = json.loads(
        ctl(c["lb1"], "-o", "json", "config", "apply", shared(c, on_a_port_that_is_taken), code=1).stdout
    )
    assert outcome["outcome"] == "refused" and outcome["refusals"], outcome


@limit(120)
def test_pull_brings_a_file_up_to_date(t):
    c = t.cluster(3)
    ctl(c["lb1"], "config", "apply", shared(c, retries(1)))
    c.wait_formed(generation=2)
    own = c["lb3"].file
    assert "retries_max" not in own.read_text()
    assert "now has the shared sections of generation 2" in ctl(c["lb3"], "config", "pull", own).stdout
    assert "retries_max" in own.read_text() and c["lb3"].socket in own.read_text()
    assert "has the shared sections of generation 2" in ctl(c["lb3"], "config", "diff", own).stdout
    c["lb3"].hang_up()
    c.wait_formed(generation=2)
    assert c.generation_of("lb1") == 2


@limit(120)
def test_nodes_and_why_show_what_each_node_sees(t):
    c = t.cluster(3)
    seen = ctl(c["lb1"], "nodes").stdout
    assert "prod, seen by lb1" in seen and seen.count("alive") == 2, seen
    c.servers[0].kill()
    c.wait_server("a1", up=False)

    def observers(why):
        lines = [line.split() for line in why.splitlines() if "refused" in line]
        return {line[0] for line in lines if line[1] == "down"}

    eventually(lambda: observers(ctl(c["lb2"], "why", "app/a1").stdout) == {"lb1", "lb2", "lb3"}, 15)
    why = ctl(c["lb2"], "why", "app/a1").stdout
    assert "down: 3 of 3 say down" in why, why
    assert max(map(len, why.splitlines())) <= 80, why
    c["lb3"].process.kill()
    eventually(lambda: "gone" in ctl(c["lb1"], "nodes").stdout, 20)


@limit(150)
def test_a_drain_names_the_nodes_that_have_not_confirmed_it(t):
    c = t.cluster(3)
    done = ctl(c["lb1"], "drain", "app/a1").stdout
    assert done == "app/a1 is set to drain on lb1, lb2, lb3\n", done
    done = ctl(c["lb2"], "drain", "app/a1", "--wait", "20s").stdout
    assert done == "app/a1 is set to drain, and nothing is under way on lb1, lb2, lb3\n", done
    ctl(c["lb2"], "ready", "app/a1")
    c["lb3"].process.kill()
    eventually(lambda: "gone" in ctl(c["lb1"], "nodes").stdout, 20)
    result = ctl(c["lb1"], "drain", "app/a1", code=3)
    assert "not confirmed by lb3" in result.stderr, result


@limit(150)
def test_a_survivor_goes_on_alone_only_when_told_so(t):
    c = t.cluster(3)
    for name in ("lb2", "lb3"):
        c[name].process.kill()
    c.wait_majority("lb1", has=False)
    file = shared(c, retries(1))
    refused = ctl(c["lb1"], "config", "apply", file, code=1)
    assert "minority" in refused.stderr, refused
    assert "--yes" in ctl(c["lb1"], "cluster", "recover", "--nodes", "lb1", code=2).stderr
    done = ctl(c["lb1"], "cluster", "recover", "--nodes", "lb1", "--yes", "-m", "fire").stdout
    assert "is committed" in done, done
    nodes = json.loads(ctl(c["lb1"], "-o", "json", "nodes").stdout)
    assert nodes["committed"]["epoch"] == 2, nodes
    assert "fire" in ctl(c["lb1"], "config", "history").stdout


@limit(150)
def test_any_node_answers_for_the_others(t):
    c = t.cluster(3)
    lb1 = c["lb1"]
    assert c["lb3"].get().status == 200
    status = json.loads(ctl(lb1, "-o", "json", "--node", "lb3", "status").stdout)
    assert status["node"] == "lb3", status
    lines = [json.loads(line) for line in ctl(lb1, "--node", "all", "-o", "json", "backends").stdout.splitlines()]
    assert [x["node"] for x in lines] == ["lb1", "lb2", "lb3"]
    assert all(len(x["answer"]["backends"][0]["servers"]) == 3 for x in lines), lines
    for name, count in (("lb1", 0), ("lb3", 1)):
        _, traffic = lb1.api("GET", f"/v1/traffic?node={name}")
        assert traffic["frontends"][0]["requests"]["2xx"] == count, traffic
    shown = ctl(lb1, "--node", "all", "events", "--kind", "cluster").stdout
    assert max(map(len, shown.splitlines())) <= 80, shown
    assert "lb9" in ctl(lb1, "--node", "lb9", "status", code=1).stderr
    assert "show something" in ctl(lb1, "--node", "lb2", "drain", "app/a1", code=2).stderr
    assert "--node NAME" in ctl(lb1, "--node", "all", "events", "-f", code=2).stderr
    status, answer = lb1.api("POST", "/v1/reload?node=lb2")
    assert status == 400, answer

    c["lb2"].freeze()
    result = ctl(lb1, "--node", "all", "version", code=3)
    assert "lb3" in result.stdout and "lb2: " in result.stderr, result
    c["lb2"].thaw()
    c["lb3"].process.kill()
    eventually(lambda: "gone" in ctl(lb1, "nodes").stdout, 20)
    assert "lb3 is gone" in ctl(lb1, "--node", "lb3", "status", code=3).stderr


@limit(150)
def test_a_drain_waits_for_the_connections_of_every_node(t):
    c = t.cluster(3, config={"global": {"workers": 1}})
    clients = [c["lb3"].client() for _ in range(3)]  # one of them meets a1
    for client in clients:
        client.send_request("GET", "/delay/3000")
    eventually(lambda: c["lb3"].metric("server_connections", server="a1") == 1)
    result = ctl(c["lb1"], "drain", "app/a1", "--wait", "300ms", code=1)
    assert "lb3: 1 request or stream is under way" in result.stderr and "lb2" not in result.stderr, result
    done = ctl(c["lb1"], "drain", "app/a1", "--wait", "30s").stdout
    assert "nothing is under way on lb1, lb2, lb3" in done, done
    assert all(client.read_response().status == 200 for client in clients)


@limit(150)
def test_a_change_is_unknown_when_the_node_asked_ends_before_its_outcome(t):
    c = t.cluster(3)
    for number, how in enumerate((signal.SIGTERM, signal.SIGKILL)):
        for name in ("lb2", "lb3"):
            c[name].freeze()
        command = [t.binary("troupectl"), "--socket", c["lb1"].socket, "config", "apply"]
        asking = t.process([*command, shared(c, retries(number + 3))])
        eventually(lambda: c["lb1"].api("GET", "/v1/nodes")[1]["proposing"], 5, "the change is under vote")
        c["lb1"].process.signal(how)
        assert asking.wait(20 * patience()) == 4, asking.stderr_path.read_text()
        assert "may or may not be decided" in asking.stderr_path.read_text()
        c["lb1"].process.wait(20 * patience())
        for name in ("lb2", "lb3"):
            c[name].thaw()
        c["lb1"].launch()
        c.wait_formed(generation=c.generation_of("lb2"))
