# SPDX-License-Identifier: BSD-3-Clause
"""Nodes of a cluster that sleep, restart, come and go."""

import errno
import os
import pwd
import re
import shutil
import signal
import subprocess
import threading
import time

from harness import Load, eventually, limit
from harness.cluster import PORT
from harness.waiting import patience
from test_ctl import ctl

SLOW_CHECK = {"enabled": True, "type": "http", "path": "/health", "interval": "1s", "timeout": "2s", "fall": 2}
HTTP_CHECK = {"enabled": True, "type": "http", "path": "/health", "interval": "500ms", "timeout": "500ms"}


def verdicts(node, servers):
    return {x.name: int(node.metric("server_verdict", server=x.name)) for x in servers}


@limit(120)
def test_a_node_that_slept_changes_no_verdict(t):
    c = t.cluster(3)
    c.servers[2].kill()
    c.wait_server("a3", up=False)
    expected = {"a1": 1, "a2": 1, "a3": 0}
    with Load(c["lb1"].address, threads=2) as load:
        c["lb2"].freeze()
        eventually(lambda: c["lb1"].metric("cluster_nodes", state="alive") == 2, 10)
        time.sleep(3 * patience())  # well over what a probe, a heartbeat or a digest may take
        changes = {node.name: node.metric("server_state_changes_total", 0) for node in (c["lb1"], c["lb3"])}
        c["lb2"].thaw()
        until = time.monotonic() + 5
        while time.monotonic() < until:
            for node in c:
                assert verdicts(node, c.servers) == expected, f"{node.name}: {verdicts(node, c.servers)}"
        assert c["lb2"].get().status == 200
    load.assert_no_failures()
    for name, count in changes.items():
        assert c[name].metric("server_state_changes_total") == count, f"{name} changed its mind"
    assert "this process did not run for" in c["lb2"].log()
    for node in c:
        eventually(lambda: node.metric("cluster_nodes", state="alive") == 3, 20)
    assert "did not run" not in c["lb1"].log() + c["lb3"].log()


def assert_never_used(node, server, seconds):
    """From the first connection the node takes."""
    with Load(node.address, threads=8, pause=0.01) as load:
        eventually(lambda: load.answered > 0, 20, "it serves")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert node.metric("server_connections", server=server) == 0
            time.sleep(0.02)
        eventually(lambda: load.answered > 50)
    assert load.by_server[server] == 0, load.by_server
    assert node.metric("server_requests_total", server=server) == 0


@limit(120)
def test_a_node_that_starts_learns_from_its_peers_what_is_down(t):
    c = t.cluster(3, check=HTTP_CHECK)
    c.servers[0].set_health(503)  # and it would answer, so any request shows

    def all_say_down(node):
        _, why = node.api("GET", "/v1/why/app/a1")
        return why["cluster"]["rule"] == "3 of 3 say down"

    for _ in range(3):
        for node in c:
            eventually(lambda: all_say_down(node), 10, f"{node.name} has heard all three")
        c["lb3"].stop()
        (c["lb3"].directory / "state" / "verdicts").unlink(missing_ok=True)
        c["lb3"].launch()
        assert_never_used(c["lb3"], "a1", 0.5)
    eventually(lambda: verdicts(c["lb3"], c.servers) == {"a1": 0, "a2": 1, "a3": 1})


@limit(120)
def test_a_node_that_starts_alone_remembers_what_was_down(t):
    c = t.cluster(3, check=SLOW_CHECK)
    c.servers[0].freeze()  # takes connections, and says nothing
    c.wait_server("a1", up=False, seconds=20)
    eventually(lambda: (c["lb3"].directory / "state" / "verdicts").exists())
    c["lb3"].stop()
    c.cut(["lb1", "lb2"], ["lb3"])
    c["lb3"].launch()
    assert_never_used(c["lb3"], "a1", 1.5)
    c.servers[0].thaw()
    c.wait_server("a1", up=True, among=["lb3"], seconds=20)


@limit(120)
def test_a_server_that_comes_with_a_reload_is_probed_before_it_is_used(t):
    c = t.cluster(3, check=HTTP_CHECK)
    new = t.server("a4", host=c.servers[0].host)
    new.set_health(503)
    with Load(c["lb2"].address, threads=4) as load:
        entry = {"name": "a4", "address": f"{new.host}:{new.port}"}
        c.edit("lb1", lambda config: config["backends"][0]["servers"].append(entry))
        c.wait_formed(generation=2)
        c.wait_server("a4", up=False)
        assert load.by_server["a4"] == 0, load.by_server
        new.set_health(200)
        c.wait_server("a4", up=True)
        eventually(lambda: load.by_server["a4"] > 0, 5)
    load.assert_no_failures()


