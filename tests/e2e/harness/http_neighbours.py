# SPDX-License-Identifier: BSD-3-Clause
"""Neighbours of the cases in tests/data/http/: each class of input taken whole
(every byte in a place, every length around a limit, every spelling of a list)
instead of the examples somebody met. Same form as the cases."""

HOST = "Host: t.example\r\n"
CLOSE = "Connection: close\r\n"
TOKEN = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
BYTES = [chr(code) for code in range(256)]
HELLO = "5\r\nhello\r\n0\r\n\r\n"
SMUGGLED = f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n"


class Cases(list):
    def __init__(self, category):
        super().__init__()
        self.category = category

    def add(self, expect, raw, notes="", **more):
        name = f"{self.category}-{len(self)} {raw[:120]!r}"
        self.append({"id": name, "category": self.category, "expect": expect, "notes": notes, **more, **self.form(raw)})

    @staticmethod
    def form(raw):
        return {"raw_request": raw}


class Answers(Cases):
    """`raw` is what the server says."""

    @staticmethod
    def form(raw):
        return {"raw_response": raw}

    def add(self, expect, raw, end="close", request=f"GET / HTTP/1.1\r\n{HOST}\r\n", **more):
        super().add(expect, raw, end=end, request=request, **more)


def get(fields="", line="GET / HTTP/1.1", host=HOST):
    return f"{line}\r\n{host}{CLOSE}{fields}\r\n"


def post(fields, body, version="1.1"):
    return f"POST / HTTP/{version}\r\n{HOST}{CLOSE}{fields}\r\n{body}"


def chunked(body):
    return post("Transfer-Encoding: chunked\r\n", body)


# -- requests ------------------------------------------------------------------


def request_lines():
    cases = Cases("line-bytes")
    for byte in BYTES:
        cases.add("reject" if byte != " " else "forward", get(line=f"GET{byte}/ HTTP/1.1"))
        cases.add("reject" if byte != " " else "forward", get(line=f"GET /{byte}HTTP/1.1"))
        cases.add("forward" if byte in TOKEN else "reject", get(line=f"G{byte}T / HTTP/1.1"))
        refused = byte <= " " or byte >= "\x7f" or byte == "#"
        cases.add("reject" if refused else "forward", get(line=f"GET /a{byte}b HTTP/1.1"))
    for line in (" GET / HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.1\t", "GET  HTTP/1.1",
                 "GET HTTP/1.1", "GET /", "GET", "/ HTTP/1.1", " / HTTP/1.1", "GET / HTTP/1.1 x", "\tGET / HTTP/1.1", "GET /\r HTTP/1.1",
                 "GET\t/\tHTTP/1.1", "GET / HTTP/1.1\r", "GET / HTTP/1.1\x0b", "GET\x00/ HTTP/1.1", ""):
        cases.add("reject", get(line=line) if line else f"\r\n\r\n\r\n{get()}")
    for lines in (1, 2):
        cases.add("forward", "\r\n" * lines + get())
    cases.add("reject", "\n" + get())
    cases.add("reject", "\r" + get())
    return cases


def versions():
    cases = Cases("versions")
    for major in range(10):
        for minor in range(10):
            known = major == 1 and minor <= 1
            cases.add("forward" if known else "reject", get(line=f"GET / HTTP/{major}.{minor}"))
    for text in ("HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/11", "HTTP/01.1", "HTTP/1.01", "HTTP/1.1.1", "HTTP/1,1", "HTTP 1.1", "HTTP/-1.1",
                 "HTTP/+1.1", "HTTP/1.+1", "HTTP/ 1.1", "HTTP/1. 1", "HTTP\\1.1", "http/1.1", "Http/1.1", "HTTPS/1.1", "HTP/1.1", "HTTP/1.1\x00",
                 "HTTP/1.1;", "HTTP/0x1.1", "HTTP/1.1a", "HTTP/a.1", "HTTP/1.a", "HTTP/256.1", "HTTP/1.257", "ICY/1.1", "SHTTP/1.3"):
        cases.add("reject", get(line=f"GET / {text}"))
    return cases


