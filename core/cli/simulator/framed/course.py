"""What the devices of one run share: how much is to be sent, when, and until when."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from core.cli.simulator.framed.split import Split
from core.cli.simulator.framed.tally import FrameTally
from core.cli.simulator.pace import Pace

CONNECTING = 64
"""Connections that are made at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePlan:
    """How much to send, and how. `rate` 0 is as fast as answers come; `count` and `seconds` 0 are without end."""

    connections: int = 1
    rate: float = 0.0
    count: int = 0
    seconds: float = 0.0
    timeout: float = 10.0
    once: bool = True
    """Each connection sends its frames once, and not again and again."""
    wait: bool = False
    """Each frame waits for the answer of the one before."""
    renew: bool = False
    """A new connection for each frame."""
    hold: float = 0.0
    """Seconds that all connections stay open once the last has sent its frames."""
    split: Split = field(default_factory=Split)
    seed: int | None = None
    pause: float = 0.001
    """Seconds between writes that must arrive apart."""


class Course:
    """Where a run is."""

    def __init__(self, plan: FramePlan, tally: FrameTally) -> None:
        self.plan = plan
        self.tally = tally
        self.stopping = asyncio.Event()
        """Nothing more is sent."""
        self.over = asyncio.Event()
        """No connection is held any longer."""
        self.connecting = asyncio.Semaphore(CONNECTING)
        self._pace = Pace(plan.rate, time.perf_counter())
        self._claimed = 0
        self._sending = plan.connections

    def claim(self, count: int) -> int:
        """How many of `count` frames are to be sent."""
        if self.stopping.is_set():
            return 0
        given = min(count, self.plan.count - self._claimed) if self.plan.count else count
        self._claimed += given
        return given

    def give_back(self, count: int) -> None:
        """Frames that were claimed and could not be sent."""
        self._claimed -= count

    async def due(self) -> bool:
        """Waits until a frame is due; False where nothing more is sent."""
        delay = self._pace.reserve(time.perf_counter())
        if delay:
            await self.sleep(delay)
        return not self.stopping.is_set()

    async def sleep(self, seconds: float) -> None:
        """Sleeps until the end of the run at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    def sent_all(self) -> None:
        """One more connection has nothing left to send; the last of them begins the hold."""
        self._sending -= 1
        if not self._sending:
            asyncio.get_running_loop().call_later(self.plan.hold, self.over.set)
