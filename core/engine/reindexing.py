"""Building the index anew, in a process of its own that leaves the engine free to take and answer."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from core.control.named import Empty
from core.control.reindexing import Reindexed, ReindexStatus
from core.engine.background import Background
from core.errors import Conflict, TidegateError
from core.journal.index_schema import INDEXES
from core.journal.reindex import Built, Ended, ReindexJob, Told
from core.journal.succession import discard
from core.model.dates import now_text
from core.processes import ending_of

SWAP_SECONDS: Final = 60.0
"""What it may take until the follower has caught up and the new index is in its place."""
LINE_LIMIT: Final = 1 << 20
MOST_UNREAD: Final = 10

Handler = Callable[[Any], Awaitable[object]]


class ReindexDesk:
    """One index of one home; it is built anew by one process at a time."""

    def __init__(self, journal: Path, index: Path, succeed: Callable[[float], bool]) -> None:
        """`succeed` puts the index that is ready in its place, within so many seconds (`FollowerThread.succeed`)."""
        self._job = ReindexJob(journal=str(journal), index=str(index))
        self._index = index
        self._succeed = succeed
        self._process: asyncio.subprocess.Process | None = None
        self._began = 0.0
        self._tasks = Background()
        self.status: ReindexStatus | None = None

    def handlers(self) -> dict[str, Handler]:
        """What answers the calls."""
        return {"reindex.start": self._start, "reindex.get": self._get, "reindex.cancel": self._cancel}

    async def stop(self) -> None:
        """Ends what runs: the index of before stays."""
        await self._tasks.cancel()

    async def _start(self, _: Empty) -> ReindexStatus:
        if self.status is not None and self.status.state == "running":
            raise Conflict("the index is built anew already: `tidegate status` says how far that is")
        status = ReindexStatus(state="running", created=now_text(), of_indexes=len(INDEXES))
        self.status, self._began = status, time.monotonic()
        self._tasks.run(self._run(status))
        return status

    async def _get(self, _: Empty) -> Reindexed:
        return Reindexed(self.status)

    async def _cancel(self, _: Empty) -> ReindexStatus:
        status = self.status
        if status is None or status.state != "running":
            raise Conflict("the index is not built anew: there is nothing to cancel")
        if status.phase == "swapping":
            raise Conflict("the new index takes its place already: this cannot be cancelled any more")
        self._end(status, "cancelled")
        self._kill()
        return status

    async def _run(self, status: ReindexStatus) -> None:
        try:
            await self._live(status)
            if status.state != "running":
                return
            status.phase = "swapping"
            if await asyncio.to_thread(self._succeed, SWAP_SECONDS):
                self._end(status, "done")
            else:
                self._end(status, "failed", "the new index could not take its place in time")
        except (OSError, TidegateError) as error:
            self._end(status, "failed", str(error))
        except asyncio.CancelledError:
            self._end(status, "cancelled")
            raise
        finally:
            if status.phase != "swapping":
                await asyncio.to_thread(discard, self._index)

    async def _live(self, status: ReindexStatus) -> None:
        """The process from its start to its end; TidegateError says why no index is ready."""
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "core.journal.reindex"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
        )
        status.pid = process.pid
        try:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(msgspec.json.encode(self._job) + b"\n")
                await process.stdin.drain()
            ended = await self._listen(process, status)
        finally:
            self._kill()
            await process.wait()
            self._process, status.pid = None, None
        if status.state != "running":
            return
        if ended is None:
            raise TidegateError(f"its process {ending_of(process.returncode or 0)}")
        if ended.reason is not None:
            raise TidegateError(ended.reason)

    async def _listen(self, process: asyncio.subprocess.Process, status: ReindexStatus) -> Ended | None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            told = msgspec.json.decode(line, type=Told)
            if isinstance(told, Ended):
                return told
            self._take(told, status)
        return None

    def _take(self, told: Built, status: ReindexStatus) -> None:
        status.phase = told.phase
        status.total, status.done, status.events, status.indexes = told.total, told.done, told.events, told.indexes
        status.unread = told.unread[:MOST_UNREAD]
        self._note_rate(status)

    def _note_rate(self, status: ReindexStatus) -> None:
        status.rate = status.done / max(time.monotonic() - self._began, 0.001)

    def _end(
        self, status: ReindexStatus, state: Literal["done", "cancelled", "failed"], reason: str | None = None
    ) -> None:
        if status.state == "running":
            self._note_rate(status)
            status.state, status.reason, status.ended = state, reason, now_text()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
