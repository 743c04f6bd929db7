# SPDX-License-Identifier: BSD-3-Clause
"""The bytes troupe-backend sends for /bytes and its like."""

import zlib

PERIOD = 65_521
_TABLE = bytes(((i * 2654435761) & 0xFFFFFFFF) >> 24 for i in range(PERIOD))


def pattern(size, offset=0):
    """`size` bytes of the pattern from `offset` on."""
    start = offset % PERIOD
    repeats = (start + size) // PERIOD + 1
    return (_TABLE * repeats)[start : start + size]


def pattern_crc(size, offset=0):
    return zlib.crc32(pattern(size, offset))
