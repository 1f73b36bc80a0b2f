"""The framed handler of one worker (see `core.catalogue.handling.Handler`): a connection is frame after frame.

Each frame is one payload. Frames are answered in their order, and each only when it is on disk. A device is never told
that there is no room: it is not read until there is.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from core.catalogue.connections import ENDED, STOPPING, ConnectionRecord
from core.catalogue.handling import Intake
from core.catalogue.received import Peer, Received
from core.scripting.answering import AnswerScript
from core.wire.framing import BadFrame, Found, FramingMaker, Oversize, Remembering, Splitter
from core.wire.keeping import Keeping, Untaken
from core.wire.tls_words import connection_facts

KEPT_OF_REFUSED = 4096
"""Bytes that are kept of what is no frame."""
LAST_FRAME_SECONDS = 1.0
"""For which a draining connection waits for its answers, or for one more frame."""


@dataclass(frozen=True, slots=True)
class FramedRules:
    """What the handler's settings come down to; times are in seconds, sizes in bytes."""

    framing: FramingMaker
    max_frame: int
    oversize: Oversize
    answer: bytes
    """What a frame is answered where its script says nothing; empty for nothing."""
    idle_timeout: float
    write_timeout: float
    answering: AnswerScript | None = None


class FramedHandler(Keeping):
    """Makes the connections and looks after all of them."""

    def __init__(self, rules: FramedRules, intake: Intake) -> None:
        super().__init__(rules.max_frame, intake)
        self.rules = rules

    def connection(self, peer: Peer) -> "FramedConnection":
        return FramedConnection(self, peer)


