# SPDX-License-Identifier: BSD-3-Clause
"""A server on a bare socket that forgives nothing: it keeps every byte, reads
requests by the letter of RFC 9112 and answers with the bytes it was given."""

import re
import socket
import struct
import threading

from .waiting import patience

REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (/[\x21-\x22\x24-\x7e]*|\*) HTTP/1\.1")
FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[ \t\x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)")
# What servers of the CGI kind would act on under any of its names (rule 112).
TRUSTED = re.compile(
    rb"content-length|transfer-encoding|keep-alive|proxy-connection|http2-settings|x-real-ip|x-request-id|x-forwarded-.*"
)
LENGTH = re.compile(rb"0|[1-9][0-9]*")
SIZE_LINE = re.compile(rb"[0-9A-Fa-f]{1,16}")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Flaw(Exception):
    """What two parsers could read in two ways."""


class Incomplete(Exception):
    """The message has not ended yet."""


class Received:
    """One whole request."""

    def __init__(self, method, target, fields, body, connection):
        self.method = method
        self.target = target
        self.fields = fields  # [(lower-case name, value)] as bytes
        self.body = body
        self.trailers = []
        self.connection = connection

    def all(self, name):
        return [value for key, value in self.fields if key == name.lower().encode()]

    def __repr__(self):
        return f"<{self.method} {self.target} {self.fields} {self.body[:80]!r}>"


def split_lines(head):
    if b"\0" in head or re.search(rb"[^\r]\n|\r[^\n]", head + b"  "):
        raise Flaw("bare CR, bare LF or NUL")
    return head.split(b"\r\n")


def parse_fields(lines):
    fields = []
    for line in lines:
        match = FIELD_LINE.fullmatch(line)
        if not match:
            raise Flaw(f"field line {line[:80]!r}")
        name = match[1].lower()
        read = re.sub(rb"[^a-z0-9]", b"-", name)
        if read != name and TRUSTED.fullmatch(read):
            raise Flaw(f"{name!r} passes for {read!r}")
        fields.append((name, match[2]))
    return fields


def framing_of(fields):
    """None, "chunked" or a length."""
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1:
        raise Flaw("more than one framing field")
    if codings and codings != [b"chunked"]:
        raise Flaw(f"coding {codings}")
    if lengths and not LENGTH.fullmatch(lengths[0]):
        raise Flaw(f"length {lengths}")
    return "chunked" if codings else int(lengths[0]) if lengths else None


def parse_chunks(data):
    """@returns (body, trailers, size)."""
    at, body = 0, b""
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            raise Incomplete
        if not SIZE_LINE.fullmatch(data[at:end]):
            raise Flaw(f"chunk line {data[at:end][:80]!r}")
        size = int(data[at:end], 16)
        at = end + 2
        if size == 0:
            break
        if len(data) < at + size + 2:
            raise Incomplete
        body += data[at : at + size]
        if data[at + size : at + size + 2] != b"\r\n":
            raise Flaw("no CRLF behind a chunk")
        at += size + 2
    if data[at : at + 2] == b"\r\n":
        return body, [], at + 2
    end = data.find(b"\r\n\r\n", at)
    if end < 0:
        raise Incomplete
    return body, parse_fields(split_lines(data[at:end])), end + 4


def parse_head(data):
    """@returns (method, target, fields, size)."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise Incomplete
    lines = split_lines(data[:end])
    match = REQUEST_LINE.fullmatch(lines[0])
    if not match:
        raise Flaw(f"request line {lines[0][:80]!r}")
    fields = parse_fields(lines[1:])
    if len([name for name, _ in fields if name == b"host"]) != 1:
        raise Flaw("not one Host")
    return match[1].decode(), match[2].decode(), fields, end + 4


def parse_request(data, connection=0):
    """@returns (Received, size); raises Incomplete or Flaw."""
    method, target, fields, at = parse_head(data)
    framing = framing_of(fields)
    result = Received(method, target, fields, b"", connection)
    if framing == "chunked":
        result.body, result.trailers, size = parse_chunks(data[at:])
        return result, at + size
    length = framing or 0
    if len(data) < at + length:
        raise Incomplete
    result.body = data[at : at + length]
    return result, at + length


class Origin:
    """Listens at once. `script` is (bytes, end) for the requests from now on,
    with `end` one of keep, close and rst; None answers 200."""

    def __init__(self, name):
        self.name = name
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.script = None
        self.forget()
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self):
        """Starts a new account."""
        with self.lock:
            self.requests = []
            self.flaws = []
            self.bytes = 0

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer, self.connections), daemon=True).start()

    def _serve(self, peer, number):
        peer.settimeout(60 * patience())
        try:
            self._converse(peer, number)
        except OSError:
            pass
        finally:
            peer.close()

    def _converse(self, peer, number):
        data, continued = b"", False
        while piece := peer.recv(1 << 20):
            with self.lock:
                self.bytes += len(piece)
            data += piece
            while data:
                try:
                    request, size = parse_request(data, number)
                except Incomplete:
                    if not continued and self._wants_continue(data):
                        continued = True
                        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    break
                except Flaw as flaw:
                    with self.lock:
                        self.flaws.append(str(flaw))
                    return
                data, continued = data[size:], False
                with self.lock:
                    self.requests.append(request)
                    script = self.script
                if not self._answer(peer, request, script):
                    return

    @staticmethod
    def _wants_continue(data):
        try:
            fields = parse_head(data)[2]
        except (Incomplete, Flaw):
            return False
        return (b"expect", b"100-continue") in fields

    @staticmethod
    def _answer(peer, request, script):
        """@returns whether the connection goes on."""
        if script is None:
            peer.sendall(OK[:-2] if request.method == "HEAD" else OK)
            return True
        answer, end = script
        peer.sendall(answer)
        if end == "rst":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return end == "keep"
