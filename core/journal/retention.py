"""Deletes what is older, or more, than an operator wants to keep: whole segments, and what the index says of them."""

import contextlib
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from core.journal.forgetting import forget
from core.journal.indexed import IndexedSegment, connect, indexed_segments

_ENDINGS: Final = ("", "-wal", "-shm")


class Swept(msgspec.Struct):
    """What a sweep did. `kept` is what the journal's segments still take up, in bytes."""

    segments: int = 0
    bytes: int = 0
    kept: int = 0

    def add(self, size: int) -> None:
        """A segment of that size was deleted."""
        self.segments += 1
        self.bytes += size
        self.kept -= size


class _Kept(msgspec.Struct):
    indexed: IndexedSegment
    file: Path
    size: int


def sweep(
    journal: Path, index: Path, *, age: float | None, size: int | None, now: float, live: Collection[str] = ()
) -> Swept:
    """Deletes finished segments whose newest row is older than `age` seconds, then the oldest ones until the journal's
    segments take up no more than `size` bytes. None keeps for ever. Decode segments go with the requests in them.

    `now` is in seconds since the epoch. A segment that may still be written is never deleted: neither one whose name
    is in `live` (`<tenant>/<source>/<name>.db`), nor one that the follower has not found finished and taken whole.
    OSError or sqlite3.Error ends the sweep; what it deleted until then is forgotten by the follower.
    """
    with contextlib.closing(connect(index)) as connection:
        segments = _measured(journal, indexed_segments(connection))
        swept = Swept(kept=sum(segment.size for segment in segments))
        for segment in [each for each in segments if not each.indexed.holds_decodes]:
            if not segment.indexed.finished or segment.indexed.path in live:
                continue
            if _is_old(segment.indexed, age, now) or (size is not None and swept.kept > size):
                _delete(connection, journal, segment)
                swept.add(segment.size)
        for segment in [each for each in segments if each.indexed.holds_decodes and each.indexed.finished]:
            if not _is_of_use(connection, segment.indexed):
                _delete(connection, journal, segment)
                swept.add(segment.size)
    return swept


def _is_of_use(connection: sqlite3.Connection, decodes: IndexedSegment) -> bool:
    """A decode segment goes when none of the requests in it is kept any more: before that an older decode of one would
    be current again."""
    first, last = connection.execute("SELECT first, last FROM segments WHERE id = ?", (decodes.id,)).fetchone()
    found = connection.execute(
        "SELECT 1 FROM decodes d JOIN requests r ON r.id = d.request"
        " WHERE d.request BETWEEN ? AND ? AND (d.segment = ? OR d.undone_in = ?) LIMIT 1",
        (first, last, decodes.id, decodes.id),
    ).fetchone()
    return found is not None


def _is_old(segment: IndexedSegment, age: float | None, now: float) -> bool:
    """One that holds no row at all, since its writer was stopped before the first, is worth nothing at any age."""
    if segment.newest is None:
        return True
    return age is not None and segment.newest / 1000 < now - age


def _measured(journal: Path, segments: list[IndexedSegment]) -> list[_Kept]:
    """The segments with their sizes, the one whose newest row is oldest first."""
    measured = [_Kept(segment, journal / segment.path, 0) for segment in segments]
    for segment in measured:
        segment.size = sum(_size(segment.file.with_name(segment.file.name + ending)) for ending in _ENDINGS)
    return sorted(measured, key=lambda segment: (segment.indexed.newest or 0, segment.indexed.name))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _delete(connection: sqlite3.Connection, journal: Path, segment: _Kept) -> None:
    """The file first: dying in between leaves rows that lead nowhere, which the follower clears away, and no file that
    nobody knows of."""
    for ending in _ENDINGS:
        segment.file.with_name(segment.file.name + ending).unlink(missing_ok=True)
    forget(connection, journal, segment.indexed)
