"""What RFC 9110 and RFC 9112 demand of a request's bytes where h11 lets more through, or says it less plainly.

Everything here is a function of the bytes. A head that two readers may understand differently is refused, for one of
the two may be a proxy in front: that is how requests are smuggled.
"""

import re
from dataclasses import dataclass

LONGEST_LENGTH = 19
"""Digits of a Content-Length, leading zeros aside: more is beyond any limit (and beyond 64 bits)."""

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])" % _TOKEN)
_FIELD = re.compile(rb"(%b):[\t\x20-\x7e\x80-\xff]*" % _TOKEN)
_HOST = re.compile(
    rb"(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-f:.]+\]|\[v[0-9A-Fa-f]+\.[\w\-.~!$&'()*+,;=:]+\])"
    rb"(?::[0-9]{0,5})?"
)
_AUTHORITY = re.compile(rb"(?:[^\s/?#@\[\]:]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*://([^/?#]*)([/?].*)?")
_DIGITS = re.compile(rb"[0-9]+")
_TARGET = re.compile(rb"[\x21-\x7e]*")
_VERSION_BEGUN = re.compile(rb"(?:H(?:T(?:T(?:P(?:/(?:[0-9](?:\.[0-9]?)?)?)?)?)?)?)?")
_QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,16})((?:[\t ]*;[\t ]*%b(?:[\t ]*=[\t ]*(?:%b|%b))?)*)" % (_TOKEN, _TOKEN, _QUOTED)
)
"""A chunk's size and its extensions (RFC 9112 7.1)."""


