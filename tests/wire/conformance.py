"""What RFC 9110 and 9112 want of a server, byte for byte: what a device sends, and what it is answered.

The source behind it answers `<length>:<payload>`. `OPEN` means that the connection serves a further request, `ENDS`
that it is closed behind the answers.
"""

from dataclasses import dataclass

OPEN, ENDS = True, False


@dataclass(frozen=True)
class Case:
    """Bytes on a new connection, the statuses of all answers, whether it stays open, what the payloads were."""

    name: str
    sent: bytes
    statuses: tuple[int, ...]
    stays: bool
    payloads: tuple[bytes, ...] | None = None


def req(
    line: bytes = b"POST /x HTTP/1.1", *fields: bytes, body: bytes | None = b"hello", host: bytes = b"Host: t"
) -> bytes:
    """A request with Host, these field lines and, where there is a body, its length."""
    lines = [line, *([host] if host else []), *fields]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def chunked(body: bytes, *fields: bytes, line: bytes = b"POST /x HTTP/1.1") -> bytes:
    return req(line, b"Transfer-Encoding: chunked", *fields, body=None) + body


GOOD = req()
LAST = b"0\r\n\r\n"
P, G = b"POST /x HTTP/1.1", b"GET /x HTTP/1.1"


def ok(name: str, sent: bytes, *payloads: bytes, stays: bool = OPEN) -> Case:
    return Case(name, sent, (200,) * len(payloads), stays, payloads)


def bad(name: str, sent: bytes, status: int = 400) -> Case:
    return Case(name, sent, (status,), ENDS)