@limit(120)
def test_a_wish_of_while_a_node_was_away_holds_when_it_returns(t):
    c = t.cluster(3)
    c["lb3"].stop()
    status, answer = c["lb1"].api("POST", "/v1/servers/app/a1", {"admin": "drain"})
    assert status == 200 and sorted(answer["in_force"]) == ["lb1", "lb2"], answer
    c["lb3"].launch()
    assert_never_used(c["lb3"], "a1", 0.5)
    assert c["lb3"].metric("server_admin_state", server="a1", state="drain") == 1


@limit(120)
def test_a_cluster_grows_and_shrinks_by_one_node_a_change(t):
    c = t.cluster(4, listed=3)
    c["lb4"].config["cluster"]["nodes"] = c.entries(c.hosts)
    c["lb4"].write()
    c["lb4"].launch()
    eventually(c["lb4"].ready, 20)
    assert c.generation_of("lb4") == 0
    status, answer = c.change_nodes("lb2", ["lb1", "lb2", "lb3", "lb4"])
    assert status == 200, answer
    c.wait_formed(generation=2)
    c.wait_alive()
    eventually(lambda: c["lb4"].metric("cluster_voter") == 1, 20, "lb4 votes")
    assert all(node.metric("cluster_nodes", state="alive") == 4 for node in c)

    status, answer = c.change_nodes("lb1", ["lb1", "lb2"])
    assert status == 409 and answer["outcome"] == "refused", answer
    status, answer = c.change_nodes("lb4", ["lb1", "lb2", "lb4"])
    assert status == 200, answer
    c.wait_formed(generation=3, among=["lb1", "lb2", "lb4"])
    c.wait_alive()
    # It has heard, serves on, and has no vote.
    eventually(lambda: c.generation_of("lb3") == 3, 10, "lb3 hears that it was removed")
    eventually(lambda: c["lb3"].metric("cluster_voter") == 0)
    assert c["lb3"].generation() == 2 and c["lb3"].get().status == 200
    assert "lb3 is not in generation 3 of prod" in c["lb3"].log()


@limit(120)
def test_a_node_removed_while_it_was_away_learns_of_it_when_it_returns(t):
    c = t.cluster(3)
    c["lb3"].stop()
    status, answer = c.change_nodes("lb1", ["lb1", "lb2"])
    assert status == 200, answer
    c["lb3"].launch()
    eventually(lambda: c["lb3"].metric("cluster_generation") == 2, 20, "lb3 hears that it was removed")
    assert c["lb3"].metric("cluster_voter") == 0
    assert c["lb1"].metric("cluster_nodes", state="alive") == 2
    status, answer = c.apply("lb3", c.edited(lambda config: config["backends"][0].update(retries_max=1)))
    assert status != 200, answer


def words(text):
    """The same whatever lines it was broken into."""
    return " ".join(text.split())


@limit(120)
def test_a_node_that_was_not_added_yet_is_told_the_way_in(t):
    c = t.cluster(3, listed=2)
    lb3 = c["lb3"]
    lb3.config["cluster"]["nodes"] = c.entries(c.hosts)
    lb3.write()
    lb3.launch()
    eventually(lb3.ready, 20)
    way_in = 'lb3 is not in generation 1 of prod: add it to cluster.nodes on lb1 and run "troupectl config apply" there'
    eventually(lambda: f"lb1 refuses this node: {way_in}" in lb3.log(), 10, "the log says where to add it")
    eventually(lambda: "this node is in no cluster yet: lb1 refuses lb3" in lb3.log(), 15)
    assert "cluster form" not in lb3.log()
    assert f"refused {c.hosts['lb3'].address}: {way_in}" in c["lb1"].log()
    seen = c.nodes_seen_by("lb3")
    assert seen["obstacle"] == f"lb1 refuses lb3: {way_in}", seen
    assert {x["name"]: x["text"] for x in seen["nodes"]}["lb1"] == f"refused by the other side: {way_in}", seen
    assert way_in in words(ctl(lb3, "nodes").stdout)
    status, answer = c.change_nodes("lb1", ["lb1", "lb2", "lb3"])
    assert status == 200, answer
    c.wait_formed(generation=2)
    c.wait_alive()
    eventually(lambda: lb3.metric("cluster_voter") == 1, 20, "lb3 votes")
    assert not c.nodes_seen_by("lb3")["obstacle"]


