"""One simulated device: it connects, sends its frames, and connects again where it must."""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from core.cli.simulator.framed.course import Course
from core.cli.simulator.framed.exchange import Exchange, Source
from core.cli.simulator.framed.line import FrameLine, make_line, settle
from core.cli.simulator.line import FIRST_WAIT, LONGEST_WAIT, Target, error_kind
from core.cli.simulator.simulation import GIVE_UP

BURST, TOGETHER = 4096, 16
"""Frames of one burst, and those that are cut together, at most."""
UNKNOWN_WAIT = 1.0
"""Seconds that a device waits for an answer that it does not know."""
QUIET = 0.3
"""Seconds without a byte after which nothing more is expected."""
YIELD = 16
"""Batches after which the others have a turn."""


class Device:
    """The connection of one number, made again whenever it is lost: its frames begin anew then."""

    def __init__(self, number: int, target: Target, source: Source, course: Course) -> None:
        self.line: FrameLine | None = None
        self._number = number
        self._target = target
        self._source = source
        self._course = course
        self._plan = course.plan
        self._tally = course.tally
        self._chance = random.Random(None if self._plan.seed is None else f"{self._plan.seed}/{number}")
        self._size = self._batch_size()

    def look(self, now: float) -> None:
        """Ends what takes too long."""
        if self.line is not None:
            self.line.answers.look(now, self._plan.timeout)

    async def open(self) -> None:
        """Connects; OSError where it cannot."""
        line = make_line(self._target, self._tally, self._plan.timeout)
        async with self._course.connecting:
            await line.open()
        self.line = line

    async def run(self) -> None:
        """Sends all its frames and holds its connection; it may be open already."""
        whole = False
        while not whole:
            frames = self._source(self._number)
            if not await self._connect():
                self._leave_over(frames)
                break
            whole = await self._send_frames(frames)
            if self.line is not None:
                await settle(self.line, 0.0 if self._plan.renew else QUIET)
            if self._plan.once:
                break
        self._course.sent_all()
        await self._course.over.wait()
        if self.line is not None:
            if self._plan.hold and whole and self.line.lost.is_set():
                self._tally.errors["closed while held"] += 1
            self.line.close()

    async def _connect(self) -> bool:
        """Tries until there is a connection; False where the run is over before."""
        began, wait = time.perf_counter(), FIRST_WAIT
        while self.line is None or self.line.lost.is_set():
            if self._course.stopping.is_set() or time.perf_counter() - began > GIVE_UP:
                return False
            try:
                await self.open()
            except OSError as error:
                self._tally.connect_errors[error_kind(error)] += 1
                await self._course.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)
        return True

    async def _send_frames(self, frames: Iterator[Exchange]) -> bool:
        """Sends them, again and again where the plan says so; False where the connection was lost before."""
        turn, batch = 0, list(islice(frames, self._size))
        while batch:
            granted = self._course.claim(len(batch))
            if not granted or not await self._course.due():
                return True
            if self._plan.renew and turn and not await self._connect():
                self._leave_over(batch, frames)
                return True
            assert self.line is not None
            if self.line.lost.is_set():
                self._tally.errors[self.line.fault] += 1
                self._course.give_back(granted)
                self._leave_over(batch, frames)
                await self._course.sleep(FIRST_WAIT)
                return False
            await self._send(self.line, batch[:granted])
            if self._plan.renew:
                await self._end(self.line)
            turn += 1
            if not turn % YIELD:
                await asyncio.sleep(0)
            batch = list(islice(frames, self._size))
            if not batch and not self._plan.once:
                frames = self._source(self._number)
                batch = list(islice(frames, self._size))
        return True

    async def _send(self, line: FrameLine, batch: Sequence[Exchange]) -> None:
        await line.answers.until_fewer(line.window)
        if line.lost.is_set():
            self._tally.unsent += len(batch)
            return
        ends: list[int] = []
        for exchange in batch:
            ends.append((ends[-1] if ends else 0) + len(exchange.sent))
        waiting = [line.answers.sending(exchange) for exchange in batch]
        self._tally.sent += len(batch)
        self._tally.bytes += ends[-1]
        writes = self._plan.split.writes(batch, self._chance)
        apart = self._plan.split.cuts or len(writes) > 1
        written = 0
        for write in writes:
            before, written = written, written + len(write)
            self._tally.last = now = time.perf_counter()
            for each, end in zip(waiting, ends, strict=True):
                if each is not None and before < end <= written:
                    each.since = now
            await line.write(write)
            if apart:  # each is a segment of its own, and the pause is when the other side reads it
                await line.left()
                await asyncio.sleep(self._plan.pause)
            if line.lost.is_set():
                return
        if self._plan.wait:
            await self._answered(line, batch[-1])

    async def _answered(self, line: FrameLine, last: Exchange) -> None:
        if last.answer is None:
            await line.answers.until_something(min(UNKNOWN_WAIT, self._plan.timeout))
        else:
            await line.answers.until_fewer(1)

    async def _end(self, line: FrameLine) -> None:
        """Ends the connection of one frame: a server that hears of it answers and closes, too."""
        if not line.answers.waiting:
            line.half_close()
            await settle(line, QUIET)
        await line.answers.until_fewer(1)
        line.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._plan.timeout):
                await line.lost.wait()

    def _leave_over(self, *rest: Iterator[Exchange] | Sequence[Exchange]) -> None:
        """Frames that are sent once, or never. A run that was stopped leaves over whatever was not sent."""
        if self._plan.once and not self._course.stopping.is_set():
            self._tally.unsent += sum(1 for each in rest for _ in each)

    def _batch_size(self) -> int:
        split = self._plan.split
        if split.way == "burst":
            return BURST
        return TOGETHER if split.cuts and not (self._plan.wait or self._plan.rate or self._plan.renew) else 1