def targets():
    cases = Cases("targets")
    for target in ("/", "//", "/a//b", "/../x", "/%2e%2e/x", "/a?b", "/?", "/a?b?c", "/a;b=c", "/%", "/%zz", "/%00", "/a:b@c", "//evil.example/x",
                   "/http://evil.example/", "/a%0d%0aX:%20y", "/\\", "/{}|^`<>\"", "http://t.example/", "http://t.example", "HTTP://T.EXAMPLE/",
                   "https://t.example/x?y", "http://t.example/?"):
        cases.add("forward", get(line=f"GET {target} HTTP/1.1"))
    for target in ("*", "a", "t.example:80", "?x", "#", "/#", "/a#b", "\\", "http://", "http:///", "http:/t.example/", "http:t.example", "ftp://t.example/",
                   "http://evil.example/", "http://t.example:81/", "http://t.example.evil/", "http://u@t.example/", "http://t.example@evil.example/",
                   "http://t.example\\@evil.example/", "http://t.example#@evil.example/", "javascript:1", "//", "http://t.example /", "/ /", "/a b", "[::1]"):
        expect = "forward" if target == "//" else "reject"
        cases.add(expect, get(line=f"GET {target} HTTP/1.1"))
    for target in ("http://t.example?x", "http://t.example?", "http://t.example:80?x=/", "http://t.example:80/", "http://t.example:/", "http://t.example:080",
                   "https://t.example:443/", "https://t.example:/"):
        cases.add("forward", get(line=f"GET {target} HTTP/1.1"))
    for host in ("t.example:80", "t.example:", "T.example:080"):
        cases.add("forward", get(line="GET http://t.example/ HTTP/1.1", host=f"Host: {host}\r\n"))
        cases.add("reject" if "80" in host else "forward", get(line="GET https://t.example/ HTTP/1.1", host=f"Host: {host}\r\n"))
    for target in ("http://t.example:443/", "https://t.example:80/", "http://t.example:x/", "http://t.example:80:80/", "http://t.example:65616/",
                   "http://:80/", "http://?x", "http://t.example@x?y", "http://u@t.example:80/"):
        cases.add("reject", get(line=f"GET {target} HTTP/1.1"))
    cases.add("forward", get(line="OPTIONS * HTTP/1.1"))
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "PATCH"):
        cases.add("reject", get(line=f"{method} * HTTP/1.1"))
    for target in ("t.example:443", "t.example", "/", "*", "http://t.example/"):
        cases.add("reject", get(line=f"CONNECT {target} HTTP/1.1"))
    return cases


def hosts():
    cases = Cases("hosts")
    for byte in BYTES:
        fine = byte in TOKEN - set("#^`|") or byte in "();="
        cases.add("forward" if fine else "reject", get(host=f"Host: a{byte}b.example\r\n"))
    for host in ("t.example:", "t.example:0", "t.example:80", "t.example:65535", "[::1]", "[::1]:80", "[::ffff:1.2.3.4]", "127.0.0.1", "a", "t.example.", "*"):
        cases.add("forward", get(host=f"Host: {host}\r\n"))
    for host in ("", " ", ":", ":80", "t.example:65536", "t.example:-1", "t.example:+1", "t.example:8o", "t.example:80:80", "t.example: 80", "[::1", "::1",
                 "[::1]x", "[::1]:x", "[]", "[::1%25eth0]", "[1.2.3.4]", "[g::]", "u@t.example", "t.example/", "/", "http://t.example", "a b", "a,b",
                 "t.example\\x", "t.example?x", "t.example#x", "\"t.example\"", "t.example:080000000000000000080x"):
        cases.add("reject", get(host=f"Host: {host}\r\n"))
    for second in ("Host: t.example", "host: t.example", "HOST:", "Host : t.example", " Host: x", "Host\x00: x"):
        cases.add("reject", get(f"{second}\r\n"))
    cases.add("reject", get(host=""))
    cases.add("forward", get(line="GET / HTTP/1.0", host=""))
    cases.add("reject", get(line="GET http://t.example/ HTTP/1.1", host=""))
    return cases


def aliases():
    """Names that servers of the CGI kind take for others: the server at the end
    of these tests calls each one that it gets a flaw."""
    cases = Cases("aliases")
    for other in sorted(TOKEN - set("-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")):
        for name in ("Transfer-Encoding", "content-length", "X-Forwarded-For", "X-Real-IP", "X-Forwarded-Anything", "Keep-Alive", "X-Request-Id"):
            cases.add("forward", post(f"{name.replace('-', other)}: chunked\r\nContent-Length: 5\r\n", "hello"), "origin body 'hello'")
        cases.add("forward", get(f"X-Forwarded{other}For: 6.6.6.6\r\nX{other}Y: 1\r\n"))
        cases.add("forward", chunked(f"5\r\nhello\r\n0\r\nContent{other}Length: 9\r\nX{other}Y: 1\r\n\r\n"), "origin body 'hello'")
    return cases


