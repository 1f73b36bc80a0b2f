"""One HTTP/1.1 connection as a worker serves it (RFC 9112): requests in, answers out in the order of the requests.

Theory of operation. Bytes are read in one of three phases. HEAD looks for the end of a head and has it judged; BODY
reads what the head announced; LINGER discards what still comes, so that a closing answer is not lost to a reset. A
complete request goes through the door to the intake with an `HttpAnswer`, which stands in `_answers` until its commit;
only ready answers at the front are written. Time limits are looked at by the handler's sweep, not by a timer a
connection, so `_since` says when the phase (or the wait for a first byte) began.
"""

import asyncio
import time
from collections import deque
from typing import Any, cast

from core.catalogue.connections import ENDED, STOPPING, ConnectionRecord
from core.catalogue.received import Peer, Received
from core.wire.http_answer import CONTINUE
from core.wire.http_door import Facts, HttpDoor, Refused
from core.wire.http_head import Head, Refusal
from core.wire.http_shared import HttpAnswer, HttpShared
from core.wire.http_syntax import BadHead, check_beginning
from core.wire.http_unfinished import Unfinished
from core.wire.tls_words import tls_facts

LINGER_SECONDS = 2.0
MOST_DISCARDED = 256 << 10
"""Bytes that are read and discarded after the last answer; a device that sends more may lose it to a reset."""
LAST_REQUEST_SECONDS = 1.0
"""For which a draining connection waits for one more request."""
RATE_GRACE = 5.0
"""Seconds of a body before its rate is looked at."""
KEPT_OF_REFUSED = 4096
"""Bytes that are kept of a request that never reached the decoder."""


def end_side(transport: asyncio.Transport) -> None:
    """Ends this side of a connection; one that the device has reset meanwhile is given up."""
    try:
        transport.write_eof()
    except OSError:
        transport.abort()


class Phase:
    """Plain numbers, for they are compared with every read; members of an enum cost five times as much."""

    HEAD = 0
    BODY = 1
    LINGER = 2


