"""One event source as the engine runs it: its state, its workers' replacement, its numbers."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable
from typing import TypeVar

from core.catalogue.configured import Configured
from core.catalogue.listening import Address, ListeningSettings
from core.control.states import Node
from core.engine.background import Background
from core.engine.casualties import Casualties, buried, slots_of
from core.engine.certificate_node import certificate_reason
from core.engine.generation import Generation
from core.engine.lifecycle import Lifecycle
from core.engine.rates import RequestMeters
from core.engine.source_node import source_node
from core.engine.surroundings import Surroundings
from core.engine.worker_process import StartFailed, WorkerProcess
from core.errors import Fault
from core.worker.lifeline import Accept, Bury, Loaded, Nudge

LOG = logging.getLogger("tidegate.engine")

R = TypeVar("R")

FIRST_DELAY = 0.1
LONGEST_DELAY = 10.0
"""Seconds before a worker that died is replaced, or a start that failed is tried again: from the first, doubling."""
HEALTHY_AFTER = 30.0
"""Seconds that a worker must live for the delay to begin anew."""
BIND_PATIENCE = 5.0
"""Seconds for which a starting engine tries to bind: the workers of one that was killed may still answer."""


class SourceRunner:
    """Runs one event source of a tenant."""

    def __init__(self, surroundings: Surroundings, tenant: str, configured: Configured) -> None:
        self.tenant = tenant
        self.configured = configured
        self.lifecycle = Lifecycle()
        self.meters = RequestMeters()
        self.script_fault: Fault | None = None
        self.wanted = False
        """It was started and not stopped."""
        self.apply_failed: str | None = None
        """Why the last change of this source was not applied."""
        self._surroundings = surroundings
        self._casualties = Casualties()
        self._generation: Generation | None = None
        self._generations: list[Generation] = []
        """All that have workers: the one that serves, one that is prepared, those that drain."""
        self._delay = FIRST_DELAY
        self._tasks = Background()
        self._retry: asyncio.Task[None] | None = None
        self._stopping: asyncio.Future[None] | None = None
        for slot in slots_of(surroundings.home, tenant, configured.id).glob("*.slot"):
            self._casualties.add_left(slot)

    @property
    def id(self) -> str:
        return self.configured.id

    @property
    def path(self) -> str:
        return f"{self.tenant}/{self.id}"

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self.settings.address

    @property
    def running(self) -> bool:
        """Workers serve it."""
        return self._generation is not None

    @property
    def settings(self) -> ListeningSettings:
        settings = self.configured.settings
        assert isinstance(settings, ListeningSettings)
        return settings

    @staticmethod
    def enabled_in(configured: Configured) -> bool:
        """Whether a configuration has its source started with its tenant."""
        settings = configured.settings
        return isinstance(settings, ListeningSettings) and settings.enabled

    async def prepare(self, configured: Configured, giving_up: frozenset[str] = frozenset()) -> Generation:
        """A generation that could take over at once; StartFailed changes nothing."""
        generation = Generation(self._surroundings, self.tenant, configured, self._casualties)
        generation.on_started = lambda worker: self._adopt(generation, worker)
        generation.on_dropped = self.meters.dropped.add
        self._generations = [other for other in self._generations if not other.ended]
        self._generations.append(generation)
        await self._orderly(generation.prepare(giving_up))
        return generation

    async def _orderly(self, starting: Awaitable[R]) -> R:
        """Has what nobody foresaw fail as every start fails, so that it is shown here and tried again."""
        try:
            return await starting
        except StartFailed:
            raise
        except Exception as error:
            LOG.exception("%s cannot start", self.path)
            message = f"cannot start: {type(error).__name__}: {error}"
            raise StartFailed(Fault(path=self.configured.path, message=message)) from error

    def _adopt(self, generation: Generation, worker: WorkerProcess) -> None:
        worker.on_nudge = self._on_nudge
        worker.on_buried = buried
        worker.on_loaded = lambda loaded: self._on_loaded(generation, worker, loaded)
        self._tasks.run(self._watch(generation, worker))

    async def start(self, *, patience: float = 0.0) -> None:
        """Starts serving. Where that fails the source is in error and tries again by itself; StartFailed says why."""
        self.wanted = True
        if self._stopping is not None:
            await asyncio.shield(self._stopping)
        if self._generation is not None or self.lifecycle.state == "starting":
            return
        self._cancel_retry()
        self.lifecycle.to("starting")
        try:
            generation = await self._prepare_patiently(patience)
        except StartFailed as failed:
            if self._still_starting():
                self.lifecycle.to("error", str(failed))
                self._retry = self._tasks.run(self._try_again())
            raise
        if not self._still_starting():
            await generation.discard()
            return
        self._delay = FIRST_DELAY
        self.take_over(generation)

    def _still_starting(self) -> bool:
        """Nobody has stopped it meanwhile."""
        return self.lifecycle.state == "starting"

    async def _prepare_patiently(self, patience: float) -> Generation:
        deadline = time.monotonic() + patience
        while True:
            try:
                return await self.prepare(self.configured)
            except StartFailed as failed:
                if failed.fault.key != "port" or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.2)

    async def _try_again(self) -> None:
        delay = max(1.0, self._delay)
        while True:
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
            try:
                generation = await self.prepare(self.configured)
            except StartFailed as failed:
                self.lifecycle.to("error", str(failed))
                continue
            self._retry = None
            self.lifecycle.to("starting")
            self.take_over(generation)
            return

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def take_over(self, generation: Generation) -> None:
        """The generation serves from now on; the one before it drains in the background."""
        self.wanted = True
        self._cancel_retry()
        before, self._generation = self._generation, generation
        self.configured = generation.configured
        self.script_fault = None
        self.apply_failed = None
        generation.accept()
        if self.lifecycle.state == "stopped":
            self.lifecycle.to("starting")
        self.lifecycle.to("started")
        if before is not None:
            self._tasks.run(self._retire(before))

    async def _retire(self, before: Generation) -> None:
        """Drains a generation that another has taken over from, which records what had to be ended."""
        await before.drain(before.settings.drain)
        if self._generation is not None and self._generation.workers:
            casualties = self._casualties.hand_over()
            if casualties:
                self._generation.workers[0].tell(Bury(casualties))

    async def stop(self, most: float | None = None) -> None:
        """Drains and stops; waits until the last worker has ended, for the drain limit or `most` seconds."""
        self.wanted = False
        self._cancel_retry()
        ending = [generation for generation in self._generations if not generation.ended]
        if (stopping := self._stopping) is not None:
            if most is not None:
                await asyncio.gather(*(self._end(generation, most) for generation in ending))
            await asyncio.shield(stopping)
            return
        self._generation = None
        if not ending:
            if self.lifecycle.state != "stopped":
                self.lifecycle.to("stopped")
            return
        self._stopping = asyncio.get_running_loop().create_future()
        if self.lifecycle.state != "stopped":
            self.lifecycle.to("draining" if self.lifecycle.state == "started" else "stopping")
        try:
            await asyncio.gather(*(self._end(generation, most) for generation in ending))
        finally:
            self.lifecycle.to("stopped")
            self._stopping.set_result(None)
            self._stopping = None
            self._surroundings.nudge()

    async def _end(self, generation: Generation, most: float | None) -> None:
        drain = float(generation.settings.drain)
        await generation.drain(drain if most is None else min(drain, most))

    async def _watch(self, generation: Generation, worker: WorkerProcess) -> None:
        """Replaces the worker when it ends without having been asked to."""
        await worker.gone.wait()
        self._surroundings.nudge()
        if worker.draining or generation.ending:
            return
        generation.lose(worker)
        ending = worker.verdict or f"a worker {worker.ending()}"
        poison = self._casualties.add(worker)
        if poison is not None:
            for other in generation.workers:
                other.tell(poison)
        if time.monotonic() - worker.started > HEALTHY_AFTER:
            self._delay = FIRST_DELAY
        while not generation.ending and not await self._replaced(generation, ending):
            pass

    async def _replaced(self, generation: Generation, ending: str) -> bool:
        delay, self._delay = self._delay, min(self._delay * 2, LONGEST_DELAY)
        current = generation is self._generation
        if current and not generation.workers and self.lifecycle.state == "started":
            self.lifecycle.to("starting", f"{ending}; it is replaced in {delay:g} s")
        await asyncio.sleep(delay)
        if generation.ending:
            return True
        try:
            worker = await self._orderly(generation.add_worker())
        except StartFailed as failed:
            if generation is self._generation:
                self.lifecycle.to(self.lifecycle.state if generation.workers else "error", str(failed))
            return False
        if generation is self._generation:
            worker.tell(Accept())
            if self.lifecycle.state == "error":
                self.lifecycle.to("starting")
            self.lifecycle.to("started", f"{ending}, and was replaced")
        return True

    def _on_nudge(self, nudge: Nudge) -> None:
        if nudge.uncounted:
            self._surroundings.refused(self.tenant, self.id, self.meters.add_uncounted(nudge.uncounted))
        if nudge.datagrams is not None:
            self.meters.unsent.add(nudge.datagrams.unsent)
        self.meters.held_back.add(nudge.held_back)
        if nudge.costs is not None:
            self.meters.costs.add(nudge.costs)
        self._surroundings.nudge()

    def _on_loaded(self, generation: Generation, worker: WorkerProcess, loaded: Loaded) -> None:
        worker.script = loaded.script
        if generation is self._generation:
            self.script_fault = loaded.fault

    def reload_scripts(self) -> None:
        """Something in the scripts folders has changed."""
        self._casualties.forgive()
        for generation in self._generations:
            if not generation.ending:
                generation.reload()
        if self._generation is not None:
            self._delay = FIRST_DELAY
        elif self._retry is not None:
            self._cancel_retry()
            self._delay = FIRST_DELAY
            self.lifecycle.to("stopped")
            self._tasks.run(self._start_quietly())

    async def _start_quietly(self) -> None:
        with contextlib.suppress(StartFailed):  # the state says it
            await self.start()

    def look(self) -> None:
        """Ten times a second: ends workers that are past a limit, and counts what the kernel has dropped."""
        for generation in self._generations:
            if not generation.ending:
                generation.count_dropped()
            for worker in generation.workers:
                worker.look(generation.settings.max_memory)

    def reason(self) -> str | None:
        """What an operator should know of this source, the most pressing first."""
        if self.lifecycle.state in ("error", "starting") and self.lifecycle.reason:
            return self.lifecycle.reason
        if journal_fault := self._journal_fault():
            return journal_fault
        if self.script_fault is not None:
            return f"{self.script_fault}; the script before it goes on"
        if self.apply_failed:
            return f"not applied: {self.apply_failed}"
        return certificate_reason(self.workers) or self._warning() or self.lifecycle.reason

    def _journal_fault(self) -> str | None:
        return next((worker.journal_fault for worker in self.workers if worker.journal_fault), None)

    def _warning(self) -> str | None:
        told = (worker.datagrams.warning for worker in self.workers if worker.datagrams is not None)
        return next(filter(None, told), None)

    @property
    def workers(self) -> list[WorkerProcess]:
        """Those that serve."""
        return self._generation.workers if self._generation is not None else []

    @property
    def every_worker(self) -> list[WorkerProcess]:
        """Those that serve, and those that drain."""
        workers = [worker for generation in self._generations for worker in generation.workers]
        return [worker for worker in workers if worker.state != "starting" and not worker.gone.is_set()]

    def node(self) -> Node:
        """The source and what is in it, in the tree of states."""
        return source_node(self, self._surroundings.sidecars.of(self.tenant))
