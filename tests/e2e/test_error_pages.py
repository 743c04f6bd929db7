# SPDX-License-Identifier: BSD-3-Clause
"""Pages of the operator's, for answers that troupe itself gives."""

import json

from harness import eventually
from harness.processes import free_port
from test_overload import in_flight
from test_routes import routed, to


def page(t, name, text, mode=0o644):
    file = t.directory / name
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def unreachable(t, **frontend):
    """A node whose only server refuses connections."""
    node = t.node(frontend=frontend, start=False)
    node.config["backends"][0]["servers"] = [{"name": "a1", "address": f"127.0.0.1:{free_port()}"}]
    node.start()
    return node


def test_an_error_has_the_page_of_its_status(t):
    pages = {"503": page(t, "503.html", "<p>{host} is busy {color:red}\n"), "404": page(t, "404.txt", "nothing here\n")}
    node = unreachable(t, error_pages=pages)
    with node.client() as client:
        got = client.get("/")
        assert got.status == 503 and got.text == "<p>{host} is busy {color:red}\n", got
        assert got.field("Content-Type") == "text/html; charset=utf-8" and got.field("X-Request-Id"), got
        assert got.field("Date") and got.field("Cache-Control") == "no-store" and got.field("Server") is None, got
        told = client.request("GET", "/", {"Accept": "application/json"})
        assert told.field("Content-Type") == "application/json" and '"status":503' in told.text, told
        head = client.request("HEAD", "/")
        assert head.status == 503 and not head.body, head
    with node.client() as client:
        client.send(b"BAD\r\n\r\n")
        assert "400 Bad Request" in client.read_response().text


def test_what_servers_answer_stays(t):
    pages = {"503": page(t, "503.html", "busy\n"), "404": page(t, "404.html", "lost\n")}
    node = routed(t, [to("api", path_prefix="/status")], backend=None, error_pages=pages)
    with node.client() as client:
        assert client.get("/status/503").text == "503 by api\n"
        assert client.get("/status/404").text == "404 by api\n"
        assert client.get("/").text == "lost\n"


def test_a_page_changes_with_a_reload_alone(t):
    file = page(t, "503.html", "one\n")
    node = unreachable(t, error_pages={"503": file})
    with node.client() as client:
        assert client.get("/").text == "one\n"
        page(t, "503.html", "two\n")
        assert client.get("/").text == "one\n"
        before = node.generation()
        node.hang_up()
        eventually(lambda: node.generation() > before)
        eventually(lambda: client.get("/").text == "two\n")


def test_a_page_that_cannot_be_sent_keeps_the_running_configuration(t):
    file = page(t, "503.html", "good\n")
    node = unreachable(t, error_pages={"503": file})
    node.expect_clean_log = False

    def refused(path):
        config = json.loads(json.dumps(node.config))
        config["frontends"][0]["error_pages"] = {"503": path}
        node.reload_refused(json.dumps(config))
        return " ".join(node.api("GET", "/v1/config")[1]["last_problems"])

    link = t.directory / "link.html"
    link.symlink_to(file)
    assert "is a link; name the file" in refused(str(link))
    assert "has 65537 bytes, expected at most 65536" in refused(page(t, "big", "x" * 65537))
    assert "not everyone may read it (mode 0600)" in refused(page(t, "key.pem", "secret", 0o600))
    assert "cannot be read: No such file" in refused(str(t.directory / "missing"))
    assert "frontends[0].error_pages.503" in refused(str(t.directory))
    assert node.get().text == "good\n"


def test_a_route_answers_with_a_file(t):
    file = page(t, "maintenance.html", "<style>p {color:red}</style><p>{soon}\n")
    respond = {"status": 503, "file": file, "content_type": "text/html", "headers": {"Retry-After": "60"}}
    node = routed(t, [{"match": {"path": "/"}, "respond": respond}])
    with node.client() as client:
        got = client.get("/")
        assert (got.status, got.text) == (503, "<style>p {color:red}</style><p>{soon}\n"), got
        assert got.field("Content-Type") == "text/html" and got.field("Retry-After") == "60", got


def test_a_client_too_many_gets_the_page_too(t):
    pages = {"503": page(t, "503.txt", "full\n")}
    rules = {"response_headers": {"set": {"X-For": "{client_ip}", "X-From": "web"}}}
    node = t.node(t.servers("a1"), frontend={"max_connections": 1, "error_pages": pages, "http": rules})
    with node.client() as busy:
        busy.send_request("GET", "/delay/3000")
        eventually(lambda: in_flight(node) == 1)
        with node.client() as late:
            got = late.read_response()
            assert got.status == 503 and got.text == "full\n" and got.field("Date"), got
            assert got.field("X-For") == "127.0.0.1" and got.field("X-From") == "web", got
