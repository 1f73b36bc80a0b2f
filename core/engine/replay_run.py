"""One replay's process as its engine sees it: begun, listened to, ended, and begun again where it died."""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from core.engine.replay_record import Record
from core.engine.worker_process import GRACE, ending_of
from core.worker.replay_job import Ended, Progress, ReplayJob, Told
from core.worker.slot import SlotView, read_slot

LOG = logging.getLogger("tidegate.engine")

LOOK_EVERY: Final = 0.25
RATE_SECONDS: Final = 5.0
STOP_SECONDS: Final = 15.0
"""How long a process that is to stop may take for what it decodes at the moment."""
AGAIN_AFTER: Final = 1.0
MOST_DEATHS: Final = 5
"""So often it may die in a row without having come any further."""
LINE_LIMIT: Final = 1 << 20


class ReplayRun:
    """Runs a replay's processes until one of them says that it has ended. `on_progress` hears whenever the record's
    status is another."""

    def __init__(self, record: Record, job: Callable[[], ReplayJob], on_progress: Callable[[Record], None]) -> None:
        self.record = record
        self._job = job
        self._on_progress = on_progress
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._verdict: str | None = None
        self._recent: deque[tuple[float, int]] = deque()

    async def run(self) -> Ended | None:
        """The process's last word; None where it was stopped."""
        deaths, furthest = 0, -1
        while not self._stopping:
            job = self._job()
            ended = await self._live(job)
            if ended is not None:
                Path(job.slot).unlink(missing_ok=True)
                return None if ended.stopped else ended
            if self._stopping:
                break
            self._note_death(Path(job.slot))
            done = self.record.status.done + self.record.status.undone
            deaths = 1 if done > furthest else deaths + 1
            furthest = max(furthest, done)
            if deaths >= MOST_DEATHS:
                return Ended(f"its process ended {deaths} times in a row: {self._how()}")
            await asyncio.sleep(AGAIN_AFTER)
        return None

    async def stop(self, patience: float = STOP_SECONDS) -> None:
        """Ends the process after what it decodes at the moment, if that takes no longer than `patience` seconds."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(patience):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _live(self, job: ReplayJob) -> Ended | None:
        """One process from its start to its end; its last word, or None where it died without one."""
        self._verdict = None
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "core.worker.replay"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
        )
        self.record.status.pid = process.pid
        looking = asyncio.create_task(self._look(Path(job.slot)))
        try:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(msgspec.json.encode(job) + b"\n")
                await process.stdin.drain()
                if self._stopping:
                    process.stdin.close()
            return await self._listen(process)
        finally:
            looking.cancel()
            with contextlib.suppress(ProcessLookupError):
                if process.returncode is None:
                    process.kill()
            await process.wait()
            self.record.status.pid, self.record.status.rate = None, 0.0
            self._recent.clear()

    async def _listen(self, process: asyncio.subprocess.Process) -> Ended | None:
        assert process.stdout is not None
        ended: Ended | None = None
        while line := await process.stdout.readline():
            told = msgspec.json.decode(line, type=Told)
            if isinstance(told, Ended):
                ended = told
            else:
                self._take(told)
                self._on_progress(self.record)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        return ended

    def _take(self, told: Progress) -> None:
        status = self.record.status
        for name in Progress.__struct_fields__:
            setattr(status, name, getattr(told, name))
        now = time.monotonic()
        self._recent.append((now, told.done + told.undone))
        while len(self._recent) > 2 and self._recent[0][0] < now - RATE_SECONDS:
            self._recent.popleft()
        first, last = self._recent[0], self._recent[-1]
        status.rate = (last[1] - first[1]) / (last[0] - first[0]) if last[0] > first[0] else 0.0

    async def _look(self, slot: Path) -> None:
        """Ends a process whose decode cannot be interrupted."""
        view: SlotView | None = None
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY)
                if view is None:
                    with contextlib.suppress(OSError, ValueError):
                        view = SlotView(slot)
                    continue
                running = view.overdue()
                if running is not None and running[0] > running[1] + GRACE and self._process is not None:
                    self._verdict = f"ran longer than its time limit of {running[1]:g} s and could not be interrupted"
                    with contextlib.suppress(ProcessLookupError):
                        self._process.kill()
                    return
        finally:
            if view is not None:
                view.close()

    def _note_death(self, slot: Path) -> None:
        """What it was decoding when it died has failed; where somebody killed it, only if that happens twice."""
        held = read_slot(slot)
        slot.unlink(missing_ok=True)
        LOG.warning("replay %s: its process %s", self.record.status.id, self._how())
        if held is None:
            return
        request = held.id.hex()
        code = self._process.returncode if self._process is not None else 0
        if self._verdict is None and code == -signal.SIGKILL and request not in self.record.suspects:
            self.record.suspects.append(request)
        else:
            reason = self._verdict or f"the replay's process {self._how()} while this was being decoded"
            self.record.casualties[request] = reason
        self._on_progress(self.record)

    def _how(self) -> str:
        return ending_of((self._process.returncode if self._process is not None else 0) or 0)
