# SPDX-License-Identifier: BSD-3-Clause
"""What the end-to-end tests are written with."""

from .client import Client, Response, Unfinished, get
from .cluster import Cluster
from .context import Context, Skip, limit, smoke
from .load import Load
from .node import Node
from .server import Server
from .waiting import eventually, patience
from .pattern import pattern, pattern_crc

__all__ = [
    "Client",
    "Cluster",
    "Context",
    "Load",
    "Node",
    "Response",
    "Server",
    "Skip",
    "Unfinished",
    "eventually",
    "get",
    "limit",
    "patience",
    "pattern",
    "pattern_crc",
    "smoke",
]
