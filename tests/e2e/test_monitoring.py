# SPDX-License-Identifier: BSD-3-Clause
"""The alerts and the dashboard ask for what nodes have, and do what they say.
Whether Prometheus and Grafana run with them is tests/compose/monitoring.py's."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile

from harness import Skip

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "cluster/prometheus/troupe.rules.yml"
CASES = ROOT / "tests/prometheus/alerts.yml"
DASHBOARD = ROOT / "cluster/grafana/dashboards/troupe.json"
GUIDE = ROOT / "docs/operating.md"
METRICS = ROOT / "docs/metrics.md"

# What Prometheus itself adds: by its configuration or its functions.
FOREIGN_METRICS = {"up"}
FOREIGN_LABELS = {"job", "node", "le"}


def alerts():
    return re.findall(r"alert: (\w+)", RULES.read_text())


def expressions():
    """Of every alert: one line, or the lines below `expr: |`."""
    found = re.findall(r"expr: (?:\|\n((?: {10}.*\n)+)|(.+))", RULES.read_text())
    return [" ".join((block or line).split()) for block, line in found]


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def queries():
    return [x["expr"].replace("$__rate_interval", "30s") for panel in panels() for x in panel["targets"]]


def selectors(query):
    """(metric, {label: value}) of everything a query reads."""
    for name, labels in re.findall(r"\b((?:troupe|process)_\w+|up)\b(?:\{([^}]*)\})?", query):
        yield name, dict(re.findall(r'(\w+)="([^"]*)"', labels))


def grouped_by(query):
    return {x.strip() for names in re.findall(r"\bby \(([^)]*)\)", query) for x in names.split(",")}


def metrics_of(node):
    """The rows of the reference: name, type, labels, help."""
    text = node.metrics_text()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    labels = {name: set() for name in kinds}
    for name, own, _ in full_samples(node):
        family = name if name in labels else re.sub("_(bucket|sum|count)$", "", name)
        labels[family] |= own.keys() - {"le"}
    for name, said in re.findall(r"^# HELP (\S+) (.+)$", text, re.M):
        shown = ", ".join(f"`{x}`" for x in sorted(labels[name]))
        yield f"| `{name}` | {kinds[name]} | {shown} | {said} |"


def full_samples(node):
    """node.samples() with the names that Prometheus sees."""
    return [(x if x.startswith("process_") else f"troupe_{x}", labels, value) for x, labels, value in node.samples()]


def check_queries(asked, samples):
    for query in asked:
        labels_met = set()
        for name, wanted in selectors(query):
            series = [labels for there, labels, _ in samples if there == name]
            assert series or name in FOREIGN_METRICS, f"no node has {name}: {query}"
            own = {key: value for key, value in wanted.items() if key not in FOREIGN_LABELS}
            fitting = [x for x in series if own.items() <= x.items()]
            assert fitting or not own, f"no series of {name} has {own}: {query}"
            labels_met |= {key for x in fitting for key in x}
        unknown = grouped_by(query) - labels_met - FOREIGN_LABELS
        assert not unknown, f"no series has {unknown}: {query}"


def test_alerts_and_dashboard_ask_for_series_that_nodes_have(t):
    node = t.node(t.servers("a1"))
    samples = full_samples(node)
    assert len(expressions()) == len(alerts()) > 10
    check_queries(expressions(), samples)
    check_queries(queries(), samples)


def test_the_nodes_of_a_cluster_have_those_series_too(t):
    c = t.cluster(3)
    for node in c:
        check_queries([*expressions(), *queries()], full_samples(node))


def test_the_reference_has_the_metrics_of_a_node(t):
    there = list(metrics_of(t.node(t.servers("a1"))))
    rows = [x for x in METRICS.read_text().splitlines() if x.startswith(("| `troupe_", "| `process_"))]
    missing, unknown = (sorted(set(a) - set(b)) for a, b in ((there, rows), (rows, there)))
    assert not missing and not unknown, "\n".join(["docs/metrics.md lacks:", *missing, "and has for nothing:", *unknown])
    assert len(rows) == len(set(rows)) > 30


def test_the_panels_of_the_dashboard_are_whole(_t):
    seen = set()
    for panel in panels():
        title = panel["title"]
        assert panel["targets"] and panel["datasource"]["uid"] == "prometheus", title
        assert all(x["datasource"]["uid"] == "prometheus" and x["expr"] for x in panel["targets"]), title
        at = panel["gridPos"]
        assert 0 <= at["x"] and at["x"] + at["w"] <= 24, f"{title} does not fit into 24 columns"
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & seen, f"{title} lies over another panel"
        seen |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_every_alert_is_in_the_guide_and_has_a_case(_t):
    guide = re.findall(r"^### (Troupe\w+)$", GUIDE.read_text(), re.M)
    assert sorted(guide) == sorted(alerts()), set(guide) ^ set(alerts())
    fires = set(re.findall(r"- alertname: (\w+)\n\s+eval_time: \S+\n\s+exp_alerts:\n", CASES.read_text()))
    assert fires == set(alerts()), f"never seen to fire: {set(alerts()) - fires}"


# -- promtool ---------------------------------------------------------------------


def promtool(*arguments):
    # ./dev docs unpacks Debian's package there, for installing it would start a daemon.
    places = [shutil.which("promtool"), ROOT / "build/prometheus/usr/bin/promtool"]
    there = [x for x in places if x and pathlib.Path(x).exists()]
    if not there:
        raise Skip("no promtool: ./dev docs gets it, as does Debian's package prometheus")
    run = subprocess.run([there[0], *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_promtool_takes_the_alerts(_t):
    promtool("check", "rules", str(RULES))


def test_the_alerts_fire_when_they_should_and_only_then(_t):
    promtool("test", "rules", str(CASES))


def test_promtool_takes_the_queries_of_the_dashboard(_t):
    rules = [{"record": f"dashboard:{n}", "expr": query} for n, query in enumerate(queries())]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        promtool("check", "rules", file.name)


def test_no_alert_fires_on_what_a_cluster_that_is_well_exports(t):
    c = t.cluster(3, tls=True)
    series = []
    for node in c:
        for name, labels, value in [("up", {}, 1), *full_samples(node)]:
            shown = ", ".join(f'{key}="{x}"' for key, x in {**labels, "job": "troupe", "node": node.name}.items())
            series.append({"series": f"{name}{{{shown}}}", "values": f"{value:.0f}x200"})
    quiet = [{"alertname": name, "eval_time": "15m", "exp_alerts": []} for name in alerts()]
    case = {"interval": "5s", "input_series": series, "alert_rule_test": quiet}
    file = t.directory / "well.yml"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "5s", "tests": [case]}))
    promtool("test", "rules", str(file))