def names_and_values():
    cases = Cases("field-bytes")
    for byte in BYTES:
        name = byte in TOKEN or byte == ":"
        cases.add("forward" if name else "reject", get(f"X{byte}A: v\r\n"))
        cases.add("forward" if byte in TOKEN else "reject", get(f"{byte}X: v\r\n"))
        value = " " <= byte != "\x7f" or byte == "\t"
        cases.add("forward" if value else "reject", get(f"X-A: a{byte}b\r\n"))
        cases.add("forward" if value else "reject", get(f"X-A: {byte}\r\n"))
    for blank in (" ", "\t", "  ", "\x0b", "\x0c", "\r", "\x00", "\x85", "\xa0"):
        for name in ("X-A", "Host", "Content-Length", "Transfer-Encoding", "Connection"):
            cases.add("reject", get(f"{name}{blank}: 5\r\n"))
    for line in ("", "X-A", ":", ": x", " X-A: b", "\tX-A: b", "X-A b", "X-A; b", "=: x", "(: x", "X-A", "\x00", "Transfer-Encoding chunked"):
        good = line == ""
        cases.add("forward" if good else "reject", get(f"{line}\r\n" if line else ""))
    for fold in ("\r\n ", "\r\n\t", "\r\n \t ", "\r\n \r\n ", "\n ", "\r "):
        for field in ("X-A: a", "X-A:", "Content-Length: 5", "Transfer-Encoding:", "Host: t", "Expect:"):
            cases.add("reject", get(f"{field}{fold}b\r\n"))
    return cases


def line_ends():
    cases = Cases("line-ends")
    for end in ("\n", "\r", "\r\r\n", "\n\r", "\n\n", "\r\r", "\x0b\n", "\r\x00\n", "\r \n", "\x85", "\u00e2\u0080\u00a8", "\\r\\n", "\x1e"):
        lines = ["GET / HTTP/1.1", "Host: t.example", "X-A: b", "Connection: close"]
        for place in range(len(lines)):
            ends = ["\r\n"] * len(lines)
            ends[place] = end
            # No control byte: part of the value, and the next line with it.
            expect = "forward_or_reject" if lines[place] == "X-A: b" and min(end) > " " else "reject"
            cases.add(expect, "".join(map("".join, zip(lines, ends))) + "\r\n")
            cases.add(expect, "".join(map("".join, zip(lines, ends))) + "\r\n" + SMUGGLED)
        cases.add("reject", f"GET / HTTP/1.1\r\n{HOST}{end}{SMUGGLED}" if end not in ("\r", "\r\r") else f"GET / HTTP/1.1\r\n{HOST}{end}")
    return cases


MALFORMED_LENGTHS = ("", "+5", "-5", "-0", "+0", "0x5", "5 5", "5,5", "5, 5", "5,", ",5", "5;", "5.", "5.0", "5e0", "5_0", "5'0", "\"5\"", "'5'", "(5)", "5L", "5u",
                     "five", "\x0b5", "5\x0c", "5\x00", "\x005", "5\xa0", "\xa05", "\x855", "5\x7f", "\u00ef\u00bc\u0095", "\u00d9\u00a5", "5\t5", "\u00b2", "0b1", "0o5", "5h",
                     "NaN", "inf", "9223372036854775808", "18446744073709551615", "18446744073709551616", "18446744073709551621",
                     "99999999999999999999999999", "0" * 64 + "5", "1" * 400, "--5", "5-", "5+", "%35", "5%0d", "5=5", "5:", ":5", "5/5", "5\\5", "null", "true", "@5")


def lengths():
    cases = Cases("lengths")
    for value in MALFORMED_LENGTHS:
        for name in ("Content-Length", "content-length", "CONTENT-LENGTH"):
            cases.add("reject", post(f"{name}: {value}\r\n", "hello"))
        cases.add("reject", post(f"Content-Length: 5\r\nContent-Length: {value}\r\n", "hello"))
        cases.add("reject", post(f"Content-Length: {value}\r\nContent-Length: 5\r\n", "hello"))
        cases.add("reject", get(f"Content-Length: {value}\r\n"))
    for value in ("5", "05", "005", "0" * 15 + "5", " 5", "5 ", "\t5\t", "   5   "):
        cases.add("forward", post(f"Content-Length:{value}\r\n", "hello"), "origin body 'hello'")
    for value in ("0", "00", "000000"):
        cases.add("forward", post(f"Content-Length: {value}\r\n", ""), "origin_requests=1")
    for first in ("5", "05", "0", "6"):
        for second in ("5", "05", "0", "6", "5 "):
            cases.add("reject", post(f"Content-Length: {first}\r\ncontent-length: {second}\r\n", "hello!"))
    for name in ("Content_Length", "Content-Length-", "XContent-Length", "Content--Length", "Content.Length", "ContentLength", "Content-Lengt", "Content-Lengths",
                 "X-Content-Length", "Content~Length", "Content-1ength"):
        cases.add("forward", post(f"Content-Length: 5\r\n{name}: 50\r\n", "hello"), "origin body 'hello'")
        cases.add("forward", post(f"{name}: 50\r\nContent-Length: 5\r\n", "hello"), "origin body 'hello'")
    for size in (1, 4):
        cases.add("forward_or_reject", post("Content-Length: 5\r\n", "hello"[:size]))
    return cases


