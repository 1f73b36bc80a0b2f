"""A home with sources of every kind, and all of its processes: what torture is done to."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.control.client import ControlClient, connected
from core.control.states import Node, Status
from core.groovy.build import Built
from tests.cli.tidegate import COMMAND, environment, free_port, tidegate
from tests.torture.terminal import Terminal

READY_LIMIT: Final = 90.0
"""Seconds from an engine's start until it says ready, its JVM and every worker with it."""
MARK: Final = "TORTURED_HOME"
"""In the environment of every process of a site: by it those are found that nobody owns any more."""

PYTHON: Final = """import json


def decode(payload, metadata, events, logger, respond):
    message = json.loads(payload)
    mark = f"{message['uid']}.{message['attempt']}"
    if message["bad"]:
        respond(f"BAD {mark}\\n".encode(), 422)
        raise ValueError("it is bad")
    respond(f"OK {mark}\\n".encode())
    events.measurements(mark, {"attempt": message["attempt"]}, alternate_id=message["uid"])
"""
GROOVY: Final = """
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest

def message = new groovy.json.JsonSlurper().parseText(new String(payload, "UTF-8"))
if (message.bad) throw new RuntimeException("it is bad")
def measurements = new DeviceMeasurementsCreateRequest()
measurements.addOrReplaceMeasurement("attempt", message.attempt as double)
events << new DecodedDeviceRequest("${message.uid}.${message.attempt}" as String, null, measurements)
"""
INSTANCE: Final = '[journal]\nfree_disk = "1 MiB"\nsegment = "1 MiB"\n'
_ABOVE = "device_communication.event_sources"


@dataclass(frozen=True)
class Process:
    """A living process of a site."""

    pid: int
    parent: int
    command: str

    @property
    def role(self) -> str:
        """`worker`, `replay`, `jvm`, `console`, `engine`, or `other`: one that is not yet what it will be."""
        words = {
            "core.worker.main": "worker",
            "core.worker.replay": "replay",
            "tethered.py": "other",
            "tidegate.Main": "jvm",
            " serve ": "engine",
            "console.main": "console",
        }
        return next((role for word, role in words.items() if word in self.command), "other")


