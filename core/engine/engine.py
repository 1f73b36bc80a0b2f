"""The engine of a home: what it holds together, from its start to its end."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Literal, TypeVar

from core.catalogue.registry import Catalogue
from core.config.dismissals import Dismissals
from core.config.home import Home
from core.config.instance import Instance
from core.config.plan import make_plan
from core.config.store import TenantStore
from core.control.configurations import Applied
from core.control.states import Node, Status
from core.engine.applying import Applying, Progress
from core.engine.background import Background
from core.engine.casualties import ORPHAN_PATIENCE, orphans
from core.engine.damage_desk import DamageDesk
from core.engine.ports import ListenerPool
from core.engine.reindexing import ReindexDesk
from core.engine.replays import ReplayDesk
from core.engine.retention import RetentionKeeper
from core.engine.scripts_watch import watch_scripts
from core.engine.surroundings import Surroundings
from core.engine.tap import Tap
from core.engine.tenant import TenantRunner
from core.errors import Fault, NotFound, TidegateError
from core.groovy.sidecars import Sidecars
from core.journal.audience import Audience
from core.journal.follower import Follower
from core.journal.follower_thread import FollowerThread
from core.journal.reader import Reader
from core.journal.rows import FAILED
from core.journal.settling import Redecoded
from core.journal.taken import TakenRow, outcomes, refused
from core.journal.unbegun import remove_unbegun
from core.model.dates import now_text

LOG = logging.getLogger("tidegate.engine")

Mode = Literal["serve", "embedded", "demo"]
R = TypeVar("R")

LOOK_EVERY = 0.1
"""Seconds between two looks at the workers' slots."""
COUNT_EVERY = 1.0
"""Seconds between two counts of the groups of failures."""
SHUTDOWN_DRAIN = 6.0
"""Seconds that sources may drain when the engine ends, so that it has ended within ten."""
MOST_BATCHES_OFFERED = 64
"""Batches of rows (2,000 each at most) that may wait for the loop; past it live feeds miss some, and say so."""