BAD_CODINGS = ("", "gzip", "deflate", "compress", "br", "identity", "x", "chunk", "chunke", "chunkedd", "xchunked", "chunked x", "x chunked", "chunked;", "chunked;q=1",
               "chunked; a=b", "chunked;q=0", "\"chunked\"", "'chunked'", "(chunked)", "chunked\x0b", "\x0bchunked", "\x0cchunked", "chunked\x00", "\x00chunked",
               "chunked\xa0", "\xa0chunked", "\x85chunked", "chu nked", "chu\tnked", "chu\x00nked", "chunked\x7f", "chun\u00e7ed", "c\u00adhunked", "chun\u00e2\u0084\u00aaed", "identity, chunked",
               "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked, identity", "chunked,chunked", ",chunked", "chunked,", ", chunked", ",,chunked",
               "chunked ,", "trailers", "chunked=1", "chunked:", ":chunked", "=chunked", "%63hunked", "chunked\\", "[chunked]", "{chunked}", "chunked/1.1", "0", "*")


def codings():
    cases = Cases("codings")
    for value in BAD_CODINGS:
        for name in ("Transfer-Encoding", "transfer-encoding"):
            cases.add("reject", post(f"{name}: {value}\r\n", HELLO))
        for length in ("5", "0"):
            cases.add("reject", post(f"Transfer-Encoding: {value}\r\nContent-Length: {length}\r\n", "hello"))
            cases.add("reject", post(f"Content-Length: {length}\r\nTransfer-Encoding: {value}\r\n", "hello"))
        cases.add("reject", post(f"Transfer-Encoding: {value}\r\nTransfer-Encoding: chunked\r\n", HELLO))
        cases.add("reject", post(f"Transfer-Encoding: chunked\r\nTransfer-Encoding: {value}\r\n", HELLO))
        cases.add("reject", post(f"Transfer-Encoding: {value}\r\n", HELLO, "1.0"))
        cases.add("reject", get(f"Transfer-Encoding: {value}\r\n"))
    for value in ("chunked", "Chunked", "CHUNKED", "cHuNkEd", "\tchunked\t", "   chunked   "):
        cases.add("forward", post(f"Transfer-Encoding:{value}\r\n", HELLO), "origin body 'hello'")
        for length in ("5", "0", "15", "x", "+5", "18446744073709551616"):
            cases.add("reject", post(f"Transfer-Encoding: {value}\r\nContent-Length: {length}\r\n", HELLO))
            cases.add("reject", post(f"Content-Length: {length}\r\nTransfer-Encoding: {value}\r\n", HELLO + SMUGGLED))
        cases.add("reject", post(f"Transfer-Encoding: {value}\r\n", HELLO, "1.0"))
    for name in ("Transfer_Encoding", "TransferEncoding", "Transfer-Encodin", "Transfer-Encodings", "X-Transfer-Encoding", "Transfer--Encoding", "Transfer.Encoding", "TE"):
        cases.add("forward", post(f"{name}: chunked\r\nContent-Length: 5\r\n", "hello"), "origin body 'hello'")
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO"):
        raw = f"{method} / HTTP/1.1\r\n{HOST}{CLOSE}Transfer-Encoding: chunked\r\n\r\n{HELLO}"
        cases.add("forward", raw, "origin body 'hello'")
    cases.add("reject", f"TRACE / HTTP/1.1\r\n{HOST}{CLOSE}Transfer-Encoding: chunked\r\n\r\n{HELLO}")
    return cases


