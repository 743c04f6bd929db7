# SPDX-License-Identifier: BSD-3-Clause
"""A strict HTTP/1.1 client on a bare socket: it forgives nothing, so that
nothing a proxy does wrong stays unseen."""

import re
import socket
import struct

from .waiting import patience

STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9]) ?([^\r\n]*)")
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*?)[ \t]*")


class Unfinished(AssertionError):
    """The connection ended before a whole response was there."""


class Response:
    def __init__(self, version, status, fields, raw_head):
        self.version = version
        self.status = status
        self.fields = fields  # [(name, value)] as received
        self.raw_head = raw_head
        self.body = b""
        self.trailers = []
        self.informational = []  # 1xx before this one
        self.until_close = False

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def field(self, name, otherwise=None):
        values = self.all(name)
        assert len(values) <= 1, f"{name} appears {len(values)} times"
        return values[0] if values else otherwise

    @property
    def text(self):
        return self.body.decode()

    @property
    def keeps_alive(self):
        tokens = ",".join(self.all("Connection")).lower()
        if self.version == 0:
            return "keep-alive" in tokens
        return "close" not in tokens and not self.until_close

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.body[:200]!r}>"


class Client:
    """One connection. `timeout` is for each wait, in seconds."""

    def __init__(self, address, timeout=15, receive_buffer=None, source=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(timeout * patience())
        self.socket.connect(address)
        self.pending = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Closes with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def finish(self):
        """Sends the FIN and goes on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    # -- sending ---------------------------------------------------------------

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def send_request(self, method, target, fields=(), body=None, host="test", version="1.1"):
        lines = [f"{method} {target} HTTP/{version}"]
        if host is not None:
            lines.append(f"Host: {host}")
        pairs = fields.items() if isinstance(fields, dict) else fields
        lines += [f"{name}: {value}" for name, value in pairs]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))

    def request(self, method, target, fields=(), body=None, **options):
        self.send_request(method, target, fields, body, **options)
        return self.read_response(method)

    def get(self, target="/", **fields):
        return self.request("GET", target, fields)

    # -- receiving -------------------------------------------------------------

    def read_response(self, method="GET", final=True):
        """Reads one response; with `final`, 1xx are kept in .informational."""
        informational = []
        while True:
            response = self._read_head()
            if final and 100 <= response.status < 200 and response.status != 101:
                informational.append(response)
                continue
            response.informational = informational
            self._read_body(response, method)
            return response

    def read_exactly(self, size):
        while len(self.pending) < size:
            self._fill()
        return self._take(size)

    def read_to_end(self):
        while self._receive():
            pass
        return self._take(len(self.pending))

    def at_end(self):
        """True once the peer has ended; waits for it. Fails on more bytes."""
        assert not self.pending, f"left over: {bytes(self.pending[:200])!r}"
        try:
            more = self.socket.recv(4096)
        except ConnectionResetError:
            return True
        assert not more, f"unexpected: {more[:200]!r}"
        return True

    def is_idle(self, seconds=0.2):
        """True if neither bytes nor an end arrive for so long."""
        if self.pending:
            return False
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            self.pending += self.socket.recv(1, socket.MSG_PEEK)[:0]
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(before)

    def _take(self, size):
        data = bytes(self.pending[:size])
        del self.pending[:size]
        return data

    def _receive(self):
        data = self.socket.recv(256 * 1024)
        self.pending += data
        return bool(data)

    def _fill(self):
        if not self._receive():
            raise Unfinished(f"connection ended; had {bytes(self.pending[:300])!r}")

    def _read_line(self, limit=1 << 20):
        while (end := self.pending.find(b"\r\n")) < 0:
            assert len(self.pending) < limit, "endless line"
            self._fill()
        line = self._take(end + 2)[:-2]
        assert b"\n" not in line and b"\r" not in line, f"bare CR or LF: {line!r}"
        return line

    def _read_fields(self):
        fields, raw = [], []
        while line := self._read_line():
            match = FIELD.fullmatch(line)
            assert match, f"bad field line: {line!r}"
            fields.append((match[1].decode(), match[2].decode("latin-1")))
            raw.append(line)
        return fields, raw

    def _read_head(self):
        line = self._read_line()
        match = STATUS_LINE.fullmatch(line)
        assert match, f"bad status line: {line!r}"
        fields, raw = self._read_fields()
        return Response(int(match[1]), int(match[2]), fields, b"\r\n".join([line, *raw]))

    def _read_body(self, response, method):
        lengths = response.all("Content-Length")
        codings = response.all("Transfer-Encoding")
        assert len(lengths) <= 1, f"Content-Length repeated: {response}"
        assert not (lengths and codings), f"two framings: {response}"
        if response.status < 200 or response.status == 204:
            assert not codings and not lengths, f"a framing on {response}"
            return
        if method == "HEAD" or response.status == 304:
            return
        if codings:
            assert codings == ["chunked"], f"codings {codings}"
            self._read_chunked(response)
        elif lengths:
            assert re.fullmatch("[0-9]+", lengths[0]), f"bad length: {response}"
            response.body = self.read_exactly(int(lengths[0]))
        else:
            response.until_close = True
            response.body = self.read_to_end()

    def _read_chunked(self, response):
        pieces = []
        while True:
            line = self._read_line()
            match = re.fullmatch(rb"([0-9A-Fa-f]{1,16})(;.*)?", line)
            assert match, f"bad chunk size: {line!r}"
            size = int(match[1], 16)
            if size == 0:
                break
            pieces.append(self.read_exactly(size))
            assert self.read_exactly(2) == b"\r\n", "no CRLF behind a chunk"
        response.trailers, _ = self._read_fields()
        response.body = b"".join(pieces)


def get(address, target="/", method="GET", fields=(), body=None, timeout=15):
    """One request on a connection of its own."""
    with Client(address, timeout) as client:
        return client.request(method, target, {"Connection": "close", **dict(fields)}, body)
