"""A run of simulated devices: connections kept open, requests sent when they are due, until it is done."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from core.cli.simulator.devices import Payloads
from core.cli.simulator.line import FIRST_WAIT, LONGEST_WAIT, Line, Target, error_kind
from core.cli.simulator.pace import Pace
from core.cli.simulator.tally import Tally
from core.errors import TidegateError

GIVE_UP = 30.0
"""Seconds without any connection after which a run ends."""
LOOK = 0.1
"""Seconds between looks at what takes too long."""

MakeLine = Callable[[Tally, Callable[[Line], None]], Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much to send, and how. `rate` 0 is as fast as answers come; `count` and `seconds` 0 are without end."""

    connections: int = 1
    rate: float = 0.0
    count: int = 0
    seconds: float = 0.0
    timeout: float = 10.0


class Simulation:
    """One run. `run` may be awaited once; `stop` lets it end early, with the answers that are under way."""

    def __init__(self, target: Target, make_line: MakeLine, payloads: Payloads, plan: Plan) -> None:
        self.target = target
        self.plan = plan
        self.tally = Tally()
        self._make_line = make_line
        self._payloads = payloads
        self._idle: deque[Line] = deque()
        self._lines: set[Line] = set()
        self._ended = asyncio.Event()
        self._stopping = False
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> Tally:
        """Sends until the plan is fulfilled; TidegateError where nobody answers to begin with."""
        self.tally.began = time.perf_counter()
        self._pace = Pace(self.plan.rate, self.tally.began)
        first = self._new_line()
        try:
            await first.open()
        except OSError as error:
            raise TidegateError(f"{self.target} cannot be reached: {error_kind(error)}") from error
        tasks = [asyncio.create_task(self._keep(first))]
        tasks += [asyncio.create_task(self._keep(None)) for _ in range(self.plan.connections - 1)]
        tasks.append(asyncio.create_task(self._watch()))
        over = asyncio.get_running_loop().call_later(self.plan.seconds, self.stop) if self.plan.seconds else None
        try:
            await self._ended.wait()
        finally:
            if over:
                over.cancel()
            await self._close(tasks)
        return self.tally

    def stop(self) -> None:
        """No more requests; the run ends when those under way are answered."""
        self._stopping = True
        self._end_if_done()

    async def _keep(self, line: Line | None) -> None:
        """One connection, made again whenever it is lost."""
        wait = FIRST_WAIT
        while True:
            if line is None:
                line = self._new_line()
                try:
                    await line.open()
                except OSError as error:
                    self._lines.discard(line)
                    self.tally.connect_errors[error_kind(error)] += 1
                    line = None
                    await asyncio.sleep(wait)
                    wait = min(LONGEST_WAIT, wait * 2)
                    continue
            wait = FIRST_WAIT
            await line.lost.wait()
            self._lines.discard(line)
            with contextlib.suppress(ValueError):
                self._idle.remove(line)
            line = None
            self._end_if_done()
            if not self._wanted():
                return

    def _new_line(self) -> Line:
        line = self._make_line(self.tally, self._line_idle)
        self._lines.add(line)
        return line

    def _line_idle(self, line: Line) -> None:
        self._idle.append(line)
        if not self._timer:
            self._send_due()
        self._end_if_done()

    def _send_due(self) -> None:
        """Sends what is due on the connections that are idle, and looks again when the next is due."""
        self._timer = None
        now = time.perf_counter()
        self._idle = deque(line for line in self._idle if not line.lost.is_set())
        while self._idle and self._wanted() and self._pace.take(now):
            self._idle.popleft().send(self._payloads())
        if self._idle and self._wanted():
            self._timer = asyncio.get_running_loop().call_later(self._pace.wait(now), self._send_due)

    def _wanted(self) -> bool:
        if self._stopping:
            return False
        return not self.plan.count or self.tally.sent < self.plan.count

    def _end_if_done(self) -> None:
        if not self._wanted() and not any(line.busy for line in self._lines):
            self._ended.set()

    async def _watch(self) -> None:
        """Ends requests that take too long, and a run that nobody answers."""
        connected = time.perf_counter()
        while True:
            await asyncio.sleep(LOOK)
            now = time.perf_counter()
            for line in [line for line in self._lines if line.busy and now - line.since > self.plan.timeout]:
                line.fail("timeout")
            if any(not line.lost.is_set() for line in self._lines):
                connected = now
            if now - connected > GIVE_UP:
                self._stopping = True
            self._end_if_done()

    async def _close(self, tasks: list[asyncio.Task[None]]) -> None:
        if self._timer:
            self._timer.cancel()
        for task in tasks:
            task.cancel()
        open_lines = list(self._lines)
        for line in open_lines:
            line.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                for line in open_lines:
                    await line.lost.wait()
