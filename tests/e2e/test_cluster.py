# SPDX-License-Identifier: BSD-3-Clause
"""Several nodes that act as one, on hosts of their own."""

import shutil
import time

from harness import Load, eventually, limit, smoke


@limit(120)
def test_three_nodes_form_one_cluster(t):
    c = t.cluster(3)
    for node in c:
        seen = c.nodes_seen_by(node.name)
        assert seen["committed"] == {"epoch": 1, "generation": 1}, seen
        assert seen["has_majority"] and seen["votes"], seen
        states = {x["name"]: x["state"] for x in seen["nodes"]}
        assert states.pop(node.name) == "self"
        assert set(states.values()) == {"alive"}, states
        assert node.get().status == 200
        eventually(lambda: node.metric("cluster_nodes", state="alive") == 3, 5)


@smoke
@limit(120)
def test_a_dead_server_is_left_by_all_nodes_and_no_get_fails(t):
    c = t.cluster(3)
    loads = [Load(node.address, threads=2) for node in c]
    for load in loads:
        load.__enter__()
    eventually(lambda: all(load.answered > 50 for load in loads))
    c.servers[0].kill()
    c.wait_server("a1", up=False, seconds=5)

    def verdict():
        status, why = c["lb2"].api("GET", "/v1/why/app/a1")
        assert status == 200, why
        return why["cluster"]["verdict"]

    eventually(lambda: verdict() == "down", 5)  # a node's own veto may come first
    c.servers[0].start()
    c.wait_server("a1", up=True, seconds=20)
    for load in loads:
        load.stop()
        load.assert_no_failures(at_least=100)


@limit(120)
def test_a_server_only_one_node_cannot_reach_stays_up_for_the_others(t):
    c = t.cluster(3)
    a1 = c.servers[0]
    c.hosts["lb1"].reject_to(a1.host, a1.port)
    with Load(c["lb1"].address, threads=2) as load:
        eventually(lambda: not c["lb1"].server_up("a1"), 10, "lb1 avoids a1")
    load.assert_no_failures()
    for name in ("lb2", "lb3"):
        assert c[name].server_up("a1")
        assert c[name].metric("server_verdict", server="a1") == 1
    assert c["lb1"].metric("server_verdict", server="a1") == 1
    assert c["lb1"].metric("cluster_verdict_disagreement", server="a1") == 1

    def others_find_it_up():
        _, why = c["lb1"].api("GET", "/v1/why/app/a1")
        by_node = {x["node"]: x["status"] for x in why["cluster"]["observers"]}
        return why["rule"] == "vetoed" and by_node.get("lb2") == by_node.get("lb3") == "up"

    eventually(others_find_it_up, 10, "lb1 says who finds a1 up")
    c.hosts["lb1"].heal()
    eventually(lambda: c["lb1"].server_up("a1"), 15, "lb1 uses a1 again")


@limit(120)
def test_a_changed_file_on_one_node_changes_all(t):
    c = t.cluster(3)
    c.edit("lb1", lambda config: config["backends"][0].update(retries_max=1))
    c.wait_formed(generation=2)
    status, history = c["lb3"].api("GET", "/v1/config/history")
    assert status == 200 and history["history"][-1]["generation"] == 2, history
    assert "retries_max" in history["history"][-1]["text"]
    # Also the one that they formed by themselves, whose record has no time.
    times = [x["time_ms"] / 1000 for x in history["history"]]
    assert all(0 <= time.time() - x < 120 for x in times), times


@limit(120)
def test_a_minority_refuses_changes_and_serves_on(t):
    c = t.cluster(3)
    c.cut(["lb1", "lb2"], ["lb3"])
    c.wait_majority("lb3", has=False)
    text = c.edited(lambda config: config["backends"][0].update(retries_max=1))
    status, answer = c.apply("lb3", text)
    assert status in (409, 202), answer
    assert answer["outcome"] != "committed", answer
    assert c["lb3"].get().status == 200
    status, answer = c.apply("lb1", text)
    assert status == 200 and answer["outcome"] == "committed", answer
    c.wait_formed(generation=2, among=["lb1", "lb2"])
    assert c.generation_of("lb3") == 1
    c.heal()
    c.wait_formed(generation=2)
    c.wait_majority()


