"""Replays: kept requests decoded again, in processes of their own that the engine looks after."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from core.catalogue.configured import Configured
from core.control.received import Query
from core.control.replays import (
    Changes,
    ChangesOf,
    OfReplay,
    Replay,
    ReplayQuery,
    Replays,
    ReplayState,
    ReplayStatus,
)
from core.engine.apart import MOST_MEMORY
from core.engine.background import Background
from core.engine.replay_asked import check, filter_of
from core.engine.replay_record import Record, Records, is_going
from core.engine.replay_run import ReplayRun
from core.engine.replay_sources import job_source, needs_sidecar, with_script
from core.engine.surroundings import Surroundings
from core.engine.tenant import TenantRunner
from core.errors import Conflict, NotFound, TidegateError
from core.model.dates import now_text
from core.worker.replay_job import Ended, ReplayJob

LOG = logging.getLogger("tidegate.engine")

RATE: Final = 1000.0
"""Requests a second where nobody says another."""
ENDING_SECONDS: Final = 5.0
"""What processes may take for what they decode, when the engine ends; the next engine decodes that once more."""
KEEP_EVERY: Final = 5.0
"""Seconds between two writes of a replay's counts, which its decode segments hold too."""
INDEX_PATIENCE: Final = 0.5
"""How often it is looked whether the index has caught up, before a replay begins."""
SLOTS: Final = ".replay"


