"""How much the journal holds: its segments with their sizes, and what follows for operators."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.journal.failed_segment import segments_in
from core.journal.indexed import IndexedSegment
from core.journal.sqlite_files import OF_SEGMENT, beside

GROWTH_OVER: Final = 3600.0
"""Seconds over which it is told how fast the journal grows."""
_LEAST_OVER: Final = 60.0


class Measured(msgspec.Struct):
    """A segment with what it takes up, in bytes. Dates are in milliseconds since the epoch."""

    indexed: IndexedSegment
    file: Path
    size: int
    """With its write-ahead log."""
    rows_size: int
    """What its rows take up: they may stand in the log and in the file both."""
    oldest: int | None

    @property
    def holds_received(self) -> bool:
        """Whether workers write it, or did."""
        return not self.indexed.holds_decodes and not self.indexed.holds_failed


class Volume:
    """Measures a journal again and again: what does not change any more is looked at once."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self._finished: dict[str, int] = {}
        self._parts: dict[Path, list[str]] = {}

    def measure(self, index: sqlite3.Connection) -> list[Measured]:
        """All segments that the index knows, the one whose newest row is oldest first."""
        measured: list[Measured] = []
        for *columns, oldest in index.execute(
            "SELECT id, tenant, source, name, taken, finished, newest, deduplicator, oldest FROM segments"
        ):
            indexed = IndexedSegment(*columns)
            file = self.journal / indexed.path
            size, rows_size = self._sizes(indexed, file)
            measured.append(Measured(indexed, file, size, rows_size, oldest))
        known = {each.indexed.path for each in measured}
        files = {each.file for each in measured}
        self._finished = {path: size for path, size in self._finished.items() if path in known}
        self._parts = {file: names for file, names in self._parts.items() if file in files}
        return sorted(measured, key=lambda each: (each.indexed.newest or 0, each.indexed.name))

    def segments_in(self, failed: Measured) -> list[str]:
        """The names of the segments that the rows of a segment of failed requests come from."""
        if failed.file not in self._parts:
            self._parts[failed.file] = segments_in(failed.file)
        return self._parts[failed.file]

    def _sizes(self, indexed: IndexedSegment, file: Path) -> tuple[int, int]:
        if (known := self._finished.get(indexed.path)) is not None:
            return known, known
        sizes = [_size(each) for each in beside(file, OF_SEGMENT)]
        if indexed.finished:
            self._finished[indexed.path] = sum(sizes)
        return sum(sizes), max(sizes[:2])


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def growth(segments: Sequence[Measured], now: float) -> float:
    """Bytes a second that were received of late: over an hour, or since the first where that is less ago."""
    received = [each for each in segments if each.holds_received and each.oldest is not None]
    if not received:
        return 0.0
    begin = max(now - GROWTH_OVER, min(each.oldest or 0 for each in received) / 1000)
    return sum(_bytes_since(each, begin) for each in received) / max(now - begin, _LEAST_OVER)


def _bytes_since(segment: Measured, begin: float) -> float:
    oldest, newest = (segment.oldest or 0) / 1000, (segment.indexed.newest or 0) / 1000
    if newest < begin:
        return 0.0
    share = (newest - max(begin, oldest)) / (newest - oldest) if newest > oldest else 1.0
    return segment.rows_size * share
