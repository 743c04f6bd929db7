# SPDX-License-Identifier: BSD-3-Clause
"""The recipes of docs/recipes.md, as they stand there."""

import pathlib
import re

from test_http import headers_seen, response_json
from test_routes import routed, served_by

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/recipes.md"


def recipe(title):
    """The YAML of a section, each line with the indentation of a route."""
    section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
    assert section, f"no recipe is called {title!r}"
    return re.search(r"^```yaml\n(.*?)^```$", section[1], re.M | re.S)[1]


def with_recipe(t, title, backends=(), files=None, **options):
    """A node whose frontend has the keys of the recipe. Files that it names are others here."""
    node = routed(t, [], backends, **options)
    keys = recipe(title)
    for name, other in (files or {}).items():
        assert name in keys, keys
        keys = keys.replace(name, str(other))
    web = node.config["frontends"][0]
    lines = ["frontends:", f"  - name: {web['name']}", f'    listen: "{web["listen"]}"', "    backend: app"]
    lines += ["    " + line for line in keys.splitlines()]
    lines += ["backends:"]
    for backend in node.config["backends"]:
        server = backend["servers"][0]
        lines += [
            f"  - name: {backend['name']}",
            f'    servers: [{{name: {server["name"]}, address: "{server["address"]}"}}]',
            "    health_check: {enabled: false}",
        ]
    lines += [f'admin: {{socket: "{node.socket}"}}', f'metrics: {{listen: "127.0.0.1:{node.metrics_port}"}}']
    lines += [f'global: {{workers: 2, state_dir: "{node.directory / "state"}", drain_timeout: 5s}}']
    node.reload("\n".join(lines) + "\n")
    return node


def test_everything_goes_to_https(t):
    node = with_recipe(t, "From http to https")
    with node.client() as client:
        got = client.request("GET", "/a?b=c", host="shop.example:8080")
        assert (got.status, got.field("Location")) == (308, "https://shop.example/a?b=c"), got
        assert got.keeps_alive and got.field("Date"), got
        assert client.request("HEAD", "/", host="shop.example").status == 308
        challenge = client.request("GET", "/.well-known/acme-challenge/x", host="shop.example")
        assert challenge.status != 308, challenge
    with node.client() as client:
        got = client.request("POST", "/a", body=b"x" * 100, host="shop.example")
        assert got.status == 308, got


def test_www_is_left_out(t):
    node = with_recipe(t, "Without www")
    with node.client() as client:
        got = client.request("GET", "/x?y", host="www.shop.example")
        assert (got.status, got.field("Location")) == (301, "http://shop.example/x?y"), got
        assert served_by(client.request("GET", "/", host="shop.example")) == "app"


def test_a_directory_ends_with_a_slash(t):
    node = with_recipe(t, "A slash at the end")
    with node.client() as client:
        got = client.request("GET", "/docs/api?v=1", host="shop.example")
        assert (got.status, got.field("Location")) == (308, "http://shop.example/docs/api/?v=1"), got
        assert served_by(client.request("GET", "/docs/api/", host="shop.example")) == "app"
        assert served_by(client.request("GET", "/docs/api.html", host="shop.example")) == "app"


def test_a_moved_tree_is_redirected(t):
    node = with_recipe(t, "A tree that has moved")
    with node.client() as client:
        got = client.request("GET", "/old/a/b?c", host="shop.example")
        assert (got.status, got.field("Location")) == (301, "http://shop.example/new/a/b?c"), got


def test_preflights_are_answered(t):
    node = with_recipe(t, "CORS preflights", ["api"])
    with node.client() as client:
        ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
        got = client.request("OPTIONS", "/v1/x", ask, host="shop.example")
        assert got.status == 204 and got.field("Access-Control-Allow-Origin") == "https://app.example", got
        assert "PUT" in got.field("Access-Control-Allow-Methods"), got
        assert served_by(client.request("GET", "/v1/x", host="shop.example")) == "api"
        foreign = client.request("OPTIONS", "/v1/x", {**ask, "Origin": "https://evil.example"}, host="shop.example")
        assert foreign.field("Access-Control-Allow-Origin") is None, foreign


