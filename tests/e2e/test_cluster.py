# SPDX-License-Identifier: BSD-3-Clause
"""Several nodes that act as one, on hosts of their own."""

from harness import Load, eventually, limit


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
        assert node.metric("cluster_nodes", state="alive") == 3
