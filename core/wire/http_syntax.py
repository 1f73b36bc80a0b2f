"""What RFC 9110 and RFC 9112 demand of a request's bytes, and what its head says.

Everything here is a function of the bytes. A head that two readers may understand differently is refused, for one of
the two may be a proxy in front: that is how requests are smuggled.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

LONGEST_LENGTH = 19
"""Digits of a Content-Length, leading zeros aside: more is beyond any limit (and beyond 64 bits)."""

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])" % _TOKEN)
_FIELDS = re.compile(rb"(?:%b:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n" % _TOKEN)
"""All field lines of a head, with the empty line: what is wrong with others the checks of each say."""
_FIELD = re.compile(rb"(%b):[\t\x20-\x7e\x80-\xff]*" % _TOKEN)
_HOST = re.compile(
    rb"(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-f:.]+\]|\[v[0-9A-Fa-f]+\.[\w\-.~!$&'()*+,;=:]+\])"
    rb"(?::[0-9]{0,5})?"
)
_AUTHORITY = re.compile(rb"(?:[^\s/?#@\[\]:]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*://([^/?#]*)([/?].*)?")
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


class HeadText(NamedTuple):
    """What a head says, as text of Latin-1: every byte is a character."""

    method: str
    target: str
    old: bool
    """HTTP/1.0."""
    fields: dict[str, list[str]]
    """The values of all lines by lower-case name, in their order."""


def read_head(raw: bytes, limits: HeadLimits) -> HeadText:
    """Reads a whole head, its empty line included; BadHead where it is not as the RFCs say."""
    begun = raw.find(b"\r\n") + 2
    if _FIELDS.fullmatch(raw, begun) is None or b"\n" in raw[: begun - 1]:
        _say_what_is_wrong(raw, limits)
    method, target = _request_line(raw[: begun - 2], limits)
    lines = raw[begun:-4].decode("latin-1").split("\r\n") if len(raw) > begun + 2 else []
    if len(lines) > limits.max_fields:
        raise BadHead(431, f"the head has more than {limits.max_fields} fields")
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip("\t "))
    old = raw.startswith(b"/1.0", begun - 6)
    _check_target(method, target)
    _check_host(fields.get("host"), old=old)
    if "content-length" in fields or "transfer-encoding" in fields:
        _check_framing(fields, old=old)
    if "expect" in fields and not old and any(value.lower() != "100-continue" for value in fields["expect"]):
        raise BadHead(417, "an expectation that nobody here can meet")
    return HeadText(method.decode(), target.decode(), old, fields)


def _say_what_is_wrong(raw: bytes, limits: HeadLimits) -> None:
    if raw.count(b"\n") != raw.count(b"\r\n"):
        raise BadHead(400, "a line of the head ends in a bare line feed")
    if raw.count(b"\r") != raw.count(b"\r\n"):
        raise BadHead(400, "a carriage return stands in the middle of a line")
    lines = raw[:-4].split(b"\r\n")
    _request_line(lines[0], limits)
    if len(lines) - 1 > limits.max_fields:
        raise BadHead(431, f"the head has more than {limits.max_fields} fields")
    for line in lines[1:]:
        read_field(line)
    raise BadHead(400, "the head is none")


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


def _check_host(hosts: list[str] | None, *, old: bool) -> None:
    """RFC 9112 3.2."""
    if hosts is None:
        if not old:
            raise BadHead(400, "HTTP/1.1 without Host")
    elif len(hosts) > 1:
        raise BadHead(400, "more than one Host")
    elif not _HOST.fullmatch(hosts[0].encode("latin-1")):
        raise BadHead(400, "Host is no host")


def _check_framing(fields: dict[str, list[str]], *, old: bool) -> None:
    """Where the body ends must have one answer (RFC 9112 6.1 and 6.3)."""
    lengths, codings = fields.get("content-length", []), fields.get("transfer-encoding", [])
    if lengths and codings:
        raise BadHead(400, "both Content-Length and Transfer-Encoding")
    if len(lengths) > 1:
        raise BadHead(400, "more than one Content-Length")
    if lengths and not (lengths[0].isascii() and lengths[0].isdigit()):
        raise BadHead(400, "Content-Length is no number")
    if lengths and len(lengths[0].lstrip("0")) > LONGEST_LENGTH:
        raise BadHead(413, "Content-Length is beyond any limit")
    if codings:
        if old:
            raise BadHead(400, "Transfer-Encoding in HTTP/1.0")
        listed = [coding.strip("\t ").lower() for value in codings for coding in value.split(",")]
        _check_codings([coding.encode("latin-1") for coding in listed])


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
