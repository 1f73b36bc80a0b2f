"""One worker as the engine has it: its process, its lifeline, its slot."""

import asyncio
import contextlib
import itertools
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from core.control.states import State
from core.errors import Fault, TidegateError
from core.processes import ending_of, memory_of
from core.wire.certificates import CertificateFacts
from core.wire.udp_facts import DatagramFacts
from core.worker.lifeline import (
    LINE_LIMIT,
    Ask,
    Buried,
    CloseConnection,
    Closed,
    Configure,
    ListConnections,
    ListedConnections,
    Loaded,
    Nudge,
    Ready,
    ShowConnection,
    ShownConnection,
    ToEngine,
    Told,
    ToWorker,
    Unready,
    send,
    to_engine,
)
from core.worker.slot import SlotView

LAST_WORDS = 1.0
"""Seconds for which a worker that has ended is still listened to: its lifeline may be held by what a script started."""
READY_TIMEOUT = 20.0
"""Seconds from the start of a worker until it must say ready."""
GRACE = 1.0
"""Seconds past its limit after which a decode that the worker could not end itself is ended with the worker."""
ASK_TIMEOUT = 2.0
"""Seconds that a worker may take to answer a question."""
RELOAD_TIMEOUT = 10.0
ENDING_TIMEOUT = 30.0
"""Seconds that a worker may take to end after it has closed its lifeline, as its last act."""
LOG = logging.getLogger("tidegate.engine")