class HttpConnection(asyncio.Protocol):
    """See the module's theory of operation."""

    def __init__(self, shared: HttpShared, door: HttpDoor, peer: Peer) -> None:
        self._shared = shared
        self._rules = shared.rules
        self._intake = shared.intake
        self._door = door
        self._peer = peer
        self._facts: Facts = {}
        self._direct = peer.via is None and peer.remote[0] not in shared.rules.trusted_proxies and door.open
        """Nothing but its head and its body matters to a request of this connection."""
        self._state: dict[str, Any] = {}  # the scripts', for as long as the connection lives
        self._answers: deque[HttpAnswer] = deque()
        self._phase = Phase.HEAD
        self._unfinished = Unfinished(shared)
        self.record = ConnectionRecord(peer.where, self._state)
        self._began = 0.0
        self._discarded = 0
        self._paused = False
        self._blocked = False
        self._half_closed = False
        self._draining = False
        self._skipped_empty_line = False
        self._partial_head = False
        self._since = shared.now
        self._unsent_since: float | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self._facts = tls_facts(transport) or {}
        self.record.facts = self._facts if self._peer.via is None else {**self._facts, "remote.via": self._peer.via}
        self._direct = self._direct and not self._facts
        self._shared.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._in_request():
            seen = self._unfinished.seen()
            reason = "the connection ended in the middle of a request"
            self._record(None, reason, self._unfinished.head, seen, len(seen))
        self._shared.connections.end(self, exc)
        self._unfinished.end()
        self._phase = Phase.LINGER
        self._answers.clear()

    def eof_received(self) -> bool:
        """A device may end its side and still read: what is owed is sent first."""
        self._half_closed = True
        self.record.because(ENDED)
        if self._in_request():
            self._refuse(Refusal(400, "the request ends before its last byte"))
        return bool(self._answers)

    def data_received(self, data: bytes) -> None:
        self._began = time.monotonic()
        self.record.bytes_in += len(data)
        if self._unfinished.rest:
            data = self._unfinished.take() + data
        if self._phase != Phase.HEAD:
            self._read(data)
        elif 0 <= (position := self._read_head(data, 0)) < len(data):  # most often it is one request, and whole
            self._read(data, position)

    def _read(self, data: bytes, position: int = 0) -> None:
        while position < len(data):
            if self._phase == Phase.HEAD:
                position = self._read_head(data, position)
                if position < 0:
                    return
            elif self._phase == Phase.BODY:
                data, position = self._read_body(data[position:]), 0
            else:  # Phase.LINGER
                self._discard(len(data) - position)
                return

    def _read_head(self, data: bytes, position: int) -> int:
        """Reads one head and, where it is all there already, its counted body; the next position, or -1 to wait."""
        if self._blocked or (self._answers and len(self._answers) >= self._intake.share()):
            self._pause(data[position:])
            return -1
        if not self._skipped_empty_line and data.startswith(b"\r\n", position):
            self._skipped_empty_line = True  # one is let through (RFC 9112 2.2)
            return position + 2
        end = data.find(b"\r\n\r\n", position) + 4
        if end < 4:
            return self._wait_for_head(data[position:])
        raw = data[position:end]
        limit = self._rules.limits.max_head
        if len(raw) > limit:
            return self._refuse(Refusal(431, f"the head is larger than {limit} bytes"), seen=raw)
        try:
            head = self._shared.judge(raw)
        except BadHead as bad:
            return self._refuse(Refusal(bad.status, bad.reason), seen=raw)
        self._skipped_empty_line = False
        if self._partial_head:
            self._partial_head = False
            self._unfinished.end()
        length = head.length
        if length > self._rules.max_body:
            reason = f"the body is {length} bytes; {self._rules.max_body} are allowed"
            return self._refuse(Refusal(413, reason), head=head)
        if head.chunked or len(data) - end < length:
            return self._begin_body(head, end, more=len(data) > end)
        self._complete(head, data[end : end + length])
        return end + length

    def _wait_for_head(self, rest: bytes) -> int:
        try:
            check_beginning(rest, self._rules.limits)
        except BadHead as bad:
            return self._refuse(Refusal(bad.status, bad.reason), seen=rest)
        if not self._partial_head:
            self._partial_head = True
            self._since = self._shared.now
        return -1 if self._unfinished.keep(rest) else self._refuse_held()

    def _begin_body(self, head: Head, position: int, *, more: bool) -> int:
        if head.refusal is not None and head.expects_continue:
            return self._refuse(head.refusal, head=head)
        if not self._direct and head.refusal is None:
            try:
                self._door.look_at_head(head, self._door.peer_of(head, self._peer), self._facts)
            except Refused as refused:
                return self._refuse(refused.refusal, head=head)
        self._unfinished.begin(head)
        self._enter(Phase.BODY)
        if head.expects_continue and not more:
            interim = HttpAnswer(self._shared, self, None, close=False)
            interim.data, interim.ready = CONTINUE, True
            self._answers.append(interim)
            self.flush()
        return position

    def _read_body(self, data: bytes) -> bytes:
        """More of the body; what belongs to the next request."""
        body, head = self._unfinished.body, self._unfinished.head
        assert body is not None
        assert head is not None
        try:
            rest = body.feed(data)
        except BadHead as bad:
            self._refuse(Refusal(bad.status, bad.reason), head=head, seen=body.payload() or data, size=body.size)
            return b""
        if not body.done:
            if not self._unfinished.hold(body.size):
                self._refuse_held()
            return b""
        self._unfinished.end()
        self._enter(Phase.HEAD)
        self._complete(head, body.payload())
        return rest

    def _refuse_held(self) -> int:
        return self._refuse(Refusal(503, "too many unfinished requests are held"))

    def _complete(self, head: Head, body: bytes) -> None:
        """A request is here whole: refused by the handler, turned away for now, or taken."""
        record = self.record
        record.requests += 1
        close = not head.keep_alive or self._draining or record.requests >= self._rules.max_requests
        refusal, payload, peer, extra = head.refusal, body, self._peer, None
        if refusal is None and not (self._direct and not head.codings):
            peer = self._door.peer_of(head, peer)
            try:
                payload, extra = self._door.admit(head, body, peer, self._facts)
            except Refused as refused:
                refusal = refused.refusal
            if extra:
                record.facts = extra
        if refusal is None and (reason := self._intake.full()):
            refusal = Refusal(503, reason)
        if refusal is not None:
            self._answer_refused(refusal, head=head, seen=body, size=len(body), close=close)
        else:
            answer = HttpAnswer(self._shared, self, head, close)
            self._answers.append(answer)
            record.last = at = time.time_ns() // 1_000_000
            id, describe, remote, where = self._intake.new_id(), head.describe, peer.remote, peer.where
            received = Received(id, at, self._began, remote, where, payload, head, self._state, describe, extra)
            received.connection = record
            self._intake.take(received, answer)
        if close:
            record.because(self._why_last(head))
            self._enter(Phase.LINGER)
        else:
            self._since = self._shared.now

    def _why_last(self, head: Head) -> str:
        if not head.keep_alive:
            return "the device asked for no more than this request"
        return STOPPING if self._draining else f"{self._rules.max_requests} requests came, which is all it may have"

    def _refuse(self, refusal: Refusal, *, head: Head | None = None, seen: bytes = b"", size: int | None = None) -> int:
        """Refuses what was being read and reads no more of this connection."""
        seen = seen or self._unfinished.seen()
        self._answer_refused(refusal, head=head or self._unfinished.head, seen=seen, size=size or len(seen), close=True)
        return -1

    def _answer_refused(self, refusal: Refusal, *, head: Head | None, seen: bytes, size: int, close: bool) -> None:
        self._record(refusal.status, refusal.reason, head, seen, size)
        if close:
            self.record.because(refusal.reason)
        answer = HttpAnswer(self._shared, self, head, close)
        answer.refuse(refusal)
        self._answers.append(answer)
        if close:
            self._unfinished.end()
            self._enter(Phase.LINGER)
        self.flush()

    def _record(self, status: int | None, reason: str, head: Head | None, seen: bytes, size: int) -> None:
        peer = self._peer if self._direct or head is None else self._door.peer_of(head, self._peer)
        self._intake.refuse(reason, status, peer.remote, head, seen[:KEPT_OF_REFUSED], size)

    def _in_request(self) -> bool:
        return self._phase == Phase.BODY or (bool(self._unfinished.rest) and not self._paused)

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
        self.record.bytes_out += len(ready)
        self._transport.write(ready)
        if close or (self._half_closed and not answers and not self._paused):
            self._end()
        elif self._paused and not self._blocked and len(answers) <= self._intake.share() // 2:
            self._resume()

    def pause_writing(self) -> None:
        """The device does not take its answers: no further request of it is read until it does."""
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        if self._paused and len(self._answers) <= self._intake.share() // 2:
            self._resume()

    def _end(self) -> None:
        """Ends this side; the device's side is read and discarded for a while (RFC 9112 9.6)."""
        self._enter(Phase.LINGER)
        if self._half_closed or not self._transport.can_write_eof():
            self._transport.close()
        else:
            end_side(self._transport)

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > MOST_DISCARDED:
            self._transport.pause_reading()

    def _pause(self, rest: bytes) -> None:
        self._paused = True
        self._transport.pause_reading()
        if not self._unfinished.keep(rest):
            self._refuse_held()

    def _resume(self) -> None:
        self._paused = False
        rest = self._unfinished.take()
        self._unfinished.hold(0)
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
            self.record.because(f"it did not take its answers for {self._rules.write_timeout:g} s")
            self._transport.abort()
            return
        waited = now - self._since
        match self._phase:
            case Phase.LINGER:
                if waited > LINGER_SECONDS and not self._answers:
                    self._transport.abort() if self._transport.get_write_buffer_size() else self._transport.close()
            case Phase.HEAD if self._paused or self._answers:
                pass
            case Phase.HEAD if self._unfinished.rest:
                if waited > self._rules.head_timeout:
                    self._refuse(Refusal(408, f"the head took longer than {self._rules.head_timeout:g} s"))
            case Phase.HEAD:
                if waited > (LAST_REQUEST_SECONDS if self._draining else self._rules.idle_timeout):
                    self.record.because(
                        STOPPING if self._draining else f"nothing came for {self._rules.idle_timeout:g} s"
                    )
                    self._transport.close()
            case _:  # Phase.BODY
                self._sweep_body(waited)

    def _sweep_body(self, waited: float) -> None:
        rules, body = self._rules, self._unfinished.body
        size = body.size if body is not None else 0
        if waited > rules.body_timeout:
            self._refuse(Refusal(408, f"the body took longer than {rules.body_timeout:g} s"))
        elif waited > RATE_GRACE and size < waited * rules.body_rate:
            self._refuse(Refusal(408, f"the body came slower than {rules.body_rate:g} bytes a second"))

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
        if self._phase == Phase.HEAD and not self._unfinished.rest and self._answers:
            self.record.because(STOPPING)
            self._answers[-1].be_last()
            self._enter(Phase.LINGER)

    def unfinished(self) -> int:
        return self._unfinished.held

    def tail(self, most: int) -> bytes:
        return self._unfinished.seen()[:most]

    def shut(self, reason: str) -> None:
        """The requests that were taken are answered still, where the device takes its answers."""
        if self._transport.is_closing():
            return
        self.record.because(reason)
        if self._phase == Phase.BODY or self._unfinished.rest:
            seen, head = self._unfinished.seen(), self._unfinished.head
            self._record(None, f"{reason} before this request was taken", head, seen, len(seen))
        self._unfinished.end()
        self._enter(Phase.LINGER)
        if self._blocked:
            self._transport.abort()
        elif self._answers:
            self._answers[-1].be_last()
        else:
            self._transport.close()

    def abort(self) -> None:
        self.record.because(STOPPING)
        self._transport.abort()


class BufferedHttpConnection(HttpConnection, asyncio.BufferedProtocol):
    """For asyncio's own loop, where a fresh buffer for every read costs more than the read: all connections of a worker
    read into one."""

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._shared.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._shared.read_buffer[:nbytes]))
