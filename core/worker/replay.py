"""A replay's process: `python -m core.worker.replay`. It decodes kept requests again, at the lowest priority, and keeps
what comes of them in decode segments (`core.journal.decodes`); an undo it keeps there too.

Its engine gives it a job on stdin and holds the other end open: when that closes, it ends after the requests that it is
decoding. It goes through one event source after another, in the order of the requests' ids, and keeps what it has
decoded a batch at a time. So what the segments hold of a replay says where the next process goes on, and no request is
decoded by it twice.
"""

import asyncio
import contextlib
import os
import resource
import sqlite3
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from core.catalogue.received import Decoded
from core.control.received import Query
from core.errors import ConfigurationError, TidegateError
from core.journal.decodes import (
    BROKEN,
    CHANGED,
    MENDED,
    DecodeWriter,
    NewDecode,
    OfReplay,
    last_numbers,
    of_replay,
)
from core.journal.indexed import open_index
from core.journal.reader import Reader
from core.journal.request_id import id_bytes, id_text
from core.journal.rows import DECODED, FAILED
from core.journal.stored import Stored
from core.model.filter import FilterError
from core.processes import yield_to_others
from core.scripting.log import DecodeLog
from core.scripting.python_script import ScriptError
from core.worker.redecode import Redecoder
from core.worker.replay_changes import change_of, is_changed
from core.worker.replay_job import Ended, Progress, ReplayJob, ReplaySource
from core.worker.replay_telling import Changes, Teller
from core.worker.replay_undo import Stopped, undo
from core.worker.slot import Slot

BATCH: Final = 100
"""Requests that are decoded, and kept with one fsync, together: what a kill costs is decoded once more."""
UNDO_BATCH: Final = 2000
TELL_EVERY: Final = 0.2
HELD: Final = 4096
"""Bytes of a request that its slot has room for: the engine wants to know which one it was."""
MOST_CHANGES_BYTES: Final = 64 << 20
FIRST: Final = "00000000-0000-0000-0000-000000000000"


class IndexRebuilt(TidegateError):
    """Another index took its place: what it does not have yet would be passed over."""

    def __init__(self) -> None:
        super().__init__("the index is built again")


class Replaying:
    """One replay in this process. Once `stopped` is set it raises Stopped, after what it decodes at the moment."""

    def __init__(self, job: ReplayJob, tell: Teller, log: DecodeLog) -> None:
        self._job = job
        self._tell = tell
        self._log = log
        self._reader = Reader(Path(job.journal), Path(job.index))
        self._progress = Progress()
        self._journal = Path(job.journal) / job.tenant
        self._kept: dict[str, OfReplay] = {}
        self._index = _identity(job.index)
        self._changes = Changes(Path(job.changes)) if job.dry_run else None
        self.stopped = asyncio.Event()
        self._batch = max(1, min(BATCH, int(job.rate)))
        self._room = 0.0
        self._room_at = time.monotonic()

    async def run(self) -> None:
        """Decodes all that is asked for, or undoes it, until that is done or the engine wants it no more."""
        if self._job.undo:
            await undo(self._job, self._journal, self._tell, self._progress, self.stopped)
        else:
            await self._decode_all()

    async def _decode_all(self) -> None:
        counted = [(source, self._count(source)) for source in self._job.sources]
        self._progress.total = self._progress.done + sum(count for _, count in counted)
        self._tell.now(self._progress)
        with contextlib.closing(Slot(Path(self._job.slot), HELD)) as slot:
            for source, count in counted:
                if count:
                    await self._decode_source(source, slot)
        self._tell.now(self._progress)

    # Which requests

    def _count(self, source: ReplaySource) -> int:
        """How many of a source's requests are to be decoded still; what was is in the progress from now on."""
        kept = self._kept[source.id] = of_replay(self._journal / source.id, self._job.replay)
        progress = self._progress
        progress.done += kept.done
        progress.decoded += kept.done - kept.failed
        for name in ("failed", "changed", "mended", "broken"):
            setattr(progress, name, getattr(progress, name) + getattr(kept, name))
        if not self._job.requests:
            return self._reader.count(self._query(source, FIRST if kept.last is None else id_text(kept.last)))
        found = 0
        ids = self._ids(kept.last)
        for start in range(0, len(ids), BATCH):
            found += len(self._reader.stored_of(ids[start : start + BATCH], self._job.tenant, source.id))
        return found

    def _query(self, source: ReplaySource, after: str) -> Query:
        return msgspec.structs.replace(
            self._job.query, tenant=self._job.tenant, source=source.id, after=after, limit=self._batch
        )

    def _ids(self, after: bytes | None) -> list[bytes]:
        ids = sorted({id for text in self._job.requests if (id := id_bytes(text)) is not None})
        return ids if after is None else [id for id in ids if id > after]

    # Decoding them

    async def _decode_source(self, source: ReplaySource, slot: Slot) -> None:
        job, folder = self._job, self._journal / source.id
        self._progress.source = source.id
        redecoder = Redecoder(job, source, self._log, slot)
        writer = None if job.dry_run else _Writer(job, source, redecoder.mark)
        try:
            await redecoder.open()
            numbers = last_numbers(folder, _taken(job.index, job.tenant, source.id))
            after = self._kept[source.id].last
            while True:
                requests, after_next, more = self._page(source, after)
                await self._make_room(len(requests))
                if self.stopped.is_set():
                    raise Stopped
                if requests:
                    done = await self._decode(requests, redecoder, writer, numbers)
                    if done < len(requests):
                        after = requests[done - 1].row.request
                        continue
                if not more or after_next is None:
                    return
                after = after_next
        finally:
            if writer is not None:
                writer.close()
            await redecoder.close()

    def _page(self, source: ReplaySource, after: bytes | None) -> tuple[list[Stored], bytes | None, bool]:
        """The next requests, where to go on from, and whether there is more."""
        if _identity(self._job.index) != self._index:
            raise IndexRebuilt
        if self._job.requests:
            ids = self._ids(after)
            some = ids[: self._batch]
            return (
                self._reader.stored_of(some, self._job.tenant, source.id),
                some[-1] if some else None,
                len(ids) > len(some),
            )
        page = self._reader.stored(self._query(source, FIRST if after is None else id_text(after)))
        return page.requests, id_bytes(page.next) if page.next is not None else None, page.next is not None

    async def _decode(
        self, requests: list[Stored], redecoder: Redecoder, writer: "_Writer | None", numbers: dict[bytes, int]
    ) -> int:
        """Decodes and keeps as many of these, the first ones, as do not take long; how many."""
        decoded = await redecoder.decode(requests)
        new: list[NewDecode] = []
        for stored, result in zip(requests, decoded, strict=False):
            effect = self._effect(stored, result)
            number = max(stored.last, numbers.pop(stored.row.request, 0)) + 1
            new.append(_new_decode(stored, result, number, redecoder.version, effect))
        if writer is not None:
            writer.add(new)
        self._progress.done += len(decoded)
        self._tell.soon(self._progress)
        return len(decoded)

    def _effect(self, stored: Stored, decoded: Decoded) -> int:
        """What a new decode changes, counted and, in a dry run, kept."""
        progress = self._progress
        good, was_good = decoded.reason is None, stored.row.outcome_code == DECODED
        changed = is_changed(stored, decoded)
        progress.decoded += good
        progress.failed += not good
        progress.changed += changed
        progress.mended += good and not was_good
        progress.broken += was_good and not good
        if changed and self._changes is not None:
            self._changes.add(msgspec.json.encode(change_of(stored, decoded)))
        return CHANGED * changed + MENDED * (good and not was_good) + BROKEN * (was_good and not good)

    async def _make_room(self, requests: int) -> None:
        """Waits until so many more are within the rate."""
        rate = self._job.rate
        now = time.monotonic()
        self._room = min(float(self._batch), self._room + (now - self._room_at) * rate) - requests
        self._room_at = now
        await asyncio.sleep(0)  # or a stop would not be heard
        if self._room < 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), -self._room / rate)


