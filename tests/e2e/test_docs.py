# SPDX-License-Identifier: BSD-3-Clause
"""The documentation: what it points to is there, and what it says of the
configuration is what the loader says."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from harness import Skip, limit, patience

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOP_PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PAGES = [*TOP_PAGES, ROOT / "bench/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = ROOT / "docs/configuration.md"
RULES = ROOT / "docs/rules.md"

FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.M)

# -- links ----------------------------------------------------------------------


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors(page):
    """The names GitHub and others give to headings."""
    found = set()
    for title in HEADING.findall(FENCE.sub("", page.read_text())):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = sum(1 for x in found if x == name or re.fullmatch(re.escape(name) + r"-\d+", x))
        found.add(f"{name}-{count}" if count else name)
    return found


def broken_links(page):
    for target in LINK.findall(without_code(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{page.relative_to(ROOT)}: there is no {target}"
        elif anchor and (file.suffix != ".md" or anchor not in anchors(file)):
            yield f"{page.relative_to(ROOT)}: {path or 'it'} has no heading for #{anchor}"


def test_every_link_of_the_documentation_leads_somewhere(_t):
    assert len(PAGES) > 10
    broken = [text for page in PAGES for text in broken_links(page)]
    assert not broken, "\n".join(broken)


def test_every_page_can_be_reached_from_the_readme(_t):
    seen, queue = set(), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        targets = [x.partition("#")[0] for x in LINK.findall(without_code(page.read_text()))]
        queue += [(page.parent / x).resolve() for x in targets if x and ":" not in x]
    # A decision is found in its directory.
    lost = [str(page.relative_to(ROOT)) for page in PAGES if page not in seen and not page.name[0].isdigit()]
    assert not lost, f"no page links to {lost}"


def test_the_files_that_pages_name_are_there(_t):
    """`src/actors/data_path/listener.cpp`, `net/proxy/dialer.cpp`, `examples/troupe.yaml`."""
    missing = []
    of_code = ("architecture", "design", "glossary", "rules")
    for page in (*TOP_PAGES, *(ROOT / f"docs/{name}.md" for name in of_code)):
        text = page.read_text()
        pictured = re.findall(r"\b(?:actors|core|net)/[\w/]+\.cpp", "".join(FENCE.findall(text)))
        for name in re.findall(r"`([a-z_]+/[\w/.-]*\.(?:cpp|hpp|yaml|yml|py|json))`", text) + pictured:
            if not (ROOT / name).exists() and not (ROOT / "src" / name).exists():
                missing.append(f"{page.relative_to(ROOT)}: {name}")
    assert not missing, missing


# -- rules ----------------------------------------------------------------------

# "rule 12", "rules 37 and 38", "rules 8 to 11, 14 to 16", "rules 1-7"
CITATION = re.compile(r"\brules? (\d+(?:(?:, and|,| and| or| to|-|–) ?\d+)*)(?!\d|\.\d)", re.I)
RANGE = re.compile(r"(\d+)(?:(?: to |-|–)(\d+))?")


def cited_rules(text):
    """Their numbers. A comment may break its line anywhere, also before the number."""
    one_line = re.sub(r"\s*\n\s*(?:(?://+|#+|\*+|>)(?=\s))?\s*", " ", text)
    for numbers in CITATION.findall(one_line):
        for first, last in RANGE.findall(numbers):
            yield from range(int(first), int(last or first) + 1)


def texts_that_cite():
    """Files that may cite a rule, with what they say."""
    files = [x for x in ROOT.iterdir() if x.suffix in (".md", ".txt") or x.name == "dev"]
    for directory in ("src", "tests", "bench", "cmake", "docs"):
        files += (ROOT / directory).rglob("*")
    for file in sorted(files):
        where = str(file.relative_to(ROOT))
        if not file.is_file() or "node_modules" in where or where.startswith(("tests/data/", "tests/fuzz/corpus/")):
            continue
        try:
            yield where, file.read_text()
        except UnicodeDecodeError:
            pass  # a picture


def test_the_rooms_of_the_data_path_include_only_what_stands_above_them(_t):
    text = (ROOT / "docs/architecture.md").read_text()
    block = next(x for x in FENCE.findall(text) if "\nsrc/net/\n" in x)
    rooms = re.findall(r"^  (\w+)/ ", block, re.M)
    assert rooms == [*rooms[: rooms.index("proxy")], "proxy", "probe", "cluster"]
    assert set(rooms) == {x.name for x in (ROOT / "src/net").iterdir()}
    for number, room in enumerate(rooms):
        allowed = {*rooms[: number + 1]} if number <= rooms.index("proxy") else {*rooms[:3], room}
        for file in (ROOT / "src/net" / room).rglob("*.?pp"):
            wrong = set(re.findall(r'^#include "net/(\w+)/', file.read_text(), re.M)) - allowed
            assert not wrong, f"{file.relative_to(ROOT)} includes {wrong}"


def test_citations_of_rules_are_found_as_people_write_them(_t):
    for text, numbers in (
        ("(rule 12)", [12]),
        ("It is rule 7.", [7]),
        ("Rules 5, 16 and 21 say", [5, 16, 21]),
        ("not evidence (rule\n  /// 13).", [13]),
        ("the verdict (rules\n/// 8 to 11, 14 to 16).", [8, 9, 10, 11, 14, 15, 16]),
        ("agreement (rules 1-7)", [1, 2, 3, 4, 5, 6, 7]),
        ("(rules 9,\n/// 11)", [9, 11]),
        ("# table; rule 40\n# says so", [40]),
        ("rules of 3 nodes; two rules; ruled 4; the rule. 5 of them", []),
    ):
        assert list(cited_rules(text)) == numbers, text


def test_every_rule_that_is_cited_is_on_the_page_of_rules(_t):
    written = [int(x) for x in re.findall(r"^### Rule (\d+): ", RULES.read_text(), re.M)]
    assert written == sorted(set(written)), "a number is there twice, or not in order"
    missing, count = [], 0
    for where, text in texts_that_cite():
        numbers = list(cited_rules(text))
        count += len(numbers)
        missing += [f"{where}: there is no rule {x}" for x in numbers if x not in written]
    assert count > 100, f"only {count} citations were found"
    assert not missing, "\n".join(missing)


# -- verbs ----------------------------------------------------------------------


def verbs_of(program, *words):
    """All verbs below, families before their members."""
    run = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True)
    result = []
    for title, listed in re.findall(r"^([A-Z][\w ]*):\n(.*?)(?=^\S|\Z)", run.stdout, re.M | re.S):
        if title not in ("Options", "Positionals", "Examples"):
            for name in re.findall(r"^  ([a-z][a-z-]*) ", listed, re.M):
                result.append(" ".join([*words, name]))
                result += verbs_of(program, name) if not words else []
    return result


def test_every_verb_is_on_the_page_of_troupectl(t):
    verbs = [x for x in verbs_of(t.binary("troupectl")) if x not in ("config", "cluster")]
    assert len(verbs) > 20, verbs
    tables = re.findall(r"^\| (`.*?) \|", (ROOT / "docs/troupectl.md").read_text(), re.M)
    shown = {name for row in tables for name in re.findall(r"`([a-z-]+(?: [a-z-]+)?)", row)}
    shown |= {x.removesuffix(" bash").removesuffix(" zsh") for x in shown}
    missing = [x for x in verbs if x not in shown]
    assert not missing, missing


# -- five minutes ---------------------------------------------------------------

START = ROOT / "docs/getting-started.md"


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(), re.M | re.S)


@limit(120)
def test_the_first_five_minutes_go_as_the_page_says(t):
    """Its commands, typed one after the other by somebody who looks for a second at what starts."""
    t.network()  # where nobody else has the ports of the page
    if not shutil.which("curl"):
        raise Skip("no curl")
    (config,) = blocks(START, "yaml")
    (t.directory / "first.yaml").write_text(config.replace("/tmp/", f"{t.directory}/"))
    build, *typed = blocks(START, "sh")
    assert "./dev build" in build and len(typed) >= 5
    lines = "".join(typed).replace("/tmp/", f"{t.directory}/").splitlines()
    script = ["set -m", "trouped -c first.yaml --check"]
    script += [f"{line}\nsleep {patience()}" if line.rstrip().endswith("&") else line for line in lines]
    environment = {**os.environ, "PATH": f"{t.bin.resolve()}:{os.environ['PATH']}"}
    shell = subprocess.run(
        ["bash", "-c", "\n".join([*script, "echo stopping; kill %4; wait %4; echo ended with $?; kill %1 %3 %5"])],
        cwd=t.directory, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    said = shell.stdout
    for part in ("first.yaml: ok", "hello from a", "connection refused", "app/a1 is set to drain, nothing is under way",
                 "app/a1 is set to ready", 'troupe_server_requests_total{backend="app"', "ended with 0"):
        assert part in said, f"{part!r} is not in:\n{said}\n{shell.stderr}"
    assert len(re.findall("hello from a", said)) == 2 and "NoHealthy" not in said, said


# -- configuration ----------------------------------------------------------------

NONSENSE = "no-such-key"


class Loader:
    """Asks `trouped --check` which keys there are: it is the only one that knows."""

    def __init__(self, t):
        self.trouped = t.binary("trouped")
        self.file = t.directory / "asked.yaml"
        sources = "".join(x.read_text() for x in (ROOT / "src/config").glob("*.cpp"))
        # A key stands as a literal somewhere in the loader: ask about them all.
        self.words = sorted(set(re.findall(r'"([a-z][a-z0-9_]*)"', sources)))

    def complaints(self, config):
        self.file.write_text(json.dumps(config))
        run = subprocess.run(
            [self.trouped, "-c", self.file, "--check", "--node", "n1"], capture_output=True, text=True, check=False
        )
        found = {}
        for line in run.stderr.splitlines():
            match = re.match(r".*?:\d+:\d+: ([^:]+): (.*)", line)
            if match:
                found.setdefault(re.sub(r"\[\d+\]", "", match[1]), match[2])
        return found

    @staticmethod
    def nested(path, value):
        """A configuration with `value` there; `x[]` is a list of one."""
        for step in reversed(path.split(".") if path else []):
            value = {step.removesuffix("[]"): [value] if step.endswith("[]") else value}
        return value

    @staticmethod
    def plain(path):
        return path.replace("[]", "")

    def keys_of(self, path):
        """The keys of the section at `path`."""
        found = self.complaints(self.nested(path, dict.fromkeys(self.words)))
        assert len(found) < 990, "the report is cut"
        prefix = f"{self.plain(path)}." if path else ""
        return [word for word in self.words if not found.get(prefix + word, "").startswith("unknown key")]

    def is_section(self, path):
        refused = self.complaints(self.nested(path, {NONSENSE: None}))
        return refused.get(f"{self.plain(path)}.{NONSENSE}", "").startswith("unknown key")

    def all_keys(self, path=""):
        """Every key below: {"frontends.http.max_headers", …}; sections are not among them."""
        result = set()
        for key in self.keys_of(path):
            below = f"{path}.{key}" if path else key
            if key == "not":  # has the keys of what is around it
                result.add(self.plain(below))
            elif self.is_section(below):
                result |= self.all_keys(below)
            elif self.is_section(f"{below}[]"):
                result |= {self.plain(below), *self.all_keys(f"{below}[]")}
            else:
                result.add(self.plain(below))
        return result


def documented():
    """{"frontends.http.max_headers": default} of the tables of the reference."""
    found = {}
    for section, text in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", REFERENCE.read_text(), re.M | re.S):
        for key, default in re.findall(r"^\| `([\w.\[\]]+)` \| (`[^|]*`|required|inherited) \|", text, re.M):
            name = f"{section}.{Loader.plain(key)}"
            assert name not in found, f"{name} is documented twice"
            found[name] = default.strip("`")
    return found


@limit(120)
def test_the_reference_has_the_keys_the_loader_knows(t):
    loader = Loader(t)
    known = loader.all_keys() - {"version", "frontends", "backends"}
    check = {x.partition(".")[2] for x in known if x.startswith("health_check_defaults.")}
    own = {x.removeprefix("backends.health_check.") for x in known if x.startswith("backends.health_check.")}
    assert own == check and len(check) > 10, own ^ check  # described once
    known = {x for x in known if not x.startswith("backends.health_check.")} | {"backends.health_check"}
    assert len(known) > 60, sorted(known)
    described = set(documented())
    assert known == described, (
        f"not in docs/configuration.md: {sorted(known - described)}; "
        f"there, but unknown to trouped: {sorted(described - known)}"
    )


def test_the_example_has_the_keys_of_the_reference(_t):
    text = (ROOT / "examples/troupe.yaml").read_text()
    shown = set(re.findall(r"([a-z_0-9]+):", text))
    own = {x for x in documented() if not x.startswith(("cluster.", "admin.tokens."))}
    missing = sorted(x for x in own if x.rpartition(".")[2] not in shown)
    assert not missing, missing


def value_of(text):
    if re.fullmatch(r"0|[1-9]\d*|true|false|\[\]|\{\}|\"\"", text):
        return json.loads(text)
    return text


def put(config, path, value):
    """Into the first element of every list on the way."""
    *way, last = path.split(".")
    for step in way:
        config = config.setdefault(step, {})
        config = config[0] if isinstance(config, list) else config
    config[last] = value


def test_the_defaults_of_the_reference_are_those_of_the_daemon(t):
    shown = documented()
    # What the harness has to set; and what is only read in a cluster.
    own = {"state_dir": "/var/lib/troupe", "drain_timeout": "30s", "workers": "auto"}
    for key, value in own.items():
        assert shown.pop(f"global.{key}") == value
    assert shown.pop("admin.socket") == "/run/troupe/admin.sock"
    assert shown.pop("metrics.listen") == "127.0.0.1:9090"
    node = t.node(t.servers("a1"), start=False)
    node.config["backends"][0].pop("health_check")
    node.start()
    for path, default in shown.items():
        if default not in ("required", "inherited") and not path.startswith(("cluster.", "frontends.routes.")):
            put(node.config, path, value_of(default))
    node.write()
    # "nothing changed" would mean that the text was read before.
    status, answer = node.api("POST", "/v1/reload")
    assert (status, answer["summary"]) == (200, "no change"), answer