class Engine:
    """One per home, under its lock. Runs no script and parses no device's bytes."""

    def __init__(self, home: Home, instance: Instance, components: Catalogue, mode: Mode) -> None:
        self.home = home
        self.instance = instance
        self.catalogue = components
        self.mode: Mode = mode
        self.pid = os.getpid()
        self.host = socket.gethostname()
        self.started = now_text()
        self.ending = asyncio.Event()
        self.tap = Tap()
        self.tenants: dict[str, TenantRunner] = {}
        self.dismissals = Dismissals(home.dismissals_file)
        self._open_failures = 0
        self._loop = asyncio.get_running_loop()
        self._parent = os.getppid()
        self._offered = 0
        self._left_out = 0
        self._staged: dict[str, tuple[object, int, bool]] = {}
        self._follower = FollowerThread(
            Follower(
                home.journal,
                home.index_file,
                Audience(
                    self._rows_taken, on_redecoded=self._redecoded, wanted=self.tap.wanted, on_unread=self._unread_taken
                ),
            )
        )
        self.reader = Reader(
            home.journal,
            home.index_file,
            passed=self._follower.passed,
            on_damage=self._follower.follower.distrust,
            on_damaged_segment=self._follower.follower.faults.suspect,
        )
        self._damage = DamageDesk(home, self.tenants, self._follower.follower, self._follower.nudge)
        self.sidecars = Sidecars(home, instance.groovy)
        listeners = ListenerPool()
        self._surroundings = Surroundings(
            home, components, instance, listeners, self.sidecars, self._follower.nudge, self.tap.refuse
        )
        self.replays = ReplayDesk(self._surroundings, self.tenants, self._indexed)
        self.retention = RetentionKeeper(home, instance, self._follower, self.tenants)
        self.reindexing = ReindexDesk(home.journal, home.index_file, self._follower.succeed)
        self._tasks = Background()
        self._changes: set[asyncio.Task[Any]] = set()

    async def load(self) -> None:
        """Everything before the first source starts: after it the engine can answer calls."""
        await self._wait_for_orphans()
        await asyncio.to_thread(remove_unbegun, self.home.journal)
        self._follower.start()
        for id in self.home.tenant_ids():
            self.tenants[id] = TenantRunner(self._surroundings, id)

    async def start(self) -> list[Fault]:
        """Starts all that starts by itself; the faults of what could not."""
        self._tasks.run(self._look())
        self._tasks.run(self.retention.run())
        self._tasks.run(self._count_failures())
        self._tasks.run(self._damage.look_after())
        self._tasks.run(watch_scripts(self.home, self.scripts_changed))
        self.replays.resume_all()
        wanted = [tenant for tenant in self.tenants.values() if tenant.configuration.autostart]
        started = await asyncio.gather(*(tenant.start_patiently() for tenant in wanted))
        return [fault for faults in started for fault in faults]

    async def _wait_for_orphans(self) -> None:
        """Workers of an engine that was killed answer what they hold; one that does not end is ended."""
        deadline = time.monotonic() + ORPHAN_PATIENCE
        while left := orphans(self.home):
            if time.monotonic() > deadline:
                for pid in left:
                    LOG.warning("process %d, a worker of an engine that has gone, does not end: it is killed", pid)
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline + ORPHAN_PATIENCE:
                return  # it hangs in the kernel: its port may be held, which its source will say
            await asyncio.sleep(0.1)

    async def change(self, work: Coroutine[Any, Any, R]) -> R:
        """Does something that starts workers; an engine that ends does not wait for it."""
        task = self._loop.create_task(work)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() or self.ending.is_set():
                raise TidegateError("the engine is ending: this was not done") from None
            raise

    async def stop(self) -> None:
        """Drains every source and has the index take what they wrote last."""
        self.ending.set()
        self.retention.stop()
        for task in self._changes:
            task.cancel()
        await asyncio.gather(*self._changes, return_exceptions=True)
        await self.reindexing.stop()
        replaying = self._loop.create_task(self.replays.stop())
        stopping = (tenant.stop(SHUTDOWN_DRAIN) for tenant in self.tenants.values())
        for problem in await asyncio.gather(*stopping, return_exceptions=True):
            if isinstance(problem, Exception):
                LOG.error("a tenant did not stop as it should", exc_info=problem)
        await replaying
        await self.sidecars.stop()
        await self._tasks.cancel()
        await asyncio.to_thread(self._follower.passed)

    async def close(self) -> None:
        """The last step, when nobody can call any more."""
        await asyncio.to_thread(self._follower.stop)

    async def _look(self) -> None:
        while True:
            for tenant in self.tenants.values():
                for source in tenant.sources.values():
                    source.look()
            if self.mode == "demo" and os.getppid() != self._parent:
                self.ending.set()
            await asyncio.sleep(LOOK_EVERY)

    async def _count_failures(self) -> None:
        while True:
            with contextlib.suppress(TidegateError):  # it is told where the index, or the file, is asked for itself
                self._open_failures = await asyncio.to_thread(self._count_open)
            await asyncio.sleep(COUNT_EVERY)

    def _count_open(self) -> int:
        return self.reader.open_failures(self.dismissals.all())

    def _rows_taken(self, rows: list[TakenRow]) -> None:
        """Called in the follower's thread, with rows of one source."""
        if self._offered < MOST_BATCHES_OFFERED:
            self._offered += 1
            self._loop.call_soon_threadsafe(self._offer, rows)
        else:
            self._left_out += len(rows)
            for feed, count in self.tap.count(rows):
                self._loop.call_soon_threadsafe(feed.leave_out, count)
            counts = outcomes(rows)
            self._loop.call_soon_threadsafe(self._count, rows[0].tenant, rows[0].event_source, counts, refused(rows))

    def _unread_taken(self, tenant: str, source: str, count: int) -> None:
        """Called in the follower's thread, with decoded requests of one source that it did not read."""
        self._loop.call_soon_threadsafe(self._count_unread, tenant, source, count)

    def _count_unread(self, tenant: str, source: str, count: int) -> None:
        self._count(tenant, source, (count, 0, 0), {})
        self.tap.leave_out(tenant, count)

    def _offer(self, rows: list[TakenRow]) -> None:
        self._offered -= 1
        self._count(rows[0].tenant, rows[0].event_source, outcomes(rows), refused(rows))
        self.tap.offer(rows)

    async def _indexed(self) -> int:
        return await asyncio.to_thread(self._follower.passed)

    def _redecoded(self, redecoded: list[Redecoded]) -> None:
        """Called in the follower's thread, with requests of one source."""
        if self._offered < MOST_BATCHES_OFFERED:
            self._offered += 1
            self._loop.call_soon_threadsafe(self._offer_redecoded, redecoded)
        else:
            self._left_out += len(redecoded)
            self._loop.call_soon_threadsafe(self._count_redecoded, redecoded)

    def _offer_redecoded(self, redecoded: list[Redecoded]) -> None:
        self._offered -= 1
        self._count_redecoded(redecoded)
        self.tap.offer_redecoded([each.row for each in redecoded])

    def _count_redecoded(self, redecoded: list[Redecoded]) -> None:
        row = redecoded[0].row
        runner = self.tenants.get(row.tenant)
        if runner is not None and row.event_source in runner.sources:
            meters = runner.sources[row.event_source].meters
            for each in redecoded:
                meters.add_redecoded(each.row.received, (each.row.outcome_code == FAILED) - (each.before == FAILED))

    def _count(self, tenant: str, source: str, counts: tuple[int, int, int], refused: Mapping[str, int]) -> None:
        runner = self.tenants.get(tenant)
        if runner is not None and source in runner.sources:
            runner.sources[source].meters.add(counts[0], counts[1], refused)

    def scripts_changed(self, tenant: str | None) -> None:
        """Something in a tenant's scripts folder, or in the shared one (None), is another now."""
        concerned: Iterable[TenantRunner] = self.tenants.values()
        if tenant is not None:
            concerned = [self.tenants[tenant]] if tenant in self.tenants else []
        for runner in concerned:
            for source in runner.sources.values():
                source.reload_scripts()

    async def apply(self, tenant: str, text: str, progress: Progress) -> Applied:
        """Makes `text` a tenant's configuration; see Applying."""
        runner = self.tenants.get(tenant)
        if runner is None:
            raise NotFound(f"there is no tenant {tenant}")
        return await self.change(Applying(self._surroundings, runner, text, progress).run())

    async def reload(self) -> None:
        """SIGHUP: every tenant.toml that was edited by hand acts; new tenants are found."""
        for id in self.home.tenant_ids():
            try:
                await self._reload_tenant(id)
            except TidegateError as error:
                LOG.error("tenant %s: %s", id, error)

    async def _reload_tenant(self, id: str) -> None:
        if id not in self.tenants:
            await self.add_tenant(id)
            return
        text = TenantStore(self.home, id, self.catalogue).active_text()
        if text != self.tenants[id].text:
            applied = await self.apply(id, text, lambda applied: None)
            if not applied.applied:
                LOG.error("tenant %s: %s", id, applied.reason)

    async def add_tenant(self, id: str) -> None:
        """A tenant whose folder is there is run from now on."""
        tenant = self.tenants[id] = TenantRunner(self._surroundings, id)
        if tenant.configuration.autostart:
            await self.change(tenant.start())

    async def drop_tenant(self, id: str) -> None:
        """Stops a tenant for good."""
        tenant = self.tenants.pop(id)
        tenant.removed = True
        await tenant.stop()

    def status(self) -> Status:
        """Everything at this moment."""
        rows = [tenant.row(*self._waiting(tenant)) for tenant in self.tenants.values()]
        nodes = [tenant.node() for tenant in self.tenants.values()]
        for node in nodes:
            node.kept = self.retention.kept(node.path)
        rate = sum(node.rate for node in nodes)
        tree = Node(
            path="",
            kind="instance",
            title="Tidegate",
            state="stopping" if self.ending.is_set() else "started",
            reason=self._damage.reason() or self.retention.reason,
            since=self.started,
            rate=rate,
            failed=sum(node.failed for node in nodes),
            refused=sum(node.refused for node in nodes),
            refused_rate=sum(node.refused_rate for node in nodes),
            requests=sum(node.requests for node in nodes),
            dropped=sum(node.dropped for node in nodes),
            kept=self.retention.kept(),
            children=[*nodes, *self.sidecars.nodes()],
        )
        return Status(
            tree=tree,
            tenants=rows,
            rate=rate,
            behind=self._follower.behind(),
            left_out=self._left_out,
            failures=self._open_failures,
            damaged=self._damage.listed(),
            reindex=self.reindexing.status,
        )

    def _waiting(self, tenant: TenantRunner) -> tuple[int, bool]:
        """How many staged changes wait, and whether tenant.toml was edited by hand; read again when a file changes."""
        store = TenantStore(self.home, tenant.id, self.catalogue)
        stamp = (_stamp(store.file), _stamp(store.staged_file), tenant.text)
        known = self._staged.get(tenant.id)
        if known is None or known[0] != stamp:
            known = self._staged[tenant.id] = (stamp, *self._read_waiting(store, tenant.text))
        return known[1:]

    def _read_waiting(self, store: TenantStore, running: str) -> tuple[int, bool]:
        try:
            active, staged = store.active_text(), store.staged_text()
            plan = make_plan(store.tenant, active, staged, self.catalogue, store.staged_file)
        except TidegateError:
            return 0, True
        return len(plan.changes), active != running


def _stamp(file: "os.PathLike[str]") -> tuple[int, int]:
    try:
        facts = os.stat(file)
    except OSError:
        return 0, 0
    return facts.st_mtime_ns, facts.st_ino
