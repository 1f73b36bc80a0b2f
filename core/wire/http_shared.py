"""What the HTTP connections of one worker share: rules, judged heads, ready-made answers, one read buffer."""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from core.catalogue.connections import Connections
from core.catalogue.handling import Intake
from core.catalogue.received import Received
from core.wire.forwarded import ForwardedField
from core.wire.http_answer import CLOSE, KEEP_ALIVE, RETRY_AFTER, Answers, phrase, without_body
from core.wire.http_content import ACCEPTED, codings_of
from core.wire.http_head import Head, HeadJudge, Refusal
from core.wire.http_syntax import BadHead, HeadLimits
from core.wire.networks import Networks

READ_BYTES = 64 << 10
"""Bytes that are read at a time."""
HELD_BYTES = 64 << 20
"""Bytes of unfinished requests that all connections of a worker may hold together (or one request, where one may be
larger); what would go beyond it is answered 503."""
_RETRY_LINE = b"Retry-After: %d\r\n" % RETRY_AFTER
_UNAVAILABLE = Refusal(503, "")


@dataclass(frozen=True, slots=True)
class HttpRules:
    """What the handler's settings come down to; times are in seconds, sizes in bytes."""

    paths: tuple[str, ...] | None
    methods: frozenset[str]
    content_types: tuple[str, ...] | None
    decompress: bool
    reject_failures: bool
    success_status: int
    success_body: bytes
    success_content_type: str
    trusted_proxies: Networks
    forwarded: ForwardedField
    limits: HeadLimits
    max_body: int
    max_requests: int
    head_timeout: float
    body_timeout: float
    body_rate: float
    idle_timeout: float
    write_timeout: float


class Connected(Protocol):
    """A connection as its answers have it."""

    def flush(self) -> None: ...


class HttpShared:
    """Made once a worker."""

    def __init__(self, rules: HttpRules, intake: Intake, hidden: frozenset[bytes] = frozenset()) -> None:
        """`hidden` are the lower-case names of fields whose values are this source's secrets."""
        self.rules = rules
        self.intake = intake
        self.connections = Connections()
        self.now = 0.0
        """The loop's time at the last sweep: near enough for limits, and free to read."""
        self.read_buffer = memoryview(bytearray(READ_BYTES))
        self.judge = HeadJudge(rules.limits, self._refusal_of, hidden).judge
        self.held = 0
        """Bytes of unfinished requests."""
        self._most_held = max(HELD_BYTES, rules.max_body + rules.limits.max_head)
        self._answers = Answers()
        self._success = b""
        self._success_second = 0
        self._allow = b"Allow: %s\r\n" % ", ".join(sorted(rules.methods)).encode()

    def overfull(self) -> bool:
        """Whether the unfinished requests hold more than they may."""
        return self.held > self._most_held

    def _refusal_of(self, head: Head) -> Refusal | None:
        """404, 405 and 415, which are as much a function of the head as its syntax."""
        rules = self.rules
        if rules.paths is not None and not any(_matches(pattern, head.path) for pattern in rules.paths):
            return Refusal(404, f"no path of this source: {head.path}")
        if head.method not in rules.methods:
            return Refusal(405, f"no method of this source: {head.method}", self._allow)
        if rules.content_types is not None and (head.length or head.chunked):
            given = head.headers.get("content-type", "").partition(";")[0].strip().lower()
            if not any(_matches(pattern.lower(), given) for pattern in rules.content_types):
                return Refusal(415, f"no content type of this source: {given or 'none was given'}")
        if rules.decompress and "content-encoding" in head.headers:
            try:
                head.codings = codings_of(head.headers["content-encoding"])
            except BadHead as bad:
                return Refusal(bad.status, bad.reason, b"Accept-Encoding: %s\r\n" % ACCEPTED.encode())
        return None

    def success(self, second: int) -> bytes:
        """The usual answer to a request that was decoded; `second` since the epoch is when it came."""
        if second != self._success_second:
            rules = self.rules
            self._success_second = second
            self._success = self._answers.make(
                rules.success_status, rules.success_body, content_type=rules.success_content_type
            )
        return self._success

    def answer_to(self, reason: str | None, received: Received, connection: bytes) -> tuple[int, bytes]:
        """Status and bytes of the answer to a decoded or failed request; `connection` is that header line, if any."""
        rules = self.rules
        said = received.respond
        if said is not None and (reason is None or said[1] >= 400):  # a failure is never answered as a success
            body, status = said
            answer = self._answers.make(status, body, content_type=received.respond_type, extra=connection)
        elif reason is None or not rules.reject_failures:
            status = rules.success_status
            answer = self._answers.make(
                status, rules.success_body, content_type=rules.success_content_type, extra=connection
            )
        else:
            status = 422
            answer = self._answers.make(status, b"The payload could not be decoded.", extra=connection)
        if received.head is not None and received.head.method == "HEAD":
            answer = without_body(answer)
        return status, answer

    def refusal(self, refusal: Refusal, head: Head | None, connection: bytes) -> bytes:
        """The answer to a request that never reached the decoder; it says nothing about the inside."""
        status = refusal.status
        extra = refusal.extra or (_RETRY_LINE if status == 503 else b"")
        answer = self._answers.make(status, phrase(status) + b".", extra=extra + connection)
        return without_body(answer) if head is not None and head.method == "HEAD" else answer


class HttpAnswer(msgspec.Struct):
    """The answer to one request, in its place among the connection's answers."""

    _shared: HttpShared
    _connection: Connected
    _head: Head | None
    close: bool
    data: bytes = b""
    ready: bool = False

    kept = None
    """What it says is known by its status and the handler's settings."""

    @property
    def _connection_line(self) -> bytes:
        """HTTP/1.0 must be told that the connection goes on, HTTP/1.1 that it does not (RFC 9112 9.3)."""
        if self.close:
            return CLOSE
        return KEEP_ALIVE if self._head is not None and self._head.old else b""

    def prepare(self, reason: str | None, received: Received) -> int:
        head = self._head
        if reason is None and received.respond is None and not self.close and head is not None and head.plain:
            self.data = self._shared.success(received.at // 1000)
            return self._shared.rules.success_status
        status, self.data = self._shared.answer_to(reason, received, self._connection_line)
        return status

    def refuse(self, refusal: Refusal) -> None:
        """It is a refusal, and may go at once."""
        self.data = self._shared.refusal(refusal, self._head, self._connection_line)
        self.ready = True

    def be_last(self) -> None:
        """The connection ends after this answer, which was made before that was known."""
        if not self.close:
            self.close = True
            head, empty, body = self.data.partition(b"\r\n\r\n")
            if empty:
                self.data = head.replace(b"\r\n" + KEEP_ALIVE[:-2], b"") + b"\r\n" + CLOSE + b"\r\n" + body

    def release(self) -> None:
        self._connection.flush()

    def unavailable(self) -> None:
        self.refuse(_UNAVAILABLE)
        self._connection.flush()


def _matches(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