class FramedConnection(asyncio.Protocol):
    """One connection. Frames that are here and may not be taken yet stand in `_found`, and it is not read meanwhile."""

    def __init__(self, handler: FramedHandler, peer: Peer) -> None:
        self._handler = handler
        self._rules = handler.rules
        self._intake = handler.intake
        self._peer = peer
        self._framing = handler.rules.framing()
        self._splitter = Splitter(self._framing, handler.rules.max_frame, handler.rules.oversize)
        self._gap: float | None = getattr(self._framing, "gap", None)
        self._pause: asyncio.TimerHandle | None = None
        self._state: dict[str, Any] = {}  # the scripts', for as long as the connection lives
        if isinstance(self._framing, Remembering):
            self._framing.remember(self._state, peer.where)
        self.record = ConnectionRecord(peer.where, self._state)
        self._found: deque[Found] = deque()
        self._answers: deque[FramedAnswer] = deque()
        self._blocked = False
        self._held_up = False
        """It is not read until what is here has been taken."""
        self._ended = False
        """Nothing further of it is read: the answers that are owed are the last."""
        self._draining = False
        self._since = handler.now
        self._untaken = Untaken()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self.record.facts = connection_facts(transport, self._peer)
        self._handler.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._since = self._handler.now
        self.record.bytes_in += len(data)
        self._split(data)
        self._take()
        if self._gap is not None and not self._ended:
            self._await_pause(self._gap)

    def _split(self, data: bytes) -> None:
        try:
            self._found.extend(self._splitter.feed(data))
        except BadFrame as bad:
            self._found.append(Found(self._splitter.tail, None, str(bad)))
            self.record.because(str(bad))
            self._ended = True

    def _await_pause(self, gap: float) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._pause = asyncio.get_running_loop().call_later(gap, self._paused)

    def _paused(self) -> None:
        self._pause = None
        self._end_frame()
        self._take()

    def _end_frame(self) -> None:
        """What is here may be a frame though no further byte comes."""
        tail = self._splitter.tail
        frame = self._splitter.end()
        if frame is not None:
            self._found.append(Found(tail, frame))

    def _take(self) -> None:
        """Takes what is here, as far as there is room for it."""
        while self._found and self._may_take():
            found = self._found.popleft()
            if found.frame is None:
                self._pass_over(found)
            else:
                answer = FramedAnswer(self._rules.answer, b"", False, self)
                self._answers.append(answer)
                self._intake.take(self._received(found.frame, found.wire), answer)
        if self._found:
            if not self._transport.is_closing():
                self._hold_up()
        elif self._ended:
            self._end()
        elif self._held_up:
            self._held_up = False
            self._transport.resume_reading()

    def _hold_up(self) -> None:
        """Nothing further is read; goes on when an answer has gone, or the rate limit lets it, or with a sweep."""
        if not self._held_up:
            self._held_up = True
            self._transport.pause_reading()
        self._intake.when_room(self._take)

    def _may_take(self) -> bool:
        answers = self._answers
        if self._blocked or (answers and len(answers) >= self._intake.share()):
            return False
        return self._intake.full() is None

    def _received(self, frame: bytes, wire: bytes) -> Received:
        at, began = time.time_ns() // 1_000_000, time.monotonic()
        peer, id, record, answering = self._peer, self._intake.new_id(), self.record, self._rules.answering
        record.requests += 1
        record.last = at
        extra = dict(record.facts) if record.facts else None
        received = Received(id, at, began, peer.remote, peer.where, frame, None, self._state, None, extra)
        received.connection = record
        if answering is not None:
            received.answering = answering
        if wire != frame:
            received.wire = wire
        return received

    def _pass_over(self, found: Found) -> None:
        if found.said:
            self._record(found.said, found.wire)

    def _record(self, reason: str, seen: bytes) -> None:
        self._intake.refuse(reason, None, self._peer.remote, None, seen[:KEPT_OF_REFUSED], len(seen))

    def eof_received(self) -> bool:
        """A device may end its side and still read: what is owed is sent first."""
        if self._ended:
            return bool(self._answers)
        self.record.because(ENDED)
        self._end_frame()
        if tail := self._splitter.tail:
            self._found.append(Found(tail, None, "the connection ended in the middle of a frame"))
        self._ended = True
        self._take()
        return not self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._pause is not None:
            self._pause.cancel()
        if not self._ended and (tail := self._splitter.tail):
            self._record("the connection broke in the middle of a frame", tail)
        for found in self._found:
            self._record(found.said or "the connection broke before this frame could be taken", found.wire)
        self._handler.connections.end(self, exc)
        self._ended = True
        self._found.clear()
        self._answers.clear()

    def flush(self) -> None:
        """Writes the answers at the front that are ready, in one write, and takes what has waited for it."""
        answers, ready = self._answers, b""
        while answers and answers[0].ready:
            data = answers.popleft().data
            ready = ready + data if ready else data
        if self._transport.is_closing():
            return
        if ready:
            self.record.bytes_out += len(ready)
            self._transport.write(ready)
        if self._found or self._ended or self._held_up:
            self._take()

    def give_up(self) -> None:
        """A frame could not be kept: the device hears nothing of it, and must send it again on another connection."""
        self.record.because("a frame of it could not be kept")
        self._ended = True
        self._answers.clear()
        self._found.clear()
        self._transport.abort()

    def _end(self) -> None:
        if not self._answers and not self._transport.is_closing():
            self._transport.close()

    def pause_writing(self) -> None:
        """The device does not take its answers: no further frame of it is taken until it does."""
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._take()

    def sweep(self, now: float) -> None:
        """Ends the connection where a limit has passed; takes what there was no room for."""
        if self._untaken.longer(self._transport, now, self._rules.write_timeout):
            self.record.because(f"it did not take its answers for {self._rules.write_timeout:g} s")
            self._transport.abort()
            return
        if self._found:
            self._take()
        waited = now - self._since
        if self._ended or self._answers or self._found:
            return
        if self._draining and waited > LAST_FRAME_SECONDS and not self._splitter.tail:
            self.record.because(STOPPING)
            self._transport.close()
        elif waited > self._rules.idle_timeout:
            if tail := self._splitter.tail:
                self._record(f"nothing came for {self._rules.idle_timeout:g} s in the middle of a frame", tail)
            self.record.because(f"nothing came for {self._rules.idle_timeout:g} s")
            self._ended = True
            self._transport.close()

    def drain(self) -> None:
        """A frame under way may end; where none comes soon the connection is closed, for the device to come again."""
        self._draining = True
        self._since = self._handler.now

    def unfinished(self) -> int:
        return self._splitter.held

    def tail(self, most: int) -> bytes:
        return self._splitter.tail[:most]

    def shut(self, reason: str) -> None:
        """The frames that were taken are answered still, where the device takes its answers."""
        if self._transport.is_closing():
            return
        self.record.because(reason)
        if self._pause is not None:
            self._pause.cancel()
        unread = [found.wire for found in self._found] + [self._splitter.tail]
        if not self._ended and (seen := b"".join(unread)):
            self._record(f"{reason} before these bytes were taken", seen)
        self._ended = True
        self._found.clear()
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._end()

    def abort(self) -> None:
        self.record.because(STOPPING)
        self._transport.abort()


class ScriptedAnswer(msgspec.Struct):
    """An answer of a protocol without statuses: bytes that the script says, or else the usual ones, or none."""

    usual: bytes
    data: bytes
    """Of no meaning before `prepare`."""
    ready: bool

    @property
    def kept(self) -> bytes | None:
        return self.data or None

    def prepare(self, reason: str | None, received: Received) -> int | None:
        """What the script said; where it failed, only what it chose as a refusal (a status from 400 on)."""
        said = received.respond
        if said is not None and (reason is None or said[1] >= 400):
            self.data = said[0]
        elif reason is None:
            self.data = self.usual
        return None


class FramedAnswer(ScriptedAnswer):
    """The answer to one frame, in its place among the connection's answers."""

    connection: FramedConnection

    def release(self) -> None:
        self.connection.flush()

    def unavailable(self) -> None:
        self.connection.give_up()
