"""One HTTP/1.1 connection as a worker serves it (RFC 9112): requests in, answers out in the order of the requests.

Theory of operation. Bytes are read in one of four phases. HEAD looks for the end of a head and has it judged; COUNTED
counts a body of known length; JUDGED leaves a body to h11; LINGER discards what still comes, so that a closing
answer is not lost to a reset. A complete request goes to the intake with an `HttpAnswer`, which stands in `_answers`
until its commit; only ready answers at the front are written. Time limits are looked at by the handler's sweep, not
by a timer a connection, so `_since` says when the phase (or the wait for a first byte) began.
"""

import asyncio
import time
from collections import deque
from typing import Any

from core.catalogue.behaviour import Peer, Received
from core.wire.http_answer import CONTINUE
from core.wire.http_body import JudgedBody
from core.wire.http_head import BadHead, Head
from core.wire.http_shared import HttpAnswer, HttpShared
from core.wire.tls_words import connection_facts

MOST_WAITING = 64
"""Requests of one connection that may wait for their commits; past that it is not read."""
LINGER_SECONDS = 2.0
LAST_REQUEST_SECONDS = 1.0
"""For which a draining connection waits for one more request."""
KEPT_OF_REFUSED = 4096
"""Bytes that are kept of a request that never reached the decoder."""


class Phase:
    """Plain numbers, for they are compared with every read; members of an enum cost five times as much."""

    HEAD = 0
    COUNTED = 1
    JUDGED = 2
    LINGER = 3


