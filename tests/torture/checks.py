"""What must hold after each round."""

import asyncio
import os
import shutil
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core.control.received import Events, Query, Requests
from core.control.replays import ReplayQuery, Replays
from core.journal.follower import Follower
from core.model.dates import date_text
from core.model.events import Event
from core.model.requests import Request
from tests.torture.journal import Journal, Row, differences, read_journal
from tests.torture.ledger import Attempt, Ledger
from tests.torture.site import Site

LIMIT: Final = 90.0
"""Seconds within which everything must be right again. A worker that has died often is replaced after 10 s at the most;
the rest is for machines that have other work."""
FIRST: Final = "00000000-0000-0000-0000-000000000000"
PAGE: Final = 2000
DECODED, FAILED, REFUSED = 0, 1, 2


class Checks:
    """Complaints gather in `found`; none is what is hoped for."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self.site = site
        self.ledger = ledger
        self.found: list[str] = []
        self._log_read = 0

    async def within(self, limit: float, what: str, missing: Callable[[], list[str]]) -> None:
        """Waits until nothing is missing any more; complains of what is after `limit` seconds."""
        deadline = time.monotonic() + limit
        while left := missing():
            if time.monotonic() > deadline:
                self.found.append(f"{what}: after {limit:g} s there is still {'; '.join(left[:5])}")
                return
            await asyncio.sleep(0.1)

    async def serves_again(self) -> None:
        """Every source acknowledges something new: its port is taken, its workers live, the JVM is there."""
        before = self.ledger.acknowledged_by()
        await self.started()
        await self.within(
            LIMIT,
            "serving again",
            lambda: [
                f"nothing acknowledged by {source}"
                for source in self.site.ports
                if self.ledger.acknowledged_by()[source] <= before[source] + 3
            ],
        )

    async def started(self) -> None:
        """Every source is, of itself."""
        deadline = time.monotonic() + LIMIT
        while waiting := [source for source in await self.site.sources() if source.state != "started"]:
            if time.monotonic() > deadline:
                self.found += [f"{each.path} is {each.state} after {LIMIT:g} s: {each.reason}" for each in waiting]
                return
            await asyncio.sleep(0.2)

    async def settles(self) -> None:
        """Nothing is under way any more: replays have ended, the index has everything."""
        deadline = time.monotonic() + 2 * LIMIT
        last = -1
        async with self.site.control() as client:
            while True:
                replays = (await client.call("replays.list", ReplayQuery(), Replays)).replays
                running = [replay for replay in replays if replay.state in ("running", "undoing")]
                status = await client.call("status")
                if not running and status.behind == 0 and status.tree.requests == last:
                    break
                last = status.tree.requests
                if time.monotonic() > deadline:
                    self.found.append(f"settling: {status.behind} rows are behind, replays {running}")
                    return
                await asyncio.sleep(0.3)
        self.found += [f"replay {each.id} has failed: {each.reason}" for each in replays if each.state == "failed"]

    async def holds(self, since: int) -> None:
        """Everything about requests received from `since` on (milliseconds since the epoch)."""
        journal = read_journal(self.site.journal, since)
        self.found += journal.complaints
        self._check_journal(journal)
        requests, events = await self._queried(since)
        self._check_queries(journal, requests, events)
        await self._check_rebuilt()

    def _check_journal(self, journal: Journal) -> None:
        ids = Counter(row.id for row in journal.rows)
        self.found += [f"request {id.hex()} is in the journal {count} times" for id, count in ids.items() if count > 1]
        by_mark: dict[str, list[Row]] = defaultdict(list)
        for row in journal.rows:
            if row.mark is not None and row.outcome != REFUSED:
                by_mark[row.mark].append(row)
        for mark, attempt in self.ledger.attempts.items():
            self._check_attempt(attempt, by_mark.pop(mark, []))
        self.found += [f"{mark} is in the journal, and nobody sent it" for mark in by_mark]

    def _check_attempt(self, attempt: Attempt, rows: list[Row]) -> None:
        """What was acknowledged is there once. What was not may be there once or not at all: the device may have been
        cut off before its request arrived, or after it was stored. Once more it would be another attempt."""
        if attempt.acknowledged:
            wanted = DECODED if attempt.heard == "kept" else FAILED
            if [row.outcome for row in rows] != [wanted]:
                self.found.append(f"{attempt} was acknowledged, and the journal has {rows}")
        elif len(rows) > 1:
            self.found.append(f"{attempt} was sent once, and the journal has {rows}")

    async def _queried(self, since: int) -> tuple[list[Request], list[Event]]:
        query = Query(tenant="default", since=date_text(since), after=FIRST, limit=PAGE)
        requests: list[Request] = []
        events: list[Event] = []
        async with self.site.control() as client:
            while query.after is not None:
                page = await client.call("requests.query", query, Requests)
                requests += page.requests
                query.after = page.next if page.more else None
            query.after = FIRST
            while query.after is not None:
                some = await client.call("events.query", query, Events)
                events += some.events
                query.after = some.next if some.more else None
        return requests, events

    def _check_queries(self, journal: Journal, requests: list[Request], events: list[Event]) -> None:
        stored, told = {row.id.hex() for row in journal.rows}, Counter(row.id.replace("-", "") for row in requests)
        self.found += [f"request {id} is in no query" for id in sorted(stored - told.keys())[:5]]
        self.found += [f"request {id} is queried {n} times" for id, n in told.items() if n > 1 or id not in stored]
        replayed_to_death = {
            row.id.replace("-", "") for row in requests if row.replayed and "SIGKILL" in (row.reason or "")
        }
        of = {row.mark: row for row in journal.rows if row.outcome == DECODED}
        seen = Counter(event.hardware_id for event in events)
        for mark, row in of.items():
            if mark is not None and seen[mark] != 1 and row.id.hex() not in replayed_to_death:
                self.found.append(f"the event of {mark} is told {seen[mark]} times")
        self.found += [f"the event of {mark} is told, and no row has it" for mark in seen if mark not in of]
        self._check_duplicates(events)

    def _check_duplicates(self, events: list[Event]) -> None:
        """Of the attempts of one uid exactly one is the original, where there is a deduplicator; elsewhere all are."""
        originals = Counter(event.alternate_id for event in events if event.duplicate_of is None)
        for event in events:
            attempt = self.ledger.attempts.get(event.hardware_id)
            if attempt is None or event.alternate_id is None:
                continue
            if attempt.source == "http" and originals[event.alternate_id] != 1:
                self.found.append(f"{attempt.uid} has {originals[event.alternate_id]} original events")
            if attempt.source != "http" and event.duplicate_of is not None:
                self.found.append(f"{attempt.mark} is called a duplicate, and its source has no deduplicator")

    async def _check_rebuilt(self) -> None:
        """An index that is made from a copy of the journal says what the engine's says."""
        place = self.site.home.parent / "rebuilt"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        assert self.site.engine is not None
        os.kill(self.site.engine.pid, signal.SIGSTOP)  # it moves rows from logs into files
        try:
            shutil.copytree(self.site.journal, place / "journal", ignore=shutil.ignore_patterns("*-shm"))
            for ending in ("", "-wal"):
                shutil.copy(self.site.home / "data" / f"index.db{ending}", place / f"lived.db{ending}")
        finally:
            os.kill(self.site.engine.pid, signal.SIGCONT)
        self.found += await asyncio.to_thread(_rebuilt_differences, place)
        shutil.rmtree(place)

    async def is_clean(self) -> None:
        """No process without an owner, no file of a worker that has gone, nothing that nobody foresaw in the log."""
        await self.within(
            LIMIT,
            "orphans",
            lambda: [f"process {each.pid}: {each.command}" for each in self.site.orphans()],
        )
        await self.within(LIMIT, "slots", self._slots_of_nobody)
        await self.within(LIMIT, "segments", self._segments_left)
        self._read_log()

    def _slots_of_nobody(self) -> list[str]:
        locked = locked_files(self.site.home)
        slots = (self.site.home / "data" / "slots").rglob("*.slot")
        return [f"{slot}, which nobody holds" for slot in slots if slot not in locked]

    def _segments_left(self) -> list[str]:
        """Segments whose writer has gone and which were not finished: their write-ahead logs are there still."""
        writers = len(self.site.of_role("worker"))
        logs = list(self.site.journal.rglob("*.db-wal"))
        return [str(log) for log in logs] if len(logs) > writers else []

    def _read_log(self) -> None:
        with self.site.log.open("rb") as log:
            log.seek(self._log_read)
            text = log.read().decode(errors="replace")
        self._log_read += len(text.encode())
        self.found += [
            f"the engine's log: {line}" for line in text.splitlines() if "Traceback" in line or " ERROR " in line
        ]

    async def is_gone(self) -> None:
        """After the engine was told to end: nothing lives, nothing is locked, no slot is left."""
        await self.within(
            LIMIT, "after the end", lambda: [f"process {each.pid}: {each.command}" for each in self.site.processes()]
        )
        self.found += [f"{file} is locked" for file in locked_files(self.site.home)]
        self.found += self._slots_of_nobody()
        self._read_log()


def locked_files(home: Path) -> set[Path]:
    """The files of a home on which somebody holds a lock."""
    inodes = {int(line.split()[-3].rpartition(":")[2]) for line in Path("/proc/locks").read_text().splitlines()}
    return {file for file in (home / "data").rglob("*") if file.is_file() and _inode(file) in inodes}


def _inode(file: Path) -> int:
    try:
        return file.stat().st_ino
    except OSError:
        return 0


def _rebuilt_differences(place: Path) -> list[str]:
    follower = Follower(place / "journal", place / "rebuilt.db")
    try:
        while follower.take():
            pass
        complaints = [f"the rebuilt index: {path}: {error}" for path, error in follower.faults.errors.items()]
    finally:
        follower.close()
    return complaints + differences(place / "lived.db", place / "rebuilt.db")
