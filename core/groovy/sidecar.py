"""One Groovy sidecar as the engine runs it: a JVM that is replaced when it ends, behind a socket that stays.

The engine binds the socket and every JVM inherits it, listening, as file descriptor 0: while one JVM is replaced by
the next, workers' connections queue in the kernel and none is refused.
"""

import asyncio
import logging
import time
from pathlib import Path

from core.engine.background import Background
from core.engine.lifecycle import Lifecycle
from core.errors import TidegateError
from core.groovy.build import build
from core.groovy.calls import calling
from core.groovy.class_data import class_data_flags, make_class_data
from core.groovy.discovery import Found
from core.groovy.jvm_process import JvmProcess, NotReady, java_command
from core.groovy.listening import listen

STARTING = "starting Groovy…"
FIRST_DELAY = 0.1
LONGEST_OUTAGE = 1.0
LONGEST_DELAY = 10.0
"""Seconds before a JVM that ended is replaced: from the first, doubling; to the longest outage where it did serve, for
requests wait, else to the longest delay."""
HEALTHY_AFTER = 30.0
"""Seconds that a JVM must live for the delay to begin anew."""
DRAIN_SECONDS = 10.0
"""Seconds that a JVM whose successor is there may take to answer what it holds."""
ASK_EVERY = 2.0
ANSWER_SECONDS = 5.0
"""Seconds in which a JVM that is well takes a connection and answers on it."""
STOP_SECONDS = 2.0
"""Seconds that a JVM may take to end when no worker needs it any more."""
LOG = logging.getLogger("tidegate.engine")


class Sidecar:
    """Starts with `start`, serves at `path` until `stop`."""

    def __init__(self, found: Found, cache: Path, path: Path) -> None:
        self.path = path
        self.found = found
        self.lifecycle = Lifecycle()
        self.restarts = 0
        """JVMs that took the place of another."""
        self._cache = cache
        self._jvm: JvmProcess | None = None
        self._delay = FIRST_DELAY
        self._beginning: JvmProcess | None = None
        """It runs, and does not serve yet."""
        self._leaving: set[JvmProcess] = set()
        self._stopping = False
        self._running: asyncio.Task[None] | None = None
        self._tasks = Background()
        self._listener = listen(path)

    @property
    def pid(self) -> int | None:
        """The JVM that serves; None while there is none."""
        return self._jvm.pid if self._jvm is not None else None

    def memory(self) -> int:
        """Bytes of memory that it holds, and with it those that still answer what they hold."""
        return sum(jvm.memory() for jvm in self._jvms())

    def _jvms(self) -> list[JvmProcess]:
        return [jvm for jvm in (self._jvm, self._beginning, *self._leaving) if jvm is not None]

    def start(self) -> None:
        """Begins to start; who connects meanwhile waits in the socket."""
        self.lifecycle.to("starting", STARTING)
        self._running = self._tasks.run(self._run())

    async def stop(self) -> None:
        """Ends it; from the first moment nobody can connect any more."""
        if self._stopping:
            await self._tasks.settled()
            return
        self._stopping = True
        self.lifecycle.to("stopping" if self.lifecycle.state != "stopped" else "stopped")
        self.path.unlink(missing_ok=True)
        self._listener.close()
        jvms = self._jvms()
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        await asyncio.gather(*(jvm.end(STOP_SECONDS) for jvm in jvms))
        await self._tasks.cancel()
        self._jvm = None
        self.lifecycle.to("stopped")

    async def _run(self) -> None:
        """From the first JVM to the last, each in the place of the one before it."""
        while True:
            began = time.monotonic()
            problem = await self._next_jvm()
            longest = LONGEST_DELAY
            if problem is None and self._jvm is not None:
                longest = LONGEST_OUTAGE
                asking = self._tasks.run(self._ask(self._jvm))
                problem = await self._jvm.trouble()
                asking.cancel()
                if time.monotonic() - began > HEALTHY_AFTER:
                    self._delay = FIRST_DELAY
                self._troubled(problem)
            elif problem is not None:
                self._failed(problem)
            delay, self._delay = self._delay, min(self._delay * 2, LONGEST_DELAY)
            await asyncio.sleep(min(delay, longest))

    async def _ask(self, jvm: JvmProcess) -> None:
        """Finds out when it does not answer: it was stopped, or collects garbage and does nothing else."""
        while True:
            await asyncio.sleep(ASK_EVERY)
            try:
                async with asyncio.timeout(ANSWER_SECONDS), calling(self.path, self._cache):
                    pass
            except TimeoutError:
                jvm.kill(f"did not answer within {ANSWER_SECONDS:g} s and was ended")
                return
            except (OSError, EOFError, ValueError) as error:  # it ends, which is noticed, or is asked again
                LOG.debug("the Groovy JVM %d did not answer: %s", jvm.pid, error)

    def _troubled(self, problem: str) -> None:
        """The JVM has ended, or lives on until its successor is there."""
        assert self._jvm is not None
        LOG.warning("the Groovy JVM %d %s: another takes its place", self._jvm.pid, problem)
        self.restarts += 1
        if self._jvm.gone.is_set():
            self._jvm = None
            self.lifecycle.to("starting", f"{STARTING} The JVM before it {problem}")
        else:
            self.lifecycle.to("started", f"the JVM {problem}: another takes its place")

    def _failed(self, problem: str) -> None:
        """No JVM could be started; one that serves meanwhile goes on."""
        LOG.error("Groovy cannot be started: %s", problem)
        if self._jvm is not None and self._jvm.gone.is_set():
            self._jvm = None
        if self._jvm is None:
            self.lifecycle.to("error", f"Groovy cannot be started: {problem}; it is tried again")

    async def _next_jvm(self) -> str | None:
        """Starts a JVM, which takes over from the one that serves, if one does; why not, where it cannot."""
        try:
            built = await asyncio.to_thread(build, self.found, self._cache)
            jvm = await JvmProcess.start(java_command(built, *class_data_flags(built)), self._listener)
        except (TidegateError, OSError) as error:
            return str(error)
        self._beginning = jvm
        try:
            await jvm.ready()
        except NotReady as error:
            return f"its JVM {error}"
        finally:
            self._beginning = None
        before, self._jvm = self._jvm, jvm
        self._serves(before)
        self._tasks.run(make_class_data(built))
        return None

    def _serves(self, before: JvmProcess | None) -> None:
        if self.lifecycle.state == "error":
            self.lifecycle.to("starting")
        since = self.restarts and "the JVM before it was replaced"
        self.lifecycle.to("started", since or None)
        if before is not None:
            self._leaving.add(before)
            self._tasks.run(self._retire(before))

    async def _retire(self, before: JvmProcess) -> None:
        """What it holds it may answer still."""
        try:
            await before.end(DRAIN_SECONDS)
        finally:
            self._leaving.discard(before)
