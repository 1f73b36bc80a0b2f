"""A generation: the workers that serve one configuration of an event source.

The listening sockets are the engine's, so that connections and datagrams queue in the kernel while no worker takes them
and none is refused. A change of a source is a new generation that takes over from the old when all of it is ready.
"""

import asyncio
import itertools
import socket
from collections.abc import Callable

from uuid_utils import uuid7

from core.catalogue.configured import Configured
from core.catalogue.listening import ListeningSettings
from core.engine.casualties import Casualties, buried, slots_of
from core.engine.surroundings import Surroundings
from core.engine.worker_process import StartFailed, WorkerProcess
from core.errors import Fault, TidegateError
from core.groovy.sidecars import needs_groovy
from core.worker.lifeline import Accept, Casualty, Configure, Drain, Reload

BEYOND_DRAIN = 2.0
"""Seconds that a draining worker may take past its drain limit before it is killed."""

KILLED_WITHIN = 2.0
"""Seconds to wait for a killed worker: one that waits for a broken disk inside the kernel does not end."""

_NUMBERS = itertools.count(1)
"""Workers of this engine, whatever source they are of."""


class Generation:
    """Workers of one configuration; `prepare` makes one, then it serves, drains or is discarded."""

    def __init__(self, surroundings: Surroundings, tenant: str, configured: Configured, casualties: Casualties) -> None:
        self.configured = configured
        self.workers: list[WorkerProcess] = []
        self.ending = False
        self.on_started: Callable[[WorkerProcess], None] = lambda worker: None
        self.on_dropped: Callable[[int], None] = lambda datagrams: None
        self._surroundings = surroundings
        self._tenant = tenant
        self._casualties = casualties
        self._forgotten: list[WorkerProcess] = []
        self._places: list[socket.socket] = []
        """A listening socket for each worker; those of TCP are all the same."""
        self._empty: list[int] = []
        """The places without a worker."""
        self._groovy: str | None = None
        """Where the Groovy sidecar listens, while this generation needs it."""

    @property
    def ended(self) -> bool:
        """Nothing of it is left."""
        return self.ending and all(worker.gone.is_set() for worker in self.workers)

    @property
    def settings(self) -> ListeningSettings:
        settings = self.configured.settings
        assert isinstance(settings, ListeningSettings)
        return settings

    @property
    def owner(self) -> str:
        return f"{self._tenant}/{self.configured.id}"

    async def prepare(self, giving_up: frozenset[str] = frozenset()) -> None:
        """Binds the port and brings every worker to where it could accept. StartFailed leaves nothing behind."""
        address, threads = self.settings.address, self.settings.threads
        try:
            self._listener = self._surroundings.listeners.acquire(address, self.owner, threads, giving_up)
        except TidegateError as error:
            self.ending = True
            raise StartFailed(Fault(path=self.configured.path, key="port", message=str(error))) from error
        try:
            self._places = self._listener.places(threads)
            self._empty = list(range(threads))
            self._take_groovy()
            async with asyncio.TaskGroup() as starting:
                for _ in range(threads):
                    starting.create_task(self.add_worker())
        except BaseExceptionGroup as group:
            await self.discard()
            raise _first_of(group) from None
        except BaseException:
            await self.discard()
            raise

    def _take_groovy(self) -> None:
        if not needs_groovy(self.configured):
            return
        try:
            self._groovy = str(self._surroundings.sidecars.acquire(self._tenant))
        except TidegateError as error:
            raise StartFailed(Fault(path=self.configured.path, message=str(error))) from error

    def _leave_groovy(self) -> None:
        """No worker of this generation needs it any more."""
        if self._groovy is not None:
            self._groovy = None
            self._surroundings.sidecars.release(self._tenant)

    async def add_worker(self) -> WorkerProcess:
        """One more worker, ready. StartFailed where it cannot be."""
        self._not_ending()
        place = self._empty.pop(0)
        try:
            worker = await self._start_worker(place)
        except BaseException:
            self._empty.append(place)
            raise
        self.on_started(worker)
        return worker

    async def _start_worker(self, place: int) -> WorkerProcess:
        casualties, listening = self._casualties.hand_over(), self._places[place]
        home, journal = self._surroundings.home, self._surroundings.instance.journal
        source = self.configured.id
        configure = Configure(
            tenant=self._tenant,
            source=source,
            packages=list(self._surroundings.catalogue.packages),
            table=dict(self.configured.table),
            tenant_folder=str(home.tenant_folder(self._tenant)),
            script_folders=[str(home.tenant_scripts(self._tenant)), str(home.scripts)],
            journal=str(home.journal / self._tenant / source),
            index=str(home.index_file),
            slot=str(slots_of(home, self._tenant, source) / f"{uuid7()}.slot"),
            listeners=[listening.fileno()],
            share=self.settings.threads,
            number=next(_NUMBERS),
            segment_size=int(journal.segment),
            free_disk=int(journal.free_disk),
            groovy=self._groovy,
            casualties=casualties,
            poisoned=self._casualties.poisoned(),
        )
        try:
            worker = await WorkerProcess.start(configure, [listening])
            worker.place = place
            self.workers.append(worker)
            casualties = await self._until_ready(worker, casualties)
        except OSError as error:
            raise StartFailed(Fault(path=self.configured.path, message=f"no worker can be started: {error}")) from error
        finally:
            self._casualties.add_back(casualties)
        return worker

    def lose(self, worker: WorkerProcess) -> None:
        """A worker has ended without having been asked to: another may take its place."""
        self.workers.remove(worker)
        self._empty.append(worker.place)

    async def _until_ready(self, worker: WorkerProcess, casualties: list[Casualty]) -> list[Casualty]:
        """Waits until the worker could accept; the casualties that it could not record. It ends where it cannot be."""
        try:
            ready = await worker.ready()
            buried(ready.buried)
            self._not_ending()
        except BaseException:
            await self._give_up(worker)
            raise
        worker.script, worker.certificate = ready.script, ready.certificate
        return [casualty for casualty in casualties if casualty.slot not in ready.buried]

    async def _give_up(self, worker: WorkerProcess) -> None:
        worker.draining = True
        self.workers.remove(worker)
        worker.kill("was not needed")
        await worker.gone.wait()
        worker.slot.unlink(missing_ok=True)

    def _not_ending(self) -> None:
        """A worker of a generation that ends would be told nothing any more."""
        if self.ending:
            raise StartFailed(Fault(path=self.configured.path, message="the event source has stopped meanwhile"))

    def accept(self) -> None:
        """From now on this generation takes the connections, or the datagrams."""
        self._listener.owner = self.owner
        self._listener.serve(self._places)
        for worker in self.workers:
            worker.tell(Accept())

    def reload(self) -> None:
        """The scripts have changed: every worker loads them afresh."""
        for worker in self.workers:
            worker.tell(Reload())
            worker.reloading()

    async def drain(self, seconds: float) -> None:
        """No more connections; every worker answers what it holds and ends. Past the limit they are killed.

        Called again it can only hasten what was begun.
        """
        self._end()
        workers = list(self.workers)
        for worker in workers:
            last = self._places[worker.place].fileno() < 0  # closed here: nobody else will read it
            worker.tell(Drain(float(seconds), last))  # a Duration is not JSON
        await _all_gone(workers, seconds + BEYOND_DRAIN)
        self._forget(workers)
        self._leave_groovy()

    def _end(self) -> None:
        """Begins to end, if that has not begun yet."""
        if not self.ending:
            self.ending = True
            self._surroundings.listeners.release(self._listener)
            self.count_dropped()
            for place in self._places:
                if place not in self._listener.bound:  # it never came to serve
                    place.close()
        for worker in self.workers:
            worker.draining = True

    def count_dropped(self) -> None:
        """Tells of the datagrams that the kernel has dropped since the last time."""
        if dropped := self._listener.take_dropped():
            self.on_dropped(dropped)

    async def discard(self) -> None:
        """Ends a prepared generation that will not serve."""
        self._end()
        workers = list(self.workers)
        for worker in workers:
            worker.kill("was not needed")
        await _all_gone(workers, BEYOND_DRAIN)
        self._forget(workers)
        self._leave_groovy()

    def _forget(self, workers: list[WorkerProcess]) -> None:
        """Removes the slots of those that ended well; one that was killed in a decode is a casualty."""
        for worker in workers:
            if worker not in self._forgotten:
                self._forgotten.append(worker)
                self._casualties.add_drained(worker)


async def _all_gone(workers: list[WorkerProcess], limit: float) -> None:
    gone = [asyncio.ensure_future(worker.gone.wait()) for worker in workers]
    if not gone:
        return
    _, late = await asyncio.wait(gone, timeout=limit)
    if late:
        for worker in workers:
            worker.kill("did not end within its drain limit")
        await asyncio.wait(late, timeout=KILLED_WITHIN)


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one failure to tell of; workers of one source mostly fail for the same reason."""
    for error in group.exceptions:
        if isinstance(error, (StartFailed, asyncio.CancelledError)):
            return error
    return group.exceptions[0]