def chunk_lines():
    cases = Cases("chunk-lines")
    hexadecimal = set("0123456789abcdefABCDEF")
    for byte in BYTES:
        if byte not in hexadecimal | {";"}:
            blank = byte in " \t"
            cases.add("forward_or_reject" if blank else "reject", chunked(f"5{byte}\r\nhello\r\n0\r\n\r\n"))
            cases.add("reject", chunked(f"{byte}5\r\nhello\r\n0\r\n\r\n"))
        if byte != "\r":
            cases.add("reject", chunked(f"5\r\nhello{byte}\n0\r\n\r\n"))
            cases.add("reject", chunked(f"5{byte}\nhello\r\n0\r\n\r\n"))
        if byte != "\n":
            cases.add("reject", chunked(f"5\r\nhello\r{byte}0\r\n\r\n"))
            cases.add("reject", chunked(f"5\r{byte}hello\r\n0\r\n\r\n"))
            cases.add("reject", chunked(f"5\r\nhello\r\n0\r\n\r{byte}"))
        control = byte < " " and byte not in "\t" or byte == "\x7f"
        cases.add("reject" if control else "forward_or_reject", chunked(f"5;a{byte}b\r\nhello\r\n0\r\n\r\n"))
        cases.add("reject" if control else "forward_or_reject", chunked(f"5;a=\"{byte}\"\r\nhello\r\n0\r\n\r\n"))
    return cases


def chunk_sizes():
    cases = Cases("chunk-sizes")
    for size in ("5", "05", "005", "0" * 15 + "5"):
        cases.add("forward", chunked(f"{size}\r\nhello\r\n0\r\n\r\n"), "origin body 'hello'")
    for final in ("0", "00", "0" * 16):
        cases.add("forward", chunked(f"5\r\nhello\r\n{final}\r\n\r\n"), "origin body 'hello'")
    for letter in "aAbBcCdDeEfF":
        cases.add("forward", chunked(f"{letter}\r\n{'x' * int(letter, 16)}\r\n0\r\n\r\n"), "origin_requests=1")
    for bits in range(62, 80):
        cases.add("reject", chunked(f"{(1 << bits) + 5:x}\r\nhello\r\n0\r\n\r\n"))
    for size in ("f" * 15, "f" * 16, "f" * 17, "1" + "0" * 16, "1" + "0" * 15 + "5", "0" * 17, "8000000000000000", "7fffffffffffffff"):
        expect = "forward_or_reject" if size == "f" * 15 else "reject"
        cases.add(expect, chunked(f"{size}\r\nhello\r\n0\r\n\r\n"))
    for claim in (0, 1, 2, 3, 4):
        cases.add("reject", chunked(f"{claim}\r\nhello\r\n0\r\n\r\n"))
    for claim in (6, 7, 8):
        cases.add("reject", chunked(f"{claim}\r\nhello\r\n0\r\n\r\n"))
    for size in ("0x5", "#5", "$5", "5h", "5H", "5x", "g", "-", "+", "-5", "+5", " 5", "5 5", "5.0", "5,0", "5_0", "", " ", "\"5\"", "(5)", "\u00d9\u00a5"):
        cases.add("reject", chunked(f"{size}\r\nhello\r\n0\r\n\r\n"))
    for extension in (";", ";a", ";a=b", ";a=\"b\"", ";a;b;c", " ;a=b", ";a=b;c=\"d e\"", ";a=\"\\\"\""):
        cases.add("forward_or_reject", chunked(f"5{extension}\r\nhello\r\n0{extension}\r\n\r\n"), "origin body 'hello'")
    for length in (250, 255, 256, 257, 258, 4096, 20_000):
        expect = "forward" if length <= 255 else "forward_or_reject" if length < 258 else "reject"
        cases.add(expect, chunked(f"5;{'x' * (length - 1)}\r\nhello\r\n0\r\n\r\n"))
    for many in (10, 100, 1000):
        cases.add("forward_or_reject", chunked(f"1;{'x' * 100}\r\nA\r\n" * many + "0\r\n\r\n"))
        cases.add("forward", chunked("1\r\nA\r\n" * many + "0\r\n\r\n"), "origin_requests=1")
    return cases


