"""Applying a configuration to a running tenant: all or nothing.

In this order: validate everything; prepare (bind, start workers, compile scripts); write tenant.toml; switch. Until the
write a failure leaves all as it was; after it tenant.toml is the truth.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from core.catalogue.configured import Configured
from core.config.plan import make_plan
from core.config.store import TenantStore
from core.config.tenant import TenantConfiguration
from core.control.configurations import Applied, Change, ChangeState
from core.engine.generation import Generation
from core.engine.source import SourceRunner
from core.engine.surroundings import Surroundings
from core.engine.tenant import TenantRunner
from core.engine.worker_process import StartFailed, WorkerProcess
from core.errors import Conflict, Fault, TidegateError

Progress = Callable[[Applied], None]

CLOSED_WITHIN: Final = 1.0
"""Seconds that are given to workers to stop taking; one that hangs holds no change up for longer."""


class Applying:
    """One application of `text` to a tenant."""

    def __init__(
        self,
        surroundings: Surroundings,
        tenant: TenantRunner,
        text: str,
        progress: Progress = lambda applied: None,
    ) -> None:
        self._surroundings = surroundings
        self._tenant = tenant
        self._text = text
        self._store = TenantStore(surroundings.home, tenant.id, surroundings.catalogue)
        self._progress = progress
        self._seen = self._store.active_text()
        self._configuration: TenantConfiguration = tenant.parse(text)
        self._changes: list[Change] = []
        self._runners: dict[str, SourceRunner] = {}
        self._prepared: dict[str, Generation] = {}
        self._failures: dict[str, Fault] = {}

    async def run(self) -> Applied:
        """Applies; where the result says not `applied`, nothing has changed."""
        async with self._tenant.changing:
            components = self._surroundings.catalogue
            file = self._store.staged_file if self._text == self._store.staged_text() else self._store.file
            self._changes = make_plan(self._tenant.id, self._tenant.text, self._text, components, file).changes
            faults = await asyncio.to_thread(self._store.check, self._text, file)
            if faults:
                return self._refused(faults)
            try:
                await self._prepare()
                if not self._failures:
                    await self._write()
            except BaseException:
                await self._discard()
                raise
            if self._failures:
                await self._discard()
                return self._refused(list(self._failures.values()))
            before = [worker for runner in self._tenant.sources.values() for worker in runner.workers]
            self._switch()
            await asyncio.sleep(0)  # those that end are told
            serving = [worker for runner in self._runners.values() for worker in runner.workers]
            await _closed([worker for worker in before if worker not in serving])
        for change in self._changes:
            change.state = "applied"
        return Applied(tenant=self._tenant.id, applied=True, changes=self._changes)

    async def _prepare(self) -> None:
        wanted = [configured for configured in self._configuration.sources if self._must_prepare(configured)]
        kept = {source.id for source in self._configuration.sources} - {source.id for source in wanted}
        giving_up = frozenset(runner.path for id, runner in self._tenant.sources.items() if id not in kept)
        async with asyncio.TaskGroup() as preparing:
            for configured in wanted:
                preparing.create_task(self._prepare_source(configured, giving_up))

    def _must_prepare(self, configured: Configured) -> bool:
        """Whether a source begins, or goes on in another way. One whose configuration stays is left as it is: where
        it is in error it tries again by itself, and holds up no change of another."""
        known = self._tenant.sources.get(configured.id)
        runner = known or SourceRunner(self._surroundings, self._tenant.id, configured)
        self._runners[configured.id] = runner
        enabled = runner.enabled_in(configured)
        if not self._tenant.wanted:
            return False
        if known is None:
            return enabled
        was_enabled = known.settings.enabled
        if not known.wanted:  # stopped by hand, or disabled until now
            return enabled and not was_enabled
        return (enabled or not was_enabled) and not same_component(known.configured, configured)

    async def _prepare_source(self, configured: Configured, giving_up: frozenset[str]) -> None:
        self._mark(configured.path, "preparing")
        try:
            self._prepared[configured.id] = await self._runners[configured.id].prepare(configured, giving_up)
        except StartFailed as failed:
            fault = failed.fault
            self._failures[configured.id] = msgspec.structs.replace(fault, path=fault.path or configured.path)
            self._mark(configured.path, "failed", str(failed))
        else:
            self._mark(configured.path, "prepared")

    async def _write(self) -> None:
        try:
            if await asyncio.to_thread(self._store.active_text) != self._seen:
                raise Conflict("it was edited by hand meanwhile: look at it, and apply again")
            await asyncio.to_thread(self._store.activate, self._text)
        except (OSError, TidegateError) as error:
            self._failures[""] = Fault(message=f"tenant.toml cannot be written: {error}")

    async def _discard(self) -> None:
        await asyncio.gather(*(generation.discard() for generation in self._prepared.values()))

    def _switch(self) -> None:
        tenant = self._tenant
        leaving = [runner for id, runner in tenant.sources.items() if id not in self._runners]
        leaving += [self._runners[source.id] for source in self._configuration.sources if self._ends(source)]
        tenant.adopt(self._text, self._configuration, self._runners)
        for id, runner in self._runners.items():
            runner.apply_failed = None
            if id in self._prepared:
                runner.take_over(self._prepared[id])
        tenant.let_go(leaving)

    def _ends(self, configured: Configured) -> bool:
        """Whether this change disables the source; one that was started by hand though disabled goes on."""
        runner = self._runners[configured.id]
        return runner.wanted and runner.settings.enabled and not runner.enabled_in(configured)

    def _refused(self, faults: list[Fault]) -> Applied:
        for fault in faults:
            reason = str(fault)
            self._mark(fault.path, "failed", reason)
            source = fault.path.split("/")[1] if "/" in fault.path else ""
            if source in self._tenant.sources:
                self._tenant.sources[source].apply_failed = reason
        for change in self._changes:
            if change.state in ("preparing", "prepared"):
                change.state = "staged"
        return Applied(
            tenant=self._tenant.id,
            applied=False,
            changes=self._changes,
            faults=faults,
            reason="nothing has changed: " + "; ".join(str(fault) for fault in faults),
        )

    def _mark(self, path: str, state: ChangeState, reason: str | None = None) -> None:
        for change in self._changes:
            if same_source(change, path):
                change.state = state
                change.reason = reason
        self._progress(Applied(tenant=self._tenant.id, applied=False, changes=self._changes, done=False))


async def _closed(workers: list[WorkerProcess]) -> None:
    """Waits until these workers take nothing more: what is sent after a change is for the new configuration."""
    closing = [asyncio.ensure_future(worker.closed.wait()) for worker in workers]
    if closing:
        _, late = await asyncio.wait(closing, timeout=CLOSED_WITHIN)
        for task in late:
            task.cancel()


def same_source(change: Change, path: str) -> bool:
    """Whether a change and a component belong to the same event source."""
    return bool(path) and change.path.split("/")[:2] == path.split("/")[:2]


def same_component(one: Configured, other: Configured) -> bool:
    """Whether two configurations of a component mean the same."""
    return (
        one.component is other.component
        and one.settings == other.settings
        and one.slots.keys() == other.slots.keys()
        and _counts(one) == _counts(other)
        and all(map(same_component, one.inner(), other.inner()))
    )


def _counts(configured: Configured) -> dict[str, int]:
    return {key: len(listed) for key, listed in configured.lists.items()}
