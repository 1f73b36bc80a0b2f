"""The worker of one event source, from its configuration to its end: accept, interact, decode, commit, answer."""

import asyncio
import math
import os
import socket
import sqlite3
import sys
from pathlib import Path

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.configured import Configured, read_component
from core.catalogue.decoding import Deduplicator, RemoteDecoder, RemoteDeduplicator
from core.catalogue.registry import Catalogue
from core.errors import ConfigurationError, Fault, TidegateError
from core.journal.kept import is_kept
from core.scripting.log import DecodeLog
from core.scripting.python_script import ScriptError
from core.worker.commit import Committer
from core.worker.connection_desk import ConnectionDesk
from core.worker.context import Context
from core.worker.deduplicated import Deduplicated
from core.worker.door import make_door
from core.worker.intake import REFUSED_A_SECOND, WorkerIntake
from core.worker.lifeline import (
    Accept,
    Ask,
    Buried,
    Bury,
    Casualty,
    Closed,
    Configure,
    Drain,
    Leave,
    Loaded,
    Poison,
    Ready,
    Reload,
    Renew,
    Told,
    send,
    to_worker,
)
from core.worker.limits import Limited
from core.worker.making import Making, as_remote
from core.worker.rate_limit import make_rate_limit
from core.worker.registered import Registered
from core.worker.runner import Runner
from core.worker.slot import Slot, read_slot
from core.worker.telling import Telling

SWEEP_EVERY = 0.25
ORPHAN_DRAIN = 2.0
"""Seconds in which a worker whose engine has gone answers what it holds."""