def trailers():
    cases = Cases("trailers")
    for name in ("Content-Length", "Transfer-Encoding", "Host", "Authorization", "Cookie", "Connection", "Upgrade", "TE", "Expect", "Content-Type", "Content-Encoding",
                 "Range", "If-Match", "X-Forwarded-For", "Via", "Trailer", "Cache-Control", "Max-Forwards", "X-Request-Id", "X_A", "content-length"):
        cases.add("forward_or_reject", chunked(f"5\r\nhello\r\n0\r\n{name}: 50\r\n\r\n"), "origin body 'hello'")
    for line in ("no colon", ": x", " X-A: b", "X-A : b", "X-A", "\x00: b", "X-A: a\x00b", "X-A: a\rb", "X-A: a\nB: c", "X-A: b\r\n c", "X(A: b", "X-A: a\x07"):
        cases.add("reject", chunked(f"5\r\nhello\r\n0\r\n{line}\r\n\r\n"))
    cases.add("forward", chunked("5\r\nhello\r\n0\r\nX-A: b\r\nX-B: c\r\n\r\n"), "origin body 'hello'")
    cases.add("reject", chunked("5\r\nhello\r\n0\r\n" + "X-A: b\r\n" * 2_000 + "\r\n"))
    cases.add("reject", chunked(f"5\r\nhello\r\n0\r\nX-A: {'b' * 9_000}\r\n\r\n"))
    return cases


def pipelining():
    cases = Cases("behind-a-refusal")
    refused = [post(f"Content-Length: {value}\r\n", "") for value in ("x", "+5", "5,5", "")]
    refused += [post(f"Transfer-Encoding: {value}\r\n", "") for value in ("gzip", "chunked, chunked", "x")]
    refused += [get("X-A : b\r\n"), get("X-A: a\x00\r\n"), get(host=""), get(HOST), get(line="GET / HTTP/2.0"), get(line="GET x HTTP/1.1"), get(line="G@T / HTTP/1.1"),
                get(line="CONNECT t.example:443 HTTP/1.1"), get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), chunked("zz\r\n"), chunked("5\nhello"),
                get("X: y\r\n" * 120), get(f"X: {'y' * 17_000}\r\n"), get(line=f"GET /{'x' * 9_000} HTTP/1.1"), "\x16\x03\x01\x02\x00", "\r\n\r\n\r\n", "SSH-2.0-x\r\n"]
    for bad in refused:
        cases.add("reject", bad.replace(CLOSE, "") + SMUGGLED * 3)
        good = f"GET /1 HTTP/1.1\r\n{HOST}\r\n"
        cases.add("forward", good + bad.replace(CLOSE, "") + SMUGGLED, "origin_requests=1")
    return cases


def connection_options():
    cases = Cases("connection-options")
    for name in ("Host", "Content-Length", "Transfer-Encoding", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id", "Cookie", "Authorization",
                 "X-Real-IP", "Connection", "Content-Type", "Expect", "Upgrade", "TE", "Trailer", "Keep-Alive"):
        cases.add("forward_or_reject", post(f"Connection: {name}\r\nContent-Length: 5\r\n", "hello"), "origin body 'hello'")
        cases.add("forward_or_reject", post(f"Connection: close, {name}\r\nTransfer-Encoding: chunked\r\n", HELLO), "origin body 'hello'")
    for value in ("", ",", "close,", ",close", "close close", "\"close\"", "close;q=1", "CLOSE", "closed", "keep-alive, close", "a,b,c", "\x85close"):
        cases.add("forward_or_reject", get(f"Connection: {value}\r\n"))
    cases.add("reject", get("Connection: " + ",".join(f"a{i}" for i in range(200)) + "\r\n"))
    for upgrade in ("websocket", "h2c", "h2c, websocket", "foo", "", "websocket, h2c", "H2C", "HTTP/2.0", "TLS/1.0"):
        cases.add("forward_or_reject", get(f"Connection: upgrade\r\nUpgrade: {upgrade}\r\n"))
        cases.add("forward_or_reject", post(f"Connection: upgrade\r\nUpgrade: {upgrade}\r\nContent-Length: 5\r\n", "hello"), "origin body 'hello'")
        cases.add("forward_or_reject", get(f"Connection: upgrade\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAA\r\n") + SMUGGLED)
    for expect in ("100-continue", "100-Continue", "100-continue ", "100", "100-continue, x", "x", "", "100-continue;a", "y 100-continue", "200-ok", "100-continue\x00"):
        for version in ("1.0", "1.1"):
            cases.add("forward_or_reject", post(f"Expect: {expect}\r\nContent-Length: 5\r\n", "hello", version), "origin body 'hello'")
        cases.add("forward_or_reject", get(f"Expect: {expect}\r\n"))
        cases.add("forward_or_reject", post(f"Expect: {expect}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello"), "origin body 'hello'")
    return cases


