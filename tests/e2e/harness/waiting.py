# SPDX-License-Identifier: BSD-3-Clause
"""Waiting for conditions instead of sleeping."""

import os
import time


def patience():
    """A factor on every deadline; the runner's --patience."""
    return float(os.environ.get("TROUPE_E2E_PATIENCE", 1))


def eventually(condition, seconds=10, what="", pause=0.02):
    """Returns the first true value of condition(); fails after the deadline.

    An AssertionError or OSError inside counts as "not yet".
    """
    deadline = time.monotonic() + seconds * patience()
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or 'condition'}; last: {last!r}")
        time.sleep(pause)