class StartFailed(TidegateError):
    """A source that cannot start; the fault says why and, for a script, where."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


class WorkerProcess:
    """A worker from its start to its end. `gone` is set when it has ended."""

    def __init__(self, process: asyncio.subprocess.Process, number: int, slot: Path) -> None:
        self.process = process
        self.number = number
        """Unique while the engine lives."""
        self.slot = slot
        self.started = time.monotonic()
        self.place = 0
        """Which of its generation's listening sockets it has."""
        self.connections = 0
        self.waiting = 0
        """Requests that wait in it."""
        self.datagrams: DatagramFacts | None = None
        """What it says of its UDP socket, where it has one."""
        self.journal_fault: str | None = None
        """Why it cannot store requests, if so."""
        self.script: str | None = None
        self.certificate: CertificateFacts | None = None
        self.certificate_fault: str | None = None
        """Why it does not show the newest certificate, if so."""
        self.draining = False
        self.verdict: str | None = None
        """Why the engine ended it, if it did."""
        self.closed = asyncio.Event()
        """Set when it takes nothing more, or has ended."""
        self.gone = asyncio.Event()
        self.on_nudge: Callable[[Nudge], None] = lambda nudge: None
        self.on_buried: Callable[[list[str]], None] = lambda slots: None
        self.on_loaded: Callable[[Loaded], None] = lambda loaded: None
        self._ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self._calls = itertools.count(1)
        self._asked: dict[int, asyncio.Future[ListedConnections | ShownConnection]] = {}
        self._view: SlotView | None = None
        self._reloading_since: float | None = None
        self._writer: asyncio.StreamWriter
        self._living: asyncio.Task[None]

    @classmethod
    async def start(cls, configure: Configure, inherited: Sequence[socket.socket]) -> "WorkerProcess":
        """Starts a worker and gives it its configuration; `ready` says when it could accept."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "core.worker.main", str(theirs.fileno())),
                    pass_fds=[theirs.fileno(), *(listener.fileno() for listener in inherited)],
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                )
            worker = cls(process, configure.number, Path(configure.slot))
            reader, worker._writer = await asyncio.open_unix_connection(sock=ours, limit=LINE_LIMIT)
        except BaseException:
            ours.close()  # which ends the worker, if there is one
            raise
        send(worker._writer, configure)
        worker._living = asyncio.create_task(worker._live(reader))
        return worker

    async def _live(self, reader: asyncio.StreamReader) -> None:
        """From its first word to its end. However that comes, `gone` is set: others wait for it."""
        listening = asyncio.create_task(self._listen(reader))
        ended = asyncio.create_task(self.process.wait())
        await asyncio.wait([listening, ended], return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            _, late = await asyncio.wait([ended], timeout=ENDING_TIMEOUT)
            if late:
                self.kill("closed its lifeline and did not end")
            await ended
        await asyncio.wait([listening], timeout=LAST_WORDS)
        listening.cancel()
        self._writer.close()
        if not self._ready.done():
            self._ready.set_exception(StartFailed(Fault(message=f"the worker {self.ending()} before it was ready")))
        self._ready.exception() if not self._ready.cancelled() else None  # looked at, whoever waits or not
        if self._view is not None:
            self._view.close()
        self.closed.set()
        self.gone.set()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while (message := await to_engine(reader)) is not None:
                self._hear(message)
        except (ValueError, msgspec.MsgspecError):
            LOG.exception("worker %d says what no worker says", self.pid)
            self.kill("spoke nonsense to the engine")
        except Exception:
            LOG.exception("what worker %d said could not be acted on", self.pid)
            self.kill("could not be understood")

    def _hear(self, message: ToEngine) -> None:
        match message:
            case Ready() | Unready() if self._ready.done():
                pass
            case Ready():
                self._ready.set_result(message)
            case Unready(fault):
                self._ready.set_exception(StartFailed(fault))
            case Told(call, answer):
                if (waits := self._asked.get(call)) is not None and not waits.done():
                    waits.set_result(answer)
            case Buried(slots):
                self.on_buried(slots)
            case Closed():
                self.closed.set()
            case Loaded():
                self._reloading_since = None
                self.on_loaded(message)
            case Nudge():
                self.connections, self.journal_fault = message.connections, message.fault
                self.certificate, self.certificate_fault = message.certificate, message.certificate_fault
                self.datagrams, self.waiting = message.datagrams, message.waiting
                self.on_nudge(message)

    async def ready(self) -> Ready:
        """Waits until the worker could accept; StartFailed where it cannot."""
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                ready = await asyncio.shield(self._ready)
        except TimeoutError:
            self.kill("was not ready in time")
            raise StartFailed(Fault(message=f"the worker was not ready within {READY_TIMEOUT:g} s")) from None
        try:
            self._view = SlotView(self.slot)
        except (OSError, ValueError) as error:
            self.kill("has no slot")
            raise StartFailed(Fault(message=f"the worker's slot cannot be read: {error}")) from error
        return ready

    def tell(self, message: ToWorker) -> None:
        send(self._writer, message)

    async def ask(
        self, question: ListConnections | ShowConnection | CloseConnection
    ) -> ListedConnections | ShownConnection | None:
        """The worker's answer; None where it does not say it in time, or has gone."""
        call = next(self._calls)
        waits = self._asked[call] = asyncio.get_running_loop().create_future()
        gone = asyncio.ensure_future(self.gone.wait())
        try:
            self.tell(Ask(call, question))
            await asyncio.wait([waits, gone], timeout=ASK_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
            return waits.result() if waits.done() else None
        finally:
            del self._asked[call]
            gone.cancel()

    def reloading(self) -> None:
        """A Reload was sent: the worker has a while to say what came of it."""
        self._reloading_since = time.monotonic()

    @property
    def state(self) -> State:
        """Its state in the tree of states."""
        if self.draining:
            return "draining"
        return "starting" if self._view is None else "started"

    @property
    def pid(self) -> int:
        return self.process.pid

    def memory(self) -> int:
        """Bytes of memory it holds; 0 where it has gone."""
        return memory_of(self.pid)

    def look(self, max_memory: int) -> None:
        """Ends the worker where it is past a limit that it cannot hold itself to."""
        if self._view is None or self.gone.is_set():
            return
        running = self._view.overdue()
        if running is not None and running[0] > running[1] + GRACE:
            self.kill(f"ran longer than its time limit of {running[1]:g} s and could not be interrupted")
        elif self.memory() > max_memory:
            self.kill(f"took more than {max_memory >> 20} MiB of memory")
        elif self._reloading_since is not None and time.monotonic() - self._reloading_since > RELOAD_TIMEOUT:
            self.kill("did not finish loading a script")

    def kill(self, verdict: str) -> None:
        """SIGKILL, for a reason."""
        if self.verdict is None and not self.gone.is_set():
            self.verdict = verdict
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
                self.process.kill()

    def ending(self) -> str:
        """How it ended, as `ended by signal 9 (SIGKILL)`."""
        return ending_of(self.process.returncode or 0)

    def killed_from_outside(self) -> bool:
        """Whether somebody else, or the kernel for want of memory, sent SIGKILL."""
        return self.verdict is None and self.process.returncode == -signal.SIGKILL