def limits():
    cases = Cases("limits")
    for size in (8_191, 8_192, 8_193, 8_300):
        cases.add("forward" if size <= 8_192 else "reject", get(line=f"GET /{'x' * (size - 1)} HTTP/1.1"))
    base = len(get("X-A: \r\n"))
    for size in (16_000, 16_383, 16_384, 16_385, 16_400, 40_000):
        expect = "forward" if size < 16_384 else "forward_or_reject" if size == 16_384 else "reject"
        cases.add(expect, get(f"X-A: {'x' * (size - base)}\r\n"))
    for count in (98, 99, 100, 101, 500):  # Host and Connection are two
        cases.add("forward" if count <= 98 else "reject", get("X: y\r\n" * count))
    for size in (31, 32, 33, 100, 9_000):
        cases.add("forward" if size <= 32 else "reject", get(line=f"{'M' * size} / HTTP/1.1"))
    for size in (255, 256, 270, 511, 512, 4_000):
        cases.add("forward_or_reject", post(f"Content-Length{'a' * size}: 5\r\nContent-Length: 5\r\n", "hello"), "origin body 'hello'")
    return cases


# -- responses -----------------------------------------------------------------

FIVE = "Content-Length: 5\r\n\r\nhello"


def status_lines():
    cases = Answers("status-lines")
    for byte in BYTES:
        cases.add("forward" if byte == " " else "502", f"HTTP/1.1{byte}200 OK\r\n{FIVE}")
        cases.add("forward" if byte == " " else "502", f"HTTP/1.1 200{byte}OK\r\n{FIVE}")
        control = byte < " " and byte != "\t" or byte == "\x7f"
        cases.add("502" if control else "forward", f"HTTP/1.1 200 O{byte}K\r\n{FIVE}")
    for status in ("099", "000", "600", "999", "1000", "20", "2", "20x", "+200", "-200", " 200", "2 00", "0200", "x", "2e2", "200.0", "20\u00b2", ""):
        cases.add("502", f"HTTP/1.1 {status} OK\r\n{FIVE}")
    for status in (200, 201, 299, 300, 399, 400, 404, 499, 500, 503, 599):
        cases.add("status", f"HTTP/1.1 {status} Odd\r\n{FIVE}", status=status)
    for version in ("HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/2", "HTTP/1", "HTTP/1.", "HTTP/11", "http/1.1", "HTTP /1.1", "HTTP/1.1.1", "HTTP/ 1.1", "ICY", "RTSP/1.0", "SIP/2.0",
                    "HTTPS/1.1", "HTTP\x00/1.1", " HTTP/1.1", "\tHTTP/1.1", "\x00HTTP/1.1", "\xef\xbb\xbfHTTP/1.1"):
        cases.add("502", f"{version} 200 OK\r\n{FIVE}")
    for junk in ("\n", "\r", "\r\r\n", "x", "\x00"):
        cases.add("502", f"{junk}HTTP/1.1 200 OK\r\n{FIVE}")
    cases.add("forward_or_502", f"\r\nHTTP/1.1 200 OK\r\n{FIVE}")
    for end in ("\n", "\r", "\r\r\n", "\n\r", "\x0b\n"):
        cases.add("502", f"HTTP/1.1 200 OK{end}{FIVE}")
        cases.add("502", f"HTTP/1.1 200 OK\r\nX: y{end}{FIVE}")
        cases.add("502", f"HTTP/1.1 200 OK\r\nContent-Length: 5{end}\r\nhello")
    return cases


def response_fields():
    cases = Answers("response-fields")
    for byte in BYTES:
        name = byte in TOKEN or byte == ":"
        cases.add("forward" if name else "502", f"HTTP/1.1 200 OK\r\nX{byte}A: v\r\n{FIVE}")
        value = " " <= byte != "\x7f" or byte == "\t"
        cases.add("forward" if value else "502", f"HTTP/1.1 200 OK\r\nX-A: a{byte}b\r\n{FIVE}")
    for line in ("X-A", ":", ": x", " X-A: b", "\tX: b", "X-A : b", "X-A: a\r\n b", "X-A:\r\n b", "Content-Length : 5", "Transfer-Encoding : chunked"):
        cases.add("502", f"HTTP/1.1 200 OK\r\n{line}\r\n{FIVE}")
    for name in ("Connection", "Keep-Alive", "Proxy-Connection", "Upgrade", "TE", "Trailer", "Via", "Set-Cookie", "Content-Length-X", "Host", "Location"):
        cases.add("forward", f"HTTP/1.1 200 OK\r\n{name}: x\r\n{FIVE}")
    return cases