class HttpConnection(asyncio.BufferedProtocol):
    """See the module's theory of operation."""

    def __init__(self, shared: HttpShared, peer: Peer) -> None:
        self._shared = shared
        self._rules = shared.rules
        self._intake = shared.intake
        self._state: dict[str, Any] = {}  # the scripts', for as long as the connection lives
        self._answers: deque[HttpAnswer] = deque()
        self._phase = Phase.HEAD
        self._rest = b""  # read, but not yet looked at: a partial head, or what waits while paused
        self._began = 0.0
        self._head: Head | None = None
        self._parts: list[bytes] = []
        self._missing = 0
        self._judged: JudgedBody | None = None
        self._paused = False
        self._blocked = False
        self._half_closed = False
        self._draining = False
        self._skipped_empty_line = False
        self._partial_head = False
        self._since = shared.now
        self._unsent_since: float | None = None
        self._remote = peer.remote
        self._where = peer.where
        self._peer = peer
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._extra = connection_facts(transport, self._peer)
        self._shared.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._shared.connections.discard(self)
        if self._in_request():
            self._record(None, "the connection ended in the middle of a request")
        self._phase = Phase.LINGER
        self._answers.clear()

    def eof_received(self) -> bool:
        """A device may end its side and still read: what is owed is sent first."""
        self._half_closed = True
        if self._in_request():
            self._refuse(400, "the request ends before its last byte")
        return bool(self._answers)

    def get_buffer(self, sizehint: int) -> memoryview:
        """All connections of a worker read into one buffer: a fresh one for every read costs more than the read."""
        return self._shared.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._began = time.perf_counter()
        data = bytes(self._shared.read_buffer[:nbytes])
        if self._rest:
            data = self._rest + data
            self._rest = b""
        self._read(data)

    def _read(self, data: bytes) -> None:
        position = 0
        while position < len(data) or self._phase == Phase.JUDGED:
            match self._phase:
                case Phase.HEAD:
                    position = self._read_head(data, position)
                    if position < 0:
                        return
                case Phase.COUNTED:
                    position = self._read_counted(data, position)
                case Phase.JUDGED:
                    data, position = self._read_judged(data[position:]), 0
                    if not data and self._phase == Phase.JUDGED:
                        return
                case _:  # Phase.LINGER
                    return

    def _read_head(self, data: bytes, position: int) -> int:
        """Reads one head and, where it is all there already, its counted body; the next position, or -1 to wait."""
        if len(self._answers) >= MOST_WAITING or self._blocked:
            self._pause(data[position:])
            return -1
        if not self._skipped_empty_line and data.startswith(b"\r\n", position):
            self._skipped_empty_line = True  # one is let through (RFC 9112 2.2)
            return position + 2
        end = data.find(b"\r\n\r\n", position) + 4
        if end < 4:
            self._wait_for_head(data[position:])
            return -1
        if end - position > self._rules.max_head:
            return self._refuse(431, f"the head is larger than {self._rules.max_head} bytes", seen=data[position:end])
        raw = data[position:end]
        try:
            head = self._shared.judge(raw)
        except BadHead as bad:
            return self._refuse(bad.status, bad.reason, seen=raw)
        self._skipped_empty_line = self._partial_head = False
        length = head.length
        if length is not None and length > self._rules.max_body:
            reason = f"the body is {length} bytes; {self._rules.max_body} are allowed"
            return self._refuse(413, reason, head=head)
        if not head.simple:
            return self._begin_judged(head, raw, end)
        return self._begin_counted(head, data, end)

    def _begin_counted(self, head: Head, data: bytes, position: int) -> int:
        length = head.length or 0
        if len(data) - position >= length:
            self._complete(head, data[position : position + length])
            return position + length
        self._head, self._missing = head, length
        self._enter(Phase.COUNTED)
        return position

    def _wait_for_head(self, rest: bytes) -> None:
        if len(rest) > self._rules.max_head:
            self._refuse(431, f"the head is larger than {self._rules.max_head} bytes", seen=rest)
        elif b"\n\n" in rest or b"\n\r\n" in rest:
            self._refuse(400, "a line of the head ends in a bare line feed", seen=rest)
        else:
            if not self._partial_head:
                self._partial_head = True
                self._since = self._shared.now
            self._rest = rest

    def _begin_judged(self, head: Head, raw: bytes, end: int) -> int:
        if head.refusal is not None and head.expects_continue:
            return self._refuse(*head.refusal, head=head)
        self._head = head
        self._judged = JudgedBody(raw, max_head=self._rules.max_head, max_body=self._rules.max_body)
        self._enter(Phase.JUDGED)
        if head.expects_continue:
            interim = HttpAnswer(self._shared, self, close=False)
            interim.data, interim.ready = CONTINUE, True
            self._answers.append(interim)
            self.flush()
        return end

    def _read_counted(self, data: bytes, position: int) -> int:
        part = data[position : position + self._missing]
        self._parts.append(part)
        self._missing -= len(part)
        if not self._missing:
            payload, self._parts = b"".join(self._parts), []
            head, self._head = self._head, None
            assert head is not None
            self._enter(Phase.HEAD)
            self._complete(head, payload)
        return position + len(part)

    def _read_judged(self, data: bytes) -> bytes:
        """Feeds h11; what belongs to the next request."""
        body, head = self._judged, self._head
        assert body is not None
        assert head is not None
        try:
            body.feed(data)
        except BadHead as bad:
            self._refuse(bad.status, bad.reason, head=head, seen=body.payload(), size=body.size)
            return b""
        if not body.done:
            return b""
        self._judged = self._head = None
        self._enter(Phase.HEAD)
        self._complete(head, body.payload())
        return body.trailing()

    def _complete(self, head: Head, payload: bytes) -> None:
        """A request is here whole: refused by the handler, turned away for now, or taken."""
        close = not head.keep_alive or self._draining
        if head.refusal is not None:
            self._answer_refused(*head.refusal, head=head, seen=payload, size=len(payload), close=close)
        elif reason := self._intake.full():
            self._answer_refused(503, reason, head=head, seen=payload, size=len(payload), close=close)
        else:
            answer = HttpAnswer(self._shared, self, close)
            self._answers.append(answer)
            at = time.time_ns() // 1_000_000
            received = Received(
                self._intake.new_id(),
                at,
                self._began,
                self._remote,
                self._where,
                payload,
                head,
                self._state,
                head.describe,
                self._extra,
            )
            self._intake.take(received, answer)
        if close:
            self._enter(Phase.LINGER)
        else:
            self._since = self._shared.now

    def _refuse(
        self, status: int, reason: str, *, head: Head | None = None, seen: bytes = b"", size: int | None = None
    ) -> int:
        """Refuses what was being read and reads no more of this connection."""
        seen = seen or self._seen()
        self._answer_refused(status, reason, head=head or self._head, seen=seen, size=size or len(seen), close=True)
        return -1

    def _answer_refused(
        self, status: int, reason: str, *, head: Head | None, seen: bytes, size: int, close: bool
    ) -> None:
        self._intake.refuse(reason, status, self._remote, head, seen[:KEPT_OF_REFUSED], size)
        answer = HttpAnswer(self._shared, self, close)
        answer.data, answer.ready = self._shared.refusal(status, close), True
        self._answers.append(answer)
        if close:
            self._forget_request()
            self._enter(Phase.LINGER)
        self.flush()

    def _record(self, status: int | None, reason: str) -> None:
        seen = self._seen()
        self._intake.refuse(reason, status, self._remote, self._head, seen[:KEPT_OF_REFUSED], len(seen))

    def _seen(self) -> bytes:
        if self._judged is not None:
            return self._judged.payload()
        return b"".join(self._parts) or self._rest

    def _in_request(self) -> bool:
        return self._phase in (Phase.COUNTED, Phase.JUDGED) or (bool(self._rest) and not self._paused)

    def _forget_request(self) -> None:
        self._rest, self._parts, self._head, self._judged = b"", [], None, None

    def _enter(self, phase: int) -> None:
        self._phase = phase
        self._since = self._shared.now

    def flush(self) -> None:
        """Writes the answers at the front that are ready, in one write."""
        answers = self._answers
        ready = b""
        close = False
        while answers and answers[0].ready and not close:
            answer = answers.popleft()
            ready = ready + answer.data if ready else answer.data
            close = answer.close
        if not ready or self._transport.is_closing():
            return
        self._transport.write(ready)
        if close or (self._half_closed and not answers and not self._paused):
            self._end()
        elif self._paused and not self._blocked and len(answers) < MOST_WAITING // 2:
            self._resume()

    def pause_writing(self) -> None:
        """The device does not take its answers: no further request of it is read until it does."""
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        if self._paused and len(self._answers) < MOST_WAITING // 2:
            self._resume()

    def _end(self) -> None:
        """Ends this side; the device's side is read and discarded for a while (RFC 9112 9.6)."""
        self._enter(Phase.LINGER)
        if self._half_closed or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()

    def _pause(self, rest: bytes) -> None:
        self._rest = rest
        self._paused = True
        self._transport.pause_reading()

    def _resume(self) -> None:
        self._paused = False
        rest, self._rest = self._rest, b""
        self._read(rest)
        if self._paused:
            return
        if self._half_closed:
            self.eof_received()
        else:
            self._transport.resume_reading()

    def sweep(self, now: float) -> None:
        """Ends the connection where a limit has passed."""
        if self._stuck(now):
            self._transport.abort()
            return
        waited = now - self._since
        match self._phase:
            case Phase.LINGER:
                if waited > LINGER_SECONDS and not self._answers:
                    self._transport.abort() if self._transport.get_write_buffer_size() else self._transport.close()
            case Phase.HEAD if self._paused or self._answers:
                pass
            case Phase.HEAD if self._rest:
                if waited > self._rules.head_timeout:
                    self._refuse(408, f"the head took longer than {self._rules.head_timeout:g} s")
            case Phase.HEAD:
                if waited > (LAST_REQUEST_SECONDS if self._draining else self._rules.idle_timeout):
                    self._transport.close()
            case _:  # Phase.COUNTED, Phase.JUDGED
                if waited > self._rules.body_timeout:
                    self._refuse(408, f"the body took longer than {self._rules.body_timeout:g} s")

    def _stuck(self, now: float) -> bool:
        """Whether the device has not taken its answers within the limit."""
        if not self._transport.get_write_buffer_size():
            self._unsent_since = None
        elif self._unsent_since is None:
            self._unsent_since = now
        return self._unsent_since is not None and now - self._unsent_since > self._rules.write_timeout

    def drain(self) -> None:
        """The request under way is the last, or the next where it comes soon: the answer says so, for a device may
        already be sending it when its connection is closed."""
        self._draining = True
        self._since = self._shared.now
        if self._phase == Phase.HEAD and not self._rest and self._answers:
            self._answers[-1].be_last()
            self._enter(Phase.LINGER)

    def abort(self) -> None:
        self._transport.abort()
