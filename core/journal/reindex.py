"""The process that builds an index: `python -m core.journal.reindex`, at the lowest priority.

Its job is the first line of stdin; it ends, at once and with nothing lost, when stdin does. It tells how far it is on
stdout, one JSON message a line, and last that it has ended.
"""

import logging
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Final

import msgspec

from core.errors import TidegateError
from core.journal.building import Building, build_index
from core.processes import yield_to_others

TELL_EVERY: Final = 0.2


class ReindexJob(msgspec.Struct, kw_only=True):
    """The first line of stdin."""

    journal: str
    index: str


class Ended(msgspec.Struct, tag=True):
    """The last line: the index is ready, or why it is not."""

    reason: str | None = None


class Built(Building, tag=True):
    """How far it is."""


Told = Built | Ended


class Teller:
    """Tells whoever began it, at most five times a second unless the phase is another."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        self._told_at = 0.0
        self._said = ("", 0)

    def __call__(self, progress: Building) -> None:
        says = (progress.phase, progress.indexes)
        if says != self._said or time.monotonic() - self._told_at >= TELL_EVERY:
            self._said, self._told_at = says, time.monotonic()
            self.now(Built(**msgspec.structs.asdict(progress)))

    def now(self, told: Told) -> None:
        self._out.write(msgspec.json.encode(told) + b"\n")


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> int:
    logging.basicConfig(format="%(message)s")
    yield_to_others()
    tell = Teller()
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=ReindexJob)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    index = Path(job.index)
    os.environ["SQLITE_TMPDIR"] = str(index.parent)  # where there is room for an index there is room to sort it
    try:
        progress = build_index(Path(job.journal), index, tell)
    except (sqlite3.Error, OSError, TidegateError) as error:
        tell.now(Ended(str(error) or "it ended without saying why"))
        return 0
    tell.now(Built(**msgspec.structs.asdict(progress)))
    tell.now(Ended())
    return 0


if __name__ == "__main__":
    sys.exit(main())