class _Writer:
    """A source's decode segments, one after the other."""

    def __init__(self, job: ReplayJob, source: ReplaySource, mark: str | None) -> None:
        self._job = job
        self._place = (Path(job.journal) / job.tenant / source.id, job.tenant, source.id, job.replay, mark)
        self._current: DecodeWriter | None = None

    def add(self, decodes: list[NewDecode]) -> None:
        disk = os.statvfs(self._job.journal)
        if disk.f_bavail * disk.f_frsize < self._job.free_disk:
            raise TidegateError("the disk is nearly full")
        if self._current is not None and self._current.size > self._job.segment_size:
            self.close()
        if self._current is None:
            self._current = DecodeWriter(*self._place)
        self._current.add(decodes)

    def close(self) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None


def _new_decode(stored: Stored, decoded: Decoded, number: int, script: str | None, effect: int) -> NewDecode:
    return NewDecode(
        request=stored.row.request,
        received=stored.row.received,
        number=number,
        at=time.time_ns() // 1_000_000,
        outcome_code=DECODED if decoded.reason is None else FAILED,
        encoded=decoded.events,
        reason=decoded.reason,
        log=decoded.log,
        log_cut=decoded.log_cut,
        script=script,
        micros=decoded.micros,
        effect=effect,
    )


def _taken(index: str, tenant: str, source: str) -> dict[str, int]:
    """The last row that the index has of each of a source's decode segments."""
    with contextlib.closing(open_index(Path(index))) as connection:
        rows = connection.execute(
            "SELECT name, taken FROM segments WHERE tenant = ? AND source = ? AND name LIKE 'replays/%'",
            (tenant, source),
        )
        return {name.rpartition("/")[2]: taken for name, taken in rows}


def _identity(index: str) -> int:
    return os.stat(index).st_ino


async def run(job: ReplayJob, teller: Teller) -> int:
    """The process's life; the exit status."""
    log = DecodeLog()
    sys.stdout = sys.stderr = log
    try:
        replaying = Replaying(job, teller, log)
        watching = asyncio.create_task(_watch_engine(replaying.stopped))
        await replaying.run()
        watching.cancel()
    except Stopped:
        teller.now(Ended(stopped=True))
        return 0
    except IndexRebuilt as rebuilt:
        teller.now(Ended(str(rebuilt), again=True))
        return 0
    except ScriptError as error:
        return _end(teller, str(error.fault))
    except ConfigurationError as error:
        return _end(teller, "; ".join(str(fault) for fault in error.faults))
    except (TidegateError, FilterError, TimeoutError, OSError, sqlite3.Error) as error:
        return _end(teller, str(error))
    teller.now(Ended())
    return 0


def _end(teller: Teller, reason: str) -> int:
    teller.now(Ended(reason or "it ended without saying why"))
    return 0


async def _watch_engine(stopped: asyncio.Event) -> None:
    """Stdin ends when the engine wants no more, and when it has gone."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while await reader.read(4096):
        pass
    stopped.set()


def main() -> int:
    teller = Teller(os.dup(1))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what C code prints is no part of what is told
    sys.dont_write_bytecode = True
    yield_to_others()
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=ReplayJob)
    resource.setrlimit(resource.RLIMIT_DATA, (job.max_memory, job.max_memory))
    return asyncio.run(run(job, teller))


if __name__ == "__main__":
    sys.exit(main())
