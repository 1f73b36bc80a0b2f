"""Damaged segments that are kept aside in `data/damaged/`: each file with a record of what was found.

What takes room there has a bound: where there is more, the oldest files go first, and the newest one always stays. The
record of a file that went stays, so that operators are told what was lost; of records there are so many at the most.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from core.config.files import write_private
from core.control.states import DamagedSegment
from core.journal.sqlite_files import WITH_ROWS, beside, remove
from core.model.dates import date_text

MOST_BYTES: Final = 1 << 30
"""Of all damaged files together; the newest may be larger."""
MOST_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class Aside:
    """One that is kept aside; `found` says when, in UTC."""

    file: Path
    found: str
    size: int
    """Of the damaged file with its log, in bytes; 0 where it went."""
    damaged: DamagedSegment | None
    """What was found; None where whoever set it aside ended before it was written."""

    @property
    def record(self) -> Path:
        return record_of(self.file)


def record_of(file: Path) -> Path:
    """Where it is said what was found in a damaged file."""
    return file.with_suffix(".json")


def kept_file(record: Path) -> Path:
    """The damaged file that a record is of."""
    return record.with_suffix(".db")


def read_aside(folder: Path) -> list[Aside]:
    """All that is kept, the newest first; what an operator is about to clear away is left out."""
    found: list[Aside] = []
    for file in {*map(kept_file, folder.rglob("*.json")), *folder.rglob("*.db")}:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            found += _aside(file)
    return sorted(found, key=lambda each: each.found, reverse=True)


def keep_within(kept: list[Aside], most: int = MOST_KEPT, most_bytes: int = MOST_BYTES) -> Iterator[tuple[Aside, str]]:
    """Takes away what is too much of `kept`, which is as `read_aside` gave it: gives each of which something was taken
    away, with what it was."""
    taken = 0
    for place, aside in enumerate(kept):
        taken += aside.size
        if place >= most:
            remove(aside.file, reversed(WITH_ROWS))
            aside.record.unlink(missing_ok=True)
            yield aside, f"more than {most:,} were kept"
        elif place and aside.size and taken > most_bytes:
            if aside.damaged is not None:
                write_private(aside.record, msgspec.json.encode(msgspec.structs.replace(aside.damaged, kept=None)))
            remove(aside.file, reversed(WITH_ROWS))
            yield aside, f"those kept took more than {most_bytes >> 20:,} MiB"


def _aside(file: Path) -> list[Aside]:
    record = record_of(file)
    if record.exists():
        damaged = msgspec.json.decode(record.read_bytes(), type=DamagedSegment)
        return [Aside(file, damaged.found, _size(file), damaged)]
    facts = file.stat()
    if facts.st_nlink > 1:  # it is in the journal still, and is set aside at the moment
        return []
    return [Aside(file, date_text(facts.st_ctime_ns // 1_000_000), _size(file), None)]


def _size(file: Path) -> int:
    size = 0
    for each in beside(file, WITH_ROWS):
        with contextlib.suppress(FileNotFoundError):
            size += each.stat().st_size
    return size
