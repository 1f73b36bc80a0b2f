"""Damaged journal segments: each is set aside, what can be read of it takes its place, and operators are told."""

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from core.config.home import Home
from core.control.states import DamagedSegment
from core.engine.apart import EndedApart, run_apart
from core.engine.tenant import TenantRunner
from core.journal.follower import Follower
from core.journal.indexed import connect
from core.journal.salvage import SalvageJob
from core.journal.set_aside import keep_within, read_aside
from core.model.dates import now_text
from core.model.text import plural
from core.worker.lifeline import Leave

LOG = logging.getLogger("tidegate.journal")

LOOK_EVERY: Final = 0.5
READ_EVERY: Final = 5.0
"""Seconds between two looks at what stands in the folder of damaged segments."""
LET_GO: Final = 0.2
"""Seconds in which who has a damaged segment open may close it, before it is tried."""
LIMIT: Final = 900.0
"""Seconds that reading a damaged segment may take: about half a minute for 64 MiB of small rows."""
LONGEST_REST: Final = 60.0
"""Seconds until the next try where one failed, at the most: from one second, doubling."""
LEAST_ROOM: Final = 16 << 20
"""Bytes that must be free beside those that the copy takes."""
MOST_LISTED: Final = 100


class DamageDesk:
    """Looks after the damaged segments of one home, one at a time."""

    def __init__(
        self, home: Home, tenants: Mapping[str, TenantRunner], follower: Follower, nudge: Callable[[], None]
    ) -> None:
        """`nudge` has the follower make a pass."""
        self._home = home
        self._tenants = tenants
        self._follower = follower
        self._nudge = nudge
        self._mended: set[str] = set()
        self._rests: dict[str, tuple[float, float]] = {}
        """When a segment is tried next, and how long it rested."""
        self._waits: dict[str, str] = {}
        """Why a segment is not set aside yet."""
        self._listed: list[DamagedSegment] = []
        self._read_at = 0.0

    def listed(self) -> list[DamagedSegment]:
        """Those that were set aside and whose records are there still, the newest first, behind those that wait."""
        waiting = [
            self._damaged(path, reason, self._waits.get(path, "it is about to be set aside"))
            for path, reason in list(self._follower.faults.damaged.items())
        ]
        return (waiting + self._listed)[:MOST_LISTED]

    def reason(self) -> str | None:
        """What an operator should know of the journal and its index, in a sentence."""
        index = self._follower.faults.errors.get(str(self._follower.index_file))
        if index is not None:
            return f"the index cannot be written: {index}; requests are kept, and seen when it can"
        if listed := self.listed():
            lost = sum(each.lost or 0 for each in listed)
            what = f"{plural(len(listed), 'journal segment')} {'was' if len(listed) == 1 else 'were'} found damaged"
            return f"{what}, {plural(lost, 'row')} lost: `tidegate status` says more, docs/recovery.md what to do"
        for path, fault in list(self._follower.faults.errors.items()):
            return f"the journal segment {path} cannot be read: {fault}"
        return None

    async def look_after(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            now = time.monotonic()
            if now >= self._read_at:
                self._read_at = now + READ_EVERY
                self._listed = await asyncio.to_thread(self._read)
            for path, reason in list(self._follower.faults.damaged.items()):
                if now >= self._rests.get(path, (0.0, 0.0))[0]:
                    await self._mend(path, reason)
            await asyncio.sleep(LOOK_EVERY)

    async def _mend(self, path: str, reason: str) -> None:
        self._have_it_left(path)
        await asyncio.sleep(LET_GO)
        try:
            job = await asyncio.to_thread(self._job, path, reason)
            answer = await run_apart("core.journal.salvage", job, LIMIT)
            found = msgspec.json.decode(answer, type=DamagedSegment | str)
        except EndedApart as ended:
            found = f"reading it {ended}"
        except (OSError, sqlite3.Error, msgspec.MsgspecError) as error:
            found = str(error)
        if isinstance(found, str):
            self._wait(path, found)
            return
        if found.kept is not None:
            LOG.error("segment %s was damaged (%s): %s", path, reason, outcome(found))
        self._mended.add(path)
        self._rests.pop(path, None)
        self._waits.pop(path, None)
        self._follower.faults.damaged.pop(path, None)
        self._follower.renew(path)
        self._listed = await asyncio.to_thread(self._read)
        self._nudge()

    def _have_it_left(self, path: str) -> None:
        """The follower closes it, and its worker begins another; one that has already takes no notice."""
        self._follower.release(path)
        self._nudge()
        tenant, source, *folder, name = path.removesuffix(".db").split("/")
        runner = self._tenants.get(tenant)
        if folder or runner is None or source not in runner.sources:
            return
        for worker in runner.sources[source].every_worker:
            worker.tell(Leave(name))

    def _job(self, path: str, reason: str) -> SalvageJob:
        """OSError says why it cannot be done now."""
        file = self._home.journal / path
        disk = os.statvfs(file.parent)
        wanted = LEAST_ROOM + sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*"))
        if disk.f_bavail * disk.f_frsize < wanted:
            raise OSError("there is no room on the disk for a copy of it")
        known, deduplicator = self._known(path)
        return SalvageJob(
            journal=str(self._home.journal),
            damaged=str(self._home.damaged),
            path=path,
            reason=reason,
            found=now_text(),
            known=known,
            deduplicator=deduplicator,
            again=path in self._mended,
        )

    def _known(self, path: str) -> tuple[int, str | None]:
        tenant, source, name = path.removesuffix(".db").split("/", 2)
        with contextlib.closing(connect(self._home.index_file, read_only=True)) as index:
            found = index.execute(
                "SELECT taken, deduplicator FROM segments WHERE tenant = ? AND source = ? AND name = ?",
                (tenant, source, name),
            ).fetchone()
        return found or (0, None)

    def _wait(self, path: str, why: str) -> None:
        rested = self._rests.get(path, (0.0, 0.5))[1]
        rest = min(rested * 2, LONGEST_REST)
        self._rests[path] = time.monotonic() + rest, rest
        if self._waits.get(path) != why:
            self._waits[path] = why
            LOG.warning("segment %s is damaged, and not set aside yet: %s", path, why)

    def _read(self) -> list[DamagedSegment]:
        """What is kept, after what is too much of it went."""
        kept = read_aside(self._home.damaged)
        try:
            for aside, why in keep_within(kept):
                LOG.warning("damaged segment %s is removed: %s", aside.file, why)
                kept = read_aside(self._home.damaged)
        except OSError as error:
            LOG.warning("%s cannot be kept small: %s", self._home.damaged, error)
        return [each.damaged for each in kept if each.damaged is not None]

    def _damaged(self, path: str, reason: str, waits: str) -> DamagedSegment:
        tenant, source, *_ = path.split("/")
        return DamagedSegment(tenant=tenant, source=source, segment=path, reason=reason, waits=waits)


def outcome(damaged: DamagedSegment) -> str:
    """What became of it, in a few words."""
    if damaged.waits is not None:
        return damaged.waits
    lost = f", {plural(damaged.lost, 'row')} lost" if damaged.lost else ", none lost"
    return f"{plural(damaged.saved or 0, 'row')} saved{lost}; the damaged file is {damaged.kept}"
