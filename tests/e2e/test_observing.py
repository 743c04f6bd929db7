# SPDX-License-Identifier: BSD-3-Clause
"""Metrics and the access log."""

import re

REASONS = (
    "client_abort client_timeout bad_request header_too_large target_too_long body_too_large "
    "unsupported no_healthy_backend connect_failed connect_timeout server_reset server_timeout "
    "bad_response retry_budget local_resource memory frontend_limit drained killed_by_admin "
    "shutdown internal"
).split()
CODES = ["1xx", "2xx", "3xx", "4xx", "5xx"]


def test_every_series_exists_from_the_start(t):
    node = t.node(t.servers("a1", "a2"))
    for code in CODES:
        assert node.metric("http_requests_total", frontend="web", backend="app", code=code) == 0
    for reason in REASONS:
        assert node.metric("refused_total", frontend="web", reason=reason) == 0, reason
    for server in ("a1", "a2"):
        own = {"backend": "app", "server": server}
        for code in CODES:
            assert node.metric("server_requests_total", **own, code=code) == 0
        for name in ("server_connections", "server_bytes_sent_total", "server_bytes_received_total",
                     "server_connect_failures_total", "server_vetoed"):
            assert node.metric(name, **own) == 0, name
        for name in ("server_up", "server_verdict"):
            assert node.metric(name, **own) == 1, name
        for result in ("success", "failure", "timeout"):
            assert node.metric("health_checks_total", **own, result=result) == 0
        for reason in ("connect_failed", "connect_timeout", "server_reset", "server_timeout", "bad_response"):
            assert node.metric("server_failures_total", **own, reason=reason) == 0
        for to in ("up", "down"):
            assert node.metric("server_state_changes_total", **own, to=to) == 0
        for state, value in (("ready", 1), ("drain", 0), ("maint", 0)):
            assert node.metric("server_admin_state", **own, state=state) == value
    for result in ("success", "failure", "budget_exhausted"):
        assert node.metric("retries_total", backend="app", result=result) == 0
    for result in ("success", "failure"):
        assert node.metric("config_reloads_total", result=result) == 0
    assert node.metric("frontend_connections", frontend="web") == 0
    assert node.metric("frontend_connections_total", frontend="web") == 0
    assert node.metric("http_request_duration_seconds_count", frontend="web") == 0
    assert node.metric("queue_length", backend="app") == 0
    assert node.metric("log_dropped_total") == 0
    assert node.metric("config_generation") >= 1
    assert node.metric("build_info") == 1
    for loop in ("control", "worker 0"):
        assert node.metric("loop_stall_seconds", loop=loop) >= 0
    for name in ("buffer_bytes", "actors", "actor_messages_total",
                 "actor_mailbox_depth", "process_resident_memory_bytes"):
        node.metric(name)


def test_the_exposition_is_well_formed(t):
    node = t.node(t.servers("a1"))
    node.get()
    text = node.metrics_text()
    typed = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M)
    assert len({name for name, _ in typed}) == len(typed)
    kinds = dict(typed)
    helped = set(re.findall(r"^# HELP (\S+) .+$", text, re.M))
    keys = set()
    for name, labels, _ in node.samples():
        key = (name, tuple(sorted(labels.items())))
        assert key not in keys, f"twice: {key}"
        keys.add(key)
    for name, kind in typed:
        assert name in helped, f"{name} has no help"
        assert (kind == "counter") == name.endswith("_total"), (name, kind)


def test_requests_are_counted_by_class_and_timed(t):
    node = t.node(t.servers("a1"))
    with node.client() as client:
        for target in ("/", "/", "/status/301", "/status/404", "/status/500", "/delay/120"):
            client.get(target)
    node.expect_metric(6, "http_request_duration_seconds_count")
    by_code = {code: node.metric("http_requests_total", code=code) for code in CODES}
    assert by_code == {"1xx": 0, "2xx": 3, "3xx": 1, "4xx": 1, "5xx": 1}
    buckets = {
        labels["le"]: value
        for name, labels, value in node.samples()
        if name == "http_request_duration_seconds_bucket"
    }
    assert buckets["+Inf"] == 6 and buckets["0.1"] == 5 and buckets["1"] == 6
    assert node.metric("http_request_duration_seconds_sum") >= 0.12