class ReplayDesk:
    """All replays of an engine. One of a tenant runs at a time."""

    def __init__(
        self,
        surroundings: Surroundings,
        tenants: dict[str, TenantRunner],
        passed: Callable[[], Awaitable[int]],
    ) -> None:
        """`passed` waits until what was committed is indexed and gives how many rows are behind still."""
        self._surroundings = surroundings
        self._tenants = tenants
        self._passed = passed
        self._records = Records(surroundings.home.replays)
        self._runs: dict[str, ReplayRun] = {}
        self._going: dict[str, asyncio.Task[None]] = {}
        """What each of the runs is done by."""
        self._groovy: dict[str, str] = {}
        """Where the sidecar listens, for each replay that holds one."""
        self._tasks = Background()
        self._kept_at: dict[str, float] = {}
        self._changed: dict[str, int] = {}
        self._changes = 0

    def resume_all(self) -> None:
        """Goes on with what an engine before this one had not ended."""
        for record in self._records:
            if is_going(record.status.state):
                self._begin(record)

    async def stop(self) -> None:
        """Ends all processes; the next engine goes on with what they did not end."""
        await asyncio.gather(*(run.stop(ENDING_SECONDS) for run in list(self._runs.values())))
        await self._tasks.cancel()

    # What is asked

    def start(self, asked: Replay) -> ReplayStatus:
        """Begins a replay; TidegateError or ConfigurationError says why it cannot be."""
        tenant = self._tenant(asked.tenant)
        check(asked)
        if asked.source is not None:
            tenant.source(asked.source)
        if not asked.dry_run:
            self._nothing_else_runs(asked.tenant)
        record = self._records.begin(asked)
        try:
            self._job(record)
        except TidegateError as error:
            self._end(record, Ended(str(error)))
            raise
        self._begin(record)
        return record.status

    def listed(self, asked: ReplayQuery) -> Replays:
        """Replays, the newest first."""
        found = [record.status for record in self._records if asked.tenant in (None, record.status.tenant)]
        return Replays(found[::-1])

    def get(self, asked: OfReplay) -> ReplayStatus:
        return self._records.get(asked.id).status

    async def cancel(self, asked: OfReplay) -> ReplayStatus:
        """Ends a replay after what it decodes at the moment; it can be resumed."""
        record = self._records.get(asked.id)
        if not is_going(record.status.state):
            raise Conflict(f"this replay does not run: it is {record.status.state}")
        run = self._runs.get(asked.id)
        self._set(record, "cancelled")
        if run is not None:
            await run.stop()
            await asyncio.gather(self._going[asked.id], return_exceptions=True)
        return record.status

    def resume(self, asked: OfReplay) -> ReplayStatus:
        """Goes on with a replay where it stopped; with an undo where that did."""
        record = self._records.get(asked.id)
        status = record.status
        if status.state not in ("cancelled", "failed") or asked.id in self._runs:
            raise Conflict(f"only a replay that was cancelled or failed can be resumed: this is {status.state}")
        self._tenant(status.tenant)
        if not status.dry_run:
            self._nothing_else_runs(status.tenant)
        self._set(record, "undoing" if record.undoing else "running")
        self._begin(record)
        return status

    def undo(self, asked: OfReplay) -> ReplayStatus:
        """Makes the decodes before a replay's current again."""
        record = self._records.get(asked.id)
        status = record.status
        if status.dry_run:
            raise Conflict("a dry run stored nothing: there is nothing to undo")
        if is_going(status.state) or asked.id in self._runs:
            raise Conflict("this replay runs: cancel it first")
        if status.state == "undone":
            raise Conflict("this replay is undone already")
        self._tenant(status.tenant)
        self._nothing_else_runs(status.tenant)
        record.undoing = True
        self._set(record, "undoing")
        self._begin(record)
        return status

    def changes(self, asked: ChangesOf) -> Changes:
        """A page of what a dry run found."""
        return self._records.changes(asked.id, asked.after, asked.limit)

    async def forget_tenant(self, tenant: str) -> None:
        """Ends and forgets a tenant's replays."""
        runs = [run for run in self._runs.values() if run.record.status.tenant == tenant]
        for run in runs:
            self._set(run.record, "cancelled")
        await asyncio.gather(*(run.stop() for run in runs))
        self._records.forget_tenant(tenant)

    def changed_since(self, count: int) -> tuple[list[ReplayStatus], int]:
        """Replays that are another since the call that gave this count, and the count for the next."""
        found = [id for id, changed in self._changed.items() if changed > count]
        known = {record.status.id: record.status for record in self._records}
        return [known[id] for id in found if id in known], self._changes

    # Checking

    def _tenant(self, id: str) -> TenantRunner:
        tenant = self._tenants.get(id)
        if tenant is None:
            raise NotFound(f"there is no tenant {id}")
        return tenant

    def _nothing_else_runs(self, tenant: str) -> None:
        for record in self._records:
            status = record.status
            if status.tenant == tenant and not status.dry_run and (is_going(status.state) or status.id in self._runs):
                raise Conflict(f"replay {status.id} of {tenant} runs: cancel it or wait until it has ended")

    # Running

    def _begin(self, record: Record) -> None:
        self._note(record)
        run = self._runs[record.status.id] = ReplayRun(record, lambda: self._job(record), self._note)
        self._going[record.status.id] = self._tasks.run(self._run(run))

    async def _run(self, run: ReplayRun) -> None:
        record = run.record
        tenant, groovy = record.status.tenant, False
        ended: Ended | None = None
        try:
            groovy = not record.undoing and needs_sidecar(self._sources(record))
            if groovy:
                self._groovy[record.status.id] = str(self._surroundings.sidecars.acquire(tenant))
            ended = Ended("", again=True)
            while ended is not None and ended.again:
                await self._until_indexed()
                ended = await run.run()
        except TidegateError as error:
            ended = Ended(str(error))
        finally:
            if groovy and self._groovy.pop(record.status.id, None) is not None:
                self._surroundings.sidecars.release(tenant)
            self._runs.pop(record.status.id, None)
        if ended is not None:
            self._end(record, ended)

    def _sources(self, record: Record) -> list[Configured]:
        """The event sources whose requests are decoded, with their decoders as they are to be used."""
        status = record.status
        tenant = self._tenant(status.tenant)
        wanted = [source for source in tenant.configuration.sources if status.asked.source in (None, source.id)]
        return [each for source in wanted if (each := self._with_script(source, record)) is not None]

    def _with_script(self, source: Configured, record: Record) -> Configured | None:
        script = record.status.asked.script
        if script is None:
            return source
        return with_script(source, script.name, self._surroundings.catalogue)

    def _job(self, record: Record) -> ReplayJob:
        """What the next process is told; TidegateError or ConfigurationError where nothing can be decoded."""
        status, asked, home = record.status, record.status.asked, self._surroundings.home
        journal = self._surroundings.instance.journal
        sources = [] if record.undoing else self._sources(record)
        status.skipped = [] if record.undoing or asked.source is not None else self._skipped(status.tenant)
        until = min(filter(None, (asked.until, status.created)))
        own = home.tenant_scripts(status.tenant)
        folders = [*([self._records.scripts(status.id)] if asked.script is not None else []), own, home.scripts]
        return ReplayJob(
            replay=status.id,
            tenant=status.tenant,
            sources=[job_source(source) for source in sources],
            query=Query(since=asked.since, until=until, outcome=asked.outcome, filter=filter_of(asked)),
            requests=record.requests,
            undo=record.undoing,
            dry_run=status.dry_run,
            rate=asked.rate or RATE,
            packages=list(self._surroundings.catalogue.packages),
            script_folders=[str(folder) for folder in folders],
            journal=str(home.journal),
            index=str(home.index_file),
            slot=str(home.slots / status.tenant / SLOTS / f"{status.id}.slot"),
            changes=str(self._records.changes_file(status.id)),
            segment_size=int(journal.segment),
            free_disk=int(journal.free_disk),
            max_memory=MOST_MEMORY,
            groovy=self._groovy.get(status.id),
            casualties=record.casualties,
        )

    def _skipped(self, tenant: str) -> list[str]:
        """Sources that left requests and cannot decode them: they are gone, or have faults."""
        runner = self._tenant(tenant)
        known = {source.id for source in runner.configuration.sources}
        try:
            found = sorted(folder.name for folder in (self._surroundings.home.journal / tenant).iterdir())
        except FileNotFoundError:
            return []
        return [
            f"{name}: {runner.broken[name].reason()}" if name in runner.broken else f"{name}: there is no such source"
            for name in found
            if name not in known
        ]

    async def _until_indexed(self) -> None:
        """What the index has not taken would be passed over."""
        while True:
            if await self._passed() == 0:
                return
            await asyncio.sleep(INDEX_PATIENCE)

    def _end(self, record: Record, ended: Ended) -> None:
        undoing = record.status.state == "undoing"
        record.status.reason = ended.reason
        if ended.reason is not None:
            self._set(record, "failed")
        else:
            self._set(record, "undone" if undoing else "done")

    def _set(self, record: Record, state: ReplayState) -> None:
        status = record.status
        status.state = state
        status.ended = None if is_going(state) else now_text()
        if is_going(state):
            status.reason = None
        self._kept_at.pop(status.id, None)
        self._note(record)

    def _note(self, record: Record) -> None:
        """Its status is another: watchers hear of it, and now and then it is written."""
        id = record.status.id
        self._changes += 1
        self._changed[id] = self._changes
        now = time.monotonic()
        if now - self._kept_at.get(id, 0.0) >= KEEP_EVERY or id not in self._kept_at:
            self._kept_at[id] = now
            self._records.keep(record)
