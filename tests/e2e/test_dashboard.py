# SPDX-License-Identifier: BSD-3-Clause
"""The dashboard as a node serves it; tests/dashboard has those in a browser."""

import json

from harness import get

SECRET = "may-drain-servers"


def dashboard_node(t):
    token = t.directory / "deploy"
    token.write_text(SECRET + "\n")
    token.chmod(0o600)
    port = t.free_port()
    tokens = [{"file": str(token), "role": "operator"}]
    node = t.node(t.servers("a1"), config={"admin": {"listen": f"127.0.0.1:{port}", "tokens": tokens}})
    return node, ("127.0.0.1", port)


def files_of(page):
    """What the page asks for: /style.css, /dashboard.js, … and what that imports."""
    return [x for x in page.split('"') if x.startswith("/") and x.endswith((".js", ".css"))]


def test_the_page_and_its_files_are_served_without_a_token(t):
    node, address = dashboard_node(t)
    page = get(address, "/")
    assert page.status == 200 and page.field("Content-Type") == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.field("Content-Security-Policy")
    assert "unsafe" not in page.field("Content-Security-Policy")
    assert page.field("X-Content-Type-Options") == "nosniff"
    assert page.field("Referrer-Policy") == "no-referrer"
    files = files_of(page.text)
    assert "/style.css" in files and "/dashboard.js" in files
    script = get(address, "/dashboard.js").text
    files += [f"/{x[2:]}" for x in script.split('"') if x.startswith("./") and x.endswith(".js")]
    assert len(files) > 5, files
    for file in files:
        answer = get(address, file)
        kind = "text/css" if file.endswith("css") else "text/javascript"
        assert answer.status == 200 and answer.field("Content-Type") == f"{kind}; charset=utf-8", (file, answer)
    # Nothing that is secret or changes is in there.
    assert get(address, "/v1/status").status == 401
    assert node.api("GET", "/")[0] == 404  # not on the Unix socket, where no token is needed


def test_a_browser_that_has_a_file_is_not_sent_it_again(t):
    _, address = dashboard_node(t)
    first = get(address, "/dashboard.js")
    tag = first.field("ETag")
    assert first.field("Cache-Control") == "no-cache" and tag.startswith('"')
    again = get(address, "/dashboard.js", "GET", {"If-None-Match": tag})
    assert again.status == 304 and not again.body and again.field("ETag") == tag
    other = get(address, "/dashboard.js", "GET", {"If-None-Match": '"other"'})
    assert other.status == 200 and other.body == first.body


def test_the_page_can_only_be_read(t):
    _, address = dashboard_node(t)
    head = get(address, "/", "HEAD")
    assert head.status == 200 and not head.body and head.field("ETag")
    for method in ("POST", "PUT", "DELETE"):
        answer = get(address, "/", method)
        assert answer.status == 405 and answer.field("Allow") == "GET, HEAD", (method, answer)


def test_the_api_tells_a_token_what_it_may_do(t):
    node, address = dashboard_node(t)
    answer = get(address, "/v1/access", "GET", {"Authorization": f"Bearer {SECRET}"})
    access = json.loads(answer.body)
    assert answer.status == 200 and access["role"] == "operator", access
    assert access["who"].startswith("token deploy from 127.0.0.1")
    assert node.api("GET", "/v1/access")[1]["role"] == "operator"


def test_traffic_counts_what_was_answered(t):
    node, _ = dashboard_node(t)
    for _ in range(5):
        assert node.get().status == 200
    node.expect_metric(5, "http_requests_total", code="2xx")
    _, traffic = node.api("GET", "/v1/traffic")
    (web,) = traffic["frontends"]
    assert web["requests"]["2xx"] == 5 and sum(web["durations"]) == 5, web
    assert len(web["durations"]) == len(traffic["duration_bounds_us"]) + 1
    (server,) = traffic["backends"][0]["servers"]
    assert server["requests"]["2xx"] == 5 and server["bytes_received"] > 0, server
    _, later = node.api("GET", "/v1/traffic")
    assert later["uptime_us"] > traffic["uptime_us"]
