"""A run of framed devices, from the first connection to the last answer."""

import asyncio
import contextlib
import resource
import time

from core.cli.simulator.framed.course import Course, FramePlan
from core.cli.simulator.framed.device import Device
from core.cli.simulator.framed.exchange import Source
from core.cli.simulator.framed.tally import FrameTally
from core.cli.simulator.line import Target, error_kind
from core.errors import TidegateError

LOOK = 0.1
"""Seconds between looks at what takes too long."""
CLOSE_LIMIT = 2.0
"""Seconds for all connections to close."""
OTHER_FILES = 64
"""Descriptors beside those of the connections."""


class FrameRun:
    """One run. `run` may be awaited once; `stop` lets it end early, with the answers that are under way."""

    def __init__(self, target: Target, source: Source, plan: FramePlan) -> None:
        self.plan = plan
        self.tally = FrameTally()
        self._target = target
        self._course = Course(plan, self.tally)
        self._devices = [Device(number, target, source, self._course) for number in range(plan.connections)]

    async def run(self) -> FrameTally:
        """Sends until the plan is fulfilled; TidegateError where nobody is there to begin with."""
        allow_files(self.plan.connections + OTHER_FILES)
        self.tally.began = self.tally.last = time.perf_counter()
        try:
            await self._devices[0].open()
        except OSError as error:
            raise TidegateError(f"{self._target} cannot be reached: {error_kind(error)}") from error
        loop = asyncio.get_running_loop()
        enough = loop.call_later(self.plan.seconds, self._course.stopping.set) if self.plan.seconds else None
        watch = asyncio.create_task(self._watch())
        try:
            async with asyncio.TaskGroup() as group:
                for device in self._devices:
                    group.create_task(device.run())
        finally:
            if enough:
                enough.cancel()
            watch.cancel()
            await self._close()
        return self.tally

    def stop(self) -> None:
        """No more frames, and no connection is held; the run ends when what is under way is answered."""
        self._course.stopping.set()
        self._course.over.set()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            now = time.perf_counter()
            for device in self._devices:
                device.look(now)

    async def _close(self) -> None:
        lines = [device.line for device in self._devices if device.line is not None]
        for line in lines:
            line.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                for line in lines:
                    await line.lost.wait()


def allow_files(count: int) -> None:
    """Lets this process have so many descriptors; TidegateError where the machine does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        if hard != resource.RLIM_INFINITY and hard < count:
            raise TidegateError(f"{count:,} open files are needed, and {hard:,} allowed: raise it with ulimit -n")
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