@limit(120)
def test_a_removed_node_knocks_seldom_and_keeps_its_mind(t):
    c = t.cluster(3)
    status, answer = c.change_nodes("lb1", ["lb1", "lb2"])
    assert status == 200, answer
    lb3 = c["lb3"]
    eventually(lambda: lb3.metric("cluster_has_majority") == 0, 15, "lb3 sees no majority")

    def told(text):
        return {node.name: node.log().count(text) for node in c}

    def stays_calm(seconds):
        joins, flips, dials = told("has joined"), told(" majority"), lb3.metric("cluster_dials_failed_total", 0)
        links = lb3.metric("cluster_links_opened_total")
        time.sleep(seconds)  # three knocks at each of two nodes, were it one in 5 s
        assert told("has joined") == joins
        assert told(" majority") == flips
        assert lb3.metric("cluster_links_opened_total") + lb3.metric("cluster_dials_failed_total", 0) <= links + dials + 2

    stays_calm(16)
    lb3.stop()
    lb3.launch()
    eventually(lb3.ready, 20)
    assert lb3.generation() == 1 and lb3.get().status == 200
    time.sleep(5)  # its first knocks and their end
    assert lb3.metric("cluster_has_majority") == 0
    stays_calm(11)
    assert lb3.log().count("this node sees a majority") == 1, "the one before it was removed"
    assert "lb3 is not in generation 2 of prod" in words(ctl(lb3, "nodes").stdout)
    # Listed again it need not wait until it asks.
    status, answer = c.change_nodes("lb2", ["lb1", "lb2", "lb3"])
    assert status == 200, answer
    c.wait_formed(generation=3)
    c.wait_alive()


@limit(120)
def test_a_node_that_starts_says_so_and_not_that_nothing_was_agreed_on(t):
    c = t.cluster(3)
    lb3 = c["lb3"]
    for _ in range(3):
        lb3.stop()
        lb3.launch()
        answers = 0
        until = time.monotonic() + 20 * patience()
        while answers < 50 and time.monotonic() < until:
            try:
                said = [lb3.api("GET", path) for path in ("/v1/nodes", "/v1/config/history", "/v1/config")]
            except OSError:
                continue  # it does not listen yet
            for status, answer in said:
                assert status == 503 or status == 200, (status, answer)
                if status == 200:
                    assert answer.get("committed", answer)["generation"] == 1, answer
                    answers += 1
        assert answers >= 50, "it serves"


@limit(120)
def test_two_of_three_disks_lost_are_shown_with_the_way_out(t):
    c = t.cluster(3)
    for name in ("lb2", "lb3"):
        c[name].stop()
        shutil.rmtree(c[name].directory / "state")
        c[name].launch()
    c.wait_alive()
    way_out = 'run "troupectl cluster recover --nodes lb1" on lb1, then add the others one by one'
    for name in c.listed:
        eventually(lambda: c.nodes_seen_by(name)["way_out"].endswith(way_out), 15, f"{name} knows the way out")
        votes = {x["name"]: x["votes"] for x in c.nodes_seen_by(name)["nodes"]}
        assert votes == {"lb1": True, "lb2": False, "lb3": False}, votes
        assert way_out in words(ctl(c[name], "nodes").stdout)
    assert "votes no: lb2 lost its state_dir" in words(ctl(c["lb2"], "nodes").stdout)
    began = time.monotonic()
    status, answer = c.apply("lb1", c.edited(lambda config: config["backends"][0].update(retries_max=1)))
    assert status == 409 and answer["outcome"] == "refused", answer
    assert answer["text"].startswith("only 1 of 3 nodes can vote (lb2, lb3 cannot)"), answer
    assert answer["text"].endswith(way_out), answer
    assert time.monotonic() - began < 5 * patience()
    status, answer = c["lb1"].api("POST", "/v1/cluster/recover", {"nodes": ["lb1"], "message": "as told"})
    assert status == 200, answer


