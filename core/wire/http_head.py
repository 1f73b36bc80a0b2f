"""HTTP request heads: judged once, remembered by their exact bytes (RFC 9112 sections 2 to 6).

Devices repeat their heads byte for byte, and parsing a head is a function of its bytes, so a verdict may be
remembered. A head is entered on second sight, so that heads that never come again don't flush the others, and only
where h11, which knows nothing of `core.wire.http_syntax`, has no objection either.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import h11
import msgspec

from core.catalogue.received import JournalHead
from core.wire.http_syntax import BadHead, HeadLimits, HeadText, read_head

REMEMBERED_HEADS = 4096
"""With the longest head that is remembered: 16 MiB a worker at most."""
LONGEST_REMEMBERED = 4096
MOST_QUERY_FIELDS = 1000

REDACTED = frozenset({b"authorization", b"proxy-authorization", b"cookie"})
"""Fields whose values are kept out of rows, metadata and live feeds; a handler may add its own."""


class Refusal(msgspec.Struct, frozen=True):
    """Why a request does not reach the decoder, and what is answered."""

    status: int
    reason: str
    """As the operator reads it; the device hears the status's usual words."""
    extra: bytes = b""
    """Header lines that the answer has beside the usual ones."""


class Head(JournalHead):
    """A judged head."""

    __slots__ = (
        "admitted",
        "chunked",
        "codings",
        "expects_continue",
        "headers",
        "keep_alive",
        "length",
        "old",
        "path",
        "plain",
        "query",
        "refusal",
        "secrets",
    )

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    """By lower-case name, without the values of secret ones."""
    secrets: dict[str, str]
    """The values of secret fields, for authentication alone."""
    length: int
    """Content-Length; 0 where there is none."""
    chunked: bool
    keep_alive: bool
    old: bool
    """HTTP/1.0."""
    plain: bool
    """Its answer has a body, and says nothing of the connection."""
    expects_continue: bool
    codings: tuple[str, ...]
    """What was laid over the content, first to last."""
    refusal: Refusal | None
    """The handler's own verdict, such as 404 or 405, which is as much a function of the head."""
    admitted: tuple[int, str] | None
    """The generation of the gate that let this head in, and as whom, where that too is a function of the head."""

    def fields(self) -> dict[str, str]:
        """All fields as they came, secret ones too: for authentication alone."""
        return {**self.headers, **self.secrets}

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
    """Judges heads for one handler; `refuse` adds the handler's own verdict to one that is as the RFCs say. `hidden`
    are the lower-case names of further fields whose values are secret."""

    def __init__(
        self, limits: HeadLimits, refuse: Callable[[Head], Refusal | None], hidden: frozenset[bytes] = frozenset()
    ) -> None:
        self._limits = limits
        self._refuse = refuse
        self._hidden = frozenset(name.decode() for name in REDACTED | hidden)
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

    def forget(self) -> None:
        """What the handler's own verdicts depend on has changed."""
        self._heads.clear()

    def _remember(self, raw: bytes, head: Head) -> None:
        key = hash(raw)
        if key not in self._seen_once:
            if len(self._seen_once) >= REMEMBERED_HEADS:
                self._seen_once.clear()
            self._seen_once.add(key)
            return
        _ask_h11(raw, self._limits)
        if len(self._heads) >= REMEMBERED_HEADS:
            del self._heads[next(iter(self._heads))]
        self._heads[raw] = head

    def judge_anew(self, raw: bytes) -> Head:
        """The verdict without the memory."""
        head = _made(read_head(raw, self._limits), raw, self._hidden)
        head.refusal = self._refuse(head)
        return head


def _ask_h11(raw: bytes, limits: HeadLimits) -> None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.max_head)
    try:
        connection.receive_data(raw)
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        raise BadHead(error.error_status_hint, str(error)) from error
    if not isinstance(event, h11.Request):
        raise BadHead(400, "the head is not complete")


def _made(text: HeadText, raw: bytes, hidden: frozenset[str]) -> Head:
    method, target, old, lines = text
    path, _, query = _origin_form(target).partition("?")
    if "%" in path:
        path = unquote(path, errors="replace")
    headers, secrets = _joined(lines, hidden)
    fields: dict[str, list[str]] = {}
    if query:
        try:
            fields = parse_qs(query, keep_blank_values=True, max_num_fields=MOST_QUERY_FIELDS)
        except ValueError:
            raise BadHead(400, f"more than {MOST_QUERY_FIELDS} fields in the query") from None
    described = {
        "http.method": method,
        "http.target": target,
        "http.path": path,
        "http.query": fields,
        "http.headers": headers,
    }
    head = Head(
        method,
        target,
        redacted(raw, frozenset(name.encode() for name in secrets)) if secrets else raw,
        msgspec.json.encode(described),
    )
    head.path = path
    head.query = fields
    head.headers = headers
    head.secrets = secrets
    head.chunked = "transfer-encoding" in headers
    head.length = int(headers["content-length"]) if "content-length" in headers else 0
    head.old = old
    options = {option.strip() for option in headers["connection"].lower().split(",")} if "connection" in headers else ()
    head.keep_alive = "close" not in options and (not old or "keep-alive" in options)
    head.plain = head.keep_alive and not old and method != "HEAD"
    head.expects_continue = "expect" in headers and not old
    head.codings = ()
    head.refusal = None
    head.admitted = None
    return head


def _origin_form(target: str) -> str:
    """The path and query of a target in absolute-form (RFC 9112 3.2.2); other forms as they are."""
    scheme, separator, rest = target.partition("://")
    if not separator or "/" in scheme:
        return target
    start = min((place for place in (rest.find("/"), rest.find("?")) if place >= 0), default=len(rest))
    return rest[start:] if rest[start : start + 1] == "/" else f"/{rest[start:]}"


def _joined(fields: dict[str, list[str]], hidden: frozenset[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Fields by lower-case name, repeated ones joined with a comma (RFC 9110 5.3); beside them the secret ones."""
    joined: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for name, values in fields.items():
        if name in hidden:
            secrets[name] = ", ".join(values)
            values = [redacted_value(value.encode("latin-1")) for value in values]
        joined[name] = values[0] if len(values) == 1 else ", ".join(values)
    return joined, secrets


def redacted_value(value: bytes) -> str:
    """What stands for a secret's value."""
    return f"<redacted, {len(value)} bytes>"


def redacted(raw: bytes, hidden: frozenset[bytes] = REDACTED) -> bytes:
    """The head's bytes with the values of secret fields taken out."""
    lines = raw.split(b"\r\n")
    for place, line in enumerate(lines[1:], start=1):
        name, colon, value = line.partition(b":")
        if colon and name.strip().lower() in hidden:
            lines[place] = name + b": " + redacted_value(value.strip()).encode()
    return b"\r\n".join(lines)
