"""HTTP request heads: judged by h11 once, remembered by their exact bytes (RFC 9112 sections 2 to 6).

Devices repeat their heads byte for byte, and parsing a head is a function of its bytes, so a verdict may be
remembered. A head is entered on second sight, so that heads that never come again don't flush the others. What h11
accepts and the RFC does not (bare line feeds, Content-Length beside Transfer-Encoding) is refused here.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import h11
import msgspec

from core.catalogue.behaviour import JournalHead

REMEMBERED_HEADS = 4096
"""With the longest head that is remembered: 16 MiB a worker at most."""
LONGEST_REMEMBERED = 4096

REDACTED = frozenset({b"authorization", b"proxy-authorization", b"cookie"})


class BadHead(Exception):
    """A head that is not HTTP as the RFC says; `status` is the answer."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


class Head(JournalHead):
    """A judged head. `simple` means that the body is counted by Content-Length and h11 need not see it."""

    __slots__ = ("expects_continue", "headers", "keep_alive", "length", "path", "query", "refusal", "simple")

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    length: int | None
    """Content-Length; None where the body is chunked."""
    simple: bool
    keep_alive: bool
    expects_continue: bool
    refusal: tuple[int, str] | None
    """The handler's own verdict, such as 404 or 405, which is as much a function of the head."""

    def describe(self) -> dict[str, Any]:
        """The metadata that a script is given of it; a fresh copy, for scripts may change what they get."""
        return {
            "http.method": self.method,
            "http.target": self.target,
            "http.path": self.path,
            "http.query": {name: list(values) for name, values in self.query.items()},
            "http.headers": dict(self.headers),
        }


class HeadJudge:
    """Judges heads for one handler; `refusal_of` adds the handler's own verdict."""

    def __init__(self, max_head: int, refusal_of: Callable[[Head], tuple[int, str] | None]) -> None:
        self._max_head = max_head
        self._refusal_of = refusal_of
        self._heads: dict[bytes, Head] = {}
        self._seen_once: set[int] = set()

    def judge(self, raw: bytes) -> Head:
        """The verdict on a whole head, its empty line included; BadHead where it is none."""
        head = self._heads.get(raw)
        if head is not None:
            return head
        head = self.judge_anew(raw)
        if len(raw) <= LONGEST_REMEMBERED:
            self._remember(raw, head)
        return head

    def _remember(self, raw: bytes, head: Head) -> None:
        key = hash(raw)
        if key not in self._seen_once:
            if len(self._seen_once) >= REMEMBERED_HEADS:
                self._seen_once.clear()
            self._seen_once.add(key)
            return
        if len(self._heads) >= REMEMBERED_HEADS:
            del self._heads[next(iter(self._heads))]
        self._heads[raw] = head

    def judge_anew(self, raw: bytes) -> Head:
        """The verdict without the memory."""
        if raw.count(b"\n") != raw.count(b"\r\n"):
            raise BadHead(400, "a line of the head ends in a bare line feed")
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=self._max_head)
        try:
            connection.receive_data(raw)
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            raise BadHead(error.error_status_hint, str(error)) from error
        if not isinstance(event, h11.Request):
            raise BadHead(400, "the head is not complete")
        head = _read(event, raw, connection.they_are_waiting_for_100_continue)
        head.refusal = self._refusal_of(head)
        return head


def _read(request: h11.Request, raw: bytes, expects_continue: bool) -> Head:
    names = [name for name, _ in request.headers]
    if b"transfer-encoding" in names and b"content-length" in names:
        raise BadHead(400, "both Content-Length and Transfer-Encoding")
    if b"transfer-encoding" in names and request.http_version < b"1.1":
        raise BadHead(400, "Transfer-Encoding in HTTP/1.0")
    target = request.target.decode("latin-1")
    path, _, query = _origin_form(target).partition("?")
    headers = _joined(request)
    decoded_path = unquote(path, errors="replace")
    method = request.method.decode("latin-1")
    options = {option.strip() for option in headers.get("connection", "").lower().split(",")}
    try:
        fields = parse_qs(query, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise BadHead(400, "more than 1,000 fields in the query") from None
    described = {
        "http.method": method,
        "http.target": target,
        "http.path": decoded_path,
        "http.query": fields,
        "http.headers": headers,
    }
    head = Head(method, target, redacted(raw), msgspec.json.encode(described))
    head.path = decoded_path
    head.query = fields
    head.headers = headers
    head.length = None if "transfer-encoding" in headers else int(headers.get("content-length", "0"))
    head.keep_alive = request.http_version >= b"1.1" and "close" not in options
    head.expects_continue = expects_continue
    head.simple = head.length is not None and not expects_continue and "upgrade" not in headers
    head.simple = head.simple and request.http_version == b"1.1" and method != "CONNECT"
    head.refusal = None
    return head


def _origin_form(target: str) -> str:
    """The path and query of a target in absolute-form (RFC 9112 3.2.2); other forms as they are."""
    scheme, separator, rest = target.partition("://")
    if not separator or not scheme.isalpha():
        return target
    slash = rest.find("/")
    return rest[slash:] if slash >= 0 else "/"


def _joined(request: h11.Request) -> dict[str, str]:
    """Headers by lower-case name; repeated fields are joined with a comma (RFC 9110 5.3)."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in request.headers:
        name = raw_name.decode("latin-1")
        value = redacted_value(raw_value) if raw_name in REDACTED else raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined and name != "content-length" else value
    return joined


def redacted_value(value: bytes) -> str:
    """What stands for a secret's value."""
    return f"<redacted, {len(value)} bytes>"


def redacted(raw: bytes) -> bytes:
    """The head's bytes with the values of secret headers taken out."""
    lines = raw.split(b"\r\n")
    for place, line in enumerate(lines[1:], start=1):
        name, colon, value = line.partition(b":")
        if colon and name.strip().lower() in REDACTED:
            lines[place] = name + b": " + redacted_value(value.strip()).encode()
    return b"\r\n".join(lines)
