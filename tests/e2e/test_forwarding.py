# SPDX-License-Identifier: BSD-3-Clause
"""Who a request is from, and which fields servers may believe."""

import json
from urllib.parse import quote, urlencode

from harness import Client, eventually
from harness.node import merge
from harness.origin import Origin


def trusting(t, proxies, servers=("a1",), **frontend):
    """A node that believes `proxies` and writes an access log."""
    http = {"trusted_proxies": proxies, **frontend.pop("http", {})}
    node = t.node(t.servers(*servers), frontend={"http": http, **frontend}, start=False)
    merge(node.config, node.access_log_settings())
    node.start()
    return node


def ask(client, lines="", target="/echo"):
    client.send(f"GET {target} HTTP/1.1\r\nHost: t\r\n{lines}\r\n")
    return client.read_response()


def seen(response):
    """{name in lower case: [values]} of what /echo got."""
    assert response.status == 200, response
    found = {}
    for name, value in json.loads(response.body)["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def test_the_client_behind_a_trusted_proxy_is_in_the_log(t):
    node = trusting(t, ["127.0.0.0/8", "10.0.0.0/8"])
    cases = [
        ("X-Forwarded-For: 198.51.100.1\r\n", "198.51.100.1"),
        ("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 198.51.100.2:4711, 10.0.0.1\r\n", "198.51.100.2:4711"),
        ("X-Forwarded-For: [2001:db8::1]\r\n", "2001:db8::1"),
        ("X-Forwarded-For: 198.51.100.3, unknown, 10.0.0.7\r\n", "10.0.0.7"),
    ]
    with node.client() as client:
        for lines, _ in cases:
            got = seen(ask(client, lines))["x-forwarded-for"]
            received = [line[len("X-Forwarded-For: "):] for line in lines.splitlines()]
            assert got == [", ".join([*received, "127.0.0.1"])], got
        seen(ask(client))
        # What is refused is somebody's, too.
        assert ask(client, "X-Forwarded-For: 198.51.100.4\r\nExpect: rain\r\n").status == 400
    log = [line["client"] for line in node.access_log(6)]
    assert log[:4] == [client for _, client in cases], log
    assert log[4].startswith("127.0.0.1:") and log[5] == "198.51.100.4", log


def test_an_untrusted_peer_speaks_for_nobody(t):
    node = trusting(t, ["192.0.2.1"], algorithm="ip_hash")
    forged = {
        "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil", "X-Forwarded-Port": "6",
        "X-Forwarded-Server": "evil", "X-Forwarded-Anything": "evil", "Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6",
        "X_Forwarded_For": "6.6.6.6", "X.Real.IP": "6.6.6.6", "X-Forwarded_Proto": "gopher",
    }
    with node.client() as client:
        got = seen(client.request("GET", "/echo", forged, host="t"))
        plain = seen(ask(client))
    assert got.pop("x-real-ip") == ["127.0.0.1"] and "x-real-ip" not in plain
    for name in ("x-request-id",):
        got.pop(name), plain.pop(name)
    assert got == plain, got
    assert all(line["client"].startswith("127.0.0.1:") for line in node.access_log(2))
    node.expect_metric(3, "http_fields_dropped_total")


def test_servers_get_one_scheme_and_one_host(t):
    node = trusting(t, ["127.0.0.0/8"])
    with node.client() as client:
        got = seen(
            ask(
                client,
                "X-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nX-Forwarded-Proto: ftp, https\r\n"
                "X-Forwarded-Host: b, c\r\nX-Forwarded-Port: 80\r\nX-Forwarded-Port: 443\r\nForwarded: for=9.9.9.9\r\n",
            )
        )
    assert got["x-forwarded-proto"] == ["https"] and got["x-forwarded-host"] == ["c"], got
    assert got["x-forwarded-port"] == ["443"] and got["forwarded"] == ["for=9.9.9.9"], got


def test_a_proxy_on_a_unix_socket_is_trusted_by_name(t):
    path = str(t.directory / "front.sock")
    for proxies, believed in ((["unix:"], True), (["0.0.0.0/0", "::/0"], True), (["127.0.0.0/8"], False)):
        node = trusting(t, proxies, listen=f"unix:{path}")
        with Client(path) as client:
            got = seen(ask(client, "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n"))
        assert got["x-forwarded-proto"] == ["https" if believed else "http"], got
        assert got["x-forwarded-for"] == ["9.9.9.9, unix" if believed else "unix"], got
        assert (node.access_log()[0]["client"] == "9.9.9.9") == believed
        node.stop()


def test_clients_behind_a_proxy_are_spread_by_ip_hash(t):
    node = trusting(t, ["127.0.0.0/8"], ("a1", "a2", "a3"), algorithm="ip_hash")
    picked = {}
    with node.client() as client:
        for n in range(1, 31):
            picked[n] = ask(client, f"X-Forwarded-For: 198.51.100.{n}\r\n", "/").field("X-Server")
    assert set(picked.values()) == {"a1", "a2", "a3"}, picked
    for n, server in picked.items():
        with node.client() as other:
            assert ask(other, f"X-Forwarded-For: 198.51.100.{n}:{n}\r\n", "/").field("X-Server") == server
    query = {"url": "/", "client": "127.0.0.1", "header": "X-Forwarded-For: 198.51.100.7"}
    status, answer = node.api("GET", "/v1/explain?" + urlencode(query, quote_via=quote))
    assert status == 200 and answer["pick"] == picked[7] and "198.51.100.7" in answer["pick_why"], answer


def test_connections_list_the_client_of_the_request_under_way(t):
    node = trusting(t, ["127.0.0.0/8"])

    def clients():
        return [x["client"] for x in node.api("GET", "/v1/connections")[1]["connections"]]

    with node.client() as client:
        client.send("GET /delay/2000 HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n")
        eventually(lambda: clients() == ["198.51.100.1"])
        assert client.read_response().status == 200
        eventually(lambda: clients()[0].startswith("127.0.0.1:"))


def test_names_with_an_underscore_go_the_way_that_is_configured(t):
    lines = "X_Y: 1\r\nContent_Length: 6\r\nX-Tenant: mine\r\nX_Tenant: forged\r\n"
    rules = {"set": {"X-Tenant": "ours"}}
    for policy, passed in ((None, True), ("pass", True), ("drop", False)):
        http = {"request_headers": rules, **({"underscores": policy} if policy else {})}
        node = t.node(t.servers("a1"), frontend={"http": http})
        with node.client() as client:
            got = seen(ask(client, lines))
        assert got.get("x_y") == (["1"] if passed else None), got
        assert "content_length" not in got and "x_tenant" not in got and got["x-tenant"] == ["ours"], got
        node.expect_metric(2 if passed else 3, "http_fields_dropped_total")
        node.stop()
    node = t.node(t.servers("a1"), frontend={"http": {"underscores": "refuse"}})
    with node.client() as client:
        response = ask(client, "X_Y: 1\r\n")
        assert response.status == 400 and not response.keeps_alive, response
    with node.client() as client:
        assert ask(client, "X-Y: _\r\n").status == 200
    node.expect_metric(1, "refused_total", reason="bad_request")


def test_a_loop_ends_after_ten_rounds(t):
    node = t.node(t.servers("a1"), start=False)
    merge(node.config, node.access_log_settings())
    node.start()
    node.config["backends"][0]["servers"][0]["address"] = node.config["frontends"][0]["listen"]
    node.reload()
    assert node.get().status == 508
    log = node.access_log(11)
    assert len(log) == 11 and all(line["status"] == 508 for line in log), log
    assert [line["reason"] for line in log].count("loop_detected") == 1, log
    node.expect_metric(1, "refused_total", reason="loop_detected")


def test_nine_other_clusters_on_the_way_are_no_loop(t):
    node = t.node(t.servers("a1"))
    with node.client() as client:
        assert ask(client, "Via: " + ", ".join(["1.1 troupe"] * 9) + "\r\n").status == 200
        assert ask(client, "Via: " + ", ".join(["1.1 proxy"] * 50) + "\r\n").status == 200


def test_a_server_whose_responses_are_refused_fails_its_check(t):
    good, lax = Origin("good"), Origin("lax")
    lax.script = (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "close")
    check = {"enabled": True, "type": "http", "interval": "100ms", "timeout": "5s", "rise": 2, "fall": 2}
    node = t.node([good, lax], backend={"health_check": check})
    node.wait_down("lax")
    assert node.server_up("good")
    for _ in range(6):
        assert node.get().status == 200
    _, why = node.api("GET", "/v1/why/app/lax")
    assert "a line that ends without CR" in why["evidence"]["active"]["last"], why