def test_clients_cannot_make_series(t):
    node = t.node(t.servers("a1"))
    before = len(node.samples())
    with node.client() as client:
        for n in range(50):
            client.request("GET", f"/path-{n}?q={n}", {"X-Request-Id": f"id-{n}"}, host=f"host-{n}")
            client.request(f"METHOD{n}", "/")
    assert len(node.samples()) == before


def test_every_request_leaves_a_line_of_json(t):
    server = t.server("a1")
    node = t.node([server], config={"global": {"workers": 1, "access_log": {"path": str(t.directory / "node0/access.log")}}})
    with node.client() as client:
        client.request("GET", '/echo?quote="&tab=%09', {"X-Request-Id": "abc"}, host="shop.example")
        client.request("POST", "/echo", body=b"x" * 500)
        client.get("/status/404")
    with node.client() as client:
        client.send("GET / HTTP/1.1\r\nBad Header: x\r\n\r\n")
        client.read_response()
    node.get("/reset", method="POST", body=b"x")
    lines = node.access_log(5)
    assert len(lines) == 5
    first, second, third, bad, reset = lines
    assert first["status"] == 200 and first["reason"] == "ok" and first["method"] == "GET"
    assert first["path"] == '/echo?quote="&tab=%09' and first["host"] == "shop.example"
    assert first["request_id"] == "abc" and first["server"] == "a1"
    assert (first["frontend"], first["backend"]) == ("web", "app")
    assert first["generation"] == node.generation()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"]), first["time"]
    assert first["total_ms"] >= first["first_byte_ms"] >= 0
    assert second["bytes_in"] >= 500 and second["method"] == "POST"
    assert third["status"] == 404 and third["reason"] == "ok"
    assert bad["status"] == 400 and bad["reason"] == "bad_request"
    assert reset["status"] == 502 and reset["reason"] == "server_reset"


def test_hostile_bytes_cannot_break_the_access_log(t):
    node = t.node(t.servers("a1"))
    node.config["global"]["access_log"] = {"path": str(node.directory / "access.log")}
    node.stop()
    node.start()
    with node.client() as client:
        client.send(b'GET /\xff\xfe"\\ HTTP/1.1\r\nHost: t\r\nX-Request-Id: a"b\\c\r\n\r\n')
        client.read_response()
        client.send(b"GET / HTTP/1.1\r\nHost: t\r\nX-Request-Id: \xc3\x28\r\nConnection: close\r\n\r\n")
    assert len(node.access_log(1)) >= 1


def test_streams_are_logged_when_they_end(t):
    node = t.node(
        t.servers("e1", mode="tcp-echo"),
        protocol="tcp",
        config={"global": {"access_log": {"path": str(t.directory / "node0/access.log")}}},
    )
    with node.client() as client:
        client.send(b"x" * 1000)
        client.read_exactly(1000)
        client.finish()
        client.at_end()
    (line,) = node.access_log(1)
    assert line["bytes_in"] == 1000 == line["bytes_out"] and line["server"] == "e1"
    assert line["reason"] == "ok"


def test_actors_are_counted(t):
    node = t.node(t.servers("a1"))
    clients = [node.client() for _ in range(7)]
    for client in clients:
        assert client.get("/").status == 200
    assert node.metric("frontend_connections") == 7
    assert node.metric("actors", kind="connection") <= 7
    assert node.metric("actors", kind="listener") == 2
    assert node.metric("actors", kind="router") == 1
    for client in clients:
        client.close()
