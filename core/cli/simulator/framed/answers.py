"""Which answer belongs to which frame, on one connection."""

import asyncio
import math
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from itertools import islice

from core.cli.simulator.framed.exchange import Exchange
from core.cli.simulator.framed.tally import FrameTally

SILENCE = 0.2
"""Seconds without a byte after which an answer that is wrong has come whole."""
AHEAD = 16
"""Expected answers that are looked for in what came, so that one that is left out costs no other."""
MOST_UNMATCHED = 64 * 1024
"""Bytes that fit no expected answer; with more the silence is not waited for."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A frame whose answer is known and has not come. `since` is when its last byte was written."""

    name: str
    answer: bytes
    after_unknown: bool
    """Whether frames were sent just before whose answers are not known, so that bytes before this one may be theirs."""
    since: float = math.inf


class Answers(ABC):
    """The answers of one connection; what came is told by `received`, and what is late by `look`."""

    def __init__(self, tally: FrameTally) -> None:
        self.tally = tally
        self.waiting: deque[Waiting] = deque()
        self._unknown = False
        self._last_name = ""
        self._last_byte = 0.0
        self._changed = asyncio.Event()
        self._something = asyncio.Event()

    def sending(self, exchange: Exchange) -> Waiting | None:
        """A frame is about to be sent; what is given back is to be told `since`."""
        self._last_name = exchange.name
        self._something.clear()
        if exchange.answer is None:
            self._unknown = True
        if not exchange.answer:
            self.tally.accepted += 1
            return None
        waiting = Waiting(exchange.name, exchange.answer, self._unknown)
        self._unknown = False
        self.waiting.append(waiting)
        return waiting

    def received(self, data: bytes) -> None:
        """Bytes came."""
        now = time.perf_counter()
        self._last_byte = self.tally.last = now
        self.tally.received += len(data)
        self._take(data, now)
        self._something.set()
        self._changed.set()

    def look(self, now: float, timeout: float) -> None:
        """Ends what takes too long."""
        if now - self._last_byte > SILENCE:
            self._silent()
        while self.waiting and now - self.waiting[0].since > timeout:
            self._late()
        self._changed.set()

    def lost(self) -> None:
        """The connection is over: nothing comes any more."""
        self._silent()
        while self.waiting:
            self._late()
        self._changed.set()
        self._something.set()

    async def until_fewer(self, count: int) -> None:
        """Returns when fewer than so many answers are waited for."""
        while len(self.waiting) >= count:
            self._changed.clear()
            await self._changed.wait()

    async def until_something(self, limit: float) -> None:
        """Returns when something came since the last frame, or after `limit` seconds."""
        try:
            async with asyncio.timeout(limit):
                await self._something.wait()
        except TimeoutError:
            return

    def quiet(self, now: float, since: float) -> float:
        """Seconds without a byte, counted from `since` at least."""
        return now - max(self._last_byte, since)

    @abstractmethod
    def _take(self, data: bytes, now: float) -> None: ...

    @abstractmethod
    def _silent(self) -> None:
        """Nothing came for a while, so that what came is whole."""

    def _late(self) -> None:
        """The first that waits has waited too long."""
        self._missing()

    def _missing(self) -> None:
        missing = self.waiting.popleft()
        self.tally.fault("missing", missing.name, missing.answer)

    def _right(self, now: float) -> None:
        right = self.waiting.popleft()
        self.tally.right(max(0.0, now - right.since) if right.since < math.inf else 0.0)

    def _stray(self, got: bytes, *, unknown: bool) -> None:
        """Bytes that no frame waits for; with `unknown` they may be the answer of one whose answer is not known."""
        if unknown:
            self.tally.unchecked += 1
            self.tally.unchecked_bytes += len(got)
        else:
            self.tally.fault("unexpected", self._last_name, b"", got)


class StreamAnswers(Answers):
    """Answers in a stream: they come in the order of their frames, in pieces or several at once."""

    def __init__(self, tally: FrameTally) -> None:
        super().__init__(tally)
        self._buffer = bytearray()

    def _take(self, data: bytes, now: float) -> None:
        self._buffer += data
        while self._buffer:
            if not self.waiting:
                self._stray(self._taken(len(self._buffer)), unknown=self._unknown)
                return
            head = self.waiting[0]
            if self._buffer.startswith(head.answer):
                self._taken(len(head.answer))
                self._right(now)
            elif head.answer.startswith(self._buffer):
                return
            elif (found := self._find()) is not None:
                self._pass_over(*found)
            else:
                if len(self._buffer) > MOST_UNMATCHED:
                    self._judge_all()
                return

    def _find(self) -> tuple[int, int] | None:
        """Where in the buffer one of the next answers begins, and which."""
        places = ((self._buffer.find(each.answer), index) for index, each in enumerate(islice(self.waiting, AHEAD)))
        return min(((at, index) for at, index in places if at >= 0), default=None)

    def _pass_over(self, position: int, index: int) -> None:
        """What stands before an answer that was found, and the answers that were expected before it."""
        before = self._taken(position)
        if before and (index == 0 or self.waiting[0].after_unknown):
            self._stray(before, unknown=self.waiting[0].after_unknown)
            before = b""
        for _ in range(index):
            if before:
                self._wrong(before)
                before = b""
            else:
                self._missing()

    def _silent(self) -> None:
        if self._buffer and not (self.waiting and self.waiting[0].answer.startswith(self._buffer)):
            self._judge_all()

    def _late(self) -> None:
        if self._buffer and (found := self._find()) is not None:  # a later one, with which the first begins
            self._pass_over(*found)
            self._take(b"", time.perf_counter())
        elif self._buffer:
            self._wrong(self._taken(len(self._buffer)))
        else:
            self._missing()

    def _judge_all(self) -> None:
        """Takes what fits nothing for the wrong answers of the frames that wait, each as long as it should be."""
        while self._buffer:
            if not self.waiting:
                self._stray(self._taken(len(self._buffer)), unknown=self._unknown)
            elif self.waiting[0].after_unknown:
                self.waiting[0].after_unknown = False
                self._stray(self._taken(len(self._buffer)), unknown=True)
            else:
                alone = len(self.waiting) == 1
                self._wrong(self._taken(len(self._buffer) if alone else len(self.waiting[0].answer)))

    def _wrong(self, got: bytes) -> None:
        wrong = self.waiting.popleft()
        self.tally.fault("wrong", wrong.name, wrong.answer, got)

    def _taken(self, count: int) -> bytes:
        got = bytes(self._buffer[:count])
        del self._buffer[:count]
        return got


class DatagramAnswers(Answers):
    """Each datagram is an answer; the network may lose them and change their order."""

    def _take(self, data: bytes, now: float) -> None:
        for index, waiting in enumerate(self.waiting):
            if waiting.answer == data:
                del self.waiting[index]
                self.waiting.appendleft(waiting)
                self._right(now)
                return
        if not self.waiting or self._unknown or self.waiting[0].after_unknown:
            unknown = self._unknown or bool(self.waiting and self.waiting[0].after_unknown)
            self._stray(data, unknown=unknown)
        else:
            wrong = self.waiting.popleft()
            self.tally.fault("wrong", wrong.name, wrong.answer, data)

    def _silent(self) -> None:
        """A datagram is whole when it comes."""
