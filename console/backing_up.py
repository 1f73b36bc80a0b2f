"""A backup that is made from the console: `tidegate backup`, a process of its own as whoever looks.

The console opens no file of the home, and nothing of this holds a screen up. A console that ends takes the process with
it; one that was killed leaves it with nobody to tell how far it is, and it gives up. Either way nothing is left of it.
"""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Literal

import msgspec

from core.backup.made import Backup, HowFar

END_LIMIT = 10.0
"""Seconds in which it takes away what it has written, when it is cancelled."""
LONGEST_LINE = 16 << 20
"""Bytes of the line that says what was backed up: it may name many secrets and damaged segments."""

State = Literal["running", "done", "failed", "cancelled"]


class BackingUp:
    """One backup, from its beginning to its end."""

    def __init__(self, home: str, file: Path, *, with_secrets: bool) -> None:
        self.file = file
        self.state: State = "running"
        self.far: HowFar | None = None
        self.made: Backup | None = None
        self.error = ""
        """Why there is none."""
        self._cancelled = False
        self._process: asyncio.subprocess.Process | None = None
        secrets = ("--with-secrets",) if with_secrets else ()
        self._words = ("backup", "--json", "--progress", *secrets, "--home", home, "--", str(file))

    async def run(self) -> None:
        """Makes it; nothing is raised, `state` says what came of it."""
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "console.main", *self._words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                start_new_session=True,
            )
        except OSError as error:
            self.state, self.error = "failed", str(error)
            return
        self._process = process
        try:
            if self._cancelled:
                process.terminate()
            said, *_ = await asyncio.gather(self._output(process), self._follow(process))
            status = await process.wait()
        finally:
            await self._end(process)
        self._take(status, said)

    def cancel(self) -> None:
        """Has it end, with nothing left; it has not ended when this returns."""
        self._cancelled = True
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    def words(self) -> str:
        """What is to be said of it, in one line."""
        match self.state:
            case "running":
                return f"backing up to {self.file}" + (f": {self.far.words()}" if self.far else "")
            case "done" if self.made is not None:
                return "; ".join([f"{self.file}: {self.made.words()}", *self.made.notes()])
            case "cancelled":
                return f"the backup was cancelled: there is no {self.file}"
            case _:
                return f"there is no backup {self.file}: {self.error}"

    async def _output(self, process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None
        return await process.stdout.read()

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            try:
                self.far = msgspec.json.decode(line, type=HowFar)
            except msgspec.MsgspecError:
                self.error = line.decode("utf-8", "replace").strip().removeprefix("tidegate: ")

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Where the console ends first."""
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(END_LIMIT):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _take(self, status: int, said: bytes) -> None:
        if status == 0:
            try:
                self.made = msgspec.json.decode(said, type=Backup)
                self.state = "done"
                return
            except msgspec.MsgspecError as error:
                self.error = str(error)
        self.state = "cancelled" if self._cancelled else "failed"
        self.error = self.error or f"its process ended with status {status}"