class Worker:
    """One worker, from its configuration to its end."""

    def __init__(self, configure: Configure, writer: asyncio.StreamWriter) -> None:
        self._configure = configure
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._log = DecodeLog()
        sys.stdout = sys.stderr = self._log
        self._telling = Telling(writer)
        self._sweeping: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None
        self._drain_until = math.inf
        self.done = asyncio.Event()

    async def prepare(self) -> Ready:
        """Everything up to the first connection; TidegateError, OSError or sqlite3.Error where it cannot be."""
        configure = self._configure
        source = self._read_source()
        folder = Path(configure.journal)
        registrations = Registered(Path(configure.index), folder.parent, configure.tenant)
        folders = [Path(each) for each in configure.script_folders]
        context = Context(configure.tenant, configure.source, folders, self._log, configure.groovy, registrations)
        self._context = context
        self._making = Making(context, self._log)
        self._decoding: Runner | RemoteDecoder = self._making.decoder(source.slots["decoder"])
        self._runners = self._making.runners
        deduplicator = _make_deduplicator(source, context)
        mark = None if deduplicator is None or isinstance(deduplicator, RemoteDeduplicator) else deduplicator.mark
        self._committer = Committer(folder, configure.tenant, configure.source, configure.segment_size, mark)
        self._committer.on_committed = self._telling.nudge_later
        self._committer.on_fault = self._telling.take_fault
        self._committer.open()
        if isinstance(deduplicator, RemoteDeduplicator):
            self._decoding = Deduplicated(as_remote(self._decoding), deduplicator)
        share = configure.share
        self._intake = WorkerIntake(
            self._decoding,
            self._committer,
            folder,
            context,
            free_disk=configure.free_disk,
            refused_a_second=REFUSED_A_SECOND / share,
            rate_limit=make_rate_limit(source, Path(configure.slot)),
        )
        self._intake.look_at_disk()
        listeners = [own_socket(number) for number in configure.listeners]
        tenant_folder = Path(configure.tenant_folder)
        self._door = make_door(source, listeners, self._intake, self._making, tenant_folder, share)
        self._telling.look_at(self._committer, self._intake, self._door)
        self._desk = ConnectionDesk(configure.number, self._door.connections)
        await self._load()
        self._intake.script = self._decoding.version
        self._slot = Slot(Path(configure.slot), self._door.largest)
        self._limited: list[Limited] = [*self._runners, *context.scripts]
        for limited in self._limited:
            limited.hold_in(self._slot)
        for poison in configure.poisoned:
            self._poison(poison)
        await self._bury(configure.casualties)
        tls = self._door.tls
        return Ready(script=self._decoding.version, certificate=None if tls is None else tls.facts)

    def _read_source(self) -> Configured:
        configure = self._configure
        catalogue = Catalogue(tuple(configure.packages))
        path = f"event_sources/{configure.source}"
        source, faults = read_component(catalogue, EVENT_SOURCES, configure.table, path)
        if source is None:
            raise ConfigurationError(faults)
        return source

    async def _load(self) -> None:
        """Makes the scripts ready, at the start and after a change."""
        failed: Exception | None = None
        for script in self._context.scripts:
            try:
                script.load()
            except Exception as error:  # noqa: BLE001  # the first is raised once the others have had their turn
                failed = failed or error
        if isinstance(self._decoding, Runner):
            self._decoding.load()
        else:
            await self._decoding.open()
        if failed is not None:
            raise failed

    async def _bury(self, casualties: list[Casualty]) -> None:
        """Records these, each once: who was to record it before may have been killed when it had done so."""
        folder = Path(self._configure.journal)
        for casualty in casualties:
            held = read_slot(Path(casualty.slot))
            if held is not None and not await asyncio.to_thread(is_kept, folder, held.id, held.received):
                self._intake.bury(held, casualty.reason)

    async def buried(self, casualties: list[Casualty]) -> list[str]:
        """Waits until these are on disk; the slots that are needed no more: none, where the disk does not take them."""
        await self._committer.idle.wait()
        return [] if self._telling.fault is not None else [casualty.slot for casualty in casualties]

    async def _bury_beside(self, casualties: list[Casualty]) -> None:
        await self._bury(casualties)
        send(self._writer, Buried(await self.buried(casualties)))

    async def obey(self, reader: asyncio.StreamReader) -> None:
        """Does what the engine says, until it has gone."""
        while (message := await to_worker(reader)) is not None:
            match message:
                case Accept() if self._sweeping is None:
                    self._door.start()
                    self._sweeping = self._loop.create_task(self._sweep())
                    if self._door.datagrams() is not None:
                        self._telling.nudge_later(0)
                case Bury(casualties):
                    self._burying = self._loop.create_task(self._bury_beside(casualties))
                case Drain(seconds, last):
                    self._begin_drain(seconds, last)
                case Leave(segment):
                    self._committer.leave(segment)
                case Reload():
                    self._reloading = self._loop.create_task(self._reload())
                case Renew(before):
                    self._committer.renew(before)
                case Poison():
                    self._poison(message)
                case Ask(call, question):
                    send(self._writer, Told(call, self._desk.answer(question)))
                case Configure() | Accept():
                    pass  # only the first of them counts
        self._begin_drain(ORPHAN_DRAIN, last=True)

    async def _reload(self) -> None:
        fault: Fault | None = None
        try:
            await self._load()
        except ScriptError as error:
            fault = error.fault
        except Exception as error:  # noqa: BLE001  # the engine hears of it; the script before it goes on
            fault = fault_of(error)
        self._intake.script = self._decoding.version
        send(self._writer, Loaded(self._decoding.version, fault))

    def _poison(self, poison: Poison) -> None:
        for limited in self._limited:
            limited.poisoned[poison.hash] = (poison.until, poison.reason)

    async def _sweep(self) -> None:
        beats = 0
        while True:
            self._door.sweep(self._loop.time())
            beats += 1
            if beats % 4 == 0:
                self._intake.look_at_disk()
                if self._door.look() or self._telling.is_due():
                    self._telling.nudge_later(0)
            await asyncio.sleep(SWEEP_EVERY)

    def _begin_drain(self, seconds: float, last: bool) -> None:
        self._drain_until = min(self._drain_until, self._loop.time() + seconds)
        if self._draining is None:
            self._draining = self._loop.create_task(self._drain(last))

    async def _drain(self, last: bool) -> None:
        await self._door.stop(last)
        send(self._writer, Closed())
        self._door.drain()
        while self._door.held() and self._loop.time() < self._drain_until:
            await asyncio.sleep(0.02)
            self._door.sweep(self._loop.time())
        self._door.abort()
        await asyncio.sleep(0)  # what was cut off is recorded now
        if not isinstance(self._decoding, Runner):
            await self._decoding.close()
        await self._committer.close()
        self._slot.close()
        Path(self._configure.slot).unlink(missing_ok=True)
        self._telling.nudge(last=True)
        self.done.set()


def _make_deduplicator(source: Configured, context: Context) -> Deduplicator | RemoteDeduplicator | None:
    slot = source.slots.get("deduplicator")
    if slot is None:
        return None
    made: Deduplicator | RemoteDeduplicator = slot.component.make(slot.settings, context)
    return made


def fault_of(error: Exception) -> Fault:
    """What the engine is told of an error."""
    if isinstance(error, ScriptError):
        return error.fault
    if isinstance(error, ConfigurationError):
        return error.faults[0]
    if isinstance(error, (TidegateError, OSError, sqlite3.Error)):
        return Fault(message=str(error))
    return Fault(message=f"{type(error).__name__}: {error}")


def own_socket(number: int) -> socket.socket:
    """An inherited socket, which the programs that a script starts do not inherit in turn."""
    os.set_inheritable(number, False)
    return socket.socket(fileno=number)
