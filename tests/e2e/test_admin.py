# SPDX-License-Identifier: BSD-3-Clause
"""The admin API."""

import os
import stat

from harness import eventually, get


def test_the_pages_exist_and_are_json(t):
    node = t.node(t.servers("a1"))
    for page in ("version", "status", "backends", "actors", "connections"):
        status, answer = node.api("GET", f"/v1/{page}")
        assert status == 200 and isinstance(answer, dict), (page, status, answer)
        assert not answer.get("unanswered"), (page, answer)
    assert stat.S_IMODE(os.stat(node.socket).st_mode) == 0o660


def test_status_tells_what_runs(t):
    node = t.node(t.servers("a1", "a2"))
    _, status = node.api("GET", "/v1/status")
    assert status["ready"] is True and status["workers"] == 2
    assert status["generation"] == node.generation()
    (backend,) = status["backends"]
    assert (backend["name"], backend["servers"], backend["usable"]) == ("app", 2, 2)


def test_backends_tell_each_servers_state_and_rule(t):
    a1, a2 = t.servers("a1", "a2")
    a1.kill()
    node = t.node([a1, a2], backend={"health_check": {"enabled": True, "interval": "100ms"}})
    node.wait_down("a1")
    _, answer = node.api("GET", "/v1/backends")
    servers = {server["name"]: server for server in answer["backends"][0]["servers"]}
    assert servers["a1"]["usable"] is False and servers["a1"]["rule"] == "own_down"
    assert servers["a2"]["usable"] is True and servers["a2"]["rule"] == "up"
    _, why = node.api("GET", "/v1/why/app/a1")
    assert why["rule"] == "own_down" and why["evidence"]["active"]["last"]


def test_actors_are_listed_with_their_kinds(t):
    node = t.node(t.servers("a1"))
    with node.client() as client:
        assert client.get("/").status == 200
        _, answer = node.api("GET", "/v1/actors?connections=1")
    kinds = {actor["kind"] for actor in answer["actors"]}
    assert {"router", "supervisor", "metrics", "listener"} <= kinds, kinds


def test_a_drained_server_gets_no_new_requests_and_finishes_its_own(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1, a2])
    clients = [node.client() for _ in range(4)]
    for client in clients:
        client.send_request("GET", "/delay/1000")
    eventually(lambda: node.metric("server_connections", server="a1") >= 1)
    node.set_server("a1", admin="drain")
    assert node.metric("server_admin_state", server="a1", state="drain") == 1
    assert node.metric("server_admin_state", server="a1", state="ready") == 0
    assert node.server_up("a1")  # an operator's word says nothing about health
    for _ in range(20):
        assert node.get().field("X-Server") == "a2"
    answered = [client.read_response() for client in clients]
    assert {x.status for x in answered} == {200}
    assert "a1" in {x.field("X-Server") for x in answered}
    node.set_server("a1", admin="ready")
    assert {node.get().field("X-Server") for _ in range(20)} == {"a1", "a2"}
    for client in clients:
        client.close()


def test_a_drain_holds_over_reloads(t):
    a1, a2 = t.servers("a1", "a2")
    node = t.node([a1, a2])
    node.set_server("a1", admin="maint")
    node.config["backends"][0]["timeout_connect"] = "2s"
    node.reload()
    for _ in range(20):
        assert node.get().field("X-Server") == "a2"
    assert node.metric("server_admin_state", server="a1", state="maint") == 1


def test_draining_every_server_gives_503(t):
    node = t.node(t.servers("a1", "a2"))
    for name in ("a1", "a2"):
        node.set_server(name, admin="drain")
    assert node.get().status == 503
    node.set_server("a2", admin="ready")
    assert node.get().field("X-Server") == "a2"


def test_a_weight_takes_effect_at_once(t):
    node = t.node(t.servers("a1", "a2"), frontend={"algorithm": "weighted"})
    node.set_server("a1", weight=9)
    with node.client() as client:
        seen = [client.get("/").field("X-Server") for _ in range(100)]
    assert seen.count("a1") == 90
    assert node.metric("server_weight", server="a1") == 9


