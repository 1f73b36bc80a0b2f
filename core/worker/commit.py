"""Group commit: one transaction, one fsync takes whatever waits; the next batch gathers while the last one commits, and
for as long as the loop finds more to read at each turn: a commit costs what several requests do, and a disk that syncs
at once would make one of every few.

Rows are inserted by the loop's thread and only the commit, which waits for the disk, runs in a thread of its own: so
the two threads don't fight over the interpreter for every row.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.catalogue.handling import Answer
from core.catalogue.received import JournalHead
from core.journal.indexed import is_damage
from core.journal.segment import Row, SegmentWriter
from core.worker.costs import CostMeter, Timing

REOPEN_AFTER = 1.0
"""Seconds before a new segment is tried after one could not be made."""

GATHER_SECONDS = 0.002
"""How long a commit waits at the most for requests that are still coming in."""
MOST_GATHERED = 256
"""Rows with which it begins whatever comes."""

Entry = tuple[JournalHead | None, Row, Answer | None, int, Timing | None]
"""A row with its head, the answer that waits for it, its bytes, about, and when its decode was, if it had one."""


class Committer:
    """Owns the worker's current segment. All but the commit itself happens on the loop."""

    def __init__(
        self, folder: Path, tenant: str, source: str, segment_size: int, deduplicator: str | None = None
    ) -> None:
        self._place = (folder, tenant, source, deduplicator)
        self._segment_size = segment_size
        self._loop = asyncio.get_running_loop()
        self._segment: SegmentWriter | None = None
        self._batch: list[Entry] = []
        self._committing = False
        self._leaving = False
        """The segment is left when the commit under way has ended."""
        self._scheduled = False
        self._gathered = 0
        """Rows that were there at the last turn of the loop."""
        self._gather_until = 0.0
        self._failed_at = 0.0
        self._jobs: queue.SimpleQueue[tuple[SegmentWriter, list[Entry]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._commit_all, name="commit", daemon=True)
        self._thread.start()
        self.idle = asyncio.Event()
        """Set while nothing waits for its commit."""
        self.idle.set()
        self.waiting = 0
        """Requests that wait for their commit."""
        self.waiting_bytes = 0
        self.on_committed: Callable[[int], None] = lambda rows: None
        self.on_fault: Callable[[str], None] = lambda reason: None
        self.costs = CostMeter()
        self.undecoded: Callable[[], int] = lambda: 0
        """How many requests wait for their decode."""

    def open(self) -> None:
        """Makes the first segment; sqlite3.Error or OSError where it cannot."""
        self._segment = SegmentWriter(*self._place)

    def add(self, entry: Entry) -> None:
        """Puts a row into the next batch."""
        self._batch.append(entry)
        if not self.waiting:
            self.idle.clear()
        self.waiting += 1
        self.waiting_bytes += entry[3]
        if not self._committing and not self._scheduled:
            self._begin_soon()

    def _begin_soon(self) -> None:
        self._scheduled = True
        self._gathered = 0
        self._gather_until = self._loop.time() + GATHER_SECONDS
        self._loop.call_soon(self._gather)

    def _gather(self) -> None:
        """Begins once a turn of the loop has brought nothing more."""
        there = len(self._batch)
        if self._gathered < there < MOST_GATHERED and self._loop.time() < self._gather_until:
            self._gathered = there
            self._loop.call_soon(self._gather)
        else:
            self._scheduled = False
            self._begin()

    def _begin(self) -> None:
        if self._committing or not self._batch:
            return
        batch, self._batch = self._batch, []
        segment = self._current_segment()
        if segment is None:
            self._fail(batch, None)
            return
        try:
            segment = self._inserted(segment, batch)
        except (sqlite3.Error, ValueError, OverflowError) as error:  # the last two: a value that SQLite has no room for
            self._fail(batch, error)
            return
        segment.size += sum(entry[3] for entry in batch)
        self._committing = True
        self._jobs.put((segment, batch))

    def _inserted(self, segment: SegmentWriter, batch: list[Entry]) -> SegmentWriter:
        """The segment that has these rows in a transaction: a new one where the file of this one is found damaged,
        since nothing of the batch can be durable in that."""
        rows = [entry[:2] for entry in batch]
        try:
            segment.insert(rows)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._leave_segment()
            if (following := self._current_segment()) is None:
                raise
            following.insert(rows)
            return following
        return segment

    def leave(self, name: str) -> None:
        """Begins another segment with the next batch, if this is the current one's name: its file is damaged."""
        if self._segment is not None and self._segment.path.stem == name:
            if self._committing:
                self._leaving = True
            else:
                self._leave_segment()

    def _commit_all(self) -> None:
        while (job := self._jobs.get()) is not None:
            segment, batch = job
            error: sqlite3.Error | None = None
            try:
                segment.commit()
            except sqlite3.Error as failure:
                error = failure
            self._loop.call_soon_threadsafe(self._committed, batch, error, time.monotonic())

    def _committed(self, batch: list[Entry], error: sqlite3.Error | None, ended: float) -> None:
        self._committing = False
        if error is not None:
            self._fail(batch, error)
            return
        if self._leaving:
            self._leave_segment()
        waited = self.waiting + self.undecoded()
        self._settle(batch)
        if self._batch and not self._scheduled:
            self._begin_soon()
        answers = [answer for _, _, answer, _, _ in batch if answer is not None]
        for answer in answers:
            answer.ready = True
        for answer in answers:
            answer.release()
        self.costs.committed([entry[4] for entry in batch], len(batch), waited, ended)
        self.on_committed(len(batch))

    def _fail(self, batch: list[Entry], error: Exception | None) -> None:
        """Nothing may be assumed of a segment after a failed commit: it is left and never written again."""
        self._settle(batch)
        if error is not None:
            self._leave_segment()
            self.on_fault(f"the journal cannot be written: {error}")
        for _, _, answer, _, _ in batch:
            if answer is not None:
                answer.unavailable()
        if self._batch and not self._scheduled:
            self._begin_soon()

    def _settle(self, batch: list[Entry]) -> None:
        self.waiting -= len(batch)
        self.waiting_bytes -= sum(entry[3] for entry in batch)
        if not self.waiting:
            self.idle.set()

    def _current_segment(self) -> SegmentWriter | None:
        if self._segment is not None and self._segment.size >= self._segment_size:
            self._leave_segment()
        if self._segment is None and time.monotonic() - self._failed_at > REOPEN_AFTER:
            try:
                self.open()
            except (sqlite3.Error, OSError) as error:
                self._failed_at = time.monotonic()
                self.on_fault(f"the journal cannot be written: {error}")
        return self._segment

    def renew(self, before: float) -> None:
        """Leaves the segment for a new one if its first row is from before then, in seconds since the epoch."""
        if self._segment is not None and self._segment.begun is not None and self._segment.begun < before:
            self._segment.size = max(self._segment.size, self._segment_size)
            if not self._committing:
                self._current_segment()

    def _leave_segment(self) -> None:
        segment, self._segment, self._leaving = self._segment, None, False
        if segment is not None:
            threading.Thread(target=segment.close, name="close segment").start()

    async def close(self) -> None:
        """Waits for what is under way and closes the segment."""
        await self.idle.wait()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._segment is not None:
            self._segment.close()
