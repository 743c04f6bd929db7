# SPDX-License-Identifier: BSD-3-Clause
"""One configuration, agreed: what is refused, who wins, what a crash leaves."""

import random
import shutil
import threading
import time

from harness import Unfinished, eventually, limit


def retries(count):
    def change(config):
        config["backends"][0].update(retries_max=count)

    return change


def records(c, name):
    status, answer = c[name].api("GET", "/v1/config/history")
    assert status == 200, answer
    return answer["history"]


def assert_one_history(c, among=None):
    """No two nodes hold different records of one generation."""
    seen = {}
    for name in among or c.listed:
        for record in records(c, name):
            if record["superseded"]:
                continue
            key = (record["epoch"], record["generation"])
            assert seen.setdefault(key, record["hash"]) == record["hash"], (name, key)
    return seen


@limit(120)
def test_a_variable_that_one_node_lacks_refuses_and_names_the_node(t):
    c = t.cluster(3, start=False)
    for name in ("lb1", "lb2"):
        c[name].environment = {"ONLY_HERE": "9"}
    c.start()
    status, answer = c.apply("lb1", c.edited(retries("${ONLY_HERE}")))
    assert status == 409 and answer["outcome"] == "refused", answer
    assert [x["node"] for x in answer["refusals"]] == ["lb3"], answer
    assert "ONLY_HERE" in " ".join(answer["refusals"][0]["problems"]), answer
    assert {c.generation_of(node.name) for node in c} == {1}
    status, answer = c.apply("lb1", c.edited(retries("${ONLY_HERE:-2}")))
    assert status == 200, answer
    c.wait_formed(generation=2)


@limit(120)
def test_an_address_that_another_program_holds_on_one_node_refuses(t):
    c = t.cluster(3)
    command = [*c.hosts["lb2"].command, t.binary("troupe-backend"), "--listen", "0.0.0.0:9191"]
    holder = t.process(command)
    eventually(lambda: "listening" in holder.stdout_path.read_text())

    def second(config):
        config["frontends"].append({**config["frontends"][0], "name": "second", "listen": "0.0.0.0:9191"})

    status, answer = c.apply("lb3", c.edited(second))
    assert status == 409 and [x["node"] for x in answer["refusals"]] == ["lb2"], answer
    assert {c.generation_of(node.name) for node in c} == {1}
    holder.kill()
    status, answer = c.apply("lb3", c.edited(second))
    assert status == 200, answer


@limit(120)
def test_a_node_of_another_cluster_is_refused_by_name(t):
    c = t.cluster(3, start=False)
    c["lb3"].config["cluster"]["name"] = "stage"
    for node in c:
        node.write()
        node.launch()
    for node in c:
        eventually(node.ready, 20)
    eventually(lambda: "stage" in c["lb1"].log() + c["lb2"].log(), 10, "the other cluster is named")
    c.wait_majority("lb1", "lb2")
    c.wait_majority("lb3", has=False)
    assert {c.generation_of(node.name) for node in c} == {0}
    assert all(node.get().status == 200 for node in c)
    c["lb3"].stop()
    shutil.rmtree(c["lb3"].directory / "state")  # of a cluster it does not belong to any more
    c["lb3"].config["cluster"]["name"] = "prod"
    c["lb3"].write()
    c["lb3"].launch()
    c.wait_formed()


@limit(120)
def test_of_two_changes_at_once_one_wins_and_the_other_is_told(t):
    c = t.cluster(3)
    for round in range(3):
        base = c.generation_of("lb1")
        texts = {name: c.edited(retries(2 * round + n)) for n, name in enumerate(("lb1", "lb2"))}
        answers = {}

        def ask(name):
            answers[name] = c.apply(name, texts[name], base=base, message=f"by {name}")

        threads = [threading.Thread(target=ask, args=(name,)) for name in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outcomes = {name: answer["outcome"] for name, (_, answer) in answers.items()}
        assert sorted(outcomes.values()) == ["committed", "conflict"], answers
        winner, loser = sorted(outcomes, key=outcomes.get)
        told = answers[loser][1]["other"]
        assert told["node"] == winner and told["message"] == f"by {winner}", told
        assert told["generation"] == base + 1
        c.wait_formed(generation=base + 1)
        assert {records(c, node.name)[-1]["message"] for node in c} == {f"by {winner}"}


@limit(120)
def test_a_node_killed_while_it_commits_splits_nothing(t):
    c = t.cluster(3)
    chance = random.Random(7)
    said = []
    for trial in range(4):
        victim = chance.choice(c.listed)
        by = chance.choice(c.listed)
        generation = max(c.generation_of(name) for name in c.listed)

        def ask():
            try:
                _, answer = c.apply(by, c.edited(retries(trial)), message=f"trial {trial}")
                said.append((f"trial {trial}", answer["outcome"]))
            except (OSError, ValueError, Unfinished):
                said.append((f"trial {trial}", "none"))

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(chance.uniform(0, 0.06))
        c[victim].process.kill()
        asking.join()
        c[victim].launch()
        c.wait_formed(generation=generation)
    # Whatever was left half-way ends with the next change.
    status, answer = c.apply("lb1", c.edited(retries(9)), message="last")
    assert status == 200 or answer["outcome"] == "conflict", answer
    c.wait_formed()
    assert_one_history(c)
    held = {record["message"] for record in records(c, "lb2")}
    for message, outcome in said:
        assert outcome != "committed" or message in held, f"{message} was committed and is lost: {said}"


@limit(150)
def test_survivors_recover_and_those_who_return_follow_them(t):
    c = t.cluster(3)
    c.cut(["lb1"], ["lb2", "lb3"])
    c.wait_majority("lb2", "lb3")
    status, answer = c.apply("lb2", c.edited(retries(1)), message="of the losing side")
    assert status == 200, answer
    c.wait_formed(generation=2, among=["lb2", "lb3"])
    for name in ("lb2", "lb3"):
        c[name].process.kill()
    c.heal()
    c.wait_majority("lb1", has=False)
    status, answer = c.apply("lb1", c.edited(retries(2)))
    assert answer["outcome"] != "committed", answer
    status, answer = c["lb1"].api("POST", "/v1/cluster/recover", {"nodes": ["lb1"], "message": "fire"})
    assert status == 200, answer
    eventually(lambda: c["lb1"].metric("cluster_epoch") == 2)
    status, answer = c.apply("lb1", {**c.edited(retries(3)), "cluster": {"nodes": c.entries(["lb1"])}})
    assert status == 200, answer

    for name in ("lb2", "lb3"):
        c[name].launch()
    for name in ("lb2", "lb3"):
        eventually(lambda: c[name].ready() and c[name].metric("cluster_epoch") == 2, 20, f"{name} follows")
        assert c[name].metric("cluster_voter") == 0
        lost = [x for x in records(c, name) if x["message"] == "of the losing side"]
        assert lost and lost[0]["superseded"], records(c, name)
    status, answer = c.apply("lb2", c.edited(retries(4)))
    assert answer["outcome"] != "committed", answer
    generation = c.generation_of("lb1")
    status, answer = c.change_nodes("lb1", ["lb1", "lb2"])
    assert status == 200, answer
    c.wait_formed(generation=generation + 1, among=["lb1", "lb2"])
    assert_one_history(c, among=["lb1", "lb2"])
    eventually(lambda: c["lb2"].metric("cluster_voter") == 1, 20, "lb2 votes again")