@limit(120)
def test_a_candidate_that_one_node_rejects_is_committed_nowhere(t):
    c = t.cluster(3)
    text = c.edited(lambda config: config["frontends"][0].update(listen="0.0.0.0:${ONLY_HERE:-8081}"))
    text["frontends"].append({**text["frontends"][0], "name": "second", "listen": "0.0.0.0:9090"})
    status, answer = c.apply("lb1", text)
    assert status == 409 and answer["outcome"] == "refused", answer
    assert answer["refusals"], answer
    assert all(c.generation_of(node.name) == 1 for node in c)
    status, answer = c.apply("lb1", {**text, "backends": [{"name": "app", "servers": "none"}]})
    assert status in (409, 422), answer


@limit(120)
def test_a_drain_holds_on_every_node_and_over_restarts(t):
    c = t.cluster(3)
    status, answer = c["lb1"].api("POST", "/v1/servers/app/a1", {"admin": "drain", "message": "disk"})
    assert status == 200 and answer["missing"] == [], answer
    assert sorted(answer["in_force"]) == ["lb1", "lb2", "lb3"], answer

    def drained(node):
        return node.metric("server_admin_state", server="a1", state="drain") == 1

    for node in c:
        eventually(lambda: drained(node), 5, f"a1 drains on {node.name}")
    c["lb2"].stop()
    c["lb2"].launch()
    eventually(c["lb2"].ready, 20)
    eventually(lambda: drained(c["lb2"]), 5, "it still drains after a restart")


@limit(120)
def test_a_killed_node_returns_with_what_was_decided_meanwhile(t):
    c = t.cluster(3)
    c["lb3"].process.kill()
    c.edit("lb1", lambda config: config["backends"][0].update(retries_max=1))
    c.wait_formed(generation=2, among=["lb1", "lb2"])
    c["lb3"].launch()
    c.wait_formed(generation=2)


@limit(120)
def test_a_wiped_node_learns_from_its_peers_before_it_votes(t):
    c = t.cluster(3)
    c.edit("lb1", lambda config: config["backends"][0].update(retries_max=1))
    c.wait_formed(generation=2)
    c["lb3"].process.kill()
    shutil.rmtree(c["lb3"].directory / "state")
    c["lb3"].launch()
    c.wait_formed(generation=2)
    eventually(lambda: c["lb3"].metric("cluster_voter") == 1, 20, "lb3 votes again")


@limit(150)
def test_a_frozen_node_is_missed_and_comes_back(t):
    c = t.cluster(3)
    c["lb2"].freeze()
    eventually(lambda: c["lb1"].metric("cluster_nodes", state="alive") == 2, 10)
    c["lb2"].thaw()
    for node in c:
        eventually(lambda: node.metric("cluster_nodes", state="alive") == 3, 20)
    assert all(node.server_up(server.name) for node in c for server in c.servers)


@limit(150)
def test_links_are_mutual_tls_and_certificates_are_checked(t):
    c = t.cluster(3, tls=True)
    c["lb3"].stop()
    c.certificates.issue("lb3", san="lb9")
    c["lb3"].launch()
    assert c["lb3"].process.wait(20) == 1  # rather than without protection
    assert "lb3.pem: is for lb9, but this node is lb3" in c["lb3"].log(), c["lb3"].log()
    eventually(lambda: c["lb1"].metric("cluster_nodes", state="alive") == 2, 10)
    c.certificates.issue("lb3")
    c["lb3"].launch()
    eventually(lambda: c["lb1"].metric("cluster_nodes", state="alive") == 3, 20)


@limit(120)
def test_of_several_backups_all_nodes_use_the_same_one(t):
    check = {"enabled": True, "interval": "300ms", "timeout": "300ms", "fall": 1, "rise": 1}
    c = t.cluster(3, servers=("a1", "b1", "b2"), check=check, backend={"backups": "one"}, start=False)
    for node in c:
        for entry in node.config["backends"][0]["servers"][1:]:
            entry["backup"] = True
    c.start()
    by_name = {server.name: server for server in c.servers}

    def used():
        return [{node.get().field("X-Server") for _ in range(4)} for node in c]

    eventually(lambda: used() == [{"a1"}] * 3, 15, "all use a1")
    by_name["a1"].kill()
    eventually(lambda: used() == [{"b1"}] * 3, 15, "all use b1")
    by_name["b1"].kill()
    eventually(lambda: used() == [{"b2"}] * 3, 15, "all use b2")
    by_name["b1"].start()
    eventually(lambda: used() == [{"b1"}] * 3, 15, "all use b1 again")