REQUEST_LINE = [
    ok("origin form", req(), b"hello"),
    ok("a query", req(b"POST /x?a=b&c HTTP/1.1"), b"hello"),
    ok("an empty query", req(b"POST /? HTTP/1.1"), b"hello"),
    ok("percent-encoding", req(b"POST /%41%2f HTTP/1.1"), b"hello"),
    ok("percent-encoding that is none", req(b"POST /%zz HTTP/1.1"), b"hello"),
    ok("two slashes", req(b"POST //x HTTP/1.1"), b"hello"),
    ok("absolute form", req(b"POST http://t/x HTTP/1.1"), b"hello"),
    ok("absolute form, a port and no path", req(b"POST http://t:80 HTTP/1.1"), b"hello"),
    ok("absolute form, https", req(b"POST https://t/x?y HTTP/1.1"), b"hello"),
    ok("absolute form, IPv6", req(b"POST http://[::1]:80/x HTTP/1.1"), b"hello"),
    bad("absolute form with user information", req(b"POST http://a:b@t/x HTTP/1.1")),
    bad("absolute form without a host", req(b"POST http:///x HTTP/1.1")),
    bad("absolute form with a bad port", req(b"POST http://t:x/ HTTP/1.1")),
    Case("asterisk form for OPTIONS", req(b"OPTIONS * HTTP/1.1", body=None), (404,), OPEN),
    bad("asterisk form for POST", req(b"POST * HTTP/1.1")),
    bad("authority form for POST", req(b"POST t:80 HTTP/1.1")),
    bad("a relative target", req(b"POST x HTTP/1.1")),
    bad("a fragment", req(b"POST /x#y HTTP/1.1")),
    bad("a space in the target", req(b"POST /x y HTTP/1.1")),
    bad("a tab in the target", req(b"POST /x\ty HTTP/1.1")),
    bad("a NUL in the target", req(b"POST /x\0y HTTP/1.1")),
    bad("a byte beyond ASCII in the target", req(b"POST /\xc3\xa9 HTTP/1.1")),
    bad("a DEL in the target", req(b"POST /\x7f HTTP/1.1")),
    bad("two spaces before the target", req(b"POST  /x HTTP/1.1")),
    bad("two spaces before the version", req(b"POST /x  HTTP/1.1")),
    bad("a tab for a space", req(b"POST\t/x HTTP/1.1")),
    bad("a space behind the version", req(b"POST /x HTTP/1.1 ")),
    bad("a space before the method", req(b" POST /x HTTP/1.1")),
    bad("no target", req(b"POST HTTP/1.1")),
    bad("no version (HTTP/0.9)", req(b"GET /x", body=None)),
    bad("a version in small letters", req(b"POST /x http/1.1")),
    bad("a version with a sign", req(b"POST /x HTTP/+1.1")),
    bad("a version with two digits", req(b"POST /x HTTP/1.11")),
    bad("a version without a minor one", req(b"POST /x HTTP/1")),
    bad("a version of another protocol", req(b"POST /x HTTQ/1.1")),
    ok("a higher minor version", req(b"POST /x HTTP/1.2"), b"hello"),
    bad("HTTP/2.0", req(b"POST /x HTTP/2.0"), 505),
    bad("HTTP/0.9 by name", req(b"POST /x HTTP/0.9"), 505),
    bad("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    bad("a method that is no token", req(b"PO(ST /x HTTP/1.1")),
    bad("no method", req(b" /x HTTP/1.1")),
    Case("a method in small letters is another", req(b"post /x HTTP/1.1"), (405,), OPEN),
    Case("a method nobody knows", req(b"BREW /x HTTP/1.1"), (405,), OPEN),
    bad("a target that is too long", req(b"POST /" + b"x" * 2000 + b" HTTP/1.1"), 414),
    bad("a target that is too long, and has no end", b"POST /" + b"x" * 2000, 414),
    bad("TLS to a port without it", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 20),
    bad("an SSH client", b"SSH-2.0-OpenSSH_9.2\r\n"),
    bad("PROXY protocol from nobody in particular", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + GOOD),
]

LINES = [
    ok("an empty line before the request", b"\r\n" + GOOD, b"hello"),
    bad("two empty lines before the request", b"\r\n\r\n" + GOOD),
    bad("a bare line feed before the request", b"\n" + GOOD),
    ok("an empty line between requests", GOOD + b"\r\n" + GOOD, b"hello", b"hello"),
    Case("two empty lines between requests", GOOD + b"\r\n\r\n" + GOOD, (200, 400), ENDS),
    bad("bare line feeds throughout", GOOD.replace(b"\r\n", b"\n")),
    bad("a bare line feed behind the request line", GOOD.replace(b"1.1\r\n", b"1.1\n")),
    bad("a bare line feed behind a field", GOOD.replace(b"Host: t\r\n", b"Host: t\n")),
    bad("a bare line feed for the empty line", GOOD.replace(b"\r\n\r\n", b"\r\n\n")),
    bad("a bare carriage return in a value", req(P, b"A: b\rc")),
    bad("a bare carriage return before a line's end", req(P, b"A: b\r")),
    bad("a bare carriage return in the request line", req(b"POST /x\r HTTP/1.1")),
    bad("a folded field", req(P, b"A: b\r\n c")),
    bad("a field folded with a tab", req(P, b"A: b\r\n\tc")),
    bad("a fold right behind the request line", b"POST /x HTTP/1.1\r\n Host: t\r\nContent-Length: 0\r\n\r\n"),
    bad("a line of spaces in the head", b"POST /x HTTP/1.1\r\nHost: t\r\n  \r\nContent-Length: 0\r\n\r\n"),
]

FIELDS = [
    ok("no space behind the colon", req(P, b"A:b"), b"hello"),
    ok("spaces and tabs around a value", req(P, b"A: \t b \t "), b"hello"),
    ok("an empty value", req(P, b"A:"), b"hello"),
    ok("bytes beyond ASCII in a value", req(P, b"A: \xc3\xa9\xff"), b"hello"),
    ok("every character of a token", req(P, b"!#$%&'*+-.^_`|~09azAZ: x"), b"hello"),
    ok("a name in any case", req(P, b"hOsT-x: y", host=b"HOST: t"), b"hello"),
    ok("a field twice", req(P, b"A: 1", b"A: 2"), b"hello"),
    bad("a space before the colon", req(P, b"A : b")),
    bad("a tab before the colon", req(P, b"A\t: b")),
    bad("no colon", req(P, b"Ab")),
    bad("no name", req(P, b": b")),
    bad("a space in a name", req(P, b"A b: c")),
    bad("a name in brackets", req(P, b"(A): b")),
    bad("a byte beyond ASCII in a name", req(P, b"\xc3\xa9: b")),
    bad("a NUL in a name", req(P, b"A\0: b")),
    bad("a NUL in a value", req(P, b"A: b\0c")),
    bad("an escape in a value", req(P, b"A: \x1b[2J")),
    bad("a DEL in a value", req(P, b"A: \x7f")),
    bad("a vertical tab in a value", req(P, b"A: b\x0bc")),
    bad("too many fields", req(P, *[b"A: b"] * 60), 431),
    bad("a head that is too large", req(P, b"A: " + b"b" * 5000), 431),
    bad("a head that is too large, and has no end", b"POST /x HTTP/1.1\r\nA: " + b"b" * 5000, 431),
]

HOST = [
    bad("no Host in HTTP/1.1", req(host=b"")),
    bad("two Hosts", req(P, b"Host: t")),
    bad("two Hosts in HTTP/1.0", req(b"POST /x HTTP/1.0", b"Host: t")),
    Case("no Host in HTTP/1.0", req(b"POST /x HTTP/1.0", host=b""), (200,), ENDS, (b"hello",)),
    ok("an empty Host", req(host=b"Host:"), b"hello"),
    ok("a port", req(host=b"Host: t:8484"), b"hello"),
    ok("an empty port", req(host=b"Host: t:"), b"hello"),
    ok("IPv4", req(host=b"Host: 127.0.0.1:80"), b"hello"),
    ok("IPv6", req(host=b"Host: [::1]:80"), b"hello"),
    bad("IPv6 without brackets", req(host=b"Host: ::1")),
    bad("a path", req(host=b"Host: t/x")),
    bad("a space", req(host=b"Host: t u")),
    bad("a comma's list of a user", req(host=b"Host: a@t")),
    bad("a port that is no number", req(host=b"Host: t:x")),
    bad("a byte beyond ASCII", req(host=b"Host: \xc3\xa9")),
]


def length(value: bytes, *fields: bytes, body: bytes = b"hello") -> bytes:
    return req(P, b"Content-Length: " + value, *fields, body=None) + body


LENGTH = [
    ok("none is no body", req(body=None), b""),
    ok("zero", length(b"0", body=b""), b""),
    ok("leading zeros", length(b"0005"), b"hello"),
    ok("spaces around it", length(b"  5  "), b"hello"),
    bad("a sign", length(b"+5")),
    bad("a minus", length(b"-5")),
    bad("hex", length(b"0x5")),
    bad("letters", length(b"five")),
    bad("a decimal point", length(b"5.0")),
    bad("an underscore", length(b"1_0")),
    bad("a space inside", length(b"5 5")),
    bad("empty", length(b"")),
    bad("digits of another script", length("٥".encode())),
    bad("a list of the same", length(b"5, 5")),
    bad("a list of others", length(b"5, 6")),
    bad("twice the same", length(b"5", b"Content-Length: 5")),
    bad("twice, others", length(b"5", b"Content-Length: 6")),
    bad("more than is allowed", length(b"200001"), 413),
    bad("2 to the 64", length(b"18446744073709551616"), 413),
    bad("a hundred digits", length(b"9" * 100), 413),
    ok("a GET with a body", req(G), b"hello"),
    ok("a GET without", req(G, body=None), b""),
]

TRANSFER = [
    ok("chunked", chunked(b"5\r\nhello\r\n" + LAST), b"hello"),
    ok("in any case", req(P, b"Transfer-Encoding: ChUnKeD", body=None) + b"5\r\nhello\r\n" + LAST, b"hello"),
    ok("a tab behind it", req(P, b"Transfer-Encoding: chunked\t", body=None) + LAST, b""),
    bad("beside Content-Length", chunked(b"5\r\nhello\r\n" + LAST, b"Content-Length: 5")),
    bad("behind Content-Length", req(P, b"Content-Length: 5", b"Transfer-Encoding: chunked", body=None) + LAST),
    bad("beside Content-Length: 0", chunked(LAST, b"Content-Length: 0")),
    bad("in HTTP/1.0", chunked(LAST, line=b"POST /x HTTP/1.0")),
    bad("an unknown coding", req(P, b"Transfer-Encoding: zip", body=None), 501),
    bad("gzip over chunked", req(P, b"Transfer-Encoding: gzip, chunked", body=None), 501),
    bad("identity", req(P, b"Transfer-Encoding: identity", body=None), 501),
    bad("chunked that is not the last", req(P, b"Transfer-Encoding: chunked, gzip", body=None)),
    bad("chunked twice in a list", req(P, b"Transfer-Encoding: chunked, chunked", body=None)),
    bad("chunked in two fields", chunked(LAST, b"Transfer-Encoding: chunked")),
    bad("empty", req(P, b"Transfer-Encoding:", body=None)),
    bad("in quotes", req(P, b'Transfer-Encoding: "chunked"', body=None)),
    bad("with a letter before it", req(P, b"Transfer-Encoding: xchunked", body=None), 501),
    bad("with a parameter", req(P, b"Transfer-Encoding: chunked;q=1", body=None), 501),
    bad("with a vertical tab", req(P, b"Transfer-Encoding: \x0bchunked", body=None)),
    bad("with a space before the colon", req(P, b"Transfer-Encoding : chunked", body=None)),
    bad("with a NUL", req(P, b"Transfer-Encoding: chunked\0", body=None)),
]

CHUNKS = [
    ok("two chunks", chunked(b"2\r\nhe\r\n3\r\nllo\r\n" + LAST), b"hello"),
    ok("hex in capitals and leading zeros", chunked(b"00A\r\n0123456789\r\n" + LAST), b"0123456789"),
    ok("a last chunk of many zeros", chunked(b"000\r\n\r\n"), b""),
    ok("an extension", chunked(b"5;a\r\nhello\r\n" + LAST), b"hello"),
    ok("an extension with a value", chunked(b"5;a=b;c=d\r\nhello\r\n0;e\r\n\r\n"), b"hello"),
    ok("an extension in quotes", chunked(b'5 ; a="b;\\"c"\r\nhello\r\n' + LAST), b"hello"),
    ok("a trailer", chunked(b"5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n"), b"hello"),
    bad("a trailer with another length", chunked(b"0\r\nContent-Length: 9\r\n\r\n")),
    bad("a trailer with another coding", chunked(b"0\r\nTransfer-Encoding: chunked\r\n\r\n")),
    bad("a size that is none", chunked(b"x\r\nhello\r\n" + LAST)),
    bad("an empty size", chunked(b"\r\nhello\r\n" + LAST)),
    bad("0x before it", chunked(b"0x5\r\nhello\r\n" + LAST)),
    bad("a sign", chunked(b"+5\r\nhello\r\n" + LAST)),
    bad("a minus", chunked(b"-5\r\nhello\r\n" + LAST)),
    bad("a space before it", chunked(b" 5\r\nhello\r\n" + LAST)),
    bad("a space behind it", chunked(b"5 \r\nhello\r\n" + LAST)),
    bad("an underscore", chunked(b"1_0\r\n" + b"x" * 16 + b"\r\n" + LAST)),
    bad("a size of 17 digits", chunked(b"00000000000000005\r\nhello\r\n" + LAST)),
    bad("a size beyond 64 bits", chunked(b"FFFFFFFFFFFFFFFFF\r\nhello\r\n" + LAST)),
    bad("a size that is too large", chunked(b"FFFFFFFF\r\nhello\r\n" + LAST), 413),
    bad("a sum that is too large", chunked(b"186A0\r\n" + b"x" * 100_000 + b"\r\n186A1\r\n"), 413),
    bad("a chunk longer than its size", chunked(b"4\r\nhello\r\n" + LAST)),
    bad("a chunk shorter than its size", chunked(b"6\r\nhello\r\n" + LAST)),
    bad("no line's end behind a chunk", chunked(b"5\r\nhello" + LAST)),
    bad("a bare line feed behind a size", chunked(b"5\nhello\r\n" + LAST)),
    bad("a bare line feed behind a chunk", chunked(b"5\r\nhello\n" + LAST)),
    bad("a bare carriage return in an extension", chunked(b"5;a\rb\r\nhello\r\n" + LAST)),
    bad("a bare line feed in an extension", chunked(b"5;a\nb\r\nhello\r\n" + LAST)),
    bad("a NUL in an extension", chunked(b"5;a\0\r\nhello\r\n" + LAST)),
    bad("an extension without a name", chunked(b"5;\r\nhello\r\n" + LAST)),
    bad("an extension without its quotes' end", chunked(b'5;a="b\r\nhello\r\n' + LAST)),
    bad("an extension that is too long", chunked(b"5;a=" + b"b" * 5000 + b"\r\nhello\r\n" + LAST)),
    bad("extensions that are too long together", chunked((b"1;a=" + b"b" * 2000 + b"\r\nx\r\n") * 9 + LAST)),
    bad("chunks that are too small together", chunked(b"1\r\nx\r\n" * 4200 + LAST)),
    bad("a trailer that is no field", chunked(b"0\r\nab\r\n\r\n")),
    bad("a trailer with a space before its colon", chunked(b"0\r\nA : b\r\n\r\n")),
    bad("a trailer that is folded", chunked(b"0\r\nA: b\r\n c\r\n\r\n")),
    bad("a bare line feed in the trailers", chunked(b"0\r\nA: b\n\r\n")),
    bad("trailers that are too large", chunked(b"0\r\n" + b"A: %b\r\n" % (b"b" * 400) * 12 + b"\r\n"), 431),
    bad("too many trailers", chunked(b"0\r\n" + b"A: b\r\n" * 60 + b"\r\n"), 431),
]

CONNECTION = [
    Case("close", req(P, b"Connection: close"), (200,), ENDS, (b"hello",)),
    Case("close in any case, in a list", req(P, b"Connection: x, CLOSE"), (200,), ENDS, (b"hello",)),
    Case("close beside keep-alive", req(P, b"Connection: keep-alive, close"), (200,), ENDS, (b"hello",)),
    Case("close in a second field", req(P, b"Connection: x", b"Connection: close"), (200,), ENDS, (b"hello",)),
    ok("keep-alive", req(P, b"Connection: keep-alive"), b"hello"),
    ok("nothing that is known", req(P, b"Connection: foo"), b"hello"),
    ok("not a word that has close in it", req(P, b"Connection: close-not"), b"hello"),
    Case("what follows close is not answered", req(P, b"Connection: close") + GOOD, (200,), ENDS, (b"hello",)),
    Case("HTTP/1.0", req(b"POST /x HTTP/1.0"), (200,), ENDS, (b"hello",)),
    ok("HTTP/1.0 with keep-alive", req(b"POST /x HTTP/1.0", b"Connection: Keep-Alive"), b"hello"),
    Case("HTTP/1.0 with both", req(b"POST /x HTTP/1.0", b"Connection: keep-alive, close"), (200,), ENDS, (b"hello",)),
    ok("two in one write", GOOD + req(body=b"two"), b"hello", b"two"),
    ok("a body that looks like a request", req(body=GOOD), GOOD),
    ok("chunked, then counted", chunked(b"1\r\na\r\n" + LAST) + GOOD, b"a", b"hello"),
    Case("a good one before a bad one", GOOD + b"NO\r\n\r\n", (200, 400), ENDS),
    Case("a refused one between two", GOOD + req(b"DELETE /x HTTP/1.1") + GOOD, (200, 405, 200), OPEN),
    ok("many in one write", GOOD * 40, *[b"hello"] * 40),
]

METHODS = [
    Case("HEAD has no content", req(b"HEAD /x HTTP/1.1", body=None), (200,), OPEN, (b"",)),
    Case("HEAD that is refused has none", req(b"HEAD /no HTTP/1.1", body=None), (404,), OPEN, (b"",)),
    Case("HEAD that is malformed", req(b"HEAD /x HTTP/1.1", b"A : b", body=None), (400,), ENDS),
    ok("OPTIONS of a path", req(b"OPTIONS /x HTTP/1.1", body=None), b""),
    Case("TRACE", req(b"TRACE /x HTTP/1.1", body=None), (405,), OPEN),
    Case("DELETE with a body", req(b"DELETE /x HTTP/1.1"), (405,), OPEN),
    Case("CONNECT", req(b"CONNECT t:80 HTTP/1.1", body=None), (404,), OPEN),
    bad("CONNECT without a port", req(b"CONNECT t HTTP/1.1", body=None)),
    bad("CONNECT of a path", req(b"CONNECT /x HTTP/1.1", body=None)),
    Case("a path that is not served", req(b"POST /no HTTP/1.1"), (404,), OPEN),
    Case("a path that is not served, of an absolute form", req(b"POST http://t/no HTTP/1.1"), (404,), OPEN),
    Case("a path that begins with one that is", req(b"POST /xx HTTP/1.1"), (404,), OPEN),
]

EXPECT = [
    Case("100-continue with its body", req(P, b"Expect: 100-continue"), (200,), OPEN, (b"hello",)),
    Case("100-continue without a body", req(P, b"Expect: 100-continue", body=None), (200,), OPEN, (b"",)),
    Case("in any case", req(P, b"Expect: 100-CONTINUE"), (200,), OPEN, (b"hello",)),
    Case(
        "100-continue, the body later", req(P, b"Expect: 100-continue", b"Content-Length: 5", body=None), (100,), OPEN
    ),
    bad(
        "a body that is refused",
        req(b"POST /no HTTP/1.1", b"Expect: 100-continue", b"Content-Length: 5", body=None),
        404,
    ),
    bad("a body that is too large", req(P, b"Expect: 100-continue", b"Content-Length: 999999", body=None), 413),
    bad("another expectation", req(P, b"Expect: a-miracle"), 417),
    bad("another beside it", req(P, b"Expect: 100-continue, a-miracle"), 417),
    Case("HTTP/1.0 knows none", req(b"POST /x HTTP/1.0", b"Expect: 100-continue"), (200,), ENDS, (b"hello",)),
    Case("HTTP/1.0 knows no other", req(b"POST /x HTTP/1.0", b"Expect: a-miracle"), (200,), ENDS, (b"hello",)),
]

UPGRADE = [
    ok("to a WebSocket is not taken", req(P, b"Connection: Upgrade", b"Upgrade: websocket"), b"hello"),
    ok(
        "a GET, with a request behind it",
        req(G, b"Connection: upgrade", b"Upgrade: h2c", body=None) + GOOD,
        b"",
        b"hello",
    ),
    ok("without Connection", req(P, b"Upgrade: TLS/1.3"), b"hello"),
]

GROUPS = {
    "request line": REQUEST_LINE,
    "lines": LINES,
    "fields": FIELDS,
    "Host": HOST,
    "Content-Length": LENGTH,
    "Transfer-Encoding": TRANSFER,
    "chunks": CHUNKS,
    "Connection": CONNECTION,
    "methods": METHODS,
    "Expect": EXPECT,
    "Upgrade": UPGRADE,
}
CASES = [(f"{group}: {case.name}", case) for group, cases in GROUPS.items() for case in cases]
