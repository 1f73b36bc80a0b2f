"""What the HTTP connections of one worker share: rules, judged heads, ready-made answers, one read buffer."""

from dataclasses import dataclass
from typing import Protocol

from core.catalogue.behaviour import Intake, Received
from core.wire.http_answer import RETRY_AFTER, Answers, phrase
from core.wire.http_head import Head, HeadJudge

READ_BYTES = 64 << 10
"""Bytes that are read at a time."""
_RETRY_LINE = b"Retry-After: %d\r\n" % RETRY_AFTER


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


class Connected(Protocol):
    """A connection as the handler has it."""

    def sweep(self, now: float) -> None: ...
    def drain(self) -> None: ...
    def abort(self) -> None: ...
    def flush(self) -> None: ...


class HttpShared:
    """Made once a worker."""

    def __init__(self, rules: HttpRules, intake: Intake) -> None:
        self.rules = rules
        self.intake = intake
        self.connections: set[Connected] = set()
        self.now = 0.0
        """The loop's time at the last sweep: near enough for limits, and free to read."""
        self.read_buffer = memoryview(bytearray(READ_BYTES))
        self.judge = HeadJudge(rules.max_head, self._refusal_of).judge
        self._answers = Answers()
        self._allow = b"Allow: %s\r\n" % ", ".join(sorted(rules.methods)).encode()

    def _refusal_of(self, head: Head) -> tuple[int, str] | None:
        """404 and 405, which are as much a function of the head as its syntax."""
        rules = self.rules
        if rules.paths is not None and not any(_path_matches(pattern, head.path) for pattern in rules.paths):
            return 404, f"no path of this source: {head.path}"
        if head.method not in rules.methods:
            return 405, f"no method of this source: {head.method}"
        return None

    def answer_to(self, reason: str | None, received: Received, close: bool) -> tuple[int, bytes]:
        """Status and bytes of the answer to a decoded or failed request."""
        rules = self.rules
        said = received.respond
        if said is not None and (reason is None or said[1] >= 400):  # a failure is never answered as a success
            body, status = said
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
        extra = {405: self._allow, 503: _RETRY_LINE}.get(status, b"")
        return self._answers.make(status, phrase(status) + b".", close=close, extra=extra)

    def unavailable(self, close: bool) -> bytes:
        """503 with Retry-After."""
        return self.refusal(503, close)


class HttpAnswer:
    """The answer to one request, in its place among the connection's answers."""

    __slots__ = ("_connection", "_shared", "close", "data", "ready")

    def __init__(self, shared: HttpShared, connection: Connected, close: bool) -> None:
        self._shared = shared
        self._connection = connection
        self.close = close
        self.data = b""
        self.ready = False

    def prepare(self, reason: str | None, received: Received) -> int:
        status, self.data = self._shared.answer_to(reason, received, self.close)
        return status

    def be_last(self) -> None:
        """The connection ends after this answer, which was made before that was known."""
        if not self.close:
            self.close = True
            self.data = self.data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)

    def release(self) -> None:
        self._connection.flush()

    def unavailable(self) -> None:
        self.data = self._shared.unavailable(self.close)
        self.ready = True
        self._connection.flush()


def _path_matches(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