def test_wrong_calls_are_refused_with_a_reason(t):
    node = t.node(t.servers("a1"))
    for method, path, body, expected in (
        ("POST", "/v1/servers/app/nobody", {"admin": "drain"}, (404, 422, 400)),
        ("POST", "/v1/servers/nowhere/a1", {"admin": "drain"}, (404, 422, 400)),
        ("POST", "/v1/servers/app/a1", {"admin": "asleep"}, (400, 422)),
        ("POST", "/v1/servers/app/a1", {"weight": 0}, (400, 422)),
        ("POST", "/v1/servers/app/a1", {"weight": 5000}, (400, 422)),
        ("POST", "/v1/servers/app/a1", ["drain"], (400, 422)),
        ("GET", "/v1/nothing", None, (404,)),
        ("DELETE", "/v1/status", None, (405,)),
        ("GET", "/v1/reload", None, (405,)),
    ):
        status, answer = node.api(method, path, body)
        assert status in expected, (method, path, status, answer)
        assert answer["error"], (method, path, answer)
    assert node.get().status == 200


def test_reload_over_the_api_answers_with_what_happened(t):
    node = t.node(t.servers("a1"))
    before = node.generation()
    node.config["backends"][0]["timeout_connect"] = "2s"
    node.write()
    status, answer = node.api("POST", "/v1/reload")
    assert status == 200 and answer["generation"] == before + 1, answer
    node.write('{"frontends": [{"name": "web"}], "bakends": []}')
    status, answer = node.api("POST", "/v1/reload")
    assert status == 422 and len(answer["problems"]) >= 2, answer
    assert node.get().status == 200


def test_a_connection_can_be_found_and_closed(t):
    node = t.node(t.servers("a1"))
    with node.client() as mine, node.client() as other:
        assert mine.get("/").status == 200
        assert other.get("/").status == 200
        _, answer = node.api("GET", "/v1/connections")
        port = str(mine.socket.getsockname()[1])
        (found,) = [x for x in answer["connections"] if x["client"].endswith(":" + port)]
        assert found["frontend"] == "web" and found["requests"] == 1
        status, answer = node.api("POST", f"/v1/connections/{found['id']}/close")
        assert status == 202, answer
        assert mine.at_end()
        assert other.get("/").status == 200
    assert node.api("POST", "/v1/connections/999999/close")[0] in (202, 404)
    assert node.api("POST", "/v1/connections/nonsense/close")[0] in (400, 404)


def test_health_pages_answer(t):
    node = t.node(t.servers("a1"))
    metrics = ("127.0.0.1", node.metrics_port)
    assert get(metrics, "/healthz").status == 200
    assert get(metrics, "/readyz").status == 200
    assert get(metrics, "/nothing").status == 404
    assert get(metrics, "/v1/status").status == 404


def test_tokens_guard_the_tcp_address(t):
    from harness.processes import free_port

    port = free_port()
    for role in ("read", "operator"):
        (t.directory / role).write_text(f"secret-{role}\n")
    tokens = [{"file": str(t.directory / role), "role": role} for role in ("read", "operator")]
    node = t.node(t.servers("a1"), config={"admin": {"listen": f"127.0.0.1:{port}", "tokens": tokens}})

    def call(method, path, token):
        fields = {"Authorization": f"Bearer {token}"} if token else {}
        body = b'{"admin": "ready"}' if method == "POST" else None
        return get(("127.0.0.1", port), path, method, fields, body).status

    assert call("GET", "/v1/status", None) == 401
    assert call("GET", "/v1/status", "wrong") == 401
    assert call("GET", "/v1/status", "secret-read") == 200
    assert call("POST", "/v1/servers/app/a1", "secret-read") == 403
    assert call("POST", "/v1/servers/app/a1", "secret-operator") == 200
    assert "secret-" not in str(node.api("GET", "/v1/config"))