class Site:
    """The home under `folder`. Its engine is started, killed and started again by whoever has the site."""

    def __init__(self, folder: Path, groovy: Built | None) -> None:
        self.home = folder / "home"
        self.engine: asyncio.subprocess.Process | None = None
        self.console: Terminal | None = None
        self.log = folder / "engine.log"
        self.applied = 0
        self.ports = {name: free_port() for name in ("http", "lines", "udp", *(["groovy"] if groovy else []))}
        made = tidegate("init", "--home", str(self.home))
        assert made.status == 0, made.err
        (self.home / "instance.toml").write_text(INSTANCE)
        scripts = self.home / "tenants" / "default" / "scripts"
        (scripts / "torture.py").write_text(PYTHON)
        (scripts / "torture.groovy").write_text(GROOVY)
        (self.home / "tenants" / "default" / "tenant.toml").write_text(self.configuration())
        if groovy is not None:
            (self.home / "data" / "groovy").symlink_to(groovy.folder.parent)

    @property
    def journal(self) -> Path:
        return self.home / "data" / "journal"

    def configuration(self) -> str:
        """tenant.toml; each time `applied` is another, several sources are."""
        odd = self.applied % 2
        text = '[tenant]\nid = "default"\nname = "Default Tenant"\n'
        text += self._source("http", f"threads = {2 + odd}", "http", "python", f'timeout = "{2 + odd} s"')
        text += f'[{_ABOVE}.deduplicator]\ntype = "alternate_id"\n'
        framing = f'\n[{_ABOVE}.interaction_handler.framing]\ntype = "line"'
        text += self._source("lines", "threads = 2", f'framed"\nidle_timeout = "{60 + odd} s', "python", "", framing)
        text += self._source("udp", f'max_datagram = "{32 + odd} KiB"', "", "python", "")
        if "groovy" in self.ports:
            text += self._source("groovy", "", "http", "groovy", f'timeout = "{4 + odd} s"')
        return text

    def _source(self, id: str, settings: str, handler: str, decoder: str, decoding: str, framing: str = "") -> str:
        kind, suffix = ("socket" if handler else "udp"), ("py" if decoder == "python" else "groovy")
        text = f'\n[[{_ABOVE}]]\ntype = "{kind}"\nid = "{id}"\nport = {self.ports[id]}\n{settings}\n'
        if handler:
            text += f'[{_ABOVE}.interaction_handler]\ntype = "{handler}"{framing}\n'
        return text + f'[{_ABOVE}.decoder]\ntype = "{decoder}"\nscript = "torture.{suffix}"\n{decoding}\n'

    # The engine

    async def start(self) -> float:
        """Starts an engine and waits until it is ready; how long that took, in seconds."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.engine = await asyncio.create_subprocess_exec(
                *(*COMMAND, "serve", "--home", str(self.home)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment(**{MARK: str(self.home)}),
            )
        return began

    async def ready(self, began: float) -> float:
        """Waits until the engine is ready; the seconds since it `began`."""
        assert self.engine is not None
        assert self.engine.stdout is not None
        async with asyncio.timeout(READY_LIMIT):
            line = await self.engine.stdout.readline()
        assert line == b"ready\n", f"the engine said {line!r}; see {self.log}"
        return time.monotonic() - began

    async def end_engine(self, number: int) -> int:
        """Sends a signal to the engine and waits for its end; the status."""
        assert self.engine is not None
        if self.engine.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.engine.send_signal(number)
        async with asyncio.timeout(READY_LIMIT):
            return await self.engine.wait()

    @contextlib.asynccontextmanager
    async def control(self) -> AsyncGenerator[ControlClient]:
        async with connected(self.home / "data" / "control.sock") as client:
            yield client

    async def status(self) -> Status:
        async with self.control() as client:
            return await client.call("status", None, Status)

    async def sources(self) -> list[Node]:
        return (await self.status()).tree.children[0].children

    # The processes

    def processes(self) -> list[Process]:
        """All that live and were started for this home, whoever owns them."""
        wanted = f"{MARK}={self.home}".encode()
        found: list[Process] = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                    continue
                words = (folder / "stat").read_text().rpartition(")")[2].split()
                if words[0] == "Z":
                    continue
                command = " ".join((folder / "cmdline").read_bytes().decode(errors="replace").split("\0"))
                found.append(Process(int(folder.name), int(words[1]), command))
        return found

    def of_role(self, role: str) -> list[int]:
        return sorted(process.pid for process in self.processes() if process.role == role)

    def orphans(self) -> list[Process]:
        """Those that no living engine or console is above of."""
        every = {process.pid: process for process in self.processes()}
        roots = {self.engine.pid if self.engine is not None and self.engine.returncode is None else 0}
        if self.console is not None:
            roots.add(self.console.pid)
        return [process for process in every.values() if not _is_below(process, every, roots)]

    def kill(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def victim(self, role: str, random: random.Random) -> int | None:
        found = self.of_role(role)
        return random.choice(found) if found else None

    # The console

    def open_console(self) -> Terminal:
        """A console in a terminal of its own, with Live Traffic open."""
        config = self.home.parent / "config"
        command = [sys.executable, *COMMAND[1:], "--home", str(self.home)]
        variables = {MARK: str(self.home), "TERM": "xterm-256color", "XDG_CONFIG_HOME": str(config)}
        self.console = Terminal(command, environment(**variables))
        return self.console

    def close_console(self) -> None:
        if self.console is not None:
            self.console.kill()
            self.console = None

    async def destroy(self) -> None:
        """Ends whatever lives, for good."""
        self.close_console()
        for process in self.processes():
            self.kill(process.pid)
        if self.engine is not None:
            await self.engine.wait()


def _is_below(process: Process, every: dict[int, Process], roots: set[int]) -> bool:
    seen: Process | None = process
    while seen is not None:
        if seen.pid in roots or seen.parent in roots:
            return True
        seen = every.get(seen.parent)
    return False


def mark_of(payload: bytes | None) -> str | None:
    """The mark of an attempt in a payload; None where it has none."""
    try:
        message = json.loads(payload or b"")
        return f"{message['uid']}.{message['attempt']}"
    except (ValueError, KeyError, TypeError):
        return None
