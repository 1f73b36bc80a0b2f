"""The HTTP interaction handler of one worker: what all its connections share."""

from dataclasses import dataclass

from core.catalogue.behaviour import Intake, Received
from core.wire.http_answer import Answers, phrase
from core.wire.http_connection import RETRY_LINE, HttpConnection, TurnedAway
from core.wire.http_head import Head, HeadJudge

READ_BYTES = 64 << 10
"""Bytes that are read at a time."""


@dataclass(frozen=True, slots=True)
class HttpRules:
    """What the handler's settings come down to; times are in seconds, sizes in bytes."""

    paths: tuple[str, ...] | None
    methods: frozenset[str]
    reject_failures: bool
    success_status: int
    success_body: bytes
    max_head: int
    max_body: int
    head_timeout: float
    body_timeout: float
    idle_timeout: float
    write_timeout: float


class HttpHandler:
    """Judges heads, makes answers, holds the connections; see `core.catalogue.behaviour.Handler`."""

    def __init__(self, rules: HttpRules, intake: Intake) -> None:
        self.intake = intake
        self.connections: set[HttpConnection] = set()
        self.read_buffer = memoryview(bytearray(READ_BYTES))
        self.now = 0.0
        self.max_head = rules.max_head
        self.max_body = rules.max_body
        self.head_timeout = rules.head_timeout
        self.body_timeout = rules.body_timeout
        self.idle_timeout = rules.idle_timeout
        self.write_timeout = rules.write_timeout
        self.largest = rules.max_head + rules.max_body
        self._rules = rules
        self._judge = HeadJudge(rules.max_head, self._refusal_of)
        self._answers = Answers()
        self._allow = b"Allow: %s\r\n" % ", ".join(sorted(rules.methods)).encode()
        self.judge = self._judge.judge

    def connection(self) -> HttpConnection:
        return HttpConnection(self)

    def turn_away(self) -> TurnedAway:
        return TurnedAway(self)

    def open_connections(self) -> int:
        return len(self.connections)

    def _refusal_of(self, head: Head) -> tuple[int, str] | None:
        """404 and 405, which are as much a function of the head as its syntax."""
        rules = self._rules
        if rules.paths is not None and not any(_path_matches(pattern, head.path) for pattern in rules.paths):
            return 404, f"no path of this source: {head.path}"
        if head.method not in rules.methods:
            return 405, f"no method of this source: {head.method}"
        return None

    def answer_to(self, reason: str | None, received: Received, close: bool) -> tuple[int, bytes]:
        """Status and bytes of the answer to a decoded or failed request."""
        rules = self._rules
        if received.respond is not None:
            body, status = received.respond
        elif reason is None or not rules.reject_failures:
            status, body = rules.success_status, rules.success_body
        else:
            status, body = 422, b"The payload could not be decoded."
        answer = self._answers.make(status, body, close=close)
        if received.head is not None and received.head.method == "HEAD":
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        return status, answer

    def refusal(self, status: int, close: bool) -> bytes:
        """The answer to a request that never reached the decoder; it says nothing about the inside."""
        extra = {405: self._allow, 503: RETRY_LINE}.get(status, b"")
        return self._answers.make(status, phrase(status) + b".", close=close, extra=extra)

    def unavailable(self, close: bool) -> bytes:
        """503 with Retry-After."""
        return self.refusal(503, close)

    def sweep(self, now: float) -> None:
        self.now = now
        for connection in tuple(self.connections):
            connection.sweep(now)

    def drain(self) -> None:
        for connection in tuple(self.connections):
            connection.drain()

    def abort(self) -> None:
        for connection in tuple(self.connections):
            connection.abort()


def _path_matches(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
