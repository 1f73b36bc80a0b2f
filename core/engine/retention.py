"""Keeps what instance.toml and the tenants let be kept, and knows how much that is and when there is no more room."""

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Mapping
from typing import Final

import msgspec

from core.catalogue.retention import Limits, limits_of_all, limits_of_tenant
from core.config.home import Home
from core.config.instance import Instance
from core.engine.tenant import TenantRunner
from core.journal.follower_thread import FollowerThread
from core.journal.indexed import connect
from core.journal.merging import SPAN_PARTS
from core.journal.retention import Retained, Sweeper
from core.journal.volume import Measured, Volume, growth
from core.model.dates import date_text
from core.model.kept import Kept, look_ahead, span_text
from core.model.text import bytes_text
from core.worker.lifeline import Renew

LOG = logging.getLogger("tidegate.engine")

LOOK_EVERY: Final = 2.0
"""Seconds between two looks at what is kept, where it takes no more than one part in `PARTS` of a processor."""
LOOK_LEAST: Final = 30.0
"""Seconds between two looks at the most."""
PARTS: Final = 50
LEAST_REST: Final = 0.01
"""Seconds that the follower is let in between two steps of a sweep."""
MOST_BEHIND: Final = 100_000
"""Rows that the index may lack where failed requests are kept longer: past it the index, which may be built again just
now, does not know well enough which they are."""


class _Stopped(Exception):
    """The engine ends: what the sweep had begun the next one finishes."""


class _Looked(msgspec.Struct):
    kept: dict[str, Kept]
    """By tenant; that of all under the empty text."""
    low: str | None
    """What to say where the disk has less room than it is to have."""
    faults: list[str]
    old: list[tuple[str, str, float]]
    """Sources whose workers are to begin new segments, with the time before which one was begun."""
    spent: float = 0.0
    """Seconds of a processor that looking took."""


