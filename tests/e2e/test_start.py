# SPDX-License-Identifier: BSD-3-Clause
"""Starting, and refusing to start."""

import re
import struct
import subprocess

from harness import limit
from harness.processes import free_port

BAD = """\
version: 1
metrics: {listen: "127.0.0.1:0x"}
frontends:
  - name: web
    listen: 127.0.0.1:8080
    backend: nowhere
    algoritm: random
backends:
  - name: app
    servers:
      - {name: a1, address: "127.0.0.1:1", weight: 0}
"""


def run(t, *arguments, seconds=30):
    return subprocess.run(
        [str(t.binary("trouped")), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
    )


def problems_in(text):
    return re.findall(r"troupe\.yaml:\d+:\d+: \S+: .+", text)


def assert_all_bad_found(text):
    found = problems_in(text)
    for path in ("metrics.listen", "frontends[0].backend", "frontends[0].algoritm", "backends[0].servers[0].weight"):
        assert any(f": {path}: " in line for line in found), f"{path} not in {text}"
    assert ":11:" in next(line for line in found if "weight" in line)
    assert "algorithm" in next(line for line in found if "algoritm" in line)


def test_a_bad_configuration_is_refused_with_all_its_problems(t):
    file = t.directory / "troupe.yaml"
    file.write_text(BAD)
    result = run(t, "-c", file)
    assert result.returncode == 1, result
    assert_all_bad_found(result.stdout + result.stderr)


def test_check_prints_all_problems_and_starts_nothing(t):
    file = t.directory / "troupe.yaml"
    file.write_text(BAD)
    result = run(t, "--check", "-c", file)
    assert result.returncode == 1, result
    assert_all_bad_found(result.stdout + result.stderr)


def test_check_accepts_a_good_configuration_without_touching_its_ports(t):
    node = t.node(t.servers("a1"))
    result = run(t, "--check", "-c", node.file)
    assert result.returncode == 0, result
    assert node.get().status == 200


def test_a_missing_or_broken_file_is_one_clear_message(t):
    result = run(t, "-c", t.directory / "none.yaml")
    assert result.returncode == 1 and "none.yaml" in result.stdout + result.stderr
    file = t.directory / "troupe.yaml"
    file.write_text("frontends: [{name: web,\n  listen: ]")
    result = run(t, "-c", file)
    assert result.returncode == 1
    assert re.search(r"troupe\.yaml:\d+:\d+: ", result.stdout + result.stderr), result


def test_wrong_arguments_are_refused(t):
    assert run(t, "--no-such-thing").returncode != 0
    assert run(t).returncode != 0


def test_version_is_printed(t):
    result = run(t, "--version")
    assert result.returncode == 0 and re.search(r"\d+\.\d+\.\d+", result.stdout)


def second_node(t, first, part):
    """A node with one address taken from the first; it must not come up."""
    node = t.node(t.servers("b1"), start=False)
    if part == "frontend":
        node.config["frontends"][0]["listen"] = first.config["frontends"][0]["listen"]
    elif part == "metrics":
        node.config["metrics"] = first.config["metrics"]
    else:
        node.config["admin"] = first.config["admin"]
    node.write()
    node.launch()
    code = node.process.wait(20)
    assert code == 1, f"{part}: exit code {code}"
    return node.log()


def test_a_second_daemon_on_the_same_frontend_port_exits_with_1(t):
    first = t.node(t.servers("a1"))
    log = second_node(t, first, "frontend")
    port = str(first.address[1])
    assert port in log and "in use" in log, log
    assert len([line for line in log.splitlines() if "in use" in line]) == 1, log
    for _ in range(20):  # nobody took connections away from the first
        assert first.get().field("X-Server") == "a1"


def test_a_second_daemon_on_the_same_metrics_port_exits_with_1(t):
    first = t.node(t.servers("a1"))
    assert str(first.metrics_port) in second_node(t, first, "metrics")


def test_a_second_daemon_on_the_same_admin_socket_exits_with_1(t):
    first = t.node(t.servers("a1"))
    assert first.socket in second_node(t, first, "admin")
    assert first.api("GET", "/v1/version")[0] == 200


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def state_file(version, content):
    """A file of state_dir as a trouped of that format writes it."""
    header = struct.pack("<IQ", version, len(content))
    return b"troupe1\n" + header + struct.pack("<I", crc32c(header + content)) + content


@limit(120)
def test_state_of_a_later_version_is_refused_and_left_as_it_is(t):
    node = t.node(t.servers("a1"), start=False)
    listen = f"127.0.0.1:{free_port()}"
    cluster = {"name": "prod", "listen": listen, "nodes": [{"name": "lb1", "address": listen}], "insecure": True}
    node.config["cluster"] = cluster
    node.write()
    state = node.directory / "state"
    state.mkdir(mode=0o700)
    for name in ("register", "history", "operators", "verdicts"):
        file = state / name
        later = state_file(2, b"from the future")
        file.write_bytes(later)
        file.chmod(0o600)
        result = run(t, "-c", node.file, "--node", "lb1")
        said = result.stdout + result.stderr
        assert result.returncode == 1, f"{name}: {said}"
        assert str(file) in said and "later trouped (format 2)" in said, said
        assert file.read_bytes() == later
        assert not list(state.glob(f"{name}.damaged*"))
        file.unlink()


def test_a_stale_admin_socket_is_no_hindrance(t):
    node = t.node(t.servers("a1"))
    node.process.kill()
    node.start()
    assert node.api("GET", "/v1/version")[0] == 200


def test_a_killed_daemon_starts_again_on_the_same_ports(t):
    node = t.node(t.servers("a1"))
    clients = [node.client() for _ in range(20)]
    for client in clients:
        assert client.get("/").status == 200
    node.process.kill()
    before = node.config["frontends"][0]["listen"]
    node.start()
    assert node.config["frontends"][0]["listen"] == before
    assert node.get().status == 200


def test_it_idles_when_there_is_nothing_to_do(t):
    import time

    node = t.node(t.servers("a1", "a2", "a3"), backend={"health_check": {"enabled": True}})
    node.wait_up("a1", "a2", "a3")
    before = node.cpu()
    time.sleep(5)
    assert node.cpu() - before <= 0.05, f"{node.cpu() - before} s of 5 s"
