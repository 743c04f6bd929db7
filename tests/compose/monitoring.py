# SPDX-License-Identifier: BSD-3-Clause
"""Whether Prometheus takes our files, and whether the dashboard and the alerts ask
for what the nodes really have.

Where the images of the profile `monitoring` can be had, they are started. Elsewhere
Debian's Prometheus takes their place, in a container on the same network, and only
Grafana itself is not tried."""

import contextlib
import json
import re
import subprocess
import tempfile
import urllib.parse
import urllib.request
import pathlib

from cluster import BALANCERS, ROOT, Failure, expect, run, wait_until

FILES = ROOT / "cluster/prometheus"
DASHBOARD = ROOT / "cluster/grafana/dashboards/troupe.json"
UNPACKED = ROOT / "build/compose/prometheus"
IMAGES = ("prom/prometheus", "grafana/grafana")
URL = "http://127.0.0.1:9090"


def dashboard_queries():
    """Every query of the dashboard, Grafana's own variables filled in."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    found = [target["expr"].replace("$__rate_interval", "30s") for panel in panels for target in panel["targets"]]
    expect(len(found) > len(panels) / 2, "the dashboard asks for hardly anything")
    return found


def debian_prometheus():
    """Debian's package, unpacked but not installed: installing it would start it."""
    if not (UNPACKED / "usr/bin/promtool").exists():
        UNPACKED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as directory:
            run("apt-get", "-q", "download", "prometheus", cwd=directory, seconds=300)
            package = next(pathlib.Path(directory).glob("prometheus_*.deb"))
            run("dpkg-deb", "-x", package, UNPACKED)
    return UNPACKED


def check_files(promtool):
    """Configuration and alerts, and the dashboard's queries in the shape of rules."""
    run(promtool, "check", "config", FILES / "prometheus.yml")
    rules = [{"record": f"dashboard:{n}", "expr": query} for n, query in enumerate(dashboard_queries())]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        run(promtool, "check", "rules", file.name)


def check_names(cluster):
    """Every metric that is asked for is one that a node has."""
    metrics = cluster.ask("lb1", "/metrics")
    there = set(re.findall(r"^# TYPE (\S+)", metrics, re.MULTILINE))
    asked = " ".join([*dashboard_queries(), (FILES / "troupe.rules.yml").read_text()])
    for name in set(re.findall(r"\b(?:troupe|process)_\w+", asked)):
        expect({name, re.sub("_(bucket|sum|count)$", "", name)} & there, f"no node has the metric {name}")


def images_can_be_had():
    wanted = [
        image
        for image in re.findall(r"image: (\S+:\S+)", (ROOT / "docker-compose.yml").read_text())
        if image.startswith(IMAGES)
    ]
    for image in wanted:
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0:
            continue
        pulled = subprocess.run(["docker", "pull", "-q", image], capture_output=True, check=False, timeout=300)
        if pulled.returncode != 0:
            return False
    return True


@contextlib.contextmanager
def profile(cluster):
    cluster.compose("--profile", "monitoring", "up", "-d", "--no-build", seconds=300)
    yield


@contextlib.contextmanager
def stand_in(cluster, base):
    """Debian's Prometheus with our files, beside the nodes."""
    container = run(
        "docker", "run", "-d", "--rm", "--network", f"{cluster.project}_default", "-p", "127.0.0.1:9090:9090",
        "-v", f"{UNPACKED}:/debian:ro", "-v", f"{FILES}:/etc/prometheus:ro", base,
        "/debian/usr/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/tmp/data",
    ).strip()  # fmt: skip
    try:
        yield
    finally:
        run("docker", "rm", "-f", container, check=False)


def ask(path, **parameters):
    """What Prometheus answers; None while it does not."""
    try:
        with urllib.request.urlopen(f"{URL}{path}?{urllib.parse.urlencode(parameters)}", timeout=5) as response:
            return json.load(response)["data"]
    except OSError:
        return None


def scrapes_every_node():
    data = ask("/api/v1/query", query='up{job="troupe"} == 1') or {"result": []}
    return {series["metric"]["node"] for series in data["result"]} == set(BALANCERS)


def answers_every_query():
    """A rate needs two scrapes, so this may take a while to become true."""
    return not [query for query in dashboard_queries() if not (ask("/api/v1/query", query=query) or {}).get("result")]


def check_running():
    wait_until(scrapes_every_node, 60, "Prometheus scrapes every node")
    try:
        wait_until(answers_every_query, 60, "every query of the dashboard has an answer")
    except Failure as failure:
        silent = [query for query in dashboard_queries() if not (ask("/api/v1/query", query=query) or {}).get("result")]
        raise Failure(f"{failure}; without one: {silent}") from None
    firing = [alert["labels"] for alert in ask("/api/v1/alerts")["alerts"] if alert["state"] == "firing"]
    expect(not firing, f"alerts fire on a cluster that is well: {firing}")


def grafana_shows_the_dashboard():
    try:
        with urllib.request.urlopen("http://127.0.0.1:3000/api/dashboards/uid/troupe", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def check(cluster, say):
    check_files(debian_prometheus() / "usr/bin/promtool")
    check_names(cluster)
    if images_can_be_had():
        with profile(cluster):
            check_running()
            wait_until(grafana_shows_the_dashboard, 60, "Grafana shows the dashboard")
    else:
        say(f"skipped: Grafana; {' and '.join(IMAGES)} cannot be pulled, Debian's Prometheus takes the place of the first")
        with stand_in(cluster, cluster.environment["TROUPE_BASE"]):
            check_running()
