# SPDX-License-Identifier: BSD-3-Clause
"""Every case of tests/data/http/ and their neighbours, one test a category."""

from harness import http_cases, http_neighbours, limit


def define(kind, check, category, cases):
    @limit(180)
    def test(t):
        http_cases.play(t, cases, check)

    name = f"test_{kind}_{category.replace('-', '_')}"
    test.__name__ = name
    globals()[name] = test


for _category, _cases in http_cases.by_category(http_cases.load("requests.jsonl")).items():
    define("requests", http_cases.check_request, _category, _cases)
for _category, _cases in http_cases.by_category(http_cases.load("responses.jsonl")).items():
    define("responses", http_cases.check_response, _category, _cases)
for _make in http_neighbours.REQUESTS:
    define("neighbours", http_cases.check_request, _make.__name__, _make())
for _make in http_neighbours.RESPONSES:
    define("neighbours", http_cases.check_response, _make.__name__, _make())