def response_framing():
    cases = Answers("response-framing")
    for value in MALFORMED_LENGTHS:
        if value not in ("5,5", "5, 5"):
            cases.add("502", f"HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\nhello")
            cases.add("502", f"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: {value}\r\n\r\nhello")
    for value in BAD_CODINGS:
        cases.add("502", f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {value}\r\n\r\n{HELLO}")
        cases.add("502", f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {value}\r\nContent-Length: 5\r\n\r\nhello")
    for value in ("chunked", "Chunked", "CHUNKED", "\tchunked "):
        cases.add("forward", f"HTTP/1.1 200 OK\r\nTransfer-Encoding:{value}\r\n\r\n{HELLO}")
        cases.add("502", f"HTTP/1.1 200 OK\r\nTransfer-Encoding:{value}\r\nContent-Length: 5\r\n\r\n{HELLO}")
        cases.add("502", f"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding:{value}\r\n\r\n{HELLO}")
        cases.add("502", f"HTTP/1.0 200 OK\r\nTransfer-Encoding:{value}\r\n\r\n{HELLO}")
    for status in (204, 304):
        for framing in ("", "Content-Length: 0\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"):
            for body in ("", "hello", HELLO):
                cases.add("bodyless", f"HTTP/1.1 {status} Odd\r\n{framing}\r\n{body}", end="keep", status=status)
    head = f"HEAD / HTTP/1.1\r\n{HOST}\r\n"
    for framing in ("", "Content-Length: 0\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"):
        for body in ("hello", HELLO):
            cases.add("bodyless", f"HTTP/1.1 200 OK\r\n{framing}\r\n{body}", end="keep", status=200, request=head)
    for extra in ("x", "\r\n", "\r\nx", "HTTP/1.1 200 OK\r\n" + FIVE, "\x00", "0\r\n\r\n"):
        cases.add("forward", f"HTTP/1.1 200 OK\r\n{FIVE}{extra}", end="keep", spoilt=True)
        cases.add("forward", f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{HELLO}{extra}", end="keep", spoilt=True)
    for line in ("X-A: b\r\n", "Content-Length: 3\r\n", "Set-Cookie: a\r\n", "Transfer-Encoding: chunked\r\n"):
        cases.add("forward", f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n{line}\r\n", end="keep")
    for line in ("no colon\r\n", "X : b\r\n", ": b\r\n", "X: a\x00\r\n", " X: b\r\n", "X: b\n"):
        cases.add("truncate", f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n{line}\r\n", end="keep")
    for size in ("g", "", "-5", "+5", "0x5", " 5", "5 5", "5\x00", "f" * 17, "4", "6", "5\n"):
        cases.add("truncate", f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\nhello\r\n0\r\n\r\n")
    return cases


def interims():
    cases = Answers("interims")
    for status in (100, 102, 103, 110, 150, 199):
        for final in (200, 404, 500):
            cases.add("status", f"HTTP/1.1 {status} Odd\r\n\r\nHTTP/1.1 {final} Odd\r\n{FIVE}", end="keep", status=final)
        cases.add("502", f"HTTP/1.1 {status} Odd\r\n\r\n")
        cases.add("502", f"HTTP/1.1 {status} Odd\r\n\r\n", end="rst")
        cases.add("502", f"HTTP/1.1 {status} Odd\r\n\r\njunk\r\n\r\n")
        old = "GET / HTTP/1.0\r\n\r\n"
        cases.add("status", f"HTTP/1.1 {status} Odd\r\n\r\nHTTP/1.1 200 OK\r\n{FIVE}", end="keep", status=200, request=old)
    cases.add("502", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\nraw")
    cases.add("502", "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n" + FIVE)
    for many in (2, 9, 100, 3000):
        expect = "forward" if many <= 100 else "502"
        cases.add(expect, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * many + f"HTTP/1.1 200 OK\r\n{FIVE}")
    return cases


def truncations():
    """Cut at every byte, by an end and by a reset."""
    cases = Answers("truncations")
    whole = {
        "length": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "chunked": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{HELLO}",
        "trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    }
    old = "GET / HTTP/1.0\r\n\r\n"
    for text in whole.values():
        for size in range(len(text)):
            for end in ("close", "rst"):
                cases.add("truncate", text[:size], end=end)
        for size in range(0, len(text), 3):
            cases.add("truncate", text[:size], request=old)
    for size in (20, 40):
        cases.add("truncate", f"HTTP/1.1 200 OK\r\n\r\n{'x' * size}", end="rst")
    return cases


REQUESTS = (request_lines, versions, targets, hosts, names_and_values, aliases, line_ends, lengths, codings, chunk_lines, chunk_sizes, trailers, pipelining, connection_options, limits)
RESPONSES = (status_lines, response_fields, response_framing, interims, truncations)
