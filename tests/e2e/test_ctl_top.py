# SPDX-License-Identifier: BSD-3-Clause
"""`troupectl top`, as text and on a terminal of 24 rows and 80 columns."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

from harness import eventually
from test_ctl import ctl


class Terminal:
    """A terminal on which `troupectl top` runs."""

    def __init__(self, t, node):
        self.leader, self.follower = pty.openpty()
        self.resize(24, 80)
        self.before = termios.tcgetattr(self.follower)
        self.shown = b""
        self.child = subprocess.Popen(
            [str(t.binary("troupectl")), "--socket", node.socket, "top", "--interval", "200ms"],
            stdin=self.follower,
            stdout=self.follower,
            stderr=self.follower,
            env=os.environ | {"TERM": "xterm"},
            start_new_session=True,
        )

    def resize(self, rows, columns):
        fcntl.ioctl(self.follower, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def shows(self, text):
        while select.select([self.leader], [], [], 0.05)[0]:
            self.shown += os.read(self.leader, 65536)
        return text in self.shown

    def press(self, keys):
        self.shown = b""
        os.write(self.leader, keys)

    def has_ended(self):
        self.shows(b"")  # it must not wait for somebody to read
        return self.child.poll() is not None

    def end(self):
        self.child.kill()
        self.child.wait()
        os.close(self.follower)
        os.close(self.leader)


@contextlib.contextmanager
def top(t, node):
    terminal = Terminal(t, node)
    try:
        yield terminal
    finally:
        terminal.end()


def test_a_snapshot_counts_what_one_interval_brought(t):
    node = t.node(t.servers("a1", "a2"))
    with node.client() as client:
        assert client.get("/").status == 200
        shown = ctl(node, "top", "--snapshot", "--interval", "200ms").stdout
    assert max(map(len, shown.splitlines())) <= 80, shown
    assert "\033" not in shown
    assert "app/a1" in shown and "app/a2" in shown and "web" in shown, shown
    assert "this node is in no cluster" in shown, shown


def test_the_live_view_sorts_filters_helps_and_gives_the_terminal_back(t):
    node = t.node(t.servers("a1", "a2"))
    with top(t, node) as terminal:
        eventually(lambda: terminal.shows(b"app/a2"), what="the servers")
        assert terminal.shows(b"q quit")
        terminal.press(b"s")
        eventually(lambda: terminal.shows(b"requests"), what="another order")
        terminal.press(b"h")
        eventually(lambda: terminal.shows(b"Any key goes back"), what="the help")
        terminal.press(b" ")
        eventually(lambda: terminal.shows(b"app/a2"), what="the servers again")
        terminal.press(b"/a1\r")
        eventually(lambda: terminal.shows(b"Esc removes it"), what="the filter")
        terminal.press(b"q")
        eventually(terminal.has_ended, what="the end")
        assert terminal.child.returncode == 0
        assert b"\033[?1049l" in terminal.shown  # the screen from before
        assert termios.tcgetattr(terminal.follower) == terminal.before


def test_the_live_view_shows_that_its_node_is_gone_and_ends_on_ctrl_c(t):
    node = t.node(t.servers("a1"))
    with top(t, node) as terminal:
        eventually(lambda: terminal.shows(b"app/a1"), what="the server")
        node.stop()
        eventually(lambda: terminal.shows(b"retrying"), what="word of the loss")
        terminal.press(b"\x03")
        eventually(terminal.has_ended, what="the end")
        assert terminal.child.returncode == 0
        assert termios.tcgetattr(terminal.follower) == terminal.before
