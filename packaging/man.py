#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes trouped.8 and troupectl.1 from what the programs' own --help says.

    packaging/man.py build/release/bin DIRECTORY

There is no second text to keep up to date: whatever a verb says of itself is in
its page.
"""

import argparse
import pathlib
import re
import subprocess


def text_of(program, *words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


def escaped(line):
    line = line.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + line if line[:1] in (".", "'") else line


def literal(lines):
    """Shown as it is, column by column."""
    return [".nf", *map(escaped, lines), ".fi"]


def sections(help_text):
    """(title, lines) of a --help: paragraphs under "Title:", the first is the summary."""
    result = [("", [])]
    for line in help_text.splitlines():
        title = re.fullmatch(r"([A-Z][\w ]*):", line)
        if title:
            result.append((title[1], []))
        else:
            result[-1][1].append(line)
    return [(title, "\n".join(lines).strip("\n").splitlines()) for title, lines in result]


def page_of_verb(program, words):
    """The section of one verb, without what it shares with all others."""
    (_, head), *rest = sections(text_of(program, *words, "--help"))
    result = [f".SS {escaped(' '.join(words))}", *map(escaped, head[:1])]
    usage = [line.removeprefix("Usage: ") for line in head if line.startswith("Usage:")]
    result += [".P", *literal(usage)]
    for title, lines in rest:
        shown = [x for x in lines if "-h,--help" not in x and not x.startswith("--socket PATH and -o")]
        if any(shown) and title not in ("Verbs",):
            result += [".P", f"{title}:", *literal(shown)]
    return result


def verbs_of(program, words=()):
    """All verbs below `words`, families before their members."""
    result = []
    groups = sections(text_of(program, *words, "--help"))[1:]
    for title, lines in groups:
        if title in ("Options", "Positionals", "Examples"):
            continue
        for name in re.findall(r"^  ([a-z][a-z-]*) ", "\n".join(lines), re.M):
            result.append((*words, name))
            if not words:
                result += verbs_of(program, (name,))
    return result


def is_prose(line):
    """What stands at the margin below a list of options or verbs."""
    return line and not line.startswith(" ")


def page(program, number, verbs):
    name = program.name
    version = text_of(program, "--version").split()[-1]
    (_, head), *rest = sections(text_of(program, "--help"))
    summary = head[0].split(": ", 1)[1]
    usage = next(line for line in head if line.startswith("Usage:")).removeprefix("Usage: ")
    result = [f'.TH {name.upper()} {number} "" "troupe {version}"']
    result += [".SH NAME", f"{name} \\- {escaped(summary)}", ".SH SYNOPSIS", *literal([usage])]
    groups = {"Options": "OPTIONS", "Examples": "EXAMPLES"}
    for title, lines in rest:
        if title in groups:
            shown = "\n".join(x for x in lines if not is_prose(x)).strip("\n")
            result += [f".SH {groups[title]}", *literal(shown.splitlines())]
    if verbs:
        result += [".SH VERBS"]
        for words in verbs_of(program):
            result += page_of_verb(program, words)
    result += [".SH NOTES", *(escaped(x) for _, lines in rest for x in lines if is_prose(x))]
    other = "trouped (8)" if verbs else "troupectl (1)"
    return "\n".join([*result, ".SH SEE ALSO", f".BR {other}", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=pathlib.Path, help="where the programs are")
    parser.add_argument("to", type=pathlib.Path, help="where the pages go")
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    (args.to / "trouped.8").write_text(page((args.bin / "trouped").resolve(), 8, verbs=False))
    (args.to / "troupectl.1").write_text(page((args.bin / "troupectl").resolve(), 1, verbs=True))


if __name__ == "__main__":
    main()
