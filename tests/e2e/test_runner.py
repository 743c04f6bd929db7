# SPDX-License-Identifier: BSD-3-Clause
"""The runner of these tests: what it says of them."""

import pathlib
import subprocess
import sys

RUN = pathlib.Path(__file__).resolve().parent / "run"


def last_lines(directory, *words):
    """There are no programs in the directory: what needs one fails."""
    command = [sys.executable, str(RUN), "--bin", str(directory), *words]
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[-2:]


def test_a_second_try_is_counted_and_named(t):
    name = "start.version_is_printed"
    assert last_lines(t.directory, "--again", "-k", name) == [
        f"1 needed a second try: {name} (failed again)",
        "0 passed, 1 failed",
    ]
    name = "docs.every_link_of_the_documentation_leads_somewhere"
    assert last_lines(t.directory, "--again", "-k", name) == ["0 needed a second try", "1 passed, 0 failed"]