class RetentionKeeper:
    """One an engine. All that takes time is done in a thread."""

    def __init__(
        self, home: Home, instance: Instance, follower: FollowerThread, tenants: Mapping[str, TenantRunner]
    ) -> None:
        self._home = home
        self._instance = instance
        self._follower = follower
        self._tenants = tenants
        self._stopping = threading.Event()
        self._volume = Volume(home.journal)
        self._sweeper = Sweeper(self._volume, passed=self._passed, rest=self._rest, leaving=follower.follower.leaving)
        self._kept: dict[str, Kept] = {}
        self._fault: str | None = None
        self._low: str | None = None

    def kept(self, tenant: str = "") -> Kept | None:
        """What is kept of a tenant, or of all, as it was a moment ago."""
        return self._kept.get(tenant)

    @property
    def reason(self) -> str | None:
        """What an operator should know of the room that there is."""
        return self._low or self._fault

    def stop(self) -> None:
        """Ends what is done at the moment after its step."""
        self._stopping.set()

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            pause = LOOK_EVERY
            try:
                looked = await asyncio.to_thread(self._follower.follower.beside, self._look, self._retained())
            except _Stopped:
                return
            except (OSError, sqlite3.Error) as error:
                self._tell_faults([str(error)])
            else:
                self._kept, self._low = looked.kept, looked.low
                self._tell_faults(looked.faults)
                self._renew(looked.old)
                pause = min(max(LOOK_EVERY, looked.spent * PARTS), LOOK_LEAST)
            await asyncio.sleep(pause)

    def _retained(self) -> Retained:
        all = self._instance.retention
        tenants = {id: limits_of_tenant(runner.configuration.retention, all) for id, runner in self._tenants.items()}
        return Retained(limits_of_all(all), tenants)

    def _tell_faults(self, faults: list[str]) -> None:
        fault = f"old journal files cannot be deleted: {'; '.join(faults[:3])}" if faults else None
        if fault is not None and fault != self._fault:
            LOG.error("%s", fault)
        self._fault = fault

    def _renew(self, old: list[tuple[str, str, float]]) -> None:
        for tenant, source, before in old:
            runner = self._tenants.get(tenant)
            if runner is not None and source in runner.sources:
                for worker in runner.sources[source].workers:
                    worker.tell(Renew(before))

    # In the thread

    def _passed(self) -> None:
        self._follower.passed()
        self._follower.passed()  # the second pass finds that nobody writes it

    def _rest(self, seconds: float) -> None:
        if self._stopping.wait(max(LEAST_REST, seconds)):
            raise _Stopped

    def _look(self, retained: Retained) -> _Looked:
        now, began = time.time(), time.thread_time()
        with contextlib.closing(connect(self._home.index_file)) as connection:
            segments = self._volume.measure(connection)
            looked = _Looked({}, None, [], _too_old(segments, retained, now))
            self._tell_kept(segments, retained, now, looked)
            looked.spent = time.thread_time() - began
            if not self._is_behind(retained):
                swept = self._sweeper.sweep(connection, segments, retained, now)
                looked.faults = swept.faults
                if swept.segments:
                    self._tell_kept(self._volume.measure(connection), retained, now, looked)
        return looked

    def _is_behind(self, retained: Retained) -> bool:
        longer = any(limits.failed_age is not None for limits in (retained.all, *retained.tenants.values()))
        return longer and self._follower.behind() > MOST_BEHIND

    def _tell_kept(self, segments: list[Measured], retained: Retained, now: float, looked: _Looked) -> None:
        disk = os.statvfs(self._home.journal)
        free, least = disk.f_bavail * disk.f_frsize, int(self._instance.journal.free_disk)
        all = _kept_of(segments, retained.all, now)
        all.disk_free, all.disk_least = free, least
        left, weight = max(0, free - least), 1 + self._index_size() / max(1, all.bytes)
        look_ahead(all, left, weight)
        looked.kept[""] = all
        for tenant in retained.tenants:
            own = [each for each in segments if each.indexed.tenant == tenant]
            kept = looked.kept[tenant] = _kept_of(own, retained.of(tenant), now)
            look_ahead(kept, float("inf"), weight)
            sooner = all.full_by in ("size", "disk") and (kept.full_in is None or kept.full_in > (all.full_in or 0))
            if kept.full_by is not None and sooner:
                kept.full_by, kept.full_in = all.full_by, all.full_in
        if free < least:
            looked.low = (
                f"the disk has {bytes_text(free)} free, less than free_disk, {bytes_text(least)}: every source answers "
                f"503 until there is more; {_next_to_go(segments, retained, now)}"
            )

    def _index_size(self) -> int:
        file = self._home.index_file
        sizes = (file, file.with_name(f"{file.name}-wal"))
        return sum(each.stat().st_size for each in sizes if each.exists())


def _kept_of(segments: list[Measured], limits: Limits, now: float) -> Kept:
    requests = [each for each in segments if not each.indexed.holds_decodes]
    oldest = min((each.oldest for each in requests if each.oldest is not None), default=None)
    return Kept(
        since=None if oldest is None else date_text(oldest),
        requests=sum(each.indexed.taken for each in requests),
        failed=sum(each.indexed.taken for each in requests if each.indexed.holds_failed),
        bytes=sum(each.size for each in segments),
        growth=growth(segments, now),
        age=limits.age,
        size=limits.size,
        failed_age=limits.failed_age,
    )


def _too_old(segments: list[Measured], retained: Retained, now: float) -> list[tuple[str, str, float]]:
    """Sources with a segment that is written and has spanned its part of the time that its rows are kept."""
    old: dict[tuple[str, str], float] = {}
    for each in segments:
        age = retained.of(each.indexed.tenant).age
        if each.indexed.finished or not each.holds_received or each.oldest is None or age is None:
            continue
        before = now - age / SPAN_PARTS
        if each.oldest / 1000 < before:
            old[each.indexed.tenant, each.indexed.source] = before
    return [(*place, before) for place, before in old.items()]


def _next_to_go(segments: list[Measured], retained: Retained, now: float) -> str:
    """When retention lets something go next, in words: never more than it permits, however little room there is."""
    ends: list[float] = []
    for each in segments:
        limits = retained.of(each.indexed.tenant)
        age = limits.failed_age if each.indexed.holds_failed else limits.age
        if each.indexed.finished and each.indexed.newest is not None and age is not None:
            ends.append(each.indexed.newest / 1000 + age - now)
    if not ends:
        return "retention lets nothing go now"
    if min(ends) <= 0:
        return "retention deletes what it may"
    return f"retention lets the next file go in {span_text(min(ends))}"
