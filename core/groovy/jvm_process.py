"""One JVM of a sidecar: its command, its process, and what it says of itself."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable

import msgspec

from core.errors import TidegateError
from core.groovy import tethered
from core.groovy.build import Built
from core.processes import ending_of, memory_of

MAIN = "tidegate.Main"
READY_TIMEOUT = 30.0
"""Seconds from the start of a JVM until it must say ready."""
_OPEN = ("java.lang", "java.util", "java.io", "java.math", "java.net", "java.nio", "java.text", "java.time")
FLAGS = (
    *("-Xmx64m", "-Xss512k", "-XX:+UseSerialGC", "-XX:MaxMetaspaceSize=64m"),
    "-XX:+UseCountedLoopSafepoints",  # else a long loop inside Java's library can keep every thread from going on
    "-XX:LoopStripMiningIter=1000",  # what such a loop runs between two of them; unset, the serial collector warns
    *("-Dgroovy.grape.enable=false", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8", "-Duser.timezone=UTC"),
    *("-Xlog:disable", "-Xlog:all=error:stderr"),  # its warnings would go to stdout
    "-XX:-CreateCoredumpOnCrash",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPEN),
)
"""Full compilation tiers: with the first alone a decode costs twice the CPU. No ExitOnOutOfMemoryError: a device can
choose a length that a script then allocates, and that must fail one request only.

What is opened was open to SiteWhere's scripts on Java 8: without, Groovy 2.4 finds no `StringBuilder.setLength` and no
`payload.clone()`."""
CRASH = "crash.log"
"""Where a JVM that crashed says what it knows of that, in the folder of its build."""
LONGEST_LINE = 64 << 10
MOST_LOGGED = 200
"""Lines of a JVM's stderr that are logged; scripts' own output goes to their requests."""
LOG = logging.getLogger("tidegate.groovy")


class NotReady(TidegateError):
    """A JVM that did not come to where it serves."""


class Said(msgspec.Struct):
    """A line of a JVM's stdout."""

    ready: bool = False
    stuck: bool = False
    heap: bool = False


def java_command(built: Built, *extra: str) -> list[str]:
    """The command that runs the sidecar's main class; `extra` are flags beside the usual ones."""
    crash = f"-XX:ErrorFile={built.folder / CRASH}".replace("%", "%%")  # else one file a crash where the engine runs
    return [str(built.found.java), *FLAGS, crash, *extra, "-cp", built.class_path, MAIN]


def tethered_command(command: list[str]) -> list[str]:
    """The command as one that the kernel ends with this process."""
    return [sys.executable, "-I", "-S", str(tethered.__file__), str(os.getpid()), *command]


class JvmProcess:
    """A JVM from its start to its end. `gone` is set when it has ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.gone = asyncio.Event()
        self.is_ready = False
        self._process = process
        self._first = asyncio.Event()
        """It is ready, or has ended."""
        self._in_trouble = asyncio.Event()
        self._why = ""
        self._last_words: deque[str] = deque(maxlen=5)
        self._logged = 0
        self._living = asyncio.create_task(self._live())

    @classmethod
    async def start(cls, command: list[str], listener: socket.socket) -> "JvmProcess":
        """Starts a JVM that serves a listening socket. A group of its own keeps a terminal's ctrl+c from it."""
        process = await asyncio.create_subprocess_exec(
            *tethered_command(command),
            stdin=listener.fileno(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            process_group=0,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def memory(self) -> int:
        """Bytes of memory it holds; 0 where it has gone."""
        return memory_of(self.pid)

    async def ready(self) -> None:
        """Waits until it serves; NotReady where it does not come to that, and then it has ended."""
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                await self._first.wait()
        except TimeoutError:
            await self.end(0)
            raise NotReady(f"was not ready within {READY_TIMEOUT:g} s") from None
        if not self.is_ready:
            await self.gone.wait()
            raise NotReady(": ".join([self._ending(), *list(self._last_words)[-1:]]))

    async def trouble(self) -> str:
        """Waits until it has ended or must be replaced, and says why in words that go on from "the JVM …"."""
        await self._in_trouble.wait()
        return self._why

    def must_go(self, why: str) -> None:
        """It lives, and must be replaced."""
        self._why = self._why or why
        self._in_trouble.set()

    async def end(self, grace: float) -> None:
        """Asks it to answer what it holds and to end; past `grace` seconds it is killed."""
        if not self.gone.is_set():
            self._signal(signal.SIGTERM if grace else signal.SIGKILL)
        try:
            async with asyncio.timeout(grace or None):
                await self.gone.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self.gone.wait()

    def kill(self, why: str = "") -> None:
        """SIGKILL, without waiting; `why` is what is said of it then."""
        self._why = self._why or why
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)  # and what it has started, which could not end without it
            else:
                self._process.send_signal(number)

    async def _live(self) -> None:
        """From its first word to its end."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        reading = [
            asyncio.create_task(self._read(self._process.stdout, self._hear)),
            asyncio.create_task(self._read(self._process.stderr, self._log)),
        ]
        await self._process.wait()
        _, late = await asyncio.wait(reading, timeout=1.0)  # what a script started may hold its pipes
        for task in late:
            task.cancel()
        self.must_go(self._ending())
        self.gone.set()
        self._first.set()

    async def _read(self, stream: asyncio.StreamReader, take: Callable[[str], None]) -> None:
        """Reads to the end, whatever it is: a JVM that cannot write would wait."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than the limit: what was read is dropped
                continue
            if not line:
                return
            take(line.decode(errors="replace").rstrip())

    def _hear(self, line: str) -> None:
        try:
            said = msgspec.json.decode(line, type=Said)
        except msgspec.MsgspecError:
            self._log(line)
            return
        if said.ready:
            self.is_ready = True
            self._first.set()
        if said.stuck:
            self.must_go("ran a script that could not be ended")
        if said.heap:
            self.must_go("ran out of memory")

    def _log(self, line: str) -> None:
        self._last_words.append(line[:500])
        if self._logged < MOST_LOGGED:
            self._logged += 1
            LOG.info("JVM %d: %s", self.pid, line[:2000])

    def _ending(self) -> str:
        return ending_of(self._process.returncode or 0)
