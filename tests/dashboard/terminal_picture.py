# SPDX-License-Identifier: BSD-3-Clause
"""A picture (SVG) of what a program shows on a terminal of 24 rows and 80 columns."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from xml.sax.saxutils import escape

import pyte

ROWS, COLUMNS = 24, 80
WIDTH, HEIGHT, MARGIN = 8.4, 18, 14  # of a character, of a line, around all
INK, PAPER = "#d4d4d4", "#1e1e1e"
COLOURS = {"green": "#4ec07a", "brown": "#e0b050", "red": "#f06c64"}


def screen_after(command, seconds):
    """Runs it on a terminal for so long. @returns what stands there then."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    child = subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=os.environ | {"TERM": "xterm-256color"},
        start_new_session=True,
    )
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([leader], [], [], left)[0]:
            stream.feed(os.read(leader, 65536))
    child.kill()
    child.wait()
    os.close(follower)
    os.close(leader)
    return screen


def words(line):
    """As (first column, text, how it looks); a viewer of pictures may drop spaces."""
    found = []
    joins = False
    for column in range(COLUMNS):
        cell = line[column]
        how = (COLOURS.get(cell.fg, INK), cell.bold)
        if joins and cell.data != " " and found[-1][2] == how:
            found[-1][1] += cell.data
        elif cell.data != " ":
            found.append([column, cell.data, how])
        joins = cell.data != " "
    return found


def svg(screen):
    width, height = 2 * MARGIN + COLUMNS * WIDTH, 2 * MARGIN + ROWS * HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" font-size="14"',
        '  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace">',
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
    ]
    for row in range(ROWS):
        for column, text, (colour, bold) in words(screen.buffer[row]):
            x, y = MARGIN + column * WIDTH, MARGIN + (row + 1) * HEIGHT - 5
            weight = ' font-weight="bold"' if bold else ""
            lines.append(
                f'<text x="{x:.1f}" y="{y}" textLength="{len(text) * WIDTH:.1f}" fill="{colour}"'
                f"{weight}>{escape(text)}</text>"
            )
    return "\n".join([*lines, "</svg>", ""])


def draw(command, seconds, file):
    file.write_text(svg(screen_after(command, seconds)))
