"""Builds an index from the journal beside the one in use: rows, then the indexes of them, then what came meanwhile.

Nothing is synced before the end, and indexes are made of sorted rows: that is what makes it quick. The memory it takes
does not grow with the journal: SQLite sorts on disk.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from core.errors import TidegateError
from core.journal.decodes import DecodeRow
from core.journal.folders import Folders
from core.journal.followed import FollowedSegment
from core.journal.followed_decodes import FollowedDecodes
from core.journal.index import Index
from core.journal.index_schema import (
    ADD_SEGMENT,
    FINISH_SEGMENT,
    INDEXES,
    TABLES,
    TAKE_DECODE,
    TAKE_SEGMENT,
    TAKE_UNDONE,
)
from core.journal.indexed import IndexedSegment, Transaction
from core.journal.segment_reader import Place, SegmentReader
from core.journal.settling import current_numbers
from core.journal.succession import declare_ready, discard, make_one_file, unfinished_file
from core.journal.taken import TakenRow
from core.journal.taking import Bounds, add_rows, bounds_of
from core.journal.unread import Source, prepare, take_unread

LOG = logging.getLogger("tidegate.journal")

R = TypeVar("R")
Phase = Literal["reading", "indexing", "catching_up"]

CATCH_UP_ROWS: Final = 2000
"""Once a round has found no more than that it is ready: the rest the follower takes in one pass."""
MOST_ROUNDS: Final = 20
CACHE_KIB: Final = 64 << 10


class Building(msgspec.Struct):
    """How far it is: rows of the journal, and events among them."""

    phase: Phase = "reading"
    total: int = 0
    done: int = 0
    events: int = 0
    indexes: int = 0
    """How many indexes are made, of `core.journal.index_schema.INDEXES`."""
    unread: list[str] = []
    """Segments that could not be read, each with the reason."""


def build_index(journal: Path, index: Path, tell: Callable[[Building], None]) -> Building:
    """Builds an index of all that is in the journal and calls it ready (`core.journal.succession`). sqlite3.Error,
    OSError or TidegateError says why there is none."""
    discard(index)
    builder = _Builder(journal, unfinished_file(index), tell)
    builder.load()
    builder.catch_up()
    declare_ready(index)
    return builder.progress


class _Builder:
    def __init__(self, journal: Path, file: Path, tell: Callable[[Building], None]) -> None:
        self.progress = Building()
        self._journal = journal
        self._file = file
        self._tell = tell
        self._folders = Folders(journal)

    # Loading

    def load(self) -> None:
        """Takes all rows that are there now, then makes the indexes."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._file.absolute().as_uri(), uri=True, isolation_level=None)
        try:
            connection.executescript(
                f"PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA cache_size=-{CACHE_KIB}; {TABLES}"
            )
            prepare(connection)
            segments = self._found(connection)
            # Decodes first: a request is taken with its current one then.
            for segment in segments:
                if isinstance(segment, FollowedDecodes):
                    for decodes in self._batches(segment, segment.decodes):
                        self._take_decodes(connection, segment, decodes)
                    self._end(connection, segment)
            for segment in segments:
                if not isinstance(segment, FollowedDecodes):
                    self._take_unread(connection, segment)
                    for rows in self._batches(segment, partial(segment.batch, payloads=False)):
                        self._take_rows(connection, segment, rows)
                    self._end(connection, segment)
            self.progress.phase = "indexing"
            for made, statement in enumerate(INDEXES):
                self.progress.indexes = made
                self._tell(self.progress)
                connection.execute(statement)
            self.progress.indexes = len(INDEXES)
        finally:
            connection.close()

    def _found(self, connection: sqlite3.Connection) -> list[FollowedSegment]:
        self._folders.changed(True)
        found: list[FollowedSegment] = []
        for path, file in sorted(self._folders.segments.items(), key=lambda item: item[1].name):
            tenant, source, name = path.removesuffix(".db").split("/", 2)
            number = connection.execute(ADD_SEGMENT, (tenant, source, name)).lastrowid or 0
            indexed = IndexedSegment(number, tenant, source, name, 0, 0, None)
            segment = (FollowedDecodes if indexed.holds_decodes else FollowedSegment)(file, indexed)
            with self._reading(segment):
                segment.look(thoroughly=True)
                found.append(segment)
                self.progress.total += segment.behind
            segment.close()
        self._tell(self.progress)
        return found

    def _batches(self, segment: FollowedSegment, read: Callable[[], list[R]]) -> Iterator[list[R]]:
        """What there is up to the noted end; it is counted when it was taken."""
        while True:
            rows: list[R] = []
            with self._reading(segment):
                rows = read()
            if not rows:
                return
            yield rows
            self._count(len(rows))

    def _count(self, rows: int, events: int = 0) -> None:
        self.progress.done += rows
        self.progress.events += events
        self.progress.total = max(self.progress.total, self.progress.done)
        self._tell(self.progress)

    def _take_unread(self, connection: sqlite3.Connection, segment: FollowedSegment) -> None:
        """Takes rows as far as none must be read for what it says: what is wrong with it, or a replay's decode."""
        if not segment.behind or connection.execute("SELECT 1 FROM decodes LIMIT 1").fetchone() is not None:
            return
        indexed = segment.indexed
        try:
            with Source(connection, segment.file):
                while segment.behind:
                    others, upto = segment.glance(0, segment.end, payloads=False)
                    with Transaction(connection):
                        unread = take_unread(connection, indexed, upto, others)
                        if unread is None:
                            return
                        self._took(connection, segment, upto, unread.bounds, unread.types)
                    self._count(unread.requests + len(others), unread.events)
        except (sqlite3.Error, OSError, TidegateError) as error:
            LOG.debug("%s is read: %s", indexed.path, error)

    def _end(self, connection: sqlite3.Connection, segment: FollowedSegment) -> None:
        with self._reading(segment):
            segment.look(thoroughly=True)
            if not segment.behind and segment.is_folded():
                connection.execute(FINISH_SEGMENT, (segment.indexed.id,))
        segment.close()

    def _take_decodes(self, connection: sqlite3.Connection, segment: FollowedDecodes, rows: list[DecodeRow]) -> None:
        number = segment.indexed.id
        with Transaction(connection):
            connection.executemany(TAKE_DECODE, [(r.request, r.number, number, r.seq) for r in rows if not r.undone])
            connection.executemany(TAKE_UNDONE, [(r.request, r.number, number) for r in rows if r.undone])
            self._took(connection, segment, rows[-1].seq, bounds_of(rows), 0)

    def _take_rows(self, connection: sqlite3.Connection, segment: FollowedSegment, rows: list[TakenRow]) -> None:
        number, bounds = segment.indexed.id, bounds_of(rows)
        self._make_current(connection, segment, rows, bounds)
        with Transaction(connection):
            added = add_rows(connection, number, rows)
            self._took(connection, segment, rows[-1].seq, bounds, added.types)
        self.progress.events += added.events

    def _make_current(
        self,
        connection: sqlite3.Connection,
        segment: FollowedSegment,
        rows: Sequence[TakenRow],
        bounds: Bounds,
    ) -> None:
        numbers = current_numbers(connection, bounds[0], bounds[1])
        if not numbers:
            return
        places: dict[Place, TakenRow] = {(segment.indexed.id, row.seq): row for row in rows}
        wanted = {place: numbers[row.request] for place, row in places.items() if row.request in numbers}
        with SegmentReader(self._journal, _decode_segments(connection)) as reader:
            reader.make_current(connection, places, wanted)

    def _took(
        self,
        connection: sqlite3.Connection,
        segment: FollowedSegment,
        last: int,
        bounds: Bounds,
        types: int,
    ) -> None:
        connection.execute(TAKE_SEGMENT, (segment.indexed.id, last, *bounds, segment.indexed.deduplicator, types))
        segment.indexed.taken = last

    # What came meanwhile

    def catch_up(self) -> None:
        """Takes what was committed while it was built, as the follower would, until that is little."""
        self.progress.phase = "catching_up"
        index = Index(self._file, self._journal)
        try:
            for _ in range(MOST_ROUNDS):
                self._tell(self.progress)
                if self._round(index) <= CATCH_UP_ROWS:
                    break
        finally:
            index.close()
        make_one_file(self._file)

    def _round(self, index: Index) -> int:
        taken = 0
        self._folders.changed(True)
        known = {segment.path: segment for segment in index.segments()}
        for path, file in sorted(self._folders.segments.items(), key=lambda item: item[1].name):
            indexed = known.get(path)
            if indexed is None:
                indexed = index.add(*path.removesuffix(".db").split("/", 2))
            if not indexed.finished:
                taken += self._take_further(index, file, indexed)
        return taken

    def _take_further(self, index: Index, file: Path, indexed: IndexedSegment) -> int:
        taken = 0
        segment = (FollowedDecodes if indexed.holds_decodes else FollowedSegment)(file, indexed)
        with self._reading(segment):
            segment.look(thoroughly=True)
        if isinstance(segment, FollowedDecodes):
            for decodes in self._batches(segment, segment.decodes):
                index.take_decodes(indexed, decodes)
                taken += len(decodes)
        else:
            for rows in self._batches(segment, partial(segment.batch, payloads=False)):
                index.take(indexed, rows)
                taken += len(rows)
        segment.close()
        return taken

    @contextlib.contextmanager
    def _reading(self, segment: FollowedSegment) -> Generator[None]:
        """Keeps a segment's fault from the others: what it has further the follower takes, or says why not."""
        try:
            yield
        except (sqlite3.Error, OSError, TidegateError, ValueError) as error:
            LOG.error("cannot read segment %s: %s", segment.indexed.path, error)
            said = f"{segment.indexed.path}: {error}"
            if said not in self.progress.unread:
                self.progress.unread.append(said)


def _decode_segments(connection: sqlite3.Connection) -> list[IndexedSegment]:
    rows = connection.execute(
        "SELECT id, tenant, source, name, taken, finished, newest, deduplicator FROM segments WHERE name LIKE '%/%'"
    )
    return [IndexedSegment(*row) for row in rows]
