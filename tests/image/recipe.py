# SPDX-License-Identifier: BSD-3-Clause
"""What a Dockerfile and a .dockerignore say, as far as this project uses them."""

import dataclasses
import glob
import json
import os
import re
import shlex


@dataclasses.dataclass
class Copy:
    stage: str
    of: str  # the stage that it copies from; "" for the sources
    sources: list
    target: str


@dataclasses.dataclass
class Run:
    stage: str
    command: str


@dataclasses.dataclass
class Recipe:
    stages: list
    workdirs: dict  # of stages
    steps: list  # Copy and Run, in order

    def copies(self):
        return [step for step in self.steps if isinstance(step, Copy)]

    def runs(self, stage):
        return [step.command for step in self.steps if isinstance(step, Run) and step.stage == stage]


def instructions(text):
    """(WORD, rest) of every instruction; continued lines are one, comments between them none."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), rest.strip()


def copied(rest):
    """(stage, [source…], target) of a COPY in either form."""
    options = re.match(r"(?:--\S+\s+)*", rest)[0].split()
    of = next((x.partition("=")[2] for x in options if x.startswith("--from=")), "")
    words = rest[len(re.match(r"(?:--\S+\s+)*", rest)[0]) :]
    paths = json.loads(words) if words.startswith("[") else shlex.split(words)
    return of, paths[:-1], paths[-1]


def read_recipe(text):
    recipe = Recipe([], {}, [])
    for word, rest in instructions(text):
        stage = recipe.stages[-1] if recipe.stages else ""
        if word == "FROM":
            recipe.stages.append(rest.split()[-1])
        elif word == "WORKDIR":
            recipe.workdirs[stage] = rest
        elif word in ("COPY", "ADD"):
            recipe.steps.append(Copy(stage, *copied(rest)))
        elif word == "RUN":
            recipe.steps.append(Run(stage, rest))
    return recipe


def as_expression(pattern):
    """A pattern of .dockerignore matches a path, or a directory above it."""
    parts = []
    for piece in re.split(r"(\*\*/?|\*|\?)", pattern):
        parts.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece)))
    return re.compile("".join(parts) + "(?:/.*)?")


def ignored(text):
    """A function that says whether a path of the sources is kept from the daemon."""
    rules = []
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            rules.append((as_expression(line.lstrip("!").strip("/")), not line.startswith("!")))

    def decide(path):
        found = False
        for expression, ignore in rules:  # the last one that matches decides
            if expression.fullmatch(path):
                found = ignore
        return found

    return decide


def taken(root, source, is_ignored):
    """The files that `COPY source` takes, as paths below the root."""
    for start in glob.glob(os.path.join(root, source)):
        if os.path.isfile(start):
            found = [start]
        else:
            found = [os.path.join(at, name) for at, _, names in os.walk(start) for name in names]
        for path in found:
            path = os.path.relpath(path, root)
            if not is_ignored(path):
                yield path