class BadHead(Exception):
    """Bytes that are no request as the RFCs say, or past a limit; `status` is the answer."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """What a head may be at the most."""

    max_head: int
    """Bytes of request line and fields."""
    max_target: int
    """Bytes of the target; more is answered 414."""
    max_fields: int
    """Field lines; more is answered 431."""


def check_beginning(data: bytes, limits: HeadLimits) -> None:
    """Refuses what can be no head already, though its end is not there yet: nobody waits for the rest of it."""
    if len(data) > limits.max_head:
        raise BadHead(431, f"the head is larger than {limits.max_head} bytes")
    if b"\n\n" in data or b"\n\r\n" in data or data.startswith(b"\n"):
        raise BadHead(400, "a line of the head ends in a bare line feed")
    line, ended, _ = data.partition(b"\r\n")
    if ended:
        _request_line(line, limits)
    else:
        _begun_request_line(line.removesuffix(b"\r"), limits)


def _begun_request_line(line: bytes, limits: HeadLimits) -> None:
    method, space, rest = line.partition(b" ")
    target, _, version = rest.partition(b" ")
    if line and not (re.fullmatch(_TOKEN, method) and _TARGET.fullmatch(target) and _VERSION_BEGUN.fullmatch(version)):
        raise BadHead(400, _no_request_line(line))
    if space and len(target) > limits.max_target:
        raise BadHead(414, f"the target is longer than {limits.max_target} bytes")


def check_head(raw: bytes, limits: HeadLimits) -> None:
    """Refuses a whole head (its empty line included) that is not as the RFCs say."""
    if raw.count(b"\n") != raw.count(b"\r\n"):
        raise BadHead(400, "a line of the head ends in a bare line feed")
    if raw.count(b"\r") != raw.count(b"\r\n"):
        raise BadHead(400, "a carriage return stands in the middle of a line")
    lines = raw[:-4].split(b"\r\n")
    method, target = _request_line(lines[0], limits)
    if len(lines) - 1 > limits.max_fields:
        raise BadHead(431, f"the head has more than {limits.max_fields} fields")
    fields: dict[bytes, list[bytes]] = {}
    for line in lines[1:]:
        name, value = read_field(line)
        fields.setdefault(name, []).append(value)
    _check_target(method, target)
    _check_host(fields.get(b"host", []))
    _check_framing(fields, old=lines[0].endswith(b"/1.0"))
    for value in fields.get(b"expect", []):
        if value.lower() != b"100-continue" and not lines[0].endswith(b"/1.0"):
            raise BadHead(417, "an expectation that nobody here can meet")


def _request_line(line: bytes, limits: HeadLimits) -> tuple[bytes, bytes]:
    """Method and target."""
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise BadHead(400, _no_request_line(line))
    if match[3] != b"1":
        raise BadHead(505, f"HTTP/{match[3].decode()}.{match[4].decode()} is not spoken here")
    if len(match[2]) > limits.max_target:
        raise BadHead(414, f"the target is longer than {limits.max_target} bytes")
    return match[1], match[2]


def _no_request_line(line: bytes) -> str:
    if line.startswith(b"\x16\x03"):
        return "the device speaks TLS to a port without it"
    if line.startswith(b"PROXY "):
        return "a PROXY protocol header, and not from an address that proxy_protocol names"
    if not line:
        return "more than one empty line before the request"
    return "no request line: a method, a target and HTTP/1.1, with one space between them"


def read_field(line: bytes) -> tuple[bytes, bytes]:
    """Lower-case name and value of a field line; BadHead where it is none."""
    match = _FIELD.fullmatch(line)
    if match is None:
        raise BadHead(400, _no_field(line))
    return match[1].lower(), line[match.end(1) + 1 :].strip(b"\t ")


def _no_field(line: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        return "a field is folded over two lines"
    name, colon, value = line.partition(b":")
    if not colon:
        return "a line of the head is no field: it has no colon"
    if name[-1:] in (b" ", b"\t"):
        return "a field has a space before its colon"
    if not re.fullmatch(_TOKEN, name):
        return "a field's name is no token"
    return "a field's value has a NUL in it" if b"\0" in value else "a field's value has control characters in it"


def _check_target(method: bytes, target: bytes) -> None:
    """The four forms of RFC 9112 3.2."""
    if b"#" in target:
        raise BadHead(400, "the target has a fragment")
    if method == b"CONNECT":
        if not _AUTHORITY.fullmatch(target):
            raise BadHead(400, "the target of CONNECT is not host and port")
    elif target == b"*":
        if method != b"OPTIONS":
            raise BadHead(400, "the target * is for OPTIONS alone")
    elif not target.startswith(b"/"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise BadHead(400, "the target is neither a path nor an absolute URI")
        if not absolute[1] or b"@" in absolute[1] or not _HOST.fullmatch(absolute[1]):
            raise BadHead(400, "the target's authority is no host")


def _check_host(hosts: list[bytes]) -> None:
    """RFC 9112 3.2; that HTTP/1.1 must have one, h11 says."""
    if len(hosts) > 1:
        raise BadHead(400, "more than one Host")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise BadHead(400, "Host is no host")


def _check_framing(fields: dict[bytes, list[bytes]], *, old: bool) -> None:
    """Where the body ends must have one answer (RFC 9112 6.1 and 6.3)."""
    lengths, codings = fields.get(b"content-length", []), fields.get(b"transfer-encoding", [])
    if lengths and codings:
        raise BadHead(400, "both Content-Length and Transfer-Encoding")
    if len(lengths) > 1:
        raise BadHead(400, "more than one Content-Length")
    if lengths and not _DIGITS.fullmatch(lengths[0]):
        raise BadHead(400, "Content-Length is no number")
    if lengths and len(lengths[0].lstrip(b"0")) > LONGEST_LENGTH:
        raise BadHead(413, "Content-Length is beyond any limit")
    if codings:
        if old:
            raise BadHead(400, "Transfer-Encoding in HTTP/1.0")
        _check_codings([coding.strip(b"\t ").lower() for value in codings for coding in value.split(b",")])


def _check_codings(codings: list[bytes]) -> None:
    if codings == [b"chunked"]:
        return
    if not all(re.fullmatch(_TOKEN, coding.partition(b";")[0].rstrip(b"\t ")) for coding in codings):
        raise BadHead(400, "Transfer-Encoding is no list of codings")
    if codings.count(b"chunked") > 1:
        raise BadHead(400, "chunked more than once")
    if codings[-1] != b"chunked":
        raise BadHead(400 if b"chunked" in codings else 501, "the last transfer coding is not chunked")
    raise BadHead(501, "a transfer coding beside chunked")