def test_a_canary_gets_its_share(t):
    node = with_recipe(t, "A canary", ["app-v2"])
    with node.client() as client:
        asked = [served_by(client.request("GET", "/", {"X-Canary": "1"}, host="t")) for _ in range(5)]
        assert set(asked) == {"app-v2"}, asked
        drawn = [served_by(client.request("GET", "/", host="t")) for _ in range(400)]
        assert 2 <= drawn.count("app-v2") <= 60, drawn.count("app-v2")
    split = node.metric("http_requests_total", route="share", backend="app-v2", code="2xx")
    assert split == drawn.count("app-v2")


def test_maintenance_has_a_page(t):
    node = with_recipe(t, "A page for maintenance", ["app"])
    with node.client() as client:
        got = client.request("GET", "/any", host="shop.example")
        assert got.status == 503 and got.field("Retry-After") == "600", got
        assert "shop.example is back soon" in got.text and got.field("Content-Type").startswith("text/html"), got
        head = client.request("HEAD", "/any", host="shop.example")
        assert head.status == 503 and not head.body, head
    node.expect_metric(2, "http_requests_total", code="5xx")


def test_admin_is_for_some_networks(t):
    node = with_recipe(t, "An allow list for a path")
    with node.client() as client:
        for path in ("/admin", "/admin/x", "//admin", "/%61dmin"):
            assert client.request("GET", path, host="t").status == 403, path
        assert client.request("GET", "/x/..%2fadmin", host="t").status == 400
        assert served_by(client.request("GET", "/", host="t")) == "app"


def test_a_prefix_is_stripped(t):
    node = with_recipe(t, "Without a prefix for the server", ["shop"])
    with node.client() as client:
        got = response_json(client.request("GET", "/shop/echo?a=b", host="shop.example"))
        assert got["target"] == "/echo?a=b" and got["server"] == "shop", got
        assert served_by(client.request("GET", "/shop", host="shop.example")) == "shop"
        reply = [("X-Reply", "Location: /login"), ("X-Reply", "Set-Cookie: a=b; Path=/; HttpOnly")]
        sent = client.request("GET", "/shop/status/302", reply, host="shop.example")
        assert sent.field("Location") == "/shop/login", sent
        assert sent.field("Set-Cookie") == "a=b; Path=/shop/; HttpOnly", sent


def test_a_field_has_the_address_of_the_client(t):
    node = with_recipe(t, "The client's address in a field")
    with node.client() as client:
        forged = [("X-Client-IP", "10.0.0.1"), ("x_client_ip", "10.0.0.1")]
        seen = [(n, v) for n, v in headers_seen(client.request("GET", "/echo", forged, host="t")) if "client" in n]
        assert seen == [("x-client-ip", "127.0.0.1")], seen


def test_cookies_of_an_internal_domain_become_those_of_the_site(t):
    node = with_recipe(t, "Cookies of an internal domain")
    with node.client() as client:
        seen = dict(headers_seen(client.request("GET", "/echo", host="shop.example")))
        assert seen["host"] == "app.internal", seen
        reply = {"X-Reply": "Set-Cookie: id=1; Domain=app.internal; Path=/app/x; Secure"}
        got = client.request("GET", "/", reply, host="shop.example")
        assert got.field("Set-Cookie") == "id=1; Domain=shop.example; Path=/x; Secure", got


def test_hsts_is_on_every_answer(t):
    node = with_recipe(t, "HSTS")
    with node.client() as client:
        for target, status in (("/", 200), ("/status/500", 500)):
            got = client.request("GET", target, host="t")
            assert got.status == status, got
            assert got.field("Strict-Transport-Security").startswith("max-age=31536000"), got
    node.set_server("app", admin="maint")
    got = node.get()
    assert got.status == 503 and got.field("Strict-Transport-Security"), got


def test_an_error_has_a_page(t):
    file = t.directory / "503.html"
    file.write_text("<p>soon</p>\n")
    node = with_recipe(t, "An error page", files={"/etc/troupe/503.html": file})
    node.set_server("app", admin="maint")
    with node.client() as client:
        got = client.get("/")
        assert (got.status, got.text) == (503, "<p>soon</p>\n"), got
        assert '"status":503' in client.request("GET", "/", {"Accept": "application/json"}).text
