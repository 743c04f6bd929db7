# SPDX-License-Identifier: BSD-3-Clause
"""The recipes of docs/recipes.md, as they stand there."""

import pathlib
import re

from test_routes import routed, served_by

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/recipes.md"


def recipe(title):
    """The YAML of a section, each line with the indentation of a route."""
    section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
    assert section, f"no recipe is called {title!r}"
    return re.search(r"^```yaml\n(.*?)^```$", section[1], re.M | re.S)[1]


def with_recipe(t, title, backends=(), **options):
    """A node whose frontend has the routes of the recipe."""
    node = routed(t, [], backends, **options)
    routes = recipe(title)
    assert routes.startswith("routes:\n"), routes
    web = node.config["frontends"][0]
    lines = ["frontends:", f"  - name: {web['name']}", f'    listen: "{web["listen"]}"', "    backend: app"]
    lines += ["    " + line for line in routes.splitlines()]
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
