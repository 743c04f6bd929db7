#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the seeds of the fuzzers from the test data, so that there is one copy
of a case:  tests/fuzz/seeds.py DIRECTORY"""

import hashlib
import json
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
SIZE_MAX = 4_096


def cases(name):
    with open(TESTS / "data" / "http" / name) as lines:
        return [json.loads(line) for line in lines]


def seeds():
    """Pairs of a fuzzer and a seed for it."""
    for case in cases("requests.jsonl"):
        raw = case["raw_request"].encode("latin-1")
        yield "http1_request", raw
        yield "data_path", b"\x00\x03" + raw
        if case["category"] == "chunked":
            yield "chunk_scanner", b"\x05" + raw.partition(b"\r\n\r\n")[2]
    for case in cases("responses.jsonl"):
        raw = case["raw_response"].encode("latin-1")
        yield "http1_response", (b"\x01" if case["request"].startswith("HEAD") else b"\x00") + raw
        for request in range(4):
            yield "data_path", bytes([request << 1 | 1, 3]) + raw
    for file in (TESTS / "data" / "config").glob("*.yaml"):
        yield "config", file.read_bytes()
    for line in (
        "GET /v1/status", "GET /v1/backends/app", "GET /v1/why/app/a1", "GET /v1/actors?connections=1",
        "GET /v1/connections?limit=5", "GET /metrics", "POST /v1/reload", "POST /v1/config/rollback\n{\"generation\": 3}",
        "POST /v1/servers/app/a1\n{\"admin\": \"drain\", \"weight\": 5, \"message\": \"x\"}",
        "POST /v1/config\n{\"text\": \"backends: []\", \"base\": 2, \"force\": true}",
        "POST /v1/cluster/recover\n{\"nodes\": [\"lb1\"]}", "PUT /v1/log-level\n{\"level\": \"debug\"}", "GET /v1/%62ackends",
    ):
        yield "admin_api", line.encode()
    for number in range(64):  # any bytes are a table and a request
        yield "route_matcher", b"".join(hashlib.sha512(bytes([number, x])).digest() for x in range(4))


def main(directory):
    for fuzzer, seed in seeds():
        if len(seed) > SIZE_MAX:
            continue
        home = pathlib.Path(directory) / fuzzer
        home.mkdir(parents=True, exist_ok=True)
        (home / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


if __name__ == "__main__":
    main(sys.argv[1])
