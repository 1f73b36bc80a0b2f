"""How a replay's process tells its engine how far it is, and what a dry run found."""

import contextlib
import os
import time
from pathlib import Path
from typing import Final

import msgspec

from core.control.replays import MOST_CHANGES
from core.worker.replay_job import Progress, Told

TELL_EVERY: Final = 0.2
MOST_CHANGES_BYTES: Final = 64 << 20


class Changes:
    """What a dry run found, a line of JSON each, in a file that the engine reads; begun anew by each process."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("wb", buffering=0)
        self._lines = 0
        self._bytes = 0

    def add(self, line: bytes) -> None:
        if self._lines < MOST_CHANGES and self._bytes < MOST_CHANGES_BYTES:
            self._lines += 1
            self._bytes += self._file.write(line + b"\n")


class Teller:
    """Tells the engine; one that has gone hears nothing."""

    def __init__(self, descriptor: int) -> None:
        self._out = os.fdopen(descriptor, "wb", buffering=0)
        self._told_at = 0.0

    def now(self, told: Told) -> None:
        self._told_at = time.monotonic()
        with contextlib.suppress(OSError):
            self._out.write(msgspec.json.encode(told) + b"\n")

    def soon(self, progress: Progress) -> None:
        """At most five times a second."""
        if time.monotonic() - self._told_at >= TELL_EVERY:
            self.now(progress)
