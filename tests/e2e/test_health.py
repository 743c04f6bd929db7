# SPDX-License-Identifier: BSD-3-Clause
"""Active checks."""

from harness import eventually, smoke

HTTP_CHECK = {
    "enabled": True,
    "type": "http",
    "path": "/health",
    "interval": "100ms",
    "timeout": "500ms",
    "rise": 2,
    "fall": 2,
}


@smoke
def test_an_http_check_marks_a_server_down_and_up_again(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1, a2], backend={"health_check": HTTP_CHECK})
    eventually(lambda: node.metric("health_checks_total", server="a1", result="success") >= 2)
    a1.set_health(503)
    node.wait_down("a1")
    assert node.server_up("a2")
    assert node.metric("health_checks_total", server="a1", result="failure") >= 2
    assert node.metric("server_state_changes_total", server="a1", to="down") == 1
    for _ in range(10):
        assert node.get().field("X-Server") == "a2"
    a1.set_health(200)
    node.wait_up("a1")
    assert node.metric("server_state_changes_total", server="a1", to="up") == 1
    eventually(lambda: node.get().field("X-Server") == "a1", what="a1 serves again")


def test_one_failed_probe_is_not_enough_when_fall_is_three(t):
    server = t.server("a1")
    node = t.node([server], backend={"health_check": {**HTTP_CHECK, "interval": "300ms", "fall": 1000}})
    eventually(lambda: node.metric("health_checks_total", server="a1", result="success") >= 2)
    server.set_health(503)
    eventually(lambda: node.metric("health_checks_total", server="a1", result="failure") >= 3)
    assert node.server_up("a1")


def test_a_server_that_never_answered_is_down_after_its_first_probe(t):
    a1, a2 = t.servers("a1", "a2")
    a1.kill()
    check = {"enabled": True, "interval": "1s", "fall": 1000}
    node = t.node([a1, a2], backend={"health_check": check})
    node.wait_down("a1", seconds=5)
    assert node.server_up("a2")


def test_expect_status_decides_what_is_healthy(t):
    server = t.server("a1")
    check = {**HTTP_CHECK, "expect_status": "404"}
    node = t.node([server], backend={"health_check": check})
    node.wait_down("a1")
    server.set_health(404)
    node.wait_up("a1")


def test_a_check_may_use_another_port(t):
    a1, other = t.servers("a1", "other")
    node = t.node([a1], backend={"health_check": {**HTTP_CHECK, "port": other.port}})
    eventually(lambda: node.metric("health_checks_total", result="success") >= 1)
    other.set_health(503)
    node.wait_down("a1")
    assert a1.count()["health_checks"] == 0


def test_probes_stop_in_maint_and_go_on_in_drain(t):
    server, spare = t.servers("a1", "a2")
    node = t.node([server, spare], backend={"health_check": HTTP_CHECK})
    eventually(lambda: server.count()["health_checks"] >= 2)
    node.set_server("a1", admin="drain")
    seen = server.count()["health_checks"]
    eventually(lambda: server.count()["health_checks"] >= seen + 2, what="probes continue")
    node.set_server("a1", admin="maint")

    def quiet():
        before = server.count()["health_checks"]
        probed = spare.count()["health_checks"]
        eventually(lambda: spare.count()["health_checks"] >= probed + 5)
        return server.count()["health_checks"] == before

    eventually(quiet, what="probes stop")


def test_checks_are_spread_and_not_more_frequent_than_the_interval(t):
    server, clock = t.servers("a1", "clock")
    node = t.node([server, clock], backend={"health_check": {**HTTP_CHECK, "interval": "200ms"}})
    node.wait_up("a1")
    first = server.count()["health_checks"]
    other_first = clock.count()["health_checks"]
    eventually(lambda: clock.count()["health_checks"] >= other_first + 10, 20)
    probes = server.count()["health_checks"] - first
    assert 7 <= probes <= 13, probes