def fill(path):
    """Writes a file until its file system is full."""
    try:
        with open(path, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError as problem:
        assert problem.errno == errno.ENOSPC, problem


@limit(120)
def test_a_node_whose_disk_is_full_says_so_and_the_others_go_on(t):
    c = t.cluster(3, start=False)
    full = c["lb2"]
    full.disk = 256 << 10
    full.expect_clean_log = False
    c.start()
    fill(f"/proc/{full.process.pid}/root{full.directory}/state/filler")
    status, answer = c.apply("lb1", c.edited(lambda config: config["backends"][0].update(retries_max=1)))
    assert status == 200 and answer["outcome"] == "committed", answer
    reason = "lb2 cannot write its state_dir (is the disk full?): make room there, then restart it"
    eventually(lambda: c.nodes_seen_by("lb2")["no_vote"] == reason, 15, "it says why it does not vote")
    assert f"votes no: {reason}" in words(ctl(full, "nodes").stdout)

    def votes():
        return {x["name"]: x["votes"] for x in c.nodes_seen_by("lb1")["nodes"]}

    eventually(lambda: votes() == {"lb1": True, "lb2": False, "lb3": True}, 15, "the others see it")
    assert full.get().status == 200


@limit(60)
def test_the_first_of_two_nodes_with_one_name_says_where_the_second_is(t):
    c = t.cluster(3, listed=2)
    second = c["lb3"]
    second.name = "lb1"
    second.write()
    second.launch()
    text = f"another node calls itself lb1, at {c.hosts['lb3'].address}: lb2 refused it"
    eventually(lambda: text in c["lb1"].log(), 15, "the first says so")
    eventually(lambda: "two nodes call themselves lb1" in second.log(), 10, "and the second")
    _, events = c["lb1"].api("GET", "/v1/events")
    assert any(text in x["text"] for x in events["events"]), events
    time.sleep(6)  # it knocks again
    assert c["lb1"].log().count("another node calls itself") == 1
    assert c["lb1"].metric("cluster_nodes", state="alive") == 2


@limit(120)
def test_a_node_of_five_that_reaches_no_server_is_not_ready(t):
    c = t.cluster(5, servers=("a1", "a2", "a3", "a4", "a5", "a6"))

    def observers():
        _, answer = c["lb1"].api("GET", "/v1/observations")
        return [{y["node"] for y in x["observers"] if y["counted"]} for x in answer["observations"]]

    eventually(lambda: all(len(x) == 3 for x in observers()), 20, "each server has three observers")
    parts = {name: sum(name in x for x in observers()) for name in c.listed}
    name = next(x for x in c.listed if 0 < parts[x] < len(c.servers))
    for server in c.servers:
        c.hosts[name].reject_to(server.host, server.port)
    eventually(lambda: not c[name].ready(), 20, f"{name} sees that it reaches nobody")
    assert all(c[other].ready() for other in c.listed if other != name)
    c.hosts[name].heal()
    eventually(c[name].ready, 20, f"{name} is ready again")


def serial_shown(c, of, by):
    """The serial number of the certificate that `of` shows to `by`."""
    files = c.certificates.settings(by)
    command = ["openssl", "s_client", "-connect", f"{c.hosts[of].address}:{PORT}", "-tls1_3"]
    command += ["-CAfile", files["ca"], "-cert", files["certificate"], "-key", files["key"]]
    shown = subprocess.run(command, input="", capture_output=True, text=True, timeout=20)
    assert "BEGIN CERTIFICATE" in shown.stdout, shown
    return subprocess.run(
        ["openssl", "x509", "-noout", "-serial"], input=shown.stdout, capture_output=True, text=True, check=True
    ).stdout


@limit(120)
def test_certificates_are_read_again_without_losing_a_link(t):
    c = t.cluster(3, tls=True)
    node = c["lb1"]
    opened = node.metric("cluster_links_opened_total")
    before = serial_shown(c, of="lb1", by="lb2")
    expiry = node.metric("cluster_certificate_expiry_timestamp_seconds")
    c.certificates.issue("lb1", days=60)
    assert serial_shown(c, of="lb1", by="lb2") == before
    node.hang_up()
    eventually(lambda: serial_shown(c, of="lb1", by="lb2") != before, 10, "the new one is shown")
    assert node.metric("cluster_certificate_expiry_timestamp_seconds") > expiry + 20 * 86_400
    assert node.metric("cluster_links_opened_total") == opened and node.metric("cluster_links") == 2
    # One that is no good is refused, and the one in use kept.
    good = serial_shown(c, of="lb1", by="lb2")
    c.certificates.issue("lb1", san="lb9")
    node.hang_up()
    eventually(lambda: "the certificates in use are kept" in node.log())
    assert serial_shown(c, of="lb1", by="lb2") == good
    c["lb2"].stop()
    c["lb2"].launch()
    eventually(lambda: node.metric("cluster_nodes", state="alive") == 3, 20)


def issuer_shown(c, of, by):
    """The authority of the certificate that `of` shows to `by`."""
    files = c.certificates.settings(by)
    command = ["openssl", "s_client", "-connect", f"{c.hosts[of].address}:{PORT}", "-tls1_3"]
    command += ["-CAfile", files["ca"], "-cert", files["certificate"], "-key", files["key"]]
    shown = subprocess.run(command, input="", capture_output=True, text=True, timeout=20)
    return re.search(r"^issuer=(.*)$", shown.stdout, re.MULTILINE)[1]


@limit(150)
def test_the_authority_is_changed_without_a_stop(t):
    """As docs/operating.md tells it: trust both, give out new certificates, drop the old one."""
    c = t.cluster(3, tls=True)
    files = c.certificates.directory
    old = (files / "ca.pem").read_text()
    c.certificates.authority("next")
    new = (files / "next.pem").read_text()

    def all_reload():
        reloads = {node.name: node.metric("config_reloads_total") for node in c}
        for node in c:
            node.hang_up()
        for node in c:
            eventually(lambda: node.metric("config_reloads_total") > reloads[node.name], 10)

    (files / "ca.pem").write_text(old + new)
    all_reload()
    for name in c.hosts:
        c.certificates.issue(name, ca="next")
    all_reload()
    for name in c.hosts:
        eventually(lambda: "next" in issuer_shown(c, of=name, by="lb1"), 10, f"{name} shows the new one")
    (files / "ca.pem").write_text(new)
    all_reload()
    assert all(node.metric("cluster_nodes", state="alive") == 3 for node in c)
    # Links made from here on trust the new authority only.
    for name in c.hosts:
        c[name].stop()
        c[name].launch()
        c.wait_alive()


def threads_of(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as status:
            yield dict(re.findall(r"^(\w+):\s*(.*)$", status.read(), re.MULTILINE))


@limit(120)
def test_no_thread_keeps_the_rights_of_root(t):
    t.directory.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    c = t.cluster(3, config={"global": {"user": "nobody"}}, start=False)
    for node in c:
        os.chown(node.directory, nobody.pw_uid, nobody.pw_gid)  # for the admin socket of a later start
    c.start()
    with_rights = 0
    for thread in threads_of(c["lb1"].process.pid):
        assert set(thread["Uid"].split()) == {str(nobody.pw_uid)}, thread
        assert thread["NoNewPrivs"] == "1", thread
        assert int(thread["CapEff"], 16) in (0, 1 << 10), thread  # CAP_NET_BIND_SERVICE
        with_rights += int(thread["CapEff"], 16) != 0
    assert with_rights >= 1, "a reload could not bind port 80"
    state = c["lb1"].directory / "state"
    owners = {x.name: x.stat().st_uid for x in [state, *state.iterdir()]}
    assert set(owners.values()) == {nobody.pw_uid}, owners
    c["lb1"].stop()
    c["lb1"].launch()
    eventually(lambda: c["lb1"].metric("cluster_voter") == 1 if c["lb1"].ready() else False, 20)


@limit(150)
def test_nodes_that_stop_in_the_middle_of_things_end_in_order(t):
    """Whatever still arrives while the parts of a node end one by one."""
    c = t.cluster(3, check={"enabled": True, "interval": "100ms", "timeout": "100ms"})
    for round in range(6):
        text = c.edited(lambda config: config["backends"][0].update(retries_max=round % 5))
        asking = threading.Thread(target=lambda: swallow(lambda: c.apply("lb1", text)), daemon=True)
        asking.start()
        time.sleep(0.01 * round)  # each round meets another moment of a commit
        for name in ("lb2", "lb3", "lb1"):
            c[name].process.signal(signal.SIGTERM)
        for node in c:
            node.stop()
        asking.join(20)
        for node in c:
            node.launch()
        for node in c:
            eventually(node.ready, 20)
        c.wait_majority()


def swallow(call):
    """The node may be gone before it answers."""
    try:
        call()
    except (OSError, ValueError, AssertionError):
        pass
